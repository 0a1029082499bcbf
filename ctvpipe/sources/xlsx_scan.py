"""Cells the fast reader takes for blank although they are not: error values, and formulas saved without a result.

Found in the sheet's XML as a stream. Copies made by ``xlsx_copy`` that hold none say so and are not scanned.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ctvpipe.sources import xlsx_package

PLAIN_COPY = "ctvpipe: values only, no errors"
_PROPERTIES = "docProps/app.xml"
_CHUNK = 1024 * 1024
_ERROR = re.compile(rb'<(?:\w+:)?c\b[^>]*\bt="e"[^>]*>')
_NO_RESULT = re.compile(
    rb"<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:(?P<none></(?:\w+:)?c>)|<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)"
)
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')


def unreadable_cells(path: Path, sheet: str) -> dict[int, list[int]]:
    """Columns (from 0) of such cells by row (from 1) of ``sheet``, named as the workbook spells it."""
    with xlsx_package.opened(path) as package:
        if is_plain_copy(package):
            return {}
        return _scan(package, xlsx_package.part_of(package, sheet))


def is_plain_copy(package: zipfile.ZipFile) -> bool:
    """Whether the package is a copy of ours without any such cell."""
    try:
        return PLAIN_COPY.encode() in package.read(_PROPERTIES)
    except KeyError:
        return False


def _scan(package: zipfile.ZipFile, part: str) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    rest = b""
    with package.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            data = rest + chunk
            cut = data.rfind(b"row>") + 4
            if cut < len(b"row>"):
                rest = data
                continue
            rest = data[cut:]
            for column, row in in_rows(data[:cut]):
                found.setdefault(row, []).append(column)
    return found


def in_rows(rows: bytes) -> list[tuple[int, int]]:
    """(column from 0, row from 1) of such cells in the XML of complete rows."""
    errors = _ERROR.findall(rows) if b't="e"' in rows else []
    found = (_REFERENCE.search(cell) for cell in (*errors, *without_result(rows)))
    return [(xlsx_package.column_number(ref[1].decode()) - 1, int(ref[2])) for ref in found if ref]


def without_result(rows: bytes) -> Iterator[bytes]:
    """The opening tags of the cells whose formula was saved without its result, in the XML of complete rows.

    A result of no characters is one where the cell is text.
    """
    for formula in _NO_RESULT.finditer(rows):
        cell = rows[rows.rfind(b"<", 0, formula.start()) : formula.start()]
        if formula["none"] or b't="str"' not in cell:
            yield cell


def place_of(cell: bytes) -> str:
    """``, row 7, column A``: where the cell with this opening tag stands; empty where the tag does not say."""
    found = _REFERENCE.search(cell)
    return f", row {int(found[2])}, column {found[1].decode()}" if found else ""
