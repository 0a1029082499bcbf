"""The daily update, killed and starved at every step: the sales database is as before the run or as after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from .injector import DiskFull, ForkServer, FsyncError, Injector, Kill, Step, every_step, restore
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
from .station import UPDATE, Sales, Station

JOB = "daily-update"
# Killed before a step is killed after the one before it: together the first two stop it at every point there is.
PLANS = [
    Plan("kill before", kill_before, stride=2, offset=0),
    Plan("kill after", kill_after, stride=2, offset=0),
    Plan("torn write", torn_write, stride=6, offset=1),
    Plan("disk full", DiskFull, stride=6, offset=0),
    Plan("disk full once", full_once, stride=6, offset=2),
    Plan("disk full in mid-write", full_in_mid_write, stride=12, offset=4),
    Plan("fsync error", FsyncError),
]
# Twice as many steps, most of them the schema's pages one after the other.
FIRST_LOAD_PLANS = [
    Plan("kill before", kill_before, stride=12, offset=0),
    Plan("kill after", kill_after, stride=12, offset=5),
    Plan("disk full", DiskFull, stride=24, offset=1),
    Plan("disk full once", full_once, stride=24, offset=13),
]


@dataclass
class Night:
    """A station, kept in a template, before an update, and what is there before and after an undisturbed one."""

    station: Station
    template: Path
    before: Sales
    after: Sales

    @classmethod
    def watched(cls, station: Station, template: Path) -> Night:
        restore(station.root, template)
        before = station.sales()
        station.succeed(UPDATE)
        return cls(station, template, before, station.sales())

    def check(self, found: Sales, step: Step) -> bool:
        """Whether what is found is the state after the update; it must be one of the two."""
        assert found.closed == self.before.closed, f"{step}"
        if found == self.before:
            return False
        assert found.data == self.after.data, f"in between at {step}"
        assert len(found.imports) == len(self.before.imports) + 1, f"{step}"
        return True

    def check_next_run(self, step: Step, was: Sales, *, done: bool) -> None:
        """The next run brings the state after, and touches no row if that was there already."""
        self.station.succeed(UPDATE)
        now = self.station.sales()
        assert now.data == self.after.data, f"{step}"
        assert now.closed == self.before.closed, f"{step}"
        kept = was.spots if done else {number: self.before.spots[number] for number in self.unchanged}
        assert {number: now.spots[number] for number in kept} == kept, f"{step}"
        assert len(now.imports) == len(was.imports) + 1, f"{step}"

    @property
    def unchanged(self) -> set[int]:
        return self.before.spots.keys() & self.after.spots.keys()


@pytest.fixture(scope="module")
def night(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Yesterday's rows are in the database, a month is closed, today's workbook differs a little."""
    folder = tmp_path_factory.mktemp("update")
    station = Station(Injector(folder / "root", jobs))
    station.make_directories()
    station.write_yesterday()
    station.succeed(UPDATE)
    station.close_oldest_month()
    station.write_today()
    return Night.watched(station, folder / "template")


@pytest.fixture(scope="module")
def first_night(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """No database, no ledger, no logs."""
    folder = tmp_path_factory.mktemp("first")
    station = Station(Injector(folder / "root", jobs))
    station.make_directories()
    station.write_yesterday()
    return Night.watched(station, folder / "template")


def test_the_night_has_something_of_everything(night: Night) -> None:
    assert [len(rows) for rows in night.before.closed.values()] == [90]
    assert len(night.unchanged) == 81
    assert len(night.before.spots) - len(night.unchanged) == 8
    assert len(night.after.spots) - len(night.unchanged) == 7
    assert len(night.after.tables["markets"]) == len(night.before.tables["markets"]) + 1


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_an_update_is_before_or_after_at_every_step(plan: Plan, night: Night) -> None:
    _disturb(night, plan)


@pytest.mark.parametrize("plan", FIRST_LOAD_PLANS, ids=str)
def test_a_first_load_is_nothing_or_all_at_every_step(plan: Plan, first_night: Night) -> None:
    _disturb(first_night, plan)


def _disturb(night: Night, plan: Plan) -> None:
    station, before = night.station, len(night.before.imports)
    due, shown, followed = plan.follow_ups(), False, 0
    for step in every_step(
        station.injector,
        UPDATE,
        station.env,
        plan.fault,
        template=night.template,
        stride=plan.stride,
        offset=plan.offset,
    ):
        found = station.sales()
        done = night.check(found, step)
        stale = check_recorded(station, step, JOB, before)
        if not isinstance(step.fault, Kill):
            check_told(step)
            assert done or step.result.returncode != 0, f"success was claimed: {step}"
        elif stale and not shown:
            check_status(station, step, stale[0])
            shown = True
        if due(step):
            night.check_next_run(step, found, done=done)
            check_closed_up(station, step, stale)
            followed += 1
    assert followed


def test_no_database_is_made_beside_the_log_of_one_that_is_gone(first_night: Night) -> None:
    station = first_night.station
    restore(first_night.template, station.root)
    log = station.database.with_name(f"{station.database.name}-wal")
    log.write_bytes(b"the last changes")
    result = station.injector.run(UPDATE, station.env)
    assert result.returncode == 1, f"{result}"
    assert f"there is {log.name} without the database" in result.stderr
    assert not station.database.exists()
    assert log.read_bytes() == b"the last changes"
