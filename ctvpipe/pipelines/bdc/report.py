"""The contact report (facts 1.3): kept as the bytes that came, read row by row, as often as it takes.

So memory holds the bytes and the ids, however many customers there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ctvpipe.pipelines.bdc import checking, values
from ctvpipe.pipelines.bdc.coordinates import Placing
from ctvpipe.pipelines.bdc.layout import Layout
from ctvpipe.pipelines.bdc.records import CoordStatus, Customer
from ctvpipe.pipelines.bdc.report_rows import ADDRESS, customer
from ctvpipe.sources import json_rows

Row = Sequence[Any]


def rows_of(body: bytes) -> Iterator[Any]:
    """The rows of a report, and whatever else is among them. Raises ``NotJsonError`` for what is no report."""
    return json_rows.items(body, "data")


def require_whole(body: bytes) -> None:
    """Raises ``NotJsonError`` for a report that is none, or that is not whole."""
    for _ in rows_of(body):
        pass


class Report:
    """A report whose layout is known and checked. Raises ``ContractError`` for an empty one, ``DriftError`` for one that
    is laid out otherwise than one of ``candidates``.

    ``rows``: how many there are; ``unreadable``: those of another width or without an id; ``ids``: all that are in it,
    those of rows that cannot be read too, as far as they tell; ``repeated``: those of more than one row; ``differing``:
    those whose rows differ.
    """

    def __init__(self, body: bytes, candidates: Sequence[Layout]) -> None:
        self._body = body
        lengths = Counter(len(row) if isinstance(row, list) else -1 for row in rows_of(body))
        self.rows = lengths.total()
        self._width = checking.usual_width(lengths, candidates)
        wide = [layout for layout in candidates if layout.width <= self._width]
        self.layout = checking.chosen(_Again(self), wide)
        self.unreadable = 0
        ids: set[int] = set()
        repeated: set[int] = set()
        for row in rows_of(body):
            id_ = self._id(row)
            if id_ is not None:
                (repeated if id_ in ids else ids).add(id_)
            self.unreadable += id_ is None or len(row) != self._width
        self.ids, self.repeated = frozenset(ids), frozenset(repeated)
        self.differing = frozenset(self._differing())

    def even_rows(self) -> Iterator[Row]:
        """The rows of the usual width."""
        return (row for row in rows_of(self._body) if isinstance(row, list) and len(row) == self._width)

    def customers(self, placing: Placing | None = None) -> Iterator[Customer]:
        """Every customer once, those with several rows at the end: of their rows the one with a good coordinate, then
        the one with the most in it, then the first (facts 3.6).
        """
        placing = placing or Placing()
        best: dict[int, tuple[tuple[bool, int], Customer]] = {}
        for row in self.even_rows():
            one = customer(row, self.layout, placing)
            if one is None:
                continue
            if one.id not in self.repeated:
                yield one
                continue
            rank = one.place.status is CoordStatus.OK, sum(not values.is_blank(cell) for cell in row)
            if one.id not in best or rank > best[one.id][0]:
                best[one.id] = rank, one
        yield from (one for _, one in best.values())

    def fullest(self, ids: Collection[int], most: int) -> list[tuple[int, Row]]:
        """The rows of up to ``most`` of ``ids`` that say most about an address; none of those with several rows."""
        asked = set(ids) - self.repeated
        found: list[tuple[int, int, Row]] = []
        for row in self.even_rows():
            id_ = self._id(row)
            if id_ in asked and id_ is not None:
                blanks = sum(values.is_blank(self.layout.cell(row, name)) for name in ADDRESS)
                found.append((blanks, id_, row))
                if len(found) > most:
                    found.remove(max(found, key=lambda one: one[:2]))
        return [(id_, row) for _, id_, row in sorted(found, key=lambda one: one[:2])]

    def _id(self, row: Any) -> int | None:
        column = self.layout.columns["id"]
        return values.identifier(row[column]) if isinstance(row, list) and len(row) > column else None

    def _differing(self) -> set[int]:
        first: dict[int, Row] = {}
        differing = set()
        for row in rows_of(self._body) if self.repeated else ():
            id_ = self._id(row)
            if id_ in self.repeated and id_ is not None and first.setdefault(id_, row) != row:
                differing.add(id_)
        return differing


class _Again:
    """The rows of a report's usual width, from the first on, each time they are iterated."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def __iter__(self) -> Iterator[Row]:
        return self._report.even_rows()
