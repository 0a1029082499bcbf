"""The import of orders, killed and starved at many steps: no circuit, no override, no day is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import Spec, line

from .circuits_night import PLANS, Night
from .circuits_station import IMPORT, CircuitsStation
from .injector import ForkServer, Injector
from .plans import Plan

JOB = "circuits-import"
ORDERS = [line(), line(status="Jeopardy", record_number="A2"), *tracking_csv.rows(Spec(circuits=60, oddities=False))]
OVERRIDE = "UPDATE circuits SET manual_override = 1, status = 'by hand' WHERE id = 7"


@pytest.fixture(scope="module")
def night(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """Yesterday's file is in the database and a circuit is overridden; today's has orders changed, gone and new."""
    folder = tmp_path_factory.mktemp("import")
    station = _station(folder / "root", jobs)
    station.put(ORDERS, 1)
    station.succeed([*IMPORT, "--force"])
    station.execute(OVERRIDE)
    changed = [row | {"status": "Jeopardy"} if number % 9 == 2 else row for number, row in enumerate(ORDERS)]
    station.put([line(Site_Name="XYZ 02"), *changed[:3], line(status="Order Placed", record_number="A3"), *changed[6:]])
    return Night.watched(station, JOB, IMPORT, folder / "template")


@pytest.fixture(scope="module")
def first_night(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """No database, no ledger."""
    folder = tmp_path_factory.mktemp("first")
    station = _station(folder / "root", jobs)
    station.put(ORDERS)
    return Night.watched(station, JOB, IMPORT, folder / "template")


def _station(root: Path, jobs: ForkServer) -> CircuitsStation:
    station = CircuitsStation(Injector(root, jobs))
    station.make_directories()
    return station


def test_the_night_has_something_of_everything(night: Night) -> None:
    changed = {name for name, rows in night.after.items() if rows != night.before.get(name)}
    assert changed == {
        "circuits", "circuit_import_conflicts", "circuit_status_changes", "circuit_status_days", "daily_summaries",
        "ingestion_runs", "sqlite_sequence",
    }  # fmt: skip
    (before,), (after,) = (
        [row for row in data["circuits"] if "by hand" in row] for data in (night.before, night.after)
    )
    assert before == after


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_an_import_is_before_or_after_at_every_step(plan: Plan, night: Night) -> None:
    night.disturb(plan)


@pytest.mark.parametrize(
    "plan", [Plan(plan.name, plan.fault, plan.stride * 4, plan.offset * 3) for plan in PLANS], ids=str
)
def test_a_first_import_is_nothing_or_all_at_every_step(plan: Plan, first_night: Night) -> None:
    first_night.disturb(plan)
