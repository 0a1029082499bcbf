"""Workbooks that are not what they claim: refused with exit 3 and a place to look at, within memory, nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import workbook_hostile as hostile
from tests.fakes.workbook import Spec, rows, write_rows
from tests.fakes.workbook_cells import text
from tests.integration.station import Result, Station

MOST_MEMORY_MIB = 300
PLAIN = Spec(rows=40, oddities=False, trade_rows=0, decoy_sheets=False)
UNPACKS = "its part 'xl/worksheets/sheet1.xml' would unpack to"
HEADER = r"sheet 'Commercials', row 1, column"
NO_ROW = "none of its {} rows can be stored"
EXPECTED = {
    "truncated": "its end is missing or damaged",
    "not_a_zip": "it is not a workbook at all",
    "empty_file": "it is not a workbook at all",
    "damaged_member": "cannot be read as a workbook",
    "corner_cell": "needs more memory .* sheet 'Commercials' has a cell in row 1,048,576, column XFD",
    "row_beyond_limit": "sheet 'Commercials' has a cell in row 1,048,577, column A",
    "column_beyond_limit": NO_ROW.format(0),
    "lying_dimension": r"sheet 'Commercials', column B \(Start Date\): 60 of 60 rows .* the first is row 2",
    "too_small_dimension": r"sheet 'Commercials', column B \(Start Date\): 60 of 60 rows .* the first is row 2",
    "deflate_bomb": f"{UNPACKS} 1024 MiB",
    "understated_bomb": "cannot be read as a workbook|would unpack",
    "sparse_file": "has 10240 MiB, more than the 200 MiB allowed",
    "renamed_header": f"{HEADER} S: 'Month' is expected, but the header is 'Period'",
    "swapped_columns": f"{HEADER} R: 'Spot Value' is expected, but the header is 'Station Net', which belongs in column V",
    "swapped_titles": f"{HEADER} R: 'Spot Value' is expected, but the header is 'Station Net'",
    "duplicated_header": f"{HEADER} AC: the header of column S stands here again",
    "missing_column": f"{HEADER} S: 'Month' is expected, but the header is 'Broker Fees', which belongs in column T",
    "inserted_column": f"{HEADER} O: 'Agency/Episode# or cut number' is expected, but the header is 'Type'",
    "blank_header": f"{HEADER} A: 'Bill Code' is expected, but the header is missing",
    "date_column_of_text": r"sheet 'Commercials', column B \(Start Date\): 60 of 60 rows .* the first is row 2",
    "formulas_without_values": r"sheet 'Commercials', column B \(Start Date\): 60 of 60 rows .* the first is row 2",
    "wrong_content_type": r"column B \(Start Date\): 60 of 60 rows",
    "encrypted": "it is encrypted or in the old .xls format",
    "without_sheet": "has no sheet 'Commercials'; it has 'Data', 'commercials old'",
    "header_only": NO_ROW.format(0),
    "empty_sheet": f"{HEADER} A: 'Bill Code' is expected, but the header is missing",
    "climbing_member_names": r"column B \(Start Date\): 60 of 60 rows",
    "string_index_out_of_range": "cannot be read as a workbook",
    "entity_expansion": "cannot be read as a workbook",
    "external_entity": "cannot be read as a workbook",
}
MEASURED = {
    "corner_cell", "row_beyond_limit", "deflate_bomb", "understated_bomb", "sparse_file", "lying_dimension",
    "entity_expansion", "damaged_member",
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Station:
    """A station with forty rows of good data."""
    station = Station(tmp_path_factory.mktemp("loaded"))
    write_rows(station.workbook(), rows(PLAIN), spec=PLAIN)
    assert station.update_here().code == 0
    return station


def test_every_hostile_workbook_has_an_expectation() -> None:
    assert EXPECTED.keys() == hostile.HOSTILE.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_hostile_workbook_is_refused(loaded: Station, name: str) -> None:
    hostile.HOSTILE[name](loaded.workbook())
    before = loaded.database.read_bytes()
    result = loaded.run_measured("update", "--unattended") if name in MEASURED else loaded.update_here()
    assert result.memory_mib < MOST_MEMORY_MIB
    assert_refused(loaded, result, EXPECTED[name], before)


@pytest.mark.parametrize(("make", "message"), [
    (lambda path: hostile.deflate_bomb(path, fill=b" ", beginning=hostile.bomb_beginning()), f"{UNPACKS} 1024 MiB"),
    (lambda path: hostile.corner_cell(path, ref="AC1048576"), "has a cell in row 1,048,576, column AC"),
    (lambda path: hostile.corner_cell(path, ref="A1000002"), "1,000,001 rows, more than the 1,000,000 allowed|row 1,000,002"),
    (lambda path: hostile.swapped_columns(path, first="air_date", second="end_date"), f"{HEADER} B: 'Start Date' is expected"),
    (lambda path: hostile.missing_column(path, field="market_name"), f"{HEADER} AC: 'Market' is expected"),
    (lambda path: hostile.renamed_header(path, names={"Bill Code": "x" * 5000}), f"{HEADER} A: .{{1,200}}$"),
])  # fmt: skip
def test_more_hostile_workbooks(loaded: Station, make: Callable[[Path], None], message: str) -> None:
    make(loaded.workbook())
    before = loaded.database.read_bytes()
    result = loaded.run_measured("update", "--unattended")
    assert result.memory_mib < MOST_MEMORY_MIB
    assert_refused(loaded, result, message, before)


def assert_refused(station: Station, result: Result, message: str, before: bytes) -> None:
    assert result.code == 3, result.text
    run = station.runs()[0]
    assert run.outcome == "refused"
    assert re.search(message, run.message), run.message
    assert run.message in result.line("ERROR")
    assert "Traceback" not in result.text
    assert station.database.read_bytes() == before


def test_the_header_may_be_the_other_variant_padded_or_unknown_where_it_is_not_evidenced(loaded: Station) -> None:
    other = Spec(rows=40, oddities=False, trade_rows=0, decoy_sheets=False, headers="2025")
    write_rows(loaded.workbook(), rows(other), spec=other)
    assert loaded.update_here().code == 0
    assert loaded.runs()[0].counters["unchanged"] == 40

    hostile.renamed_header(loaded.workbook(), names={"Comments": "Remarks"})
    result = loaded.update_here(force=True)
    assert result.code == 0
    assert "sheet 'Commercials', row 1, column I: 'Comments' is expected, found 'Remarks'" in result.line("WARNING")


def test_formula_texts_are_stored_as_they_are(station: Station) -> None:
    texts = [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=2",
        "'; DROP TABLE spots; --",
        "\\N",
        "\\.",
        "a\\tb",
    ]
    first = next(iter(rows(PLAIN)))
    write_rows(station.workbook(), [first.changed(comments=text(each)) for each in texts], spec=PLAIN)
    assert station.update_here().code == 0
    stored = [comment for (comment,) in station.query("SELECT comments FROM spots ORDER BY spot_id")]
    assert stored == [each.strip() for each in texts]


@pytest.mark.parametrize("kind", ["entity_expansion", "external_entity"])
def test_nothing_an_entity_names_is_repeated(loaded: Station, kind: str) -> None:
    hostile.HOSTILE[kind](loaded.workbook())
    result = loaded.update_here()
    assert "root:" not in result.text
    assert "spotspotsp" not in result.text
