"""The rotation, killed and starved at every step: every workbook is in the daily directory or whole in an archive."""

from __future__ import annotations

import os
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from .injector import DiskFull, ForkServer, FsyncError, Injector, Kill, Step, WrongBit, every_step, restore
from .plans import (
    Plan,
    check_closed_up,
    check_recorded,
    check_status,
    check_told,
    full_in_mid_write,
    full_once,
    kill_after,
    kill_before,
    torn_write,
)
from .station import ROTATE, Station

JOB = "commercial-rotation"
# Killed before a step is killed after the one before it: together the first two stop it at every point there is.
PLANS = [
    Plan("kill before", kill_before, stride=2, offset=0),
    Plan("kill after", kill_after, stride=2, offset=0),
    Plan("torn write", torn_write, stride=6, offset=1, follow=3),
    Plan("disk full", DiskFull, stride=6, offset=0, follow=3),
    Plan("disk full once", full_once, stride=6, offset=2, follow=3),
    Plan("disk full in mid-write", full_in_mid_write, stride=6, offset=3, follow=3),
    Plan("fsync error", FsyncError),
]
Archives = dict[str, dict[str, bytes]]


@dataclass
class Week:
    """A station, kept in a template, before a rotation: daily files, archives, and the archives of an undisturbed run."""

    station: Station
    template: Path
    daily: dict[str, bytes]
    archives: Archives
    expired: str
    after: tuple[dict[str, bytes], Archives]

    def check(self, step: Step) -> None:
        """No workbook and no member is lost, whatever the moment."""
        daily, archives = look(self.station)
        held = {content for members in archives.values() for content in members.values()}
        for name, content in self.daily.items():
            assert daily.get(name, content) == content, f"{name} is torn at {step}"
            assert name in daily or content in held, f"{name} is lost at {step}"
        for name, members in self.archives.items():
            if name == self.expired and name not in archives:
                continue
            assert archives.get(name, {}).items() >= members.items(), f"{name} has lost a member at {step}"


def look(station: Station) -> tuple[dict[str, bytes], Archives]:
    """The daily files and the archives, each of whose members must have its CRC."""
    daily = {path.name: path.read_bytes() for path in station.daily.iterdir()}
    return daily, {path.name: members_of(path) for path in station.archive.glob("commercial-logs-*.zip")}


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(set(names)) == len(names)
        return {name: archive.read(name) for name in names}


@pytest.fixture(scope="module")
def week(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Week:
    """Files to keep, files for an archive that is there and for one that is not, an archive that has expired."""
    folder = tmp_path_factory.mktemp("rotate")
    station = Station(Injector(folder / "root", jobs))
    station.make_directories()
    content = contents()
    recent = [0, 1, 7]
    old_month = month_before(station.today.replace(day=1) - timedelta(days=8))
    for days in recent:
        station.workbook(days).write_bytes(next(content))
    for day in (old_month, old_month + timedelta(days=1), old_month + timedelta(days=2)):
        path(station, day).write_bytes(next(content))
    new_month = station.today - timedelta(days=8)
    path(station, new_month).write_bytes(next(content))
    make_archive(
        archive(station, old_month),
        {
            path(station, old_month + timedelta(days=9)).name: next(content),
            path(station, old_month).name: path(station, old_month).read_bytes(),  # an earlier run was cut short
            path(station, old_month + timedelta(days=1)).name: next(content),  # another edition of the same name
        },
    )
    expired = archive(station, station.today.replace(year=station.today.year - 2, day=1))
    make_archive(expired, {"Commercial Log 000101.xlsx": next(content)})
    restore(station.root, folder / "template")
    daily, archives = look(station)
    station.succeed(ROTATE)
    return Week(station, folder / "template", daily, archives, expired.name, look(station))


def contents() -> Iterator[bytes]:
    """Some hundred bytes to some thousand, different each time."""
    source = random.Random(5)
    while True:
        yield source.randbytes(source.randint(300, 9000))


def month_before(day: date) -> date:
    """The first day of the calendar month before that of ``day``."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def path(station: Station, day: date) -> Path:
    return station.daily / f"Commercial Log {day:%y%m%d}.xlsx"


def archive(station: Station, day: date) -> Path:
    return station.archive / f"commercial-logs-{day:%Y-%m}.zip"


def make_archive(target: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(target, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)
    os.utime(target, (1, 1))


def test_the_rotation_has_something_of_everything(week: Week) -> None:
    daily, archives = week.after
    assert len(daily) == 3
    assert len(week.daily) == 7
    assert sorted(len(members) for members in week.archives.values()) == [1, 3]
    assert sorted(len(members) for members in archives.values()) == [1, 5]
    assert week.expired not in archives


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_a_rotation_loses_nothing_at_any_step(plan: Plan, week: Week) -> None:
    station = week.station
    due, shown, followed = plan.follow_ups(), False, 0
    for step in every_step(
        station.injector, ROTATE, station.env, plan.fault,
        template=week.template, stride=plan.stride, offset=plan.offset,
    ):  # fmt: skip
        week.check(step)
        stale = check_recorded(station, step, JOB, 0)
        if not isinstance(step.fault, Kill):
            check_told(step)
            assert look(station) == week.after or step.result.returncode != 0, f"success was claimed: {step}"
            assert not station.leftovers(), f"{step}"
        elif stale and not shown:
            check_status(station, step, stale[0])
            shown = True
        if due(step):
            station.succeed(ROTATE)
            assert look(station) == week.after, f"{step}"
            assert not station.leftovers(), f"{step}"
            check_closed_up(station, step, stale)
            followed += 1
    assert followed


def test_a_wrong_bit_in_an_archive_costs_no_workbook(week: Week) -> None:
    station, seen = week.station, 0
    for step in every_step(station.injector, ROTATE, station.env, WrongBit, template=week.template):
        if str(station.archive) not in step.result.marked:
            continue
        seen += 1
        week.check(step)
        assert look(station) == week.after or step.result.returncode != 0, f"success was claimed: {step}"
        assert not station.leftovers(), f"{step}"
    assert seen
