"""The history of the circuits on both stores: field by field, once a day, without loss."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import history, importing
from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import line
from tests.integration.circuits_rows import insert
from tests.integration.circuits_station import CircuitsStation
from tests.integration.station import Dump, Result
from tests.integration.test_update_stores import alike

DAY = date(2026, 11, 20)
ROWS = [
    {"monthly_cost": Decimal("450.00"), "provider": "Comcast", "speed": "300.0M x 30.0M"},
    {"circuit_purpose": "Secondary", "site_id": "XYZ 01 -B", "status": "Ready for Enablement"},
    {"site_name": "XYZ 02", "install_date": date(2026, 3, 4), "manual_override": None},
]
FIELDS = "SELECT circuit_id, field_name, old_value, new_value, change_type FROM circuit_history ORDER BY 1, 2"


@pytest.fixture
def station(any_circuits: CircuitsStation) -> CircuitsStation:
    """On either store, with three circuits and the baseline taken."""
    insert(any_circuits, ROWS)
    assert night(any_circuits, 0).code == 0
    return any_circuits


def night(station: CircuitsStation, after: int, *, dry_run: bool = False) -> Result:
    return station.here("circuits-history", history.record, day=DAY + timedelta(days=after), dry_run=dry_run)


def data(station: CircuitsStation) -> Dump:
    return station.dump(without={"ingestion_runs", "meta.ingestion_runs"})


def test_the_first_night_is_the_baseline(station: CircuitsStation) -> None:
    assert station.query("SELECT count(*) FROM circuit_snapshot") == [(3,)]
    assert station.query(FIELDS) == []
    assert "baseline" in station.runs()[0].message


def test_a_quiet_night_writes_nothing(station: CircuitsStation) -> None:
    before = station.dump()
    assert night(station, 0).code == 0
    assert night(station, 1).code == 0
    assert station.dump() == before


def test_every_changed_field_is_a_row_with_both_values(station: CircuitsStation) -> None:
    station.execute(
        "UPDATE circuits SET status = 'Order Canceled', monthly_cost = 449.99 WHERE id = 1",
        "UPDATE circuits SET install_date = '2026-03-05', date_record_updated = '2026-11-20 01:02:03' WHERE id = 3",
        "UPDATE circuits SET date_record_updated = '2026-11-20 01:02:03', fingerprint = 'x', last_csv_file = 'y' WHERE id = 2",
    )
    assert night(station, 1).code == 0
    assert station.query(FIELDS) == [
        (1, "monthly_cost", "450.00", "449.99", "COST_CHANGE"),
        (1, "status", "Enabled", "Order Canceled", "CIRCUIT_DISABLED"),
        (3, "install_date", "2026-03-04", "2026-03-05", "FIELD_CHANGE"),
    ]
    assert station.runs()[0].counters["rows"] == 3


def test_the_change_of_a_secondary_circuit_stays_with_it(station: CircuitsStation) -> None:
    station.execute("UPDATE circuits SET status = 'Enabled' WHERE circuit_purpose = 'Secondary'")
    assert night(station, 1).code == 0
    assert station.query(FIELDS) == [(2, "status", "Ready for Enablement", "Enabled", "CIRCUIT_ENABLED")]


def test_the_same_day_again_adds_nothing_and_a_change_taken_back_leaves_nothing(station: CircuitsStation) -> None:
    station.execute("UPDATE circuits SET status = 'Jeopardy', provider = 'Cox' WHERE id = 1")
    assert night(station, 1).code == 0
    before = station.dump()
    assert night(station, 1).code == 0
    assert station.dump() == before
    station.execute("UPDATE circuits SET status = 'Enabled' WHERE id = 1")
    assert night(station, 1).code == 0
    assert station.query(FIELDS) == [(1, "provider", "Comcast", "Cox", "PROVIDER_CHANGE")]
    station.execute("UPDATE circuits SET provider = 'Comcast' WHERE id = 1")
    assert night(station, 1).code == 0
    assert station.query(FIELDS) == []
    assert station.query("SELECT count(*) FROM circuit_snapshot") == [(3,)]


def test_a_change_of_a_day_without_a_run_is_recorded_by_the_next(station: CircuitsStation) -> None:
    station.execute("UPDATE circuits SET status = 'Jeopardy' WHERE id = 1")
    assert night(station, 5).code == 0
    found = station.query("SELECT field_name, snapshot_date FROM circuit_history")
    assert [(name, str(day)) for name, day in found] == [("status", "2026-11-25")]


def test_a_circuit_comes_and_goes_with_its_file_and_with_its_row(station: CircuitsStation) -> None:
    steps: list[tuple[str | None, list[tuple[Any, ...]]]] = [
        ("UPDATE circuits SET missing_since = '2026-11-21' WHERE id = 1", [(1, "Active", None, "REMOVED_CIRCUIT")]),
        ("UPDATE circuits SET missing_since = NULL WHERE id = 1", [(1, None, "Active", "NEW_CIRCUIT")]),
        ("DELETE FROM circuits WHERE id = 3", [(3, "Active", None, "REMOVED_CIRCUIT")]),
        (None, [(4, None, "Active", "NEW_CIRCUIT")]),
        ("UPDATE circuits SET provider = NULL WHERE provider IS NULL", []),
    ]
    for number, (statement, expected) in enumerate(steps, 1):
        if statement:
            station.execute(statement)
        else:
            insert(station, [{"site_name": "XYZ 03"}])
        assert night(station, number).code == 0
        day = DAY + timedelta(days=number)
        rows = station.query(
            "SELECT circuit_id, old_value, new_value, change_type FROM circuit_history "
            f"WHERE field_name = 'Circuit Status' AND snapshot_date = '{day}'"
        )
        assert rows == expected, statement
    assert station.query("SELECT count(*) FROM circuit_history") == [(4,)]


def test_what_people_change_is_seen_and_a_null_override_is_none(station: CircuitsStation) -> None:
    station.execute(
        "UPDATE circuits SET manual_override = TRUE, manual_override_by = 'ann', status = 'Jeopardy' WHERE id = 1",
        "UPDATE circuits SET manual_override = NULL WHERE id = 2",
        "UPDATE circuits SET manual_override = FALSE WHERE id = 3",
    )
    assert night(station, 1).code == 0
    assert station.query("SELECT circuit_id, field_name, new_value, source FROM circuit_history ORDER BY 1, 2") == [
        (1, "manual_override", "true", "manual"),
        (1, "manual_override_by", "ann", "manual"),
        (1, "status", "Jeopardy", "manual"),
    ]


def test_a_dry_run_says_what_it_would_record_and_writes_nothing(station: CircuitsStation) -> None:
    station.execute("UPDATE circuits SET status = 'Jeopardy' WHERE id = 1")
    before = station.dump()
    result = night(station, 1, dry_run=True)
    assert result.code == 0
    assert "would record 1 change and take 1 snapshots" in result.text
    assert station.dump() == before


def test_old_snapshots_go_and_the_state_of_every_circuit_stays(station: CircuitsStation) -> None:
    station.settings["CIRCUITS_SNAPSHOT_DAYS"] = "10"
    for number in (1, 2, 3, 15, 16):
        station.execute(f"UPDATE circuits SET provider = 'number {number}' WHERE id = 1")
        assert night(station, number).code == 0
    days = [
        str(day)
        for (day,) in station.query("SELECT snapshot_date FROM circuit_snapshot WHERE circuit_id = 1 ORDER BY 1")
    ]
    assert days == ["2026-11-23", "2026-12-05", "2026-12-06"]
    assert station.query("SELECT count(*) FROM circuit_snapshot WHERE circuit_id <> 1") == [(2,)]
    assert station.query("SELECT count(*) FROM circuit_history") == [(5,)]
    assert night(station, 99).code == 0
    assert station.query("SELECT count(*) FROM circuit_history") == [(5,)]


def test_a_clock_that_went_back_is_refused(station: CircuitsStation) -> None:
    before = station.dump()
    result = night(station, -1)
    assert result.code == 3
    assert "there is a snapshot of 2026-11-20" in result.text
    assert station.dump() == before


@pytest.mark.parametrize("change", ["DELETE FROM circuits", None])
def test_without_circuits_nothing_is_taken_for_removed(
    station: CircuitsStation, change: str | None, tmp_path: Path
) -> None:
    if change:
        station.execute(change)
    else:
        station = CircuitsStation(tmp_path / "new")
    result = night(station, 1)
    assert result.code == 3
    assert "there are no circuits" in result.text
    if change:
        assert station.query(FIELDS) == []
    else:
        assert not station.database.exists()


def test_a_database_that_is_gone_is_missed_by_every_job(tmp_path: Path) -> None:
    """Asked of its own runs only, a job that runs for the first time made a new one, without what people decided."""
    station = CircuitsStation(tmp_path)
    station.put(list(tracking_csv.rows(tracking_csv.Spec(circuits=20, seed=1))), DAY)
    assert station.here("circuits-import", importing.import_orders, day=DAY).code == 0
    station.database.unlink()
    for result in (night(station, 0), station.here("circuits-import", importing.import_orders, day=DAY)):
        assert result.code == 1
        assert "is missing or empty, but it was filled on" in result.line("ERROR")
        assert not station.database.exists()


def test_the_day_is_the_stations_own(station: CircuitsStation) -> None:
    """Pitfall 14: at three in the morning UTC it is still the day before in Los Angeles."""
    station.settings["CTVPIPE_TIMEZONE"] = "America/Los_Angeles"
    station.execute("UPDATE circuits SET status = 'Jeopardy' WHERE id = 1")

    def body(run: Run) -> None:
        run.started = datetime(2026, 11, 22, 3, tzinfo=UTC)
        history.record(run)

    assert station.here("circuits-history", body).code == 0
    assert [str(day) for (day,) in station.query("SELECT snapshot_date FROM circuit_history")] == ["2026-11-21"]


def test_an_import_that_failed_is_told_and_what_people_changed_is_recorded(station: CircuitsStation) -> None:
    assert station.here("circuits-import", importing.import_orders).code == 1
    station.execute("UPDATE circuits SET status = 'Jeopardy' WHERE id = 1")
    result = night(station, 1)
    assert result.code == 0
    assert "circuits-import did not finish (failed: there is no tracking file" in str(station.runs()[0].warnings)
    assert station.query("SELECT count(*) FROM circuit_history") == [(1,)]


def test_a_file_with_clashes_and_one_without_report_no_circuit_as_new_or_removed(any_circuits: CircuitsStation) -> None:
    """The vectors of facts 13: duplicate keys in one of two files only, and nothing changed but the broker's date."""
    made = tracking_csv.rows(tracking_csv.Spec(circuits=60, oddities=False))
    clashes = [row | {"status": "Order Canceled", "record_number": "A"} for row in made[:20]]
    later = [row | {"date_record_updated": "2026-11-20 11:12:13"} for row in made]
    files = [[*made, *clashes], made, later, [*clashes, *later], [*later, line(Site_Name="NEW 01", Site_ID="NEW 01")]]
    for number, rows in enumerate(files):
        any_circuits.put(rows, DAY + timedelta(days=number))
        imported = any_circuits.here("circuits-import", importing.import_orders, day=DAY + timedelta(days=number))
        assert imported.code == 0, imported.text
        assert night(any_circuits, number).code == 0
    assert any_circuits.query("SELECT field_name, change_type, source FROM circuit_history") == [
        ("Circuit Status", "NEW_CIRCUIT", "tracking_data_2026-11-24.csv")
    ]


def test_both_stores_hold_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    pair = [CircuitsStation(tmp_path / "small"), CircuitsStation(tmp_path / "grown up", url=postgres_url)]
    changes: list[Callable[[CircuitsStation], None]] = [
        lambda station: insert(station, ROWS),
        lambda station: station.execute("UPDATE circuits SET monthly_cost = 1200.5, status = 'Jeopardy' WHERE id < 3"),
        lambda station: station.execute(
            "DELETE FROM circuits WHERE id = 1", "UPDATE circuits SET manual_override = TRUE"
        ),
        lambda station: insert(station, [{"site_name": "Cañon", "notes": "a\tb\\c\nd"}]),
    ]
    for number, change in enumerate(changes):
        for station in pair:
            change(station)
            assert night(station, number).code == 0
    small, grown_up = (alike(data(station)) for station in pair)
    assert len(small["circuit_history"]) == 8
    assert small["circuit_history"] == grown_up["circuit_history"]
    assert [(*row[:3], json.loads(row[3] or "null")) for row in small["circuit_snapshot"]] == grown_up[
        "circuit_snapshot"
    ]
