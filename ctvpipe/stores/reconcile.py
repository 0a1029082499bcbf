"""Bring a part of a table to what it ought to hold, where that part is small enough to be read.

The stored rows are compared here; new ones are inserted in bulk, changed ones merged, those that are not wanted any
more deleted. When nothing differs the database is only read, and makes no temporary table either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ctvpipe.stores import bulk
from ctvpipe.stores.merge import Merged, Row, merge

_KEYS_A_STATEMENT = 200


def insert(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    also: Mapping[str, Any] | None = None,
) -> None:
    """Insert ``rows`` (Python values in the order of ``columns``); ``also``: values of further columns, the same in each."""
    more = also or {}
    (constant,) = bulk.prepared(connection, [table.c[name].type for name in more], [tuple(more.values())])
    prepared = bulk.prepared(connection, [table.c[name].type for name in columns], rows)
    bulk.insert(connection, bulk.qualified(connection, table), [*columns, *more], prepared, constant)


@dataclass(frozen=True)
class Difference:
    """What a part of a table lacks of what it ought to hold: rows that are new or changed, keys that are gone."""

    new: list[tuple[Any, ...]]
    changed: list[tuple[Any, ...]]
    gone: list[tuple[Any, ...]]
    unchanged: int

    @property
    def merged(self) -> Merged:
        """The same as counts, as they are once it is written."""
        return Merged(len(self.new), len(self.changed), len(self.gone), self.unchanged)


def compare(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    scope: sa.ColumnElement[bool],
) -> Difference:
    """How what ``table`` holds within ``scope`` differs from ``rows``; arguments as of ``reconcile``. Only reads."""
    places = [columns.index(name) for name in key]
    stored: dict[tuple[Any, ...], tuple[Any, ...]] = {
        tuple(row[place] for place in places): tuple(row)
        for row in connection.execute(sa.select(*(table.c[name] for name in columns)).where(scope))
    }
    new, changed = [], []
    for row in map(tuple, rows):
        before = stored.pop(tuple(row[place] for place in places), None)
        if before is None:
            new.append(row)
        elif before != row:
            changed.append(row)
    return Difference(new, changed, list(stored), len(rows) - len(new) - len(changed))


def reconcile(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    scope: sa.ColumnElement[bool],
    on_insert: Mapping[str, Any] | None = None,
    on_update: Mapping[str, Any] | None = None,
    is_empty: bool = False,
) -> Merged:
    """Make ``rows`` what ``table`` holds within ``scope``, in the caller's transaction.

    ``columns``, ``key``, ``on_insert`` and ``on_update`` as of ``merge``. Every row must be within ``scope``.
    ``is_empty``: it is known to hold nothing there, and is not read; the database refuses a row that is there after all.
    """
    if is_empty:
        found = Difference([tuple(row) for row in rows], [], [], 0)
    else:
        found = compare(connection, table, columns, rows, key=key, scope=scope)
    _delete(connection, table, key, found.gone)
    if found.new:
        insert(connection, table, columns, found.new, also=on_insert)
    if found.changed:
        merge(connection, table, columns, found.changed, key=key, on_update=on_update)
    return found.merged


def _delete(connection: sa.Connection, table: sa.Table, key: Sequence[str], gone: list[tuple[Any, ...]]) -> None:
    these = sa.tuple_(*(table.c[name] for name in key))
    for start in range(0, len(gone), _KEYS_A_STATEMENT):
        connection.execute(sa.delete(table).where(these.in_(gone[start : start + _KEYS_A_STATEMENT])))
