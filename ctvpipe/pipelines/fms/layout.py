"""Which layout an export has, and whether it still is what it says: by width, header and content (facts 1.0).

Report servers insert, append and drop columns without notice; read by position, every value would be in another's
place. What is refused is named: which column stopped looking like what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.fms.feeds import Column, Feed, Kind
from ctvpipe.pipelines.fms.values import NotReadable

_ADVICE = "The report has another layout: have it restored, or get a ctvpipe that knows the new one."
_HALF = 0.5
_SOME = 0.02
_FEW_OFFICES = 50


def width(feed: Feed, records: Sequence[Sequence[str]]) -> int:
    """The width of the export: that of most of its rows. Raises ``ContractError`` for one that is not known."""
    found, _ = Counter(map(len, records)).most_common(1)[0]
    if found in feed.by_width:
        return found
    known = ", ".join(map(str, sorted(feed.by_width)))
    raise ContractError(
        f"{feed.table}: the export has {found} columns, known are {known}{_unknown(feed, records[0])}", _ADVICE
    )


def _unknown(feed: Feed, first: Sequence[str]) -> str:
    """Which columns are new, where the export has a header that says so."""
    names = {_plain(column.header): column.header for columns in feed.layouts for column in columns}
    told = [cell.strip() for cell in first]
    new = [cell for cell in told if _plain(cell) not in names]
    return f"; new in its header: {', '.join(new)[:200]}" if new and len(new) < _HALF * len(told) else ""


def is_header(columns: tuple[Column, ...], cells: Sequence[str]) -> bool:
    """Whether ``cells`` are names of columns: at least half of them are known."""
    names = {_plain(column.header) for column in columns} | {_plain(column.field) for column in columns}
    known = sum(_plain(cell) in names for cell in cells)
    return known >= _HALF * len(columns)


def require_order(feed: Feed, columns: tuple[Column, ...], header: Sequence[str]) -> None:
    """Raise ``ContractError`` where a header says that a column is another one than the layout has there."""
    for place, (column, cell) in enumerate(zip(columns, header, strict=False), 1):
        if cell.strip() and _plain(cell) not in {_plain(column.header), _plain(column.field)}:
            raise ContractError(
                f"{feed.table}: column {place} is called {cell.strip()[:60]!r}, {column.header} belongs there", _ADVICE
            )


def require_likeness(
    feed: Feed, place: int, column: Column, known: Mapping[str, object], rows: int, unreadable: int
) -> None:
    """Raise ``ContractError`` where most of a column's values are not what it should hold.

    ``known``: what each different text of the column means; ``unreadable``: how many of its ``rows`` have none of that.
    """
    trouble = _trouble(column, known, rows, unreadable)
    if trouble:
        raise ContractError(
            f"{feed.table}: column {place} ({column.header}) does not look like {column.kind.value} any more: {trouble}",
            _ADVICE,
        )


def _trouble(column: Column, known: Mapping[str, object], rows: int, unreadable: int) -> str:
    filled = [value for value in known.values() if value is not None]
    none_is_right = bool(filled) and all(isinstance(value, NotReadable) for value in filled)
    if unreadable > _HALF * rows or (none_is_right and unreadable > _SOME * rows):
        return f"{unreadable:,} of {rows:,} values"
    if column.kind is Kind.OFFICE and len(filled) > max(_FEW_OFFICES, rows // 10):
        return f"{len(filled):,} different ones"
    if column.kind is Kind.ADDRESS:
        odd = sum("," not in str(value) for value in filled)
        return f"{odd:,} of {len(filled):,} different ones" if odd > _HALF * len(filled) else ""
    return ""


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
