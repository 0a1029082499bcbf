"""Which addresses are looked up, and what a partner's row says afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.fms import addresses, geocode_plan
from ctvpipe.pipelines.fms.geocode_plan import Answer, Entry, Partner, Position, Status, Terms

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms(("census", "google"), {"google": 30 * DAY})
OAK, ELM = (addresses.hashed(f"1 {tree} St, Plano, TX") for tree in ("Oak", "Elm"))
HERE = (33.0, -96.7)
NOWHERE = Position()


def entry(
    status: Status = Status.MATCH, *, provider: str = "census", age: timedelta = DAY, attempts: int = 0, key: str = OAK
) -> Entry:
    at = HERE if status == Status.MATCH else (None, None)
    again = None if status == Status.MATCH else NOW - age + geocode_plan.back_off(attempts)
    return Entry(key, provider, status, *at, None, None, NOW - age, attempts, again)


def partner(key: str | None = OAK, stored: Position = NOWHERE, address: str = "1 Oak St, Plano, TX") -> Partner:
    return Partner("1", "Dallas", None if key is None else address, key, stored)


def is_due(known: Entry | None, terms: Terms = TERMS, now: datetime = NOW) -> bool:
    return geocode_plan.is_due(known, terms, now)


def test_an_unknown_address_is_asked_for_unless_nobody_may_be_asked() -> None:
    assert is_due(None)
    assert not is_due(None, Terms((), {}))


@pytest.mark.parametrize(
    ("provider", "days", "due"),
    [("census", 5000, False), ("nominatim", 5000, False), ("google", 24.9, False), ("google", 25, True),
     ("google", 31, True), ("google", -0.2, False), ("google", -1, True)],
)  # fmt: skip
def test_coordinates_are_asked_for_anew_before_their_time_is_over(provider: str, days: float, due: bool) -> None:
    """The last: they come from the future, so that nobody knows how old they are."""
    assert is_due(entry(provider=provider, age=days * DAY)) is due


def test_an_address_that_was_not_found_is_left_alone_for_1_2_4_days_and_30_at_most() -> None:
    days = [round(geocode_plan.back_off(failed) / DAY + 0.25) for failed in range(1, 9)]
    assert days == [1, 2, 4, 8, 16, 30, 30, 30]
    assert geocode_plan.back_off(10**6) == geocode_plan.back_off(6)


@given(st.integers(1, 40), st.integers(-2, 2), st.sampled_from([Status.NO_RESULT, Status.ERROR, Status.EXPIRED]))
def test_it_is_asked_for_in_the_night_when_the_back_off_is_over_and_not_before(
    failed: int, hours: int, status: Status
) -> None:
    """The nights begin some hours earlier or later than each other."""
    known = entry(status, provider="google", age=timedelta(0), attempts=failed)
    nights = round(geocode_plan.back_off(failed) / DAY + 0.25)
    later = [NOW + night * DAY + timedelta(hours=hours) for night in range(1, nights + 1)]
    assert [is_due(known, now=each) for each in later] == [False] * (nights - 1) + [True]


def test_a_next_try_that_a_wrong_clock_has_set_is_not_waited_for() -> None:
    far = entry(Status.NO_RESULT, provider="google", attempts=1)._replace(next_try_at=NOW + 4000 * DAY)
    assert is_due(far)


def test_who_can_be_asked_now_and_could_not_then_is_asked_at_once() -> None:
    missed = entry(Status.NO_RESULT, provider="census", age=timedelta(0), attempts=6)
    assert is_due(missed)
    assert not is_due(missed, Terms(("census",), {}))
    assert not is_due(missed._replace(status=Status.ERROR))  # whoever failed has nothing to do with the next one


def test_an_address_of_many_is_asked_for_once() -> None:
    partners = [partner(OAK), partner(OAK), partner(None), partner(ELM, address="1 Elm St, Plano, TX")]
    assert geocode_plan.due(partners, {}, TERMS, NOW) == {OAK: "1 Oak St, Plano, TX", ELM: "1 Elm St, Plano, TX"}
    assert geocode_plan.due(partners, {OAK: entry(), ELM: entry(key=ELM)}, TERMS, NOW) == {}


def test_a_match_forgets_the_failures_before_it() -> None:
    failed = entry(Status.NO_RESULT, attempts=4)
    found = geocode_plan.after(OAK, failed, Answer("google", Status.MATCH, *HERE, "ROOFTOP", "ref"), NOW)
    assert found == Entry(OAK, "google", "match", *HERE, "ROOFTOP", "ref", NOW, 0, None)


@pytest.mark.parametrize("status", [Status.NO_RESULT, Status.ERROR])
def test_a_failure_counts_up_and_takes_no_coordinates(status: Status) -> None:
    first = geocode_plan.after(OAK, None, Answer("google", status), NOW)
    second = geocode_plan.after(OAK, first, Answer("google", status), NOW + DAY)
    assert (first.attempts, second.attempts) == (1, 2)
    assert (first.next_try_at, second.next_try_at) == (
        NOW + geocode_plan.back_off(1),
        NOW + DAY + geocode_plan.back_off(2),
    )
    known = entry(provider="google", age=26 * DAY)
    assert geocode_plan.after(OAK, known, Answer("google", status), NOW) == known


def test_only_googles_coordinates_expire_and_all_of_them() -> None:
    entries = {
        name: entry(provider=provider, age=age * DAY)
        for name, provider, age in [
            ("a", "google", 30), ("b", "google", 29.9), ("c", "census", 900), ("d", "google", -2),
        ]
    }  # fmt: skip
    gone = geocode_plan.expired(entries, TERMS, NOW)
    assert gone.keys() == {"a", "d"}
    assert (gone["a"].status, gone["a"].latitude, gone["a"].longitude) == ("expired", None, None)
    assert is_due(gone["a"])
    assert geocode_plan.expired(gone, TERMS, NOW) == {}


def test_zero_degrees_are_coordinates() -> None:
    """Naive: a test for truth would take the equator for nothing."""
    known = entry()._replace(latitude=0.0, longitude=0.0)
    assert not is_due(known)
    assert geocode_plan.wanted(partner(), known)[:2] == (0.0, 0.0)
    stored = Position(0.0, 0.0, OAK, "match", NOW)
    assert geocode_plan.wanted(partner(OAK, stored), entry(Status.ERROR)) == stored


ENTRIES = st.none() | st.builds(entry, st.sampled_from(Status), age=st.just(DAY))
HASHES = st.sampled_from([OAK, ELM])
STORED = st.builds(
    lambda key, coordinates: Position(*coordinates, key, "match" if coordinates[0] else "no_result", None),
    HASHES | st.none(),
    st.sampled_from([(None, None), (40.0, -80.0)]),
)


@given(HASHES | st.none(), STORED, ENTRIES)
def test_coordinates_are_those_of_the_present_address_or_none(
    key: str | None, stored: Position, known: Entry | None
) -> None:
    by_somebody_else = stored.address_hash is None
    found = geocode_plan.wanted(partner(key, stored), known)
    assert found.address_hash == key
    if found.latitude is not None:
        from_entry = known is not None and found[:2] == (known.latitude, known.longitude)
        assert from_entry or (stored.address_hash in {key, None} and found[:2] == stored[:2])
        assert key is not None or by_somebody_else
    again = geocode_plan.wanted(partner(key, found), known)
    assert again == found  # an unchanged night has nothing to write


@given(STORED, ENTRIES)
def test_the_same_address_loses_its_coordinates_only_to_the_terms(stored: Position, known: Entry | None) -> None:
    found = geocode_plan.wanted(partner(stored.address_hash, stored), known)
    if stored.address_hash and stored.latitude is not None and not (known and known.status == Status.EXPIRED):
        assert found.latitude is not None


@pytest.mark.parametrize("key", [OAK, None])
def test_coordinates_that_somebody_else_has_stored_stay_until_the_address_is_found_or_changes(key: str | None) -> None:
    """An earlier program has worked them out, or a person: there is no hash with them."""
    given_ = Position(40.0, -80.0)
    found = geocode_plan.wanted(partner(key, given_), None)
    assert found == given_._replace(address_hash=key)
    assert geocode_plan.wanted(partner(OAK, found), entry(Status.MATCH))[:2] == HERE
    if key:
        assert geocode_plan.wanted(partner(ELM, found), None)[:2] == (None, None)
