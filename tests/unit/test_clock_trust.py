"""Which clock is trusted, given what is known of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe import RELEASED
from ctvpipe.core.clock_trust import Evidence, doubt

MADE = datetime.fromisoformat(f"{RELEASED}T00:00:00+00:00")
NOW = MADE + timedelta(days=100)
LAST = NOW - timedelta(hours=20)
MINUTE, DAY, SECOND = timedelta(minutes=1), timedelta(days=1), timedelta(seconds=1)

JUDGEMENTS = [
    # now, synchronised, set once, chip, last run, what is said
    (NOW, True, True, False, None, ""),
    (NOW, True, True, True, NOW + 400 * DAY, ""),
    (MADE, True, True, False, None, ""),
    (MADE - SECOND, True, True, True, None, "before this version was made"),
    (datetime(1970, 1, 1, tzinfo=UTC), False, False, False, None, "the clock says 1970-01-01, which is before"),
    (NOW, False, False, False, None, "has not been set since this machine started (no clock chip"),
    (NOW, False, False, False, LAST, "has not been set since this machine started (no clock chip"),
    *(
        (now, False, set_once, not set_once, last, said)
        for set_once in (False, True)
        for now, last, said in (
            (NOW, None, ""),
            (NOW, LAST, ""),
            (NOW, NOW + 10 * MINUTE, ""),
            (NOW, NOW + 10 * MINUTE + SECOND, "but the latest run was at"),
            (NOW, NOW + 2 * 60 * MINUTE, "but the latest run was at"),
            (NOW, NOW - 45 * DAY, ""),
            (NOW, NOW - 45 * DAY - SECOND, "45 days after the latest run"),
            (NOW + 400 * DAY, NOW, "400 days after the latest run"),
        )
    ),
]


@pytest.mark.parametrize(("now", "synchronised", "set_once", "chip", "last", "said"), JUDGEMENTS)
def test_judgements(
    now: datetime, synchronised: bool, set_once: bool, chip: bool, last: datetime | None, said: str
) -> None:
    found = doubt(Evidence(now, synchronised, set_once, chip, last))
    assert said in found
    assert bool(said) == bool(found)
    assert not found or found.startswith("the clock ")


INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(INSTANTS, st.booleans(), st.booleans(), st.booleans(), st.none() | INSTANTS)
def test_what_holds_of_every_clock(
    now: datetime, synchronised: bool, set_once: bool, chip: bool, last: datetime | None
) -> None:
    evidence = Evidence(now, synchronised, set_once, chip, last)
    found = doubt(evidence)
    if now < MADE:
        assert found
    elif not found:
        assert synchronised or set_once or chip
        assert synchronised or last is None or last - 10 * MINUTE <= now <= last + 45 * DAY
    if not found:  # the more is known of a clock, the more it is trusted
        for more in ("synchronised", "set_once", "chip"):
            assert not doubt(replace(evidence, **{more: True}))
        assert not doubt(replace(evidence, last_run=None))
