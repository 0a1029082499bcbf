"""The backup, killed and starved at every step: every backup is whole, and none goes before the new one is there."""

from __future__ import annotations

from dataclasses import dataclass
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
from .station import BACKUP, UPDATE, Sales, Station, digest, unpacked

JOB = "db-backup"
OLDEST, NEWEST = (f"production-2026010{day}-020500.sqlite3.gz" for day in (1, 2))
# Killed before a step is killed after the one before it: together the first two stop it at every point there is.
PLANS = [
    Plan("kill before", kill_before, stride=2, offset=0),
    Plan("kill after", kill_after, stride=2, offset=0),
    Plan("torn write", torn_write, stride=6, offset=1),
    Plan("disk full", DiskFull, stride=6, offset=0),
    Plan("disk full once", full_once, stride=6, offset=2),
    Plan("disk full in mid-write", full_in_mid_write, stride=8, offset=3),
    Plan("fsync error", FsyncError),
]


@dataclass
class Shelf:
    """A station with a database and as many backups as are kept, in a template."""

    station: Station
    template: Path
    sales: Sales
    digests: dict[str, str]

    def check(self, step: Step) -> bool:
        """Whether a new backup is there; all backups must be whole, and only the oldest may have gone, in its favour."""
        found = {path.name: path for path in self.station.backups.glob("*.gz")}
        new = found.keys() - self.digests.keys()
        assert len(new) <= 1, f"{step}"
        gone = self.digests.keys() - found.keys()
        assert gone <= ({OLDEST} if new else set()), f"{gone} are gone at {step}"
        for name in self.digests.keys() & found.keys():
            assert digest(found[name]) == self.digests[name], f"{name} has changed at {step}"
        for name in new:
            assert unpacked(found[name]) == self.sales, f"{name} is not the database at {step}"
        assert self.station.sales() == self.sales, f"{step}"
        return bool(new)


@pytest.fixture(scope="module")
def shelf(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("backup")
    station = Station(Injector(folder / "root", jobs))
    station.make_directories()
    station.write_yesterday()
    station.succeed(UPDATE)
    station.succeed(BACKUP)
    (made,) = station.backups.glob("*.gz")
    made.rename(station.backups / NEWEST)
    (station.backups / OLDEST).write_bytes((station.backups / NEWEST).read_bytes())
    restore(station.root, folder / "template")
    digests = {path.name: digest(path) for path in station.backups.iterdir()}
    return Shelf(station, folder / "template", station.sales(), digests)


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_a_backup_is_there_or_not_at_every_step(plan: Plan, shelf: Shelf) -> None:
    station = shelf.station
    due, shown, followed = plan.follow_ups(), False, 0
    for step in every_step(
        station.injector, BACKUP, station.env, plan.fault,
        template=shelf.template, stride=plan.stride, offset=plan.offset,
    ):  # fmt: skip
        made = shelf.check(step)
        stale = check_recorded(station, step, JOB, 2)
        if not isinstance(step.fault, Kill):
            check_told(step)
            assert made or step.result.returncode != 0, f"success was claimed: {step}"
            assert not station.leftovers(), f"{step}"
        elif stale and not shown:
            check_status(station, step, stale[0])
            shown = True
        if due(step):
            station.succeed(BACKUP)
            kept = {path.name for path in station.backups.iterdir()}
            assert len(kept) == 2, f"{step}"
            assert OLDEST not in kept, f"{step}"
            assert all(unpacked(station.backups / name) == shelf.sales for name in kept), f"{step}"
            check_closed_up(station, step, stale)
            followed += 1
    assert followed


def test_a_packed_backup_with_a_wrong_bit_is_none(shelf: Shelf) -> None:
    """The copy that is packed is checked as SQLite can: it keeps no checksums of its pages."""
    station, seen = shelf.station, 0
    for step in every_step(station.injector, BACKUP, station.env, WrongBit, template=shelf.template):
        if ".sqlite3.gz.tmp" not in step.result.marked:
            continue
        seen += 1
        made = shelf.check(step)
        assert made or "does not unpack to what was packed" in step.result.stderr, f"{step}"
        assert not station.leftovers(), f"{step}"
    assert seen
