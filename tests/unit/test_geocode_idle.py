"""Whether a night has to look at the coordinates at all: only if something can be due (facts 2)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.fms import addresses, geocode_idle, geocode_plan
from ctvpipe.pipelines.fms.geocode_plan import Entry, Partner, Position, Status, Terms
from ctvpipe.pipelines.fms.geocoding import Geocoded
from ctvpipe.pipelines.fms.past import Past

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms(("census", "google"), {"google": 30 * DAY})
NOBODY = Terms((), {"google": 30 * DAY})
KEYS = [addresses.hashed(f"{number} Oak St, Plano, TX") for number in range(4)]
FOUND = Geocoded(2, 3, 1, 1, 0, 0, requests=1, usable=6, with_coordinates=4, idle_until=NOW + DAY)


@st.composite
def _entries(draw: st.DrawFn, key: str) -> Entry:
    status = draw(st.sampled_from([Status.MATCH, Status.MATCH, Status.NO_RESULT, Status.ERROR, Status.EXPIRED]))
    provider = draw(st.sampled_from(["census", "google"]))
    fetched = NOW - draw(st.integers(-2, 35)) * DAY / 2
    if status == Status.MATCH:
        return Entry(key, provider, status, 33.0, -96.7, None, None, fetched, 0, None)
    failed = draw(st.integers(1, 6))
    again = draw(st.sampled_from([None, fetched + geocode_plan.back_off(failed)]))
    return Entry(key, provider, status, None, None, None, None, fetched, failed, again)


@st.composite
def _nights(draw: st.DrawFn) -> tuple[list[Partner], dict[str, Entry], Terms]:
    known = draw(st.lists(st.sampled_from(KEYS), unique=True))
    lived_at = draw(st.lists(st.sampled_from(KEYS)))
    partners = [Partner(str(place), "Dallas", "an address", key, Position()) for place, key in enumerate(lived_at)]
    return partners, {key: draw(_entries(key)) for key in known}, draw(st.sampled_from([TERMS, NOBODY]))


@given(_nights(), st.integers(0, 60 * 24))
def test_nothing_is_due_while_a_night_may_idle_and_something_is_when_it_may_not(
    night: tuple[list[Partner], dict[str, Entry], Terms], hours: int
) -> None:
    partners, entries, terms = night

    def is_idle(now: datetime) -> bool:
        return not geocode_plan.due(partners, entries, terms, now) and not geocode_plan.expired(entries, terms, now)

    until = geocode_plan.idle_until(partners, entries, terms, NOW)
    if until is None:
        assert not is_idle(NOW)
        return
    later = NOW + timedelta(hours=hours)
    assert is_idle(later) or later >= until
    assert until.year == datetime.max.year or not is_idle(until)


def _left(found: Geocoded = FOUND, rows: int = 9) -> Past:
    """What a night leaves, as the database gives it back."""
    return Past(rows, json.loads(json.dumps(geocode_idle.left(found, TERMS, "sha", 9, NOW))))


def test_what_a_night_leaves_holds_until_something_is_due() -> None:
    quiet = replace(FOUND, attempted=0, cached=5, succeeded=0, no_result=0, requests=0)
    for hours, found in ((0, quiet), (23, quiet), (24, None), (48, None)):
        assert geocode_idle.still(_left(), TERMS, "sha", NOW + timedelta(hours=hours)) == found
    assert geocode_idle.still(_left(), TERMS, "sha", NOW - timedelta(hours=1)) is None  # the clock was wrong, or is
    forever = replace(FOUND, idle_until=datetime.max.replace(tzinfo=UTC))
    assert geocode_idle.still(_left(forever), TERMS, "sha", NOW + 5000 * DAY) == quiet


@pytest.mark.parametrize(
    ("left", "terms", "body"),
    [
        (Past(), TERMS, "sha"),
        (Past(), TERMS, None),
        (_left(), TERMS, "another"),
        (_left(), Terms(("census",), TERMS.lives), "sha"),
        (_left(), Terms(TERMS.chain, {"google": 20 * DAY}), "sha"),
        (_left(rows=8), TERMS, "sha"),
        (_left(replace(FOUND, idle_until=None)), TERMS, "sha"),
    ],
)
def test_what_it_follows_from_is_looked_at(left: Past, terms: Terms, body: str | None) -> None:
    assert geocode_idle.still(left, terms, body, NOW) is None
