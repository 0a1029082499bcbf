"""An export becomes rows: decoded, its layout recognised, each cell read, the first row of a key kept (facts 1.0, 1.6).

What cannot be stored is a reject with its line and a reason, never silently gone; nothing of a row's content is in it.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.fms import layout, values
from ctvpipe.pipelines.fms.feeds import Column, Feed
from ctvpipe.pipelines.fms.values import NotReadable, Value

Row = tuple[Value, ...]
_ENCODINGS = ("utf-8-sig", "cp1252")
_LOOK = "Look at the export; what was stored before stays."


@dataclass(frozen=True)
class Reject:
    """A row that cannot be stored: its line in the export, the column, and why."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """What an export holds. ``rows``: values in the order of ``Feed.fields``, one a key; ``read``: its rows in all."""

    feed: Feed
    rows: list[Row]
    read: int
    duplicates: int
    rejects: list[Reject]
    width: int
    had_header: bool
    encoding: str

    @property
    def accepted(self) -> int:
        """Rows that can be stored, duplicates among them: ``rows_processed`` of facts 1.0."""
        return len(self.rows) + self.duplicates

    @property
    def ending_early(self) -> int:
        """How many rows end before they begin; they are stored as they are (facts 1.3)."""
        if "end_date" not in self.feed.fields:
            return 0
        begin, end = (self.feed.fields.index(name) for name in ("start_date", "end_date"))
        return sum(row[end] < row[begin] for row in self.rows)  # type: ignore[operator]


def read(feed: Feed, body: bytes) -> Reading:
    """The rows of the export ``body``.

    Raises ``ContractError`` for a body that is no CSV, or of a layout that is not known, or in which a column has
    stopped looking like what it should be.
    """
    text, encoding = _decoded(feed, body)
    records, lines = _records(feed, text)
    if not records:
        raise ContractError(f"{feed.table}: the export is empty", _LOOK)
    width = layout.width(feed, records)
    columns = feed.by_width[width]
    had_header = layout.is_header(columns, records[0])
    if had_header:
        layout.require_order(feed, columns, records[0])
        del records[0], lines[0]
    whole, whole_lines, rejects = _of_width(width, records, lines)
    rows, bad = _typed(feed, columns, whole, whole_lines)
    unique = _first_of_each(feed, _in_order(feed, columns, rows))
    rejects = sorted(rejects + bad, key=_place)
    return Reading(feed, unique, len(records), len(rows) - len(unique), rejects, width, had_header, encoding)


def _decoded(feed: Feed, body: bytes) -> tuple[str, str]:
    if b"\0" in body:
        raise ContractError(f"{feed.table}: the export is not text", _LOOK)
    for encoding in _ENCODINGS:
        try:
            return body.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise ContractError(f"{feed.table}: the export is neither UTF-8 nor Windows-1252", _LOOK)


def _records(feed: Feed, text: str) -> tuple[list[list[str]], list[int]]:
    """The records, and the line on which each begins; blank lines are none."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records, lines = [], []
    line = 1
    try:
        for cells in reader:
            if cells:
                records.append(cells)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error:
        raise ContractError(
            f"{feed.table}: the record that begins on line {line} is no CSV, or the export was cut off in it", _LOOK
        ) from None
    return records, lines


def _of_width(
    width: int, records: list[list[str]], lines: list[int]
) -> tuple[list[list[str]], list[int], list[Reject]]:
    """The records of the export's width with their lines, and the others as rejects."""
    if set(map(len, records)) <= {width}:
        return records, lines, []
    whole, whole_lines, rejects = [], [], []
    for cells, line in zip(records, lines, strict=True):
        if len(cells) == width:
            whole.append(cells)
            whole_lines.append(line)
        else:
            rejects.append(Reject(line, "", f"has {len(cells)} columns instead of {width}"))
    return whole, whole_lines, rejects


def _typed(
    feed: Feed, columns: tuple[Column, ...], records: list[list[str]], lines: list[int]
) -> tuple[list[Row], list[Reject]]:
    """The rows that can be stored, and of each that cannot the first reason why.

    Most texts of a column come again and again: each is read once.
    """
    made = []
    bad: dict[int, Reject] = {}
    for place, (column, cells) in enumerate(zip(columns, zip(*records, strict=True), strict=False), 1):
        known = {text: _read(column, text) for text in set(cells)}
        made.append(map(known.__getitem__, cells))
        reasons = {text: str(value) for text, value in known.items() if isinstance(value, NotReadable)}
        wrong = [number for number, text in enumerate(cells) if text in reasons] if reasons else []
        layout.require_likeness(feed, place, column, known, len(cells), len(wrong))
        for number in wrong:
            bad.setdefault(number, Reject(lines[number], column.header, reasons[cells[number]]))
    rows = list(zip(*made, strict=True))
    good = [row for number, row in enumerate(rows) if number not in bad] if bad else rows
    return good, list(bad.values())


def _read(column: Column, text: str) -> Value | NotReadable:
    try:
        value = values.read(column.kind, text)
    except NotReadable:
        return None if column.lenient else NotReadable(f"is not {column.kind.value}")
    return NotReadable("is empty") if value is None and column.required else value


def _in_order(feed: Feed, columns: tuple[Column, ...], rows: list[Row]) -> list[Row]:
    """The rows in the order of the feed's fields; what an older layout does not have is null."""
    missing = (None,) * (len(feed.fields) - len(columns))
    names = [column.field for column in columns] + [name for name in feed.fields if name not in _fields(columns)]
    if tuple(names) == feed.fields:
        return [row + missing for row in rows] if missing else rows
    places = [names.index(name) for name in feed.fields]
    return [tuple(map((row + missing).__getitem__, places)) for row in rows]


def _fields(columns: tuple[Column, ...]) -> set[str]:
    return {column.field for column in columns}


def _first_of_each(feed: Feed, rows: list[Row]) -> list[Row]:
    key = itemgetter(*(feed.fields.index(name) for name in feed.key))
    if len(set(map(key, rows))) == len(rows):
        return rows
    found: dict[object, Row] = {}
    for row in rows:
        found.setdefault(key(row), row)
    return list(found.values())


def _place(reject: Reject) -> tuple[int, str]:
    return reject.line, reject.column


def commonest(rejects: list[Reject]) -> str:
    """What is wrong most often, and with how many rows: ``Start_Date is not a date, MM-DD-YY (12 rows, first on line 7)``."""
    reasons = Counter((reject.column, reject.reason) for reject in rejects)
    (column, reason), count = reasons.most_common(1)[0]
    first = min(reject.line for reject in rejects if (reject.column, reject.reason) == (column, reason))
    what = f"{column} {reason}".strip() if column else f"a row {reason}"
    return f"{what} ({count:,} {'row' if count == 1 else 'rows'}, first on line {first})"
