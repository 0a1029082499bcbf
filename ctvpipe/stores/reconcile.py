"""Bring a part of a table to what it ought to hold, where that part is small enough to be read.

The stored rows are compared here; new ones are inserted in bulk, changed ones merged, those that are not wanted any
more deleted. When nothing differs the database is only read, and makes no temporary table either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    bulk.insert(connection, table.name, [*columns, *more], prepared, constant)


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
) -> Merged:
    """Make ``rows`` what ``table`` holds within ``scope``, in the caller's transaction.

    ``columns``, ``key``, ``on_insert`` and ``on_update`` as of ``merge``. Every row must be within ``scope``.
    """
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
    _delete(connection, table, key, list(stored))
    if new:
        insert(connection, table, columns, new, also=on_insert)
    if changed:
        merge(connection, table, columns, changed, key=key, on_update=on_update)
    return Merged(len(new), len(changed), len(stored), len(rows) - len(new) - len(changed))


def _delete(connection: sa.Connection, table: sa.Table, key: Sequence[str], gone: list[tuple[Any, ...]]) -> None:
    these = sa.tuple_(*(table.c[name] for name in key))
    for start in range(0, len(gone), _KEYS_A_STATEMENT):
        connection.execute(sa.delete(table).where(these.in_(gone[start : start + _KEYS_A_STATEMENT])))
