"""The daily update and closed months; any order of events is tried in test_closed_months."""

from __future__ import annotations

import sqlite3

import pytest

from tests.fakes.workbook import rows
from tests.fakes.workbook_cells import Row, text
from tests.integration.nights import COMMENTS, MONTH, PLAIN, by_id, close, in_month, night
from tests.integration.station import Station


def test_rows_of_a_closed_month_are_ignored(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    close(station, "Oct-26")
    before = by_id(station)
    changed = [line.changed(comments=text("rewritten")) for line in lines]
    assert night(station, changed, force=True, strategy="replace").code == 0
    after = by_id(station)
    closed = {spot_id: line for spot_id, line in before.items() if line[MONTH] == "Oct-26"}
    assert closed
    assert {spot_id: line for spot_id, line in after.items() if line[MONTH] == "Oct-26"} == closed
    assert all(line[COMMENTS] == "rewritten" for line in after.values() if line[MONTH] != "Oct-26")
    assert station.runs()[0].counters["filtered_closed"] == len(closed)


def test_a_file_with_closed_months_only_is_a_success_with_nothing_to_do(station: Station, lines: list[Row]) -> None:
    october = in_month(lines, "Oct-26")
    assert night(station, october).code == 0
    close(station, "Oct-26")
    before = station.dump()
    result = night(station, october[:1])
    assert result.code == 0
    assert "all months of the file are closed" in result.line("SUCCESS")
    assert station.dump() == before, "no batch either"


@pytest.mark.parametrize("damage", [
    "DROP TABLE month_closures",
    "ALTER TABLE month_closures RENAME TO closures",
    "ALTER TABLE month_closures RENAME COLUMN broadcast_month TO month",
])  # fmt: skip
def test_closed_months_that_cannot_be_read_fail_the_run(station: Station, lines: list[Row], damage: str) -> None:
    assert night(station, lines).code == 0
    station.execute("PRAGMA legacy_alter_table = ON", damage)
    before = station.dump()
    result = night(station, lines[:55], force=True)
    assert result.code == 1
    assert "the closed months cannot be read" in result.line("ERROR")
    assert station.dump() == before


@pytest.mark.parametrize("statement", [
    "INSERT INTO spots (bill_code, air_date, broadcast_month, row_hash) VALUES ('x', '2026-10-01', 'Oct-26', x'00')",
    "UPDATE spots SET comments = 'x' WHERE broadcast_month = 'Oct-26'",
    "UPDATE spots SET broadcast_month = 'Nov-26' WHERE broadcast_month = 'Oct-26'",
    "UPDATE spots SET broadcast_month = 'Oct-26' WHERE broadcast_month = 'Nov-26'",
    "DELETE FROM spots WHERE broadcast_month = 'Oct-26'",
    "DELETE FROM spots",
    "DELETE FROM import_batches",
    ("INSERT OR REPLACE INTO spots (spot_id, bill_code, air_date, broadcast_month, row_hash)"
    " SELECT spot_id, 'x', '2026-11-01', 'Nov-26', x'00' FROM spots WHERE broadcast_month = 'Oct-26'"),
    ("UPDATE OR REPLACE spots SET spot_id = (SELECT min(spot_id) FROM spots WHERE broadcast_month = 'Oct-26')"
    " WHERE broadcast_month = 'Nov-26'"),
    ("INSERT OR REPLACE INTO month_closures (broadcast_month, closed_date, closed_by)"
    " VALUES ('Oct-26', '2000-01-01', 'somebody')"),
    "DELETE FROM month_closures",
    "UPDATE month_closures SET broadcast_month = 'Jan-20'",
])  # fmt: skip
def test_the_database_itself_protects_closed_months(closed_station: Station, statement: str) -> None:
    before = closed_station.dump()
    with pytest.raises(sqlite3.IntegrityError, match="closed"):
        closed_station.execute("PRAGMA foreign_keys = ON", statement)
    assert closed_station.dump() == before


@pytest.fixture(scope="module")
def closed_station(tmp_path_factory: pytest.TempPathFactory) -> Station:
    """A station with the closed month Oct-26; for tests that change nothing."""
    station = Station(tmp_path_factory.mktemp("closed"))
    assert night(station, rows(PLAIN)).code == 0
    close(station, "Oct-26")
    return station
