"""From an uploaded workbook to rows, checked. Runs inside a bounded child; imports little on purpose.

What is wrong with the workbook as a whole is refused; a row that cannot be stored is rejected, with its number and the
reason. Nothing that a cell holds is repeated, it may be anybody's data.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.fms import upload_cells, upload_layouts
from ctvpipe.pipelines.fms.upload_cells import Value
from ctvpipe.pipelines.fms.upload_layouts import Column, Sheet, Upload
from ctvpipe.sources import workbook, xlsx_package, xlsx_scan

MOST_MIB = 16  # the largest known is well below one
_MOST_ROWS = 50_000
_FIRST_ROW = 2  # as Excel counts; the header is row 1
_SUFFIX = ".xlsx"
_HEADERS_TOLD, _LETTERS_TOLD = 10, 40
_EMPTY, _HIDDEN = "is empty", "is an error, or a formula that was saved without its result"

Row = tuple[Value, ...]


@dataclass(frozen=True)
class Reject:
    """A cell for which a row cannot be stored: the sheet, the row as Excel counts, the column's header, and why."""

    sheet: str
    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"sheet {self.sheet!r}, row {self.row}: {self.column} {self.reason}"


@dataclass(frozen=True)
class SheetRows:
    """What a sheet holds.

    ``fields``: the columns that it has; ``rows``: values in their order, one row a key. ``read``: its rows without the
    blank ones; ``rejects``: every cell that cannot be stored; ``duplicates``: numbers of the rows whose key stands in
    an earlier one, which wins; ``unknown``: headers that mean nothing.
    """

    table: str
    sheet: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    rows: list[Row]
    read: int
    rejects: list[Reject]
    duplicates: list[int]
    unknown: list[str]

    @property
    def rejected(self) -> int:
        """How many rows cannot be stored."""
        return len({reject.row for reject in self.rejects})

    @property
    def accepted(self) -> int:
        """Rows that can be stored, duplicates among them: ``rows_processed`` (facts 1.0)."""
        return self.read - self.rejected


def require_xlsx(path: Path) -> None:
    """Raise ``ContractError`` for a file that does not call itself an .xlsx workbook: no other kind is read."""
    suffix = path.suffix.casefold()
    if suffix == _SUFFIX:
        return
    what = f"a {suffix} file" if suffix[1:].isalnum() else "a file of no known kind"
    raise ContractError(
        f"{path.name} is {what}: only .xlsx workbooks are read",
        "Open it in Excel, save it as 'Excel Workbook (.xlsx)', and upload that.",
    )


def read(path: Path, upload: Upload) -> list[SheetRows]:
    """The sheets of ``upload`` in the workbook at ``path``, in their order.

    Raises ``ContractError`` for a workbook that is damaged, may hold macros, or lacks a sheet or a column.
    """
    with xlsx_package.opened(path) as package:
        if xlsx_package.has_macros(package):
            raise ContractError(
                f"{path.name} may hold macros", "Save it in Excel as 'Excel Workbook (.xlsx)', and upload that."
            )
    with workbook.reader(path) as book:
        found = _sheets(path, book.names, upload)
        return [_read_sheet(path, book, name, sheet) for name, sheet in zip(found, upload.sheets, strict=True)]


def _sheets(path: Path, names: Sequence[str], upload: Upload) -> list[str]:
    """The wanted sheets' names as the workbook spells them."""
    found = [_candidates(sheet, names) for sheet in upload.sheets]
    missing = [sheet.name or "(the first)" for sheet, these in zip(upload.sheets, found, strict=True) if not these]
    if missing:
        raise ContractError(
            f"{path.name} has no sheet {', '.join(missing)}; it has {_told(names)}",
            f"A workbook of {upload.name} has: {', '.join(sheet.name for sheet in upload.sheets)}.",
        )
    for sheet, these in zip(upload.sheets, found, strict=True):
        if len(these) > 1:
            raise ContractError(
                f"{path.name}: the sheets {_told(these)} both mean {sheet.name}", "Rename or delete one of them."
            )
    return [these[0] for these in found]


def _candidates(sheet: Sheet, names: Sequence[str]) -> Sequence[str]:
    if not sheet.name:
        return names[:1]
    wanted = upload_layouts.plain(sheet.name)
    return [name for name in names if upload_layouts.plain(name) == wanted]


def _read_sheet(path: Path, book: workbook.SheetReader, name: str, sheet: Sheet) -> SheetRows:
    rows = book.rows(name, max_rows=_MOST_ROWS)
    header = [cell if isinstance(cell, str) else "" for cell in next(rows, [])]
    places = _places(name, header, sheet)
    hidden = xlsx_scan.unreadable_cells(path, name)
    cells = dict(enumerate(rows, _FIRST_ROW))
    # A row of nothing but such cells is no row to the reader.
    cells |= {number: [] for number in sorted(hidden) if number >= _FIRST_ROW and number not in cells}
    unknown = _unknown(header, places.values())
    made = _Rows(name, sheet, places)
    for number, row in cells.items():
        made.take(number, row, hidden.get(number, ()))
    return SheetRows(
        sheet.table,
        name,
        sheet.key,
        tuple(column.field for column in places),
        list(made.rows.values()),
        made.read,
        made.rejects,
        made.duplicates,
        [_cut(text) for text in unknown],
    )


def _places(name: str, header: Sequence[str], sheet: Sheet) -> dict[Column, int]:
    """Where each column stands that the sheet has, from 0. Raises ``ContractError`` for one missing or there twice."""
    found = {column: upload_layouts.place(column, header) for column in sheet.columns}
    missing = [column.header for column, places in found.items() if not places and not column.optional]
    if missing:
        raise ContractError(
            f"sheet {_cut(name)!r}, row 1: no column {', '.join(map(repr, missing))}{_instead(header, found)}",
            f"Its columns are {', '.join(column.header for column in sheet.columns)}; case and blanks do not count.",
        )
    for column, places in found.items():
        if len(places) > 1:
            raise ContractError(
                f"sheet {_cut(name)!r}, row 1: the column {column.header!r} is there {len(places)} times",
                "Delete or rename all but one of them.",
            )
    return {column: places[0] for column, places in found.items() if places}


def _instead(header: Sequence[str], found: dict[Column, list[int]]) -> str:
    """The headers that mean nothing; told only where most are known: a row of data is nobody's to read in a message."""
    known = [place for places in found.values() for place in places]
    unknown = _unknown(header, known)
    return f"; unknown are {_told(unknown)}" if unknown and len(known) > len(unknown) else ""


def _unknown(header: Sequence[str], known: Collection[int]) -> list[str]:
    return [text for place, text in enumerate(header) if text.strip() and place not in known]


def _told(names: Sequence[str]) -> str:
    more = f" and {len(names) - _HEADERS_TOLD} more" if len(names) > _HEADERS_TOLD else ""
    return ", ".join(repr(_cut(name)) for name in names[:_HEADERS_TOLD]) + more


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LETTERS_TOLD else f"{text[:_LETTERS_TOLD]}…"


class _Rows:
    """Makes rows of a sheet's cells, keeps the first of each key, and notes what cannot be stored."""

    def __init__(self, name: str, sheet: Sheet, places: dict[Column, int]) -> None:
        self._sheet, self._key, self._places = name, sheet.key, places
        self.rows: dict[Row, Row] = {}
        self.rejects: list[Reject] = []
        self.duplicates: list[int] = []
        self.read = 0

    def take(self, number: int, cells: workbook.Row, hidden: Collection[int]) -> None:
        """Take a row; ``hidden``: places of cells that read as blank and are not. A blank row is no row."""
        reasons: dict[Column, str] = {}
        values: dict[str, Value] = {}
        for column, place in self._places.items():
            try:
                values[column.field] = upload_cells.read(column.kind, cells[place] if place < len(cells) else "")
            except upload_cells.Unreadable:
                reasons[column] = f"is not {column.kind.value}"
            if place in hidden:
                reasons[column] = _HIDDEN
        if not reasons and all(value is None for value in values.values()):
            return
        self.read += 1
        for column in self._places:
            if column.field in self._key and column not in reasons and values[column.field] is None:
                reasons[column] = _EMPTY
        if reasons:
            self.rejects += [
                Reject(self._sheet, number, column.header, reasons[column])
                for column in self._places
                if column in reasons
            ]
            return
        key = tuple(values[field] for field in self._key)
        if key in self.rows:
            self.duplicates.append(number)
        self.rows.setdefault(key, tuple(values.values()))
