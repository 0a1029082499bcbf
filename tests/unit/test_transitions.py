"""Which changes of status are enablements, and that no re-run and no moving window changes what was found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits.statuses import State
from ctvpipe.pipelines.circuits.transitions import Day, Found, find

FRIDAY = date(2026, 11, 20)
READY, ENABLED = "Ready for Enablement", "Enabled"
ABSENT = None


def days(*statuses: str | None, site: str = "XYZ 01", first: date = FRIDAY) -> list[Day]:
    """One circuit's statuses on consecutive days; ``None``: it is not in that day's file."""
    return [Day(first + timedelta(days=number), {site: State(status)}) for number, status in enumerate(statuses)]


def count(found: Found) -> int:
    return len(found.enablements)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((READY, ENABLED), 1),
        ((" ready for enablement ", "ENABLED"), 1),
        (("Ready  for Enablement", " enabled"), 1),
        ((READY, "Enabled/Disconnected"), 0),
        ((READY, "Enabled/Disconnect Pending"), 0),
        ((READY, "Enabled Using Existing Broadband"), 0),
        ((READY, "Customer Action Required", ENABLED), 0),
        ((READY, ABSENT, ENABLED), 0),
        ((ABSENT, ENABLED), 0),
        (("", ENABLED), 0),
        ((ENABLED, ENABLED), 0),
        (("Installation Failed", ENABLED), 0),
        (("Not Ready for Enablement", ENABLED), 0),
        ((READY, READY), 0),
        ((READY, ENABLED, ENABLED), 1),
        ((READY, ENABLED, READY, ENABLED), 2),
        ((READY,), 0),
        ((), 0),
    ],
)
def test_only_the_exact_transition_counts(statuses: tuple[str | None, ...], expected: int) -> None:
    assert count(find(days(*statuses), FRIDAY)) == expected


def test_a_site_that_is_first_seen_enabled_is_no_enablement() -> None:
    assert count(find([Day(FRIDAY, {}), Day(FRIDAY + timedelta(days=1), {"XYZ 01": State(ENABLED)})], FRIDAY)) == 0


def test_equivalents_of_enabled_are_a_matter_of_configuration() -> None:
    existing = days(READY, "Enabled Using Existing Broadband")
    assert count(find(existing, FRIDAY, enabled={"enabled", "enabled using existing broadband"})) == 1


def test_files_are_compared_in_a_row_however_far_apart_they_are() -> None:
    monday = FRIDAY + timedelta(days=3)
    (one,) = find([*days(READY), *days(ENABLED, first=monday)], FRIDAY).enablements
    assert (one.day, one.gap_days, one.before.status, one.after.status) == (monday, 3, READY, ENABLED)


def test_the_first_day_of_the_window_is_compared_with_the_day_before_it() -> None:
    (one,) = find(days(READY, ENABLED), FRIDAY + timedelta(days=1)).enablements
    assert one.day == FRIDAY + timedelta(days=1)


def test_of_a_day_without_one_before_it_nothing_is_said() -> None:
    found = find(days(ENABLED, ENABLED), FRIDAY)
    assert found.ready.keys() == {FRIDAY + timedelta(days=1)}


def test_the_ready_queue_counts_site_ids() -> None:
    queue = {"XYZ 01": State(READY), "XYZ 01-B": State("READY FOR ENABLEMENT "), "XYZ 02": State(ENABLED)}
    assert find([Day(FRIDAY, {}), Day(FRIDAY + timedelta(days=1), queue)], FRIDAY).ready == {
        FRIDAY + timedelta(days=1): 2
    }


statuses = st.sampled_from([READY, ENABLED, "Order Placed", "Enabled/Disconnected", None])
files = st.lists(st.dictionaries(st.sampled_from(["A 1", "A 1-B", "B 2"]), statuses), min_size=1, max_size=12)
gaps = st.lists(st.integers(1, 4), min_size=12, max_size=12)


def on_days(made: list[dict[str, str | None]], gap: list[int]) -> list[Day]:
    day, found = FRIDAY, []
    for number, one in enumerate(made):
        day += timedelta(days=gap[number])
        found.append(Day(day, {site: State(status) for site, status in one.items()}))
    return found


def stored(history: list[Day], window: int, nights: int) -> Mapping[tuple[str, date], int]:
    """What a table holds after every night of ``nights`` runs a day, each with the days known by then."""
    rows: dict[tuple[str, date], int] = {}
    for night in (day.day for day in history):
        since = night - timedelta(days=window)
        known = [day for day in history if day.day <= night]
        base = [day for day in known if day.day < since][-1:]
        for _ in range(nights):
            found = find([*base, *(day for day in known if day.day >= since)], since)
            rows = {key: gap for key, gap in rows.items() if key[1] not in found.ready}
            rows |= {(one.site_id, one.day): one.gap_days for one in found.enablements}
    return rows


@given(files, gaps, st.integers(1, 9), st.integers(1, 3))
def test_no_window_and_no_number_of_runs_loses_or_invents_an_enablement(
    made: list[dict[str, str | None]], gap: list[int], window: int, nights: int
) -> None:
    history = on_days(made, gap)
    everything = find(history, FRIDAY)
    assert stored(history, window, nights) == {(one.site_id, one.day): one.gap_days for one in everything.enablements}


@given(files, gaps, st.randoms())
def test_the_order_within_a_file_does_not_matter(made: list[dict[str, str | None]], gap: list[int], random) -> None:
    history = on_days(made, gap)
    shuffled = []
    for day in history:
        items = list(day.states.items())
        random.shuffle(items)
        shuffled.append(Day(day.day, dict(items)))
    assert find(shuffled, FRIDAY) == find(history, FRIDAY)
