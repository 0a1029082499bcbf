"""Enablements and history, killed and starved at many steps: the database is as before the run or as after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import Spec, line

from .circuits_station import ENABLEMENT, HISTORY, IMPORT, CircuitsStation, Data
from .injector import DiskFull, ForkServer, FsyncError, Injector, Kill, every_step, restore
from .plans import Plan, check_closed_up, check_recorded, check_told, full_once, kill_after, kill_before, torn_write

PLANS = [
    Plan("kill before", kill_before, stride=6, offset=0),
    Plan("kill after", kill_after, stride=6, offset=3),
    Plan("torn write", torn_write, stride=6, offset=1),
    Plan("disk full", DiskFull, stride=8, offset=0),
    Plan("disk full once", full_once, stride=8, offset=4),
    Plan("fsync error", FsyncError, stride=2, offset=0),
]
OTHERS = tracking_csv.rows(Spec(circuits=20, oddities=False))


@dataclass
class Night:
    """A station, kept in a template, before a run of ``command``: so many runs in its ledger, and the
    database before and after it."""

    station: CircuitsStation
    job: str
    command: list[str]
    template: Path
    runs: int
    before: Data
    after: Data

    @classmethod
    def watched(cls, station: CircuitsStation, job: str, command: list[str], template: Path) -> Night:
        restore(station.root, template)
        runs, before = len(station.ledger()), station.data()
        station.succeed(command)
        return cls(station, job, command, template, runs, before, station.data())


@pytest.fixture(scope="module", params=["circuits-enablement", "circuits-history"])
def night(request: pytest.FixtureRequest, jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("tracks")
    station = CircuitsStation(Injector(folder / "root", jobs))
    station.make_directories()
    for days_ago, status in enumerate(["Enabled", "Ready for Enablement", "Jeopardy"]):
        station.put([line(status=status), *OTHERS], days_ago)
    station.succeed(IMPORT)
    if request.param == "circuits-enablement":
        return Night.watched(station, request.param, ENABLEMENT, folder / "template")
    station.succeed(HISTORY)
    station.execute(
        f"UPDATE circuit_snapshot SET snapshot_date = '{station.day(1)}'",
        "UPDATE circuits SET status = 'Jeopardy', monthly_cost = 1 WHERE id % 2",
        "DELETE FROM circuits WHERE id = 4",
    )
    return Night.watched(station, request.param, HISTORY, folder / "template")


def test_the_night_has_something_of_everything(night: Night) -> None:
    tables = {
        "circuits-enablement": {
            "circuit_status_days", "circuit_status_changes", "daily_enablements", "enablement_summary",
        },
        "circuits-history": {"circuit_snapshot", "circuit_history"},
    }[night.job]  # fmt: skip
    changed = {name for name, rows in night.after.items() if rows != night.before.get(name)}
    assert changed == tables | {"ingestion_runs", "sqlite_sequence"}


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_the_database_is_before_or_after_at_every_step(plan: Plan, night: Night) -> None:
    station, due, followed = night.station, plan.follow_ups(), 0
    for step in every_step(
        station.injector, night.command, station.env, plan.fault,
        template=night.template, stride=plan.stride, offset=plan.offset,
    ):  # fmt: skip
        found = station.data()
        assert found in (night.before, night.after), f"{step}"
        stale = check_recorded(station, step, night.job, night.runs)
        if not isinstance(step.fault, Kill):
            check_told(step)
            assert found == night.after or step.result.returncode != 0, f"success was claimed: {step}"
        if due(step):
            station.succeed(night.command)
            assert station.data() == night.after, f"{step}"
            check_closed_up(station, step, stale)
            followed += 1
    assert followed
