"""A machine with a clock chip whose clock jumps, and the nights in which summer time begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.guest.machine import Guest
from tests.guest.station import JOBS, STAMPS, TIMERS, YEAR, Station, utc

NOON = utc("02-10 12:00")


@pytest.fixture(scope="module")
def station(
    guest: Callable[..., AbstractContextManager[Guest]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Station]:
    """A station after a good night, whose clock no time server has set; its timers rest."""
    with guest(began=NOON, chip=True) as machine:
        machine.ok(f"systemctl stop {TIMERS}")
        made = Station(machine, tmp_path_factory.mktemp("station"))
        made.save(NOON.date())
        made.keep(*(NOON.date() - timedelta(days=days) for days in (3, 6)))
        made.night()
        yield made


@pytest.mark.parametrize(
    ("jump", "said"),
    [(timedelta(hours=-2), "but the latest run was at"), (timedelta(days=400), "400 days after the latest run")],
)
def test_an_unsynchronised_clock_that_jumps(
    station: Station, jump: timedelta, said: str, say: Callable[[str], None]
) -> None:
    here = station.guest.now()
    station.guest.set_clock(here + jump)
    say(f"\n{jump}: {every_job_is_put_off(station, said)}")
    station.guest.ok("systemctl stop 'ctv-again@*'")
    station.guest.set_clock(here + timedelta(seconds=5))


def every_job_is_put_off(station: Station, said: str) -> str:
    """Each job says ``said`` of the clock, changes nothing, and will be started again; what the last one said."""
    before = station.tree()
    for job in JOBS:
        station.start(job)
        run = station.runs(job)[0]
        assert (run.outcome, said in run.message) == ("not_now", True), run.message
        assert station.again_in(job) is not None
    assert station.tree() == before
    return str(run.message)


def test_a_clock_that_goes_back_after_it_was_synchronised(station: Station, say: Callable[[str], None]) -> None:
    """Over midnight, where a workbook would be named by another day. What a time server says is right, even so."""
    guest, early, back = station.guest, NOON + timedelta(hours=12, minutes=30), timedelta(hours=2)
    station.synchronise(early)
    station.save(early.date())
    station.night()
    kept = station.kept()

    guest.ok("systemctl stop time-server.service")
    guest.set_clock(guest.now() - back)
    say(f"\n-2 h by hand: {every_job_is_put_off(station, 'but the latest run was at')}")

    station.synchronise(early + timedelta(minutes=20))
    station.night()
    assert guest.run("ls /run/ctvpipe/*.again").code != 0, "nothing has to be started again"
    guest.ok("systemctl stop 'ctv-again@*'")
    assert kept < station.kept()

    kept = station.kept()
    station.synchronise(early - back)
    station.night()
    assert kept < station.kept()
    say(f"-2 h by the time server: every job did its work; kept: {', '.join(sorted(station.kept()))}")


# In the order of the year: the newest workbook is never one of the future.
IN_ORDER = [
    ("America/Los_Angeles", "spring"),
    ("Europe/Berlin", "spring"),
    ("Europe/Berlin", "autumn"),
    ("America/Los_Angeles", "autumn"),
]
# Minutes after 23:00 of the evening before: beside every time that is in a timer, in both times of the day.
MOMENTS = (61, 119, 121, 151, 181, 186, 211, 241, 246, 271, 301, 331, 361)


@pytest.mark.parametrize(("zone", "season"), IN_ORDER)
def test_the_night_in_which_the_clocks_change(
    station: Station, zone: str, season: str, say: Callable[[str], None]
) -> None:
    """In spring the backup's and the rotation's time does not exist: they run an hour later."""
    guest, tz = station.guest, ZoneInfo(zone)
    day = day_of_change(tz, season)
    evening = (datetime.combine(day, datetime.min.time(), tz) - timedelta(hours=1)).astimezone(UTC)
    guest.ok(f"systemctl stop {TIMERS}; timedatectl set-timezone {zone}")
    kept = station.keep(*(day - timedelta(days=days) for days in (1, 7)))
    station.synchronise(evening)
    station.save(day)
    station.start("db-backup")  # the run that the clock is compared with
    guest.ok("systemctl stop time-server.service")  # the clock would be set back as the test sets it forward
    guest.ok(f"touch {STAMPS}; systemctl start {TIMERS}")
    for minutes in MOMENTS:
        guest.set_clock(evening + timedelta(minutes=minutes))
        guest.wait_until("sleep 1", "systemd has seen it")
        station.rest()
    began, ended = evening + timedelta(minutes=MOMENTS[0] - 1), evening + timedelta(hours=8)
    night = [run for run in station.runs() if began < datetime.fromisoformat(run.started_at) < ended]
    made = [run.job for run in night]
    assert {run.outcome for run in night} == {"success"}
    assert sorted(made) == sorted(JOBS), "each once"
    assert {*kept, f"Commercial Log {day:%y%m%d}.xlsx"} <= station.daily()
    say(f"\n{zone}, {day}: {', '.join(sorted(made))}")
    guest.ok(f"systemctl stop {TIMERS}")


def day_of_change(tz: ZoneInfo, season: str) -> date:
    """The day of ``YEAR`` on which summer time begins ("spring") or ends."""
    day = date(YEAR, 1, 1) if season == "spring" else date(YEAR, 7, 1)
    while _offset(day, tz) == _offset(day + timedelta(days=1), tz):
        day += timedelta(days=1)
    return day


def _offset(day: date, tz: ZoneInfo) -> timedelta | None:
    return datetime.combine(day, datetime.min.time(), tz).utcoffset()
