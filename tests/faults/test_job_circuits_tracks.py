"""Enablements and history, killed and starved at many steps: the database is as before the run or as after it."""

from __future__ import annotations

import pytest

from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import Spec, line

from .circuits_night import PLANS, Night
from .circuits_station import ENABLEMENT, HISTORY, IMPORT, CircuitsStation
from .injector import ForkServer, Injector
from .plans import Plan

OTHERS = tracking_csv.rows(Spec(circuits=20, oddities=False))


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
    night.disturb(plan)
