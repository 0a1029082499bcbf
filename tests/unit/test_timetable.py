"""When the timers really run: as shipped, or as the drop-in says that was made from the settings."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.core import timetable
from ctvpipe.core.errors import PermanentError
from ctvpipe.core.job import Schedule
from ctvpipe.core.records import RunRecord
from ctvpipe.health import rules
from ctvpipe.jobs import find
from tests.fakes.nights import run

JOB, WEEKLY = find("fms-sync"), find("commercial-rotation")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TIMES = st.times().map(lambda at: at.replace(microsecond=0))


def known(root: Path) -> Schedule:
    (job,) = timetable.in_force([JOB], root)
    return job.schedule


def test_the_drop_in_replaces_the_shipped_times(tmp_path: Path) -> None:
    timetable.set_schedule(JOB, Schedule(time(3, 30)), tmp_path)
    path = tmp_path / "etc/systemd/system/ctv-fms-sync.timer.d/schedule.conf"
    assert path == timetable.dropin(JOB, tmp_path)
    assert path.read_text().splitlines()[1:] == ["[Timer]", "OnCalendar=", "OnCalendar=*-*-* 03:30:00"]
    assert known(tmp_path).at == time(3, 30)


def test_at_two_o_clock_the_short_nights_are_in_it(tmp_path: Path) -> None:
    timetable.set_schedule(JOB, Schedule(time(2, 15)), tmp_path)
    lines = timetable.dropin(JOB, tmp_path).read_text().splitlines()
    assert lines[2:] == [
        "OnCalendar=",
        "OnCalendar=*-*-* 02:15:00",
        "OnCalendar=Sun *-03-08..14 03:15:00",
        "OnCalendar=Sun *-03-25..31 03:15:00",
    ]
    assert known(tmp_path).at == time(2, 15)


def test_it_is_taken_away_at_the_shipped_time(tmp_path: Path) -> None:
    timetable.set_schedule(JOB, JOB.schedule, tmp_path)
    assert not (tmp_path / "etc").exists(), "there was nothing to take away"
    timetable.set_schedule(JOB, Schedule(time(3, 30)), tmp_path)
    timetable.set_schedule(JOB, JOB.schedule, tmp_path)
    assert not timetable.dropin(JOB, tmp_path).exists()
    assert known(tmp_path) == JOB.schedule
    assert known(tmp_path).since is not None, "when that was is known"


def test_everybody_may_read_it_whoever_made_it(tmp_path: Path) -> None:
    os.umask(0o077)
    timetable.set_schedule(JOB, Schedule(time(3, 30)), tmp_path)
    path = timetable.dropin(JOB, tmp_path)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path)] == [0o755, 0o644]


def test_without_a_drop_in_all_is_as_shipped(tmp_path: Path) -> None:
    assert timetable.in_force([JOB, WEEKLY], tmp_path) == (JOB, WEEKLY)
    assert known(tmp_path).since is None


@pytest.mark.parametrize("content", ["", "[Timer]\nOnCalendar=\n", "[Timer]\nOnCalendar=hourly\n", "\0"])
def test_what_is_none_of_ours_says_nothing(tmp_path: Path, content: str) -> None:
    timetable.set_schedule(JOB, Schedule(time(3, 30)), tmp_path)
    timetable.dropin(JOB, tmp_path).write_text(content)
    assert known(tmp_path) == JOB.schedule


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "etc").touch()
    with pytest.raises(PermanentError, match=r"cannot write .*/ctv-fms-sync.timer.d/schedule.conf: Not a directory"):
        timetable.set_schedule(JOB, Schedule(time(3, 30)), tmp_path)


@settings(max_examples=25)
@given(TIMES)
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, at: time) -> None:
    root = tmp_path_factory.mktemp("root")
    for job in (JOB, WEEKLY):
        timetable.set_schedule(job, timetable.scheduled(job, at), root)
    for job, read in zip((JOB, WEEKLY), timetable.in_force((JOB, WEEKLY), root), strict=True):
        assert read.schedule == timetable.scheduled(job, at)
        assert read.schedule.weekday == job.schedule.weekday


def overdue(root: Path, last: RunRecord, *, now: datetime) -> bool:
    (job,) = timetable.in_force([JOB], root)
    return rules.is_overdue(job, [last], rules.View(now, UTC, datetime(2026, 1, 1, tzinfo=UTC), lambda _: True))


def moved(root: Path, at: time, when: datetime) -> None:
    """Set the time, as if that had been done at ``when``."""
    timetable.set_schedule(JOB, Schedule(at), root)
    os.utime(timetable.dropin(JOB, root).parent, (when.timestamp(), when.timestamp()))


@pytest.mark.parametrize("at", [time(2), time(3, 30), time(23, 50), time(0, 10)])
@pytest.mark.parametrize("before", [time(2), time(0, 30), time(10)])
def test_a_change_of_the_time_is_no_missed_run(tmp_path: Path, before: time, at: time) -> None:
    """Whatever the two times: the run was there at the former one, and the new one comes first on the next day."""
    moved(tmp_path, time(5), NOON - timedelta(days=9))
    moved(tmp_path, at, NOON)
    last = run(JOB.name, datetime.combine(NOON.date(), before, UTC))
    for hours in range(1, 10):
        assert not overdue(tmp_path, last, now=NOON + timedelta(hours=hours))
    assert overdue(tmp_path, last, now=NOON + timedelta(hours=38)), "the next one is expected"


def test_who_has_not_run_for_days_is_overdue_whatever_has_changed(tmp_path: Path) -> None:
    moved(tmp_path, time(3, 30), NOON)
    assert overdue(tmp_path, run(JOB.name, NOON - timedelta(days=3)), now=NOON + timedelta(hours=1))


def test_a_change_from_the_future_has_no_say(tmp_path: Path) -> None:
    moved(tmp_path, time(3, 30), NOON + timedelta(days=400))
    assert overdue(tmp_path, run(JOB.name, NOON - timedelta(hours=20)), now=NOON)
