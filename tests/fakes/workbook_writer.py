"""Writes logical rows into an .xlsx file, byte for byte the same for the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter

from tests.fakes.workbook_cells import Cell, Row


class Sheet(NamedTuple):
    """One sheet to write: its name, the header's texts, the rows below it."""

    name: str
    header: Sequence[str]
    rows: Iterable[Row]


def write_sheets(
    path: Path, sheets: Sequence[Sheet], *, active: str = "", inline_strings: bool = False, created: date
) -> None:
    """Write the workbook at ``path``.

    ``active``: the sheet shown on opening (default: the first). ``inline_strings``: texts in the cells instead of
    a shared table; memory use is then constant. ``created``: the date in the document's properties.
    """
    with xlsxwriter.Workbook(path, {"constant_memory": inline_strings}) as workbook:
        workbook.set_properties({"created": datetime.combine(created, time())})
        formats = _Formats(workbook.add_format)
        for sheet in sheets:
            worksheet = workbook.add_worksheet(sheet.name)
            if sheet.name == active:
                worksheet.activate()
            _write_sheet(worksheet, sheet, formats)


class _Formats(dict[str, Any]):
    """The workbook's cell formats by number format, made when first asked for."""

    def __init__(self, add: Callable[[dict[str, str]], Any]) -> None:
        super().__init__({"General": None})
        self._add = add

    def __missing__(self, number_format: str) -> Any:
        self[number_format] = self._add({"num_format": number_format})
        return self[number_format]


def _write_sheet(worksheet: Any, sheet: Sheet, formats: _Formats) -> None:
    worksheet.freeze_panes(1, 0)
    for column, title in enumerate(sheet.header):
        worksheet.write_string(0, column, title)
    for index, row in enumerate(sheet.rows, start=1):
        if row.hidden:
            worksheet.set_row(index, None, None, {"hidden": True})
        for column, cell in enumerate(row.cells):
            if cell is not None:
                _write_cell(worksheet, index, column, cell, formats)


def _write_cell(worksheet: Any, index: int, column: int, cell: Cell, formats: _Formats) -> None:
    kind, value, number_format, template = cell
    if kind == "text":
        worksheet.write_string(index, column, value, formats[number_format])
    elif kind == "number":
        worksheet.write_number(index, column, value, formats[number_format])
    elif kind == "formula":
        expression = template.format(row=index + 1, above=index)
        worksheet.write_formula(index, column, expression, formats[number_format], value)
    else:
        worksheet.write_blank(index, column, None, formats[number_format] or formats["@"])
