"""Copying sheets: what is carried over cell by cell, what is left out, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.sources import xlsx_copy
from tests.fakes import workbook_hostile as hostile
from tests.fakes import xlsx_reader
from tests.fakes.workbook import Spec, write
from tests.fakes.xlsx_reader import Kind
from tests.unit.xlsx_parts import HEADER, Book, commercials

SHEET = "Commercials"
MAX_ROWS = 1_000_000
PARTS = {
    "[Content_Types].xml",
    "_rels/.rels",
    "docProps/app.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/worksheets/sheet1.xml",
}


def copied(source: Path, *wanted: str) -> Path:
    """The copy of ``source``, next to it."""
    target = source.with_name(f"copy of {source.name}")
    xlsx_copy.copy_sheets(source, target, wanted or (SHEET,), max_rows=MAX_ROWS)
    return target


def refused(source: Path, *wanted: str) -> str:
    with pytest.raises(ContractError) as caught:
        copied(source, *wanted)
    assert caught.value.advice
    return str(caught.value)


def cells(path: Path, sheet: str = SHEET) -> list[list[Any]]:
    """Every cell by the independent reader: place, kind, text, number format; without the formula."""
    return [
        [None if cell is None else (cell.row, cell.column, cell.kind, cell.raw, cell.number_format) for cell in row]
        for row in xlsx_reader.values(path, sheet)
    ]


def by_openpyxl(path: Path, sheet: str = SHEET) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path, data_only=True)
    return list(book[sheet].iter_rows(values_only=True))


def by_calamine(path: Path, sheet: str = SHEET) -> list[list[Any]]:
    return python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python()


def the_same_for_all_readers(source: Path, target: Path, sheet: str = SHEET) -> bool:
    return (
        cells(source, sheet) == cells(target, sheet)
        and by_openpyxl(source, sheet) == by_openpyxl(target, sheet)
        and by_calamine(source, sheet) == by_calamine(target, sheet)
    )


def row(number: int, content: str) -> str:
    return f'<row r="{number}">{content}</row>'


EVERY_KIND = commercials(
    row(
        2,
        '<c r="A2"><v>1.0000000000000002</v></c><c r="B2" s="1"><v>46348</v></c><c r="C2" s="2"><v>1</v></c>'
        '<c r="D2" t="b"><v>1</v></c><c r="E2" t="s"><v>1</v></c><c r="F2" t="s"><v>3</v></c><c r="G2" s="1"/>'
        '<c r="H2" t="e"><v>#DIV/0!</v></c><c r="I2" t="inlineStr"><is><r><t xml:space="preserve">inline </t></r><r><t>rich</t></r></is></c>',
    )
    + row(
        4,
        '<c r="A4" t="str"><f>UPPER("a")</f><v>A &amp; &lt;B&gt;</v></c><c r="C4" t="str"><f>""</f><v></v></c>'
        '<c r="D4" t="e"><f>NA()</f><v>#N/A</v></c><c r="E4" t="b"><f>TRUE()</f><v>0</v></c><c r="F4" t="s"><v>4</v></c>',
    ),
    strings=(
        "<t>only on another sheet</t>",
        '<t xml:space="preserve"> padded, été 電視 </t>',
        "<t>nobody's</t>",
        '<r><t>rich</t></r><r><rPr><b/></rPr><t xml:space="preserve"> text</t></r><rPh sb="0" eb="1"><t>hint</t></rPh>',
        "<t>two_x000D_\nlines</t>",
    ),
)


@pytest.mark.parametrize("prefix", ["", "x:", "main:"])
def test_cells_of_every_kind_are_as_they_were(tmp_path: Path, prefix: str) -> None:
    source = replace(EVERY_KIND, prefix=prefix).write(tmp_path / "a.xlsx")
    target = copied(source)
    assert the_same_for_all_readers(source, target)
    found = {cell.kind for line in xlsx_reader.values(target, SHEET) for cell in line if cell is not None}
    assert found == set(Kind)
    assert all(cell is None or cell.formula is None for line in xlsx_reader.values(target, SHEET) for cell in line)


def test_strings_that_only_other_sheets_use_are_not_in_the_copy(tmp_path: Path) -> None:
    with ZipFile(copied(EVERY_KIND.write(tmp_path / "a.xlsx"))) as package:
        strings = package.read("xl/sharedStrings.xml").decode()
    assert "only on another sheet" not in strings
    assert "nobody" not in strings
    assert "padded, été 電視" in strings


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
_CELLS = st.one_of(
    st.none(),
    _TEXTS,
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9),
    st.booleans(),
    st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
)


@settings(max_examples=40, deadline=None)
@given(table=st.lists(st.lists(_CELLS, min_size=1, max_size=6), min_size=1, max_size=8), inline=st.booleans())
def test_whatever_stands_in_a_sheet(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[Any]], inline: bool
) -> None:
    source = tmp_path_factory.mktemp("any") / "any.xlsx"
    with xlsxwriter.Workbook(source, {"constant_memory": inline, "strings_to_formulas": False}) as book:
        sheet, stamp = book.add_worksheet(SHEET), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        book.add_worksheet("Other").write_string(0, 0, "elsewhere")
        for number, line in enumerate([["head"], *table, ["end"]]):
            for column, value in enumerate(line):
                sheet.write(number, column, value, stamp if isinstance(value, datetime) else None)
    assert the_same_for_all_readers(source, copied(source))


@pytest.mark.parametrize("properties", ['date1904="1"', 'date1904="true"', 'date1904="0"', ""])
def test_the_date_system_is_kept(tmp_path: Path, properties: str) -> None:
    book = commercials(row(2, '<c r="A2" s="1"><v>44886</v></c>'), properties=properties)
    source = book.write(tmp_path / "a.xlsx")
    target = copied(source)
    assert by_openpyxl(source) == by_openpyxl(target)
    year = 2026 if "1" in properties.removeprefix("date1904") or "true" in properties else 2022
    assert by_openpyxl(target)[1][0].year == year
    assert by_calamine(source) == by_calamine(target)


def test_the_look_is_kept_and_what_is_no_cell_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(source) as book:
        sheet = book.add_worksheet(SHEET)
        sheet.set_column(1, 2, 33.5)
        sheet.write_row(0, 0, ["Head", "Er"])
        for number in range(1, 9):
            sheet.write_row(number, 0, [number, f"text {number}"])
        sheet.set_row(3, 40)
        sheet.set_row(5, None, None, {"hidden": True})
        sheet.merge_range("D1:F2", "merged")
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, 8, 1)
        sheet.write_comment("A2", "a note", {"author": "A. Example"})
        sheet.write_url("B3", "https://example.test/", string="text 2")
        sheet.data_validation("A5", {"validate": "list", "source": ["a", "b"]})
        sheet.conditional_format("A1:A9", {"type": "top", "value": 3})
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": f"={SHEET}!$A$2:$A$9"})
        sheet.insert_chart("H2", chart)
        book.add_worksheet("Other")
        book.define_name("Total", "=Other!$A$1")
    target = copied(source)
    with ZipFile(target) as package:
        assert set(package.namelist()) == PARTS | {"xl/sharedStrings.xml", "xl/theme.xml"}
        assert b"A. Example" not in b"".join(map(package.read, package.namelist()))
    sheet = openpyxl.load_workbook(target)[SHEET]
    assert sheet.column_dimensions["B"].width == pytest.approx(33.5, abs=1)
    assert sheet.row_dimensions[4].height == 39.75
    assert [number for number in range(1, 10) if sheet.row_dimensions[number].hidden] == [6]
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["D1:F2"]
    assert sheet.freeze_panes == "A2"
    assert cells(source) == cells(target)


def test_metadata_of_new_excel_functions_is_left_out_and_texts_that_look_like_it_are_not(tmp_path: Path) -> None:
    text = 'as in cm="1" or vm="2"'
    book = commercials(
        row(
            2,
            f'<c r="A2" cm="1" vm="3"><f t="array" ref="A2">SORT(B2)</f><v>5</v></c><c r="B2" t="inlineStr"><is><t>{text}</t></is></c>',
        )
    )
    target = copied(book.write(tmp_path / "a.xlsx"))
    with ZipFile(target) as package:
        sheet = package.read("xl/worksheets/sheet1.xml").decode()
    assert '<c r="A2"><v>5</v></c>' in sheet
    assert by_openpyxl(target)[1] == (5, text)


# --- formulas ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_formulas_of_every_form_give_way_to_their_results(tmp_path: Path, prefix: str) -> None:
    book = commercials(
        row(
            2,
            '<c r="A2"><f t="shared" ref="A2:A4" si="0">C2*2</f><v>2</v></c><c r="B2" t="str"><f>"x"&amp;""</f><v>x</v></c>',
        )
        + row(3, '<c r="A3"><f t="shared" si="0"/><v>4</v></c><c r="B3"><v>30</v></c>')
        + row(4, '<c r="A4" s="1"><f t="shared" si="0" /><v>6</v></c><c r="B4"><f ca="1">NOW()</f><v>40</v></c>')
        + row(5, '<c r="A5"><f t="array" ref="A5:A6">C5:C6*2</f><v>8</v></c><c r="B5"><f>A1\n+A2</f><v>50</v></c>')
        + row(6, '<c r="A6"><v>10</v></c><c r="B6"><f t="dataTable" ref="B6" dt2D="0" dtr="0" r1="A1"/><v>60</v></c>'),
        prefix=prefix,
    )
    source = book.write(tmp_path / "a.xlsx")
    target = tmp_path / "copy.xlsx"
    done = xlsx_copy.copy_sheets(source, target, (SHEET,), max_rows=MAX_ROWS)
    assert (done.rows, done.columns, done.formulas, done.errors) == (5, 2, 8, 0)
    assert cells(source) == cells(target)
    with ZipFile(target) as package:
        assert not re.search(rb"<(\w+:)?f\b", package.read("xl/worksheets/sheet1.xml"))
    assert [line[0] for line in by_calamine(target)[1:]] == [
        2,
        by_calamine(source)[2][0],
        by_calamine(source)[3][0],
        8,
        10,
    ]


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize(
    "cell",
    [
        '<c r="AB3"><f>A1</f></c>',
        '<c r="AB3"><f>A1</f><v/></c>',
        '<c r="AB3"><f>A1</f><v /></c>',
        '<c r="AB3"><f>A1</f><v></v></c>',
        '<c r="AB3" s="1"><f t="shared" si="0"/></c>',
        '<c r="AB3"><f t="shared" si="0"/><v></v></c>',
        '<c r="AB3" t="str"><f>A1</f></c>',
    ],
)
def test_a_formula_without_its_result_is_refused(tmp_path: Path, cell: str, prefix: str) -> None:
    book = commercials(
        row(2, '<c r="A2"><f>1</f><v>1</v></c>') + row(3, f'<c r="A3"><v>3</v></c>{cell}'), prefix=prefix
    )
    assert refused(book.write(tmp_path / "a.xlsx")) == (
        "sheet 'Commercials', row 3, column AB: a formula was saved without its result"
    )


def test_a_workbook_saved_by_a_program_that_does_not_calculate_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = SHEET
    sheet.append(["Head", "Er"])
    sheet.append([1, "=A2*2"])
    book.save(tmp_path / "a.xlsx")
    assert "row 2, column B" in refused(tmp_path / "a.xlsx")


def test_formulas_without_results_on_other_sheets_do_not_matter(tmp_path: Path) -> None:
    rows = HEADER + row(2, '<c r="A2"><v>1</v></c>')
    book = Book({"Other": '<row r="1"><c r="A1"><f>1</f></c></row>', SHEET: rows})
    assert by_calamine(copied(book.write(tmp_path / "a.xlsx")))[1][0] == 1


# --- sheets -----------------------------------------------------------------------------------------------------------


def test_several_sheets_in_the_order_in_which_they_are_wanted(tmp_path: Path) -> None:
    names = ["Other", "A & B <C> \"D\" 'E'", "Worldlink Lines", "été 電視"]
    book = Book({name: HEADER + row(2, f'<c r="A2"><v>{n}</v></c>') for n, name in enumerate(names)})
    source = book.write(tmp_path / "a.xlsx")
    target = tmp_path / "copy.xlsx"
    done = xlsx_copy.copy_sheets(
        source, target, ("ÉTÉ 電視", " worldlink lines ", names[1], "Worldlink Lines"), max_rows=9
    )
    wanted = [names[3], names[2], names[1]]
    assert (done.available, done.sheets, done.rows) == (names, wanted, 3)
    assert xlsx_reader.sheet_names(target) == openpyxl.load_workbook(target).sheetnames == wanted
    assert all(the_same_for_all_readers(source, target, name) for name in wanted)


def test_rows_longer_than_what_is_read_at_a_time(tmp_path: Path) -> None:
    def long_row(number: int) -> str:
        letters = [chr(ord("A") + column) for column in range(26)]
        texts = (f'<c r="{a}{number}" t="inlineStr"><is><t>{a}{number} {"x" * 32_000}</t></is></c>' for a in letters)
        return row(number, "".join(texts) + f'<c r="AA{number}"><f>A1</f><v>{number}</v></c>')

    rows = "".join(long_row(number) for number in range(2, 8))
    assert len(rows) > 4 * xlsx_copy._CHUNK
    source = commercials(rows).write(tmp_path / "a.xlsx")
    target = copied(source)
    assert cells(source) == cells(target)


def test_equal_input_gives_equal_bytes(tmp_path: Path) -> None:
    write(Spec(rows=300), tmp_path / "a.xlsx")
    first = copied(tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "b.xlsx").write_bytes((tmp_path / "a.xlsx").read_bytes())
    assert copied(tmp_path / "b.xlsx").read_bytes() == first


@pytest.mark.parametrize("rows", ["", HEADER, HEADER + '<row r="2"/><row r="3"><c r="A3" s="1"/></row>'])
def test_a_sheet_without_rows_is_refused(tmp_path: Path, rows: str) -> None:
    source = Book({SHEET: rows}).write(tmp_path / "a.xlsx")
    assert refused(source) == "sheet 'Commercials' has a header at most, and no rows"


@pytest.mark.parametrize("prefix", ["", "x:"])
def test_a_sheet_that_closes_at_once_is_refused(tmp_path: Path, prefix: str) -> None:
    namespace = (
        f'xmlns{":" + prefix[:-1] if prefix else ""}="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    )
    sheet = f"<{prefix}worksheet {namespace}><{prefix}sheetData/></{prefix}worksheet>"
    source = commercials("", extra={"xl/worksheets/sheet1.xml": sheet}).write(tmp_path / "a.xlsx")
    assert "no rows" in refused(source)


def test_a_sheet_without_data_or_that_breaks_off_is_refused(tmp_path: Path) -> None:
    parts = {"none": "<worksheet></worksheet>", "half": f"<worksheet><sheetData>{HEADER}<row r='2'>"}
    for name, sheet in parts.items():
        source = commercials("", extra={"xl/worksheets/sheet1.xml": sheet}).write(tmp_path / f"{name}.xlsx")
        assert (
            refused(source)
            == {
                "none": "sheet 'Commercials' holds no cells at all",
                "half": "sheet 'Commercials' breaks off in the middle",
            }[name]
        )


def test_a_missing_sheet_is_refused_and_the_ones_there_are_named(tmp_path: Path) -> None:
    hostile.without_sheet(tmp_path / "a.xlsx")
    assert refused(tmp_path / "a.xlsx") == "a.xlsx has no sheet 'Commercials'; it has 'Data', 'commercials old'"


def test_shared_strings_that_are_missing(tmp_path: Path) -> None:
    without = frozenset({"xl/sharedStrings.xml"})
    used = commercials(row(2, '<c r="A2" t="s"><v>0</v></c>'), strings=("<t>gone</t>",), without=without)
    assert "cannot be read as a workbook" in refused(used.write(tmp_path / "used.xlsx"))
    unused = commercials(row(2, '<c r="A2"><v>7</v></c>'), strings=("<t>gone</t>",), without=without)
    assert by_openpyxl(copied(unused.write(tmp_path / "unused.xlsx")))[1][0] == 7


def test_a_sheet_whose_part_is_missing_is_refused(tmp_path: Path) -> None:
    book = commercials(row(2, '<c r="A2"><v>7</v></c>'), without=frozenset({"xl/worksheets/sheet1.xml"}))
    assert "names sheet 'Commercials' and does not say where it is" in refused(book.write(tmp_path / "a.xlsx"))


def test_strict_open_xml_is_refused_with_the_remedy(tmp_path: Path) -> None:
    book = commercials(row(2, '<c r="A2"><v>7</v></c>'), namespace="http://purl.oclc.org/ooxml/spreadsheetml/main")
    with pytest.raises(ContractError) as caught:
        copied(book.write(tmp_path / "a.xlsx"))
    assert "Strict Open XML" in caught.value.advice


def test_more_rows_than_allowed_are_refused(tmp_path: Path) -> None:
    write(Spec(rows=20, oddities=False), tmp_path / "a.xlsx")
    with pytest.raises(ContractError, match=r"sheet 'Commercials' has 20 rows, more than the 9 allowed"):
        xlsx_copy.copy_sheets(tmp_path / "a.xlsx", tmp_path / "copy.xlsx", (SHEET,), max_rows=9)


def test_damage_anywhere_is_refused_or_without_effect(tmp_path: Path) -> None:
    source = tmp_path / "a.xlsx"
    write(Spec(rows=30, oddities=False), source)
    whole = source.read_bytes()
    expected = cells(source)
    outcomes = set()
    for position in range(0, len(whole), len(whole) // 60):
        damaged = bytearray(whole)
        for offset in range(position, min(position + 8, len(whole))):
            damaged[offset] ^= 0xFF
        source.write_bytes(damaged)
        try:
            target = copied(source)
        except ContractError:
            outcomes.add("refused")
        else:
            outcomes.add("copied")
            assert cells(target) == expected
    assert outcomes == {"refused", "copied"}
