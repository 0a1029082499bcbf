"""Cells that read as blank and are not: found in the XML, and listed by the daily update as unreadable."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from ctvpipe.pipelines.commercial_log import reading
from ctvpipe.sources import xlsx_copy, xlsx_scan
from tests.fakes import xlsx_reader
from tests.fakes.workbook import Spec, rows, write_rows
from tests.fakes.workbook_cells import CURRENCY, DATE, Cell, formula, text
from tests.fakes.xlsx_reader import Kind
from tests.unit.xlsx_parts import Book, commercials

SHEET = "Commercials"
SPEC = Spec(rows=40, oddities=False, trade_rows=0, decoy_sheets=False)


def error(number_format: str = CURRENCY) -> Cell:
    """A formula whose result is an error."""
    return formula("=1/0", text("#DIV/0!")._replace(number_format=number_format))


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Forty plain spots; an error in the gross rate of row 5, the start date of row 8 and the comments of row 12."""
    lines = list(rows(SPEC))
    lines[3] = lines[3].changed(gross_rate=error())
    lines[6] = lines[6].changed(air_date=error(DATE))
    lines[10] = lines[10].changed(comments=error("General"))
    write_rows(tmp_path / "source.xlsx", lines, spec=SPEC)
    return tmp_path / "source.xlsx"


def copied(source: Path) -> Path:
    target = source.with_name("copy.xlsx")
    xlsx_copy.copy_sheets(source, target, (SHEET,), max_rows=1000)
    return target


def test_errors_stay_errors_in_the_copy_and_the_update_lists_them(damaged: Path) -> None:
    target = copied(damaged)
    kinds = {
        cell.ref: cell.raw
        for line in xlsx_reader.values(target, SHEET)
        for cell in line
        if cell and cell.kind is Kind.ERROR
    }
    assert kinds == {"P5": "#DIV/0!", "B8": "#DIV/0!", "I12": "#DIV/0!"}
    assert xlsx_scan.unreadable_cells(target, SHEET) == {5: [15], 8: [1], 12: [8]}
    for path in (damaged, target):
        log = reading.read_log(path, (SHEET,), max_rows=1000, max_unreadable_percent=5)
        assert dict(log.unreadable) == {"gross_rate": 1, "air_date": 1, "comments": 1}
        places = {str(problem) for problem in (*log.problems, *log.rejected)}
        assert places >= {
            "sheet 'Commercials', row 5, column P (Unit rate Gross)",
            "sheet 'Commercials', row 8, column B (Start Date)",
            "sheet 'Commercials', row 12, column I (Comments)",
        }
        assert len(log.rows) == 39, "the spot without a date is not stored, and is counted"
        assert log.counts["rejected"] == 1


def test_a_copy_without_such_cells_says_so_and_one_with_them_does_not(tmp_path: Path, damaged: Path) -> None:
    with ZipFile(copied(damaged)) as package:
        assert not xlsx_scan.is_plain_copy(package)
    write_rows(tmp_path / "good.xlsx", rows(SPEC), spec=SPEC)
    with ZipFile(tmp_path / "good.xlsx") as package:
        assert not xlsx_scan.is_plain_copy(package)
    with ZipFile(copied(tmp_path / "good.xlsx")) as package:
        assert xlsx_scan.is_plain_copy(package)
    assert xlsx_scan.unreadable_cells(copied(tmp_path / "good.xlsx"), SHEET) == {}


UNREADABLE = [
    '<c r="AB3" t="e"><v>#REF!</v></c>',
    '<c r="AB3" s="1" t="e"/>',
    '<c t="e" r="AB3"><f>1/0</f><v>#DIV/0!</v></c>',
    '<c r="AB3"><f>A1</f></c>',
    '<c r="AB3"><f>A1</f><v/></c>',
    '<c r="AB3"><f>A1</f><v />\n</c>',
    '<c r="AB3"><f>A1</f><v></v></c>',
    '<c r="AB3"><f t="shared" si="0"/></c>',
    '<c r="AB3" t="str"><f>A1</f></c>',
]
READABLE = [
    '<c r="AB3"><v>1</v></c>',
    '<c r="AB3"/>',
    '<c r="AB3"><f>A1</f><v>0</v></c>',
    '<c r="AB3" t="str"><f>A1</f><v></v></c>',
    '<c r="AB3" t="inlineStr"><is><t>t="e" f&gt;</t></is></c>',
    '<c r="AB3"><f t="shared" ref="AB3:AB4" si="0">A1</f><v>5</v></c>',
]


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize(
    ("cell", "found"), [*((cell, {3: [27]}) for cell in UNREADABLE), *((cell, {}) for cell in READABLE)]
)
def test_what_counts_as_unreadable(tmp_path: Path, cell: str, found: dict[int, list[int]], prefix: str) -> None:
    around = '<row r="2"><c r="A2"/></row><row r="3"><c r="A3"><v>1</v></c>{}<c r="AC3"><v>2</v></c></row>'
    book = commercials(around.format(cell), prefix=prefix)
    assert xlsx_scan.unreadable_cells(book.write(tmp_path / "a.xlsx"), SHEET) == found


def test_rows_longer_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    filler = "".join(f'<c r="B{{0}}" t="inlineStr"><is><t>{"x" * 32_000}</t></is></c>' for _ in range(40))
    lines = (
        f'<row r="{n}"><c r="A{n}" t="e"><v>#N/A</v></c>{filler.format(n)}<c r="C{n}"><f>1</f></c></row>'
        for n in range(2, 7)
    )
    book = commercials("".join(lines))
    found = xlsx_scan.unreadable_cells(book.write(tmp_path / "a.xlsx"), SHEET)
    assert found == {n: [0, 2] for n in range(2, 7)}


def test_only_the_sheet_that_is_asked_for(tmp_path: Path) -> None:
    bad = '<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>'
    book = Book({"Other": bad, SHEET: bad.replace("A1", "C1"), "A & B": bad.replace("A1", "B1")}).write(
        tmp_path / "a.xlsx"
    )
    assert [xlsx_scan.unreadable_cells(book, name) for name in ("Other", SHEET, "A & B")] == [
        {1: [0]},
        {1: [2]},
        {1: [1]},
    ]
