"""Enablements on both stores: found from the files, kept for ever, and told who did them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ctvpipe.pipelines.circuits import enabling, importing
from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import Row, Spec, line
from tests.integration.circuits_station import CircuitsStation
from tests.integration.station import Dump, Result
from tests.integration.test_update_stores import alike

FRIDAY = date(2026, 11, 20)
READY, ENABLED = "Ready for Enablement", "Enabled"
OTHERS = tracking_csv.rows(Spec(circuits=20, oddities=False))
ROWS = "SELECT site_id, date, enabled_by FROM daily_enablements ORDER BY date, site_id"


@pytest.fixture
def station(any_circuits: CircuitsStation) -> CircuitsStation:
    return any_circuits


def put(station: CircuitsStation, after: int, *mine: Row) -> Path:
    return station.put([*mine, *OTHERS], FRIDAY + timedelta(days=after))


def imported(station: CircuitsStation, after: int) -> None:
    result = station.here("circuits-import", importing.import_orders, day=FRIDAY + timedelta(days=after))
    assert result.code == 0, result.text


def night(station: CircuitsStation, after: int, *, dry_run: bool = False) -> Result:
    return station.here("circuits-enablement", enabling.track, day=FRIDAY + timedelta(days=after), dry_run=dry_run)


def tracked(station: CircuitsStation, after: int, *mine: Row) -> None:
    """A night with a file: imported, and looked at."""
    put(station, after, *mine)
    imported(station, after)
    result = night(station, after)
    assert result.code == 0, result.text


def found(station: CircuitsStation) -> list[tuple[str, str, str]]:
    return [(site, str(day), who) for site, day, who in station.query(ROWS)]


def summary(station: CircuitsStation) -> dict[str, tuple[int, int | None]]:
    rows = station.query("SELECT date, enablements_count, ready_count FROM enablement_summary ORDER BY date")
    return {str(day): (count, ready) for day, count, ready in rows}


def data(station: CircuitsStation) -> Dump:
    return station.dump(without={"ingestion_runs", "meta.ingestion_runs"})


def test_an_enablement_over_a_weekend_without_files_is_of_monday(station: CircuitsStation) -> None:
    tracked(station, 0, line(status=READY))
    assert found(station) == []
    assert "no two days yet" in str(station.runs()[0].warnings)
    tracked(station, 3, line(status=ENABLED))
    assert found(station) == [("XYZ 01", "2026-11-23", "Unknown")]
    assert station.query(
        "SELECT gap_days, previous_status, current_status, record_number, site_name, circuit_purpose, provider "
        "FROM daily_enablements"
    ) == [(3, READY, ENABLED, "ACMEXYZ0123456789_BR", "XYZ 01", "Primary", "Charter Communications")]
    ready = sum(row["status"] == READY for row in OTHERS)
    assert summary(station) == {"2026-11-23": (1, ready)}
    tracked(station, 5, line(status=ENABLED))
    assert summary(station) == {"2026-11-23": (1, ready), "2026-11-24": (0, None), "2026-11-25": (0, ready)}


def test_a_second_run_writes_nothing(station: CircuitsStation) -> None:
    tracked(station, 0, line(status=READY))
    tracked(station, 1, line(status=ENABLED))
    before = station.dump()
    assert night(station, 1).code == 0
    assert station.dump() == before


def test_a_site_id_spelled_in_another_way_is_the_same_circuit(station: CircuitsStation) -> None:
    second = {"Circuit_Purpose": "Secondary", "record_number": "R2"}
    tracked(station, 0, line(status=READY, Site_ID="XYZ 01 -B", **second))
    tracked(station, 1, line(status=ENABLED, Site_ID="XYZ 01- B", **second))
    assert found(station) == [("XYZ 01-B", "2026-11-21", "Unknown")]


def test_a_clash_within_a_file_fakes_nothing_whatever_its_order(station: CircuitsStation) -> None:
    live, replacement = line(status=ENABLED, record_number="R1"), line(status=READY, record_number="R2")
    for number, mine in enumerate([(live, replacement), (replacement, live), (live,), (live, replacement)]):
        tracked(station, number, *mine)
    assert found(station) == []


def test_the_first_day_of_the_window_survives_every_run(station: CircuitsStation) -> None:
    station.settings["CIRCUITS_ENABLEMENT_DAYS"] = "4"
    tracked(station, 0, line(status=READY))
    tracked(station, 1, line(status=ENABLED))
    expected = found(station)
    assert len(expected) == 1
    for number in range(2, 8):
        if number != 5:
            put(station, number, line(status=ENABLED))
            imported(station, number)
        for _ in range(2):
            assert night(station, number).code == 0
            assert found(station) == expected, number
    assert {count for count, _ in summary(station).values()} == {0, 1}
    assert list(summary(station)) == [str(FRIDAY + timedelta(days=number)) for number in range(1, 8)]


def test_days_before_the_first_import_come_from_the_kept_files_once(station: CircuitsStation) -> None:
    for number, status in enumerate([READY, ENABLED, READY, "Jeopardy", READY, ENABLED]):
        put(station, number, line(status=status))
    (station.tracking / "tracking_data_2026-11-19_dedup.csv").write_text("nothing of ours")
    imported(station, 5)
    assert night(station, 5).code == 0
    expected = [("XYZ 01", "2026-11-21", "Unknown"), ("XYZ 01", "2026-11-25", "Unknown")]
    assert found(station) == expected
    for path in station.tracking.iterdir():
        path.unlink()
    before = station.dump()
    assert night(station, 5).code == 0
    assert station.dump() == before


def test_kept_files_give_what_importing_each_day_would_have_given(tmp_path: Path) -> None:
    statuses = [READY, ENABLED, "Jeopardy", READY, None, READY, ENABLED]
    daily, late = CircuitsStation(tmp_path / "daily"), CircuitsStation(tmp_path / "late")
    for number, status in enumerate(statuses):
        mine = [line(status=status)] if status else []
        tracked(daily, number, *mine)
        put(late, number, *mine)
    imported(late, 6)
    assert night(late, 6).code == 0
    for table in ("daily_enablements", "enablement_summary", "circuit_status_days", "circuit_status_changes"):
        columns = {
            "daily_enablements": "site_id, date, record_number, previous_status, current_status, gap_days",
            "enablement_summary": "date, enablements_count, ready_count",
            "circuit_status_days": "date, csv_file, rows",
            "circuit_status_changes": "site_key, date, status, site_name, circuit_purpose, record_number",
        }[table]
        sql = f"SELECT {columns} FROM {table} ORDER BY 1, 2"
        assert daily.query(sql) == late.query(sql), table
    assert len(found(late)) == 2


@pytest.mark.parametrize("imports", [range(6), range(5, 6)], ids=["imported", "kept files"])
def test_the_day_before_the_window_is_what_its_first_day_is_compared_with(
    station: CircuitsStation, imports: range
) -> None:
    station.settings["CIRCUITS_ENABLEMENT_DAYS"] = "2"
    for number, status in enumerate([READY, ENABLED, READY, ENABLED, ENABLED, ENABLED]):
        put(station, number, line(status=status))
        if number in imports:
            imported(station, number)
    assert night(station, 5).code == 0
    assert found(station) == [("XYZ 01", "2026-11-23", "Unknown")]
    assert station.query("SELECT count(*) FROM circuit_status_days") == [(max(len(imports), 4),)]


def test_a_kept_file_that_is_broken_is_no_day(station: CircuitsStation) -> None:
    put(station, 0, line(status=READY))
    put(station, 1).write_text("<html>Please log in</html>")
    put(station, 2, line(status=ENABLED))
    imported(station, 2)
    result = night(station, 2)
    assert result.code == 0
    assert "a day is left out: tracking_data_2026-11-21.csv is a web page" in result.text
    assert station.query("SELECT date, gap_days FROM daily_enablements WHERE gap_days = 2") != []


def test_a_day_that_is_imported_again_moves_the_enablement(station: CircuitsStation) -> None:
    tracked(station, 0, line(status=READY))
    tracked(station, 3, line(status=ENABLED))
    path = put(station, 2, line(status=ENABLED))
    result = station.here(
        "circuits-import", lambda run: importing.import_orders(run, file=path, force=True),
        day=FRIDAY + timedelta(days=3),
    )  # fmt: skip
    assert result.code == 0, result.text
    assert night(station, 3).code == 0
    assert found(station) == [("XYZ 01", "2026-11-22", "Unknown")]
    assert {day: count for day, (count, _) in summary(station).items()} == {"2026-11-22": 1, "2026-11-23": 0}


def test_what_was_found_of_days_that_cannot_be_compared_stays(station: CircuitsStation) -> None:
    tracked(station, 0, line(status=READY))
    tracked(station, 1, line(status=ENABLED))
    expected = found(station)
    station.execute("DELETE FROM circuit_status_changes", "DELETE FROM circuit_status_days")
    for path in station.tracking.iterdir():
        path.unlink()
    tracked(station, 4, line(status=READY))
    tracked(station, 5, line(status=ENABLED))
    assert found(station) == [*expected, ("XYZ 01", "2026-11-25", "Unknown")]


ASSIGN = (
    "INSERT INTO circuit_assignments (site_name, circuit_purpose, assigned_to, assignment_date, created_at, updated_at) "
    "VALUES ('XYZ 01', 'Primary', 'Ann', '2026-11-01', '2026-11-01', '2026-11-01')"
)


def test_who_did_it_and_with_which_line_is_taken_once(station: CircuitsStation) -> None:
    tracked(station, 0, line(status=READY))
    station.execute(ASSIGN)
    tracked(station, 1, line(status=ENABLED))
    expected = [("XYZ 01", "2026-11-21", "Ann")]
    assert found(station) == expected
    before = data(station)["daily_enablements"]
    station.execute("UPDATE circuit_assignments SET status = 'closed'", "UPDATE circuits SET assigned_to = 'Bob'")
    tracked(station, 2, line(status=ENABLED, provider_name="Cox Communications", billing_monthly_cost="1.00"))
    assert data(station)["daily_enablements"] == before


def test_an_unknown_assignee_may_still_become_known(station: CircuitsStation) -> None:
    tracked(station, 0, line(status=READY))
    tracked(station, 1, line(status=ENABLED))
    assert found(station) == [("XYZ 01", "2026-11-21", "Unknown")]
    station.execute(ASSIGN)
    assert night(station, 1).code == 0
    assert found(station) == [("XYZ 01", "2026-11-21", "Ann")]


def test_two_assignments_of_a_site_are_one_enablement(station: CircuitsStation) -> None:
    tracked(station, 0, line(status=READY))
    station.execute(ASSIGN, ASSIGN.replace("'Primary'", "''").replace("'Ann'", "'Bob'"))
    tracked(station, 1, line(status=ENABLED))
    assert found(station) == [("XYZ 01", "2026-11-21", "Ann")]


def test_a_dry_run_writes_nothing(station: CircuitsStation) -> None:
    put(station, 0, line(status=READY))
    put(station, 1, line(status=ENABLED))
    result = night(station, 1, dry_run=True)
    assert result.code == 0
    assert "would add 1 enablements and remove 0" in result.text
    assert station.dump() == {} if station.url else not station.database.exists()
    imported(station, 1)
    before = station.dump()
    result = night(station, 1, dry_run=True)
    assert "would add 1 enablements and remove 0" in result.text
    assert station.dump() == before


def test_more_of_them_than_can_be_is_an_alarm(station: CircuitsStation) -> None:
    station.settings["CIRCUITS_ENABLEMENT_ALARM"] = "1"
    many = [{"Site_Name": f"XYZ {number:02d}", "Site_ID": f"XYZ {number:02d}"} for number in range(8)]
    tracked(station, 0, *(line(status=READY, **each) for each in many))
    tracked(station, 1, *(line(status=ENABLED, **each) for each in many))
    assert "1.1 enablements a day on average" in str(station.runs()[0].warnings)


def test_without_any_file_there_is_nothing_to_compare(station: CircuitsStation) -> None:
    result = night(station, 0)
    assert result.code == 1
    assert "no file was imported yet" in result.text


def test_both_stores_hold_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    pair = [CircuitsStation(tmp_path / "small"), CircuitsStation(tmp_path / "grown up", url=postgres_url)]
    for station in pair:
        for number in range(4):
            rows = tracking_csv.rows(Spec(circuits=200, seed=number, reference=FRIDAY))
            station.put(rows, FRIDAY + timedelta(days=number))
        imported(station, 3)
        station.execute(ASSIGN.replace("'XYZ 01', 'Primary'", "'AAA 10', ''"))
        assert night(station, 3).code == 0
    small, grown_up = (alike(data(station)) for station in pair)
    assert len(small["daily_enablements"]) > 3
    for table in ("daily_enablements", "enablement_summary", "circuit_status_days", "circuit_status_changes"):
        assert small[table] == grown_up[table], table


def test_kept_files_are_enough_where_nothing_was_imported_yet(station: CircuitsStation) -> None:
    put(station, 0, line(status=READY))
    put(station, 1, line(status=ENABLED))
    assert night(station, 1).code == 0
    assert found(station) == [("XYZ 01", "2026-11-21", "Unknown")]
    assert station.query("SELECT circuit_id, provider FROM daily_enablements") == [(None, None)]
    imported(station, 1)
    assert night(station, 1).code == 0
    assert station.query("SELECT provider FROM daily_enablements") == [("Charter Communications",)]
