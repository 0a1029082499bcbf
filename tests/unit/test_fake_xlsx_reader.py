"""The referee itself, on sheets small enough to check by eye."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.fakes import xlsx_reader
from tests.fakes.workbook_raw import sheet_xml, write_package
from tests.fakes.xlsx_reader import Kind, Nature

SHEET = """
<row r="2" hidden="1"><c r="B2"><v>1.5</v></c><c r="AC2" t="s"><v>1</v></c></row>
<row><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="str"><f>A1&amp;"x"</f><v>cached</v></c>
<c><f>P1</f><v></v></c></row>
<row r="5"><c r="A5" t="inlineStr"><is><r><t>rich </t></r><r><t>text</t></r><rPh><t>no</t></rPh></is></c>
<c s="0"/></row>
"""


def test_every_kind_of_cell(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write_package(path, sheet_xml(SHEET, dimension="A1"), name="A & B", strings=("zero", " one_x000D_ "))
    rows = list(xlsx_reader.read(path, "A & B"))
    assert [(row.number, row.hidden) for row in rows] == [(2, True), (3, False), (5, False)]
    found = [[(column, c.kind, c.raw, c.formula) for column, c in row.cells.items()] for row in rows]
    assert found == [
        [(1, Kind.NUMBER, "1.5", None), (28, Kind.TEXT, " one\r ", None)],
        [(0, Kind.BOOL, "1", None), (1, Kind.ERROR, "#N/A", None), (2, Kind.TEXT, "cached", 'A1&"x"'),
         (3, Kind.BLANK, "", "P1")],
        [(0, Kind.TEXT, "rich text", None), (1, Kind.BLANK, "", None)],
    ]  # fmt: skip
    table = xlsx_reader.values(path, "A & B")
    assert (len(table), {len(row) for row in table}, table[0]) == (5, {29}, [None] * 29)


def test_what_is_not_there_or_not_understood_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    write_package(path, sheet_xml('<row r="1"><c t="d"><v>2026-11-22</v></c></row>'))
    with pytest.raises(KeyError):
        list(xlsx_reader.read(path, "commercials"))
    with pytest.raises(ValueError, match="'d' is not supported"):
        list(xlsx_reader.read(path, "Commercials"))


@pytest.mark.parametrize(("number_format", "nature"), [
    ("General", Nature.NUMBER), ("0.00", Nature.NUMBER), ("@", Nature.NUMBER), ("mmm-yy", Nature.DATE),
    ("m/d/yyyy", Nature.DATE), ("mm-dd-yy", Nature.DATE), ("m/d/yy h:mm", Nature.DATETIME), ("h:mm:ss", Nature.TIME),
    ("h:mm:ss AM/PM", Nature.TIME), ("mm:ss", Nature.TIME), ("[h]:mm:ss", Nature.DURATION),
    ("[mm]:ss", Nature.DURATION), ('"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', Nature.NUMBER),
    ('0 "days"', Nature.NUMBER), ("[$-409]mmmm d, yyyy;@", Nature.DATE), ("[Red]0.0", Nature.NUMBER),
])  # fmt: skip
def test_nature_of_a_format(number_format: str, nature: Nature) -> None:
    assert xlsx_reader.nature(number_format) is nature


@pytest.mark.parametrize(("raw", "day"), [
    ("1", date(1900, 1, 1)), ("59", date(1900, 2, 28)), ("61", date(1900, 3, 1)), ("46348", date(2026, 11, 22)),
    ("46348.99", date(2026, 11, 22)),
])  # fmt: skip
def test_serial_to_date(raw: str, day: date) -> None:
    assert xlsx_reader.to_date(raw) == day


@pytest.mark.parametrize("raw", ["0", "0.5", "60"])
def test_serials_that_are_no_date(raw: str) -> None:
    with pytest.raises(ValueError, match="is no date"):
        xlsx_reader.to_date(raw)


@pytest.mark.parametrize(("raw", "seconds"), [
    ("0.25", 21600), ("1", 86400), ("3.4722222222222224E-4", 30), ("0.99930555555555556", 86340),
])  # fmt: skip
def test_fraction_to_seconds(raw: str, seconds: int) -> None:
    assert xlsx_reader.to_seconds(raw) == seconds


@pytest.mark.parametrize(("ref", "index"), [("A1", 0), ("Z9", 25), ("AA1", 26), ("AC7", 28), ("XFD1048576", 16383)])
def test_column_index(ref: str, index: int) -> None:
    assert xlsx_reader.column_index(ref) == index
