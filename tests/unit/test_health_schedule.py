"""The schedule's arithmetic, on ordinary days and on those when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.job import Schedule

STATION = ZoneInfo("America/Los_Angeles")
ZONES = st.sampled_from([STATION, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")])
SCHEDULES = st.builds(Schedule, st.times(), weekday=st.one_of(st.none(), st.integers(0, 6)))
INSTANTS = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 3, 7), datetime(2026, 3, 10), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 10, 31), datetime(2026, 11, 3), timezones=st.just(UTC)),
)


@given(SCHEDULES, INSTANTS, ZONES)
def test_previous_and_next_enclose_the_instant(schedule: Schedule, instant: datetime, tz: ZoneInfo) -> None:
    before, after = schedule.previous(instant, tz), schedule.next(instant, tz)
    assert before.astimezone(UTC) <= instant < after.astimezone(UTC)


@given(SCHEDULES, INSTANTS, ZONES)
def test_nothing_is_scheduled_in_between(schedule: Schedule, instant: datetime, tz: ZoneInfo) -> None:
    before, after = schedule.previous(instant, tz), schedule.next(instant, tz)
    assert (after.date() - before.date()).days == (1 if schedule.weekday is None else 7)
    assert schedule.next(before.astimezone(UTC), tz) == after
    assert schedule.previous(after.astimezone(UTC), tz) == after


@given(SCHEDULES, INSTANTS, ZONES)
def test_the_wall_clock_says_what_is_written(schedule: Schedule, instant: datetime, tz: ZoneInfo) -> None:
    found = schedule.next(instant, tz)
    assert found.time() == schedule.at
    assert schedule.weekday in {None, found.weekday()}


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 3, 7), time(2, 5), "2026-03-07T10:05"),
        (date(2026, 3, 8), time(1, 0), "2026-03-08T09:00"),
        (date(2026, 3, 8), time(2, 5), "2026-03-08T10:05"),  # 02:05 does not exist: 03:05 summer time
        (date(2026, 3, 8), time(5, 0), "2026-03-08T12:00"),
        (date(2026, 11, 1), time(1, 30), "2026-11-01T08:30"),  # 01:30 comes twice: the first one
        (date(2026, 11, 1), time(2, 30), "2026-11-01T10:30"),
    ],
)
def test_the_days_on_which_the_clocks_change(day: date, at: time, expected: str) -> None:
    midnight = datetime.combine(day, time(), tzinfo=STATION).astimezone(UTC) - timedelta(seconds=1)
    assert Schedule(at).next(midnight, STATION).astimezone(UTC) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
