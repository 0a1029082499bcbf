"""A slow, plain reader of .xlsx files: the referee that other readers are compared with.

It uses the standard library only and follows ECMA-376 part 1 (18.3 worksheets, 18.4 shared strings, 18.8 styles)
to the letter for what it supports, and raises ``ValueError`` for the rest. It shares no code with the generator
and none with the product. It is for files of our own making: nothing here defends against hostile input.
"""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from zipfile import ZipFile

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DOCUMENT = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"

_BUILT_IN_FORMATS = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    5: "($#,##0_);($#,##0)", 6: "($#,##0_);[Red]($#,##0)", 7: "($#,##0.00_);($#,##0.00)",
    8: "($#,##0.00_);[Red]($#,##0.00)",
    13: "# ??/??", 14: "mm-dd-yy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM",
    20: "h:mm", 21: "h:mm:ss", 22: "m/d/yy h:mm", 37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mmss.0",
    48: "##0.0E+0", 49: "@",
}  # fmt: skip


class Kind(StrEnum):
    """What a cell holds; for a formula, what its cached result is."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    ERROR = "error"
    BLANK = "blank"


class Nature(StrEnum):
    """What a number means by its format."""

    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``raw`` is the text of the value as the file has it (strings resolved), ``""`` for a blank one;
    ``formula`` is ``None`` for a cell without one. ``row`` counts from 1, ``column`` from 0."""

    ref: str
    row: int
    column: int
    kind: Kind
    raw: str
    number_format: str
    formula: str | None = None

    @property
    def nature(self) -> Nature:
        return nature(self.number_format)


@dataclass(frozen=True, slots=True)
class Row:
    """One row that the file has: its number from 1, whether it is hidden, its cells by column from 0."""

    number: int
    hidden: bool
    cells: dict[int, Cell]

    @property
    def blank(self) -> bool:
        """Whether no cell holds anything but white space."""
        return all(cell.kind is Kind.BLANK or not cell.raw.strip() for cell in self.cells.values())


def sheet_names(path: Path) -> list[str]:
    """The sheets' names in the order of their tabs."""
    with ZipFile(path) as archive:
        return [_attribute(sheet, "name") for sheet in _workbook(archive).iter(f"{_MAIN}sheet")]


def active_sheet(path: Path) -> str:
    """The name of the sheet shown on opening."""
    with ZipFile(path) as archive:
        view = _workbook(archive).find(f"{_MAIN}bookViews/{_MAIN}workbookView")
    return sheet_names(path)[int(view.get("activeTab", "0")) if view is not None else 0]


def read(path: Path, sheet: str) -> Iterator[Row]:
    """The rows of a sheet that the file has, in file order; ``KeyError`` when there is no such sheet."""
    with ExitStack() as stack:
        archive = stack.enter_context(ZipFile(path))
        part = _sheet_parts(archive)[sheet]
        strings = _shared_strings(archive)
        formats = _cell_formats(archive)
        stream = stack.enter_context(archive.open(part))
        number = 0
        for _, element in ET.iterparse(stream):
            if element.tag == f"{_MAIN}row":
                number = int(element.get("r", number + 1))
                yield Row(number, element.get("hidden") in {"1", "true"}, _cells(element, number, strings, formats))
                element.clear()


def values(path: Path, sheet: str) -> list[list[Cell | None]]:
    """The whole sheet as a rectangle from A1: rows and cells that the file leaves out are ``None``."""
    found = list(read(path, sheet))
    width = max((column + 1 for row in found for column in row.cells), default=0)
    table: list[list[Cell | None]] = [[None] * width for _ in range(max((row.number for row in found), default=0))]
    for row in found:
        for column, cell in row.cells.items():
            table[row.number - 1][column] = cell
    return table


def nature(number_format: str) -> Nature:
    """What a number under this format is, judged by the format's first section (18.8.31)."""
    if number_format == "General":
        return Nature.NUMBER
    code = re.sub(r'"[^"]*"|\\.|_.|\*.', "", number_format).split(";")[0].lower()
    if re.search(r"\[(h+|m+|s+)\]", code):
        return Nature.DURATION
    code = re.sub(r"\[[^\]]*\]", "", code)
    clock = re.sub(r"am/pm|a/p", "", code)
    has_time = "h" in clock or "s" in clock
    has_date = "y" in clock or "d" in clock or ("m" in clock and not has_time)
    if has_date and has_time:
        return Nature.DATETIME
    if has_date:
        return Nature.DATE
    return Nature.TIME if has_time else Nature.NUMBER


def to_date(raw: str) -> date:
    """The day of a serial number of the 1900 system; ``ValueError`` for its 29 February 1900, which never was."""
    days = int(Fraction(raw))
    if days < 1 or days == 60:
        raise ValueError(f"{raw} is no date")
    return date(1899, 12, 31 if days < 60 else 30) + timedelta(days=days)


def to_seconds(raw: str) -> int:
    """A time or a duration in whole seconds; a full day is 86,400."""
    return round(Fraction(raw) * 86400)


def column_index(ref: str) -> int:
    """``A1`` → 0, ``AC7`` → 28."""
    index = 0
    for letter in ref.rstrip("0123456789"):
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _cells(row: ET.Element, number: int, strings: list[str], formats: list[str]) -> dict[int, Cell]:
    cells: dict[int, Cell] = {}
    column = -1
    for element in row.iter(f"{_MAIN}c"):
        ref = element.get("r")
        column = column + 1 if ref is None else column_index(ref)
        kind, raw = _value(element, strings)
        formula = element.find(f"{_MAIN}f")
        cells[column] = Cell(
            ref=ref or "",
            row=number,
            column=column,
            kind=kind,
            raw=raw,
            number_format=formats[int(element.get("s", "0"))],
            formula=None if formula is None else formula.text or "",
        )
    return cells


def _value(cell: ET.Element, strings: list[str]) -> tuple[Kind, str]:
    """Kind and text of a cell's value, by its type attribute (18.18.11)."""
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return (Kind.BLANK, "") if inline is None else (Kind.TEXT, _string(inline))
    value = cell.findtext(f"{_MAIN}v", "")
    if kind == "str":
        return Kind.TEXT, _unescaped(value)
    if not value:
        return Kind.BLANK, ""
    if kind == "s":
        return Kind.TEXT, strings[int(value)]
    if kind == "n":
        Fraction(value)
        return Kind.NUMBER, value
    if kind == "b":
        return Kind.BOOL, value
    if kind == "e":
        return Kind.ERROR, value
    raise ValueError(f"cell type {kind!r} is not supported")


def _string(item: ET.Element) -> str:
    """A plain or rich string; phonetic hints are no part of it."""
    runs = [item.findtext(f"{_MAIN}t", "")]
    runs += [run.findtext(f"{_MAIN}t", "") for run in item.iter(f"{_MAIN}r")]
    return _unescaped("".join(runs))


def _unescaped(value: str) -> str:
    """``_x000D_`` stands for the character with that code (22.9.2.19)."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), value)


def _workbook(archive: ZipFile) -> ET.Element:
    workbook = ET.fromstring(archive.read("xl/workbook.xml"))
    properties = workbook.find(f"{_MAIN}workbookPr")
    if properties is not None and properties.get("date1904") in {"1", "true"}:
        raise ValueError("the 1904 date system is not supported")
    return workbook


def _sheet_parts(archive: ZipFile) -> dict[str, str]:
    """The zip member of every sheet, by the sheet's name."""
    relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {
        _attribute(relation, "Id"): posixpath.normpath(posixpath.join("/xl", _attribute(relation, "Target")))[1:]
        for relation in relations.iter(f"{_PACKAGE}Relationship")
    }
    sheets = _workbook(archive).iter(f"{_MAIN}sheet")
    return {_attribute(sheet, "name"): targets[_attribute(sheet, f"{_DOCUMENT}id")] for sheet in sheets}


def _shared_strings(archive: ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    table = ET.fromstring(archive.read("xl/sharedStrings.xml"))
    return [_string(item) for item in table.iter(f"{_MAIN}si")]


def _cell_formats(archive: ZipFile) -> list[str]:
    """The number format of every cell style, by its index."""
    if "xl/styles.xml" not in archive.namelist():
        return ["General"]
    styles = ET.fromstring(archive.read("xl/styles.xml"))
    codes = dict(_BUILT_IN_FORMATS)
    for custom in styles.iter(f"{_MAIN}numFmt"):
        codes[int(_attribute(custom, "numFmtId"))] = _attribute(custom, "formatCode")
    return [codes[int(style.get("numFmtId", "0"))] for style in styles.findall(f"{_MAIN}cellXfs/{_MAIN}xf")]


def _attribute(element: ET.Element, name: str) -> str:
    value = element.get(name)
    if value is None:
        raise ValueError(f"<{element.tag}> has no {name}")
    return value
