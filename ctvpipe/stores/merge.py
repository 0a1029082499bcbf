"""Bring a table to what it ought to hold, by writing only what differs.

The wanted rows go into a temporary table; then one statement each updates the rows that differ, inserts those that
are new and, where asked, deletes those that are no longer wanted. An unchanged row is not touched, nor locked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ctvpipe.stores import bulk
from ctvpipe.stores.engine import is_sqlite

Row = Sequence[Any]
_FEW = 1000  # so few rows are found by their key, whatever the planner takes them for


@dataclass(frozen=True)
class Merged:
    """How many rows were inserted, updated, deleted, and how many of the wanted rows are as they were.

    A wanted row that differs, but that ``only`` kept from being updated, counts as unchanged.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    @property
    def written(self) -> int:
        """Rows that were written in any way."""
        return self.inserted + self.updated + self.deleted


def merge(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    on_insert: Mapping[str, Any] | None = None,
    on_update: Mapping[str, Any] | None = None,
    only: sa.ColumnElement[bool] | None = None,
    delete: sa.ColumnElement[bool] | None = None,
    insert: bool = True,
) -> Merged:
    """Merge ``rows`` (Python values in the order of ``columns``) into ``table`` by ``key``, in the caller's transaction.

    ``on_insert`` and ``on_update``: values of further columns for rows that are inserted and updated; they are not
    compared. ``only``: which stored rows may be updated. ``delete``: which stored rows go when they are not among
    ``rows`` (``sa.true()``: all of them); by default none. ``insert``: whether rows that are new are; if not, they
    count as unchanged. Two rows of one key raise the database's own error.
    """
    wanted = _staged(connection, table, columns, rows, key)
    same_key = sa.and_(*(table.c[name] == wanted.c[name] for name in key))
    values = [name for name in columns if name not in key]
    differs = sa.or_(sa.false(), *(table.c[name].is_distinct_from(wanted.c[name]) for name in values))
    try:
        deleted = 0
        if delete is not None:
            gone = sa.and_(delete, ~sa.exists().where(same_key).correlate(table))
            deleted = connection.execute(sa.delete(table).where(gone)).rowcount
        changed = sa.update(table).where(same_key, differs)
        if only is not None:
            changed = changed.where(only)
        new_values = {name: wanted.c[name] for name in values} | _literals(table, on_update)
        updated = connection.execute(changed.values(new_values)).rowcount if values else 0
        inserted = 0
        if insert:
            made = _literals(table, on_insert)
            source = sa.select(*(wanted.c[name] for name in columns), *made.values())
            source = source.where(~sa.exists().where(same_key).correlate(wanted)).order_by(wanted.c.position_)
            inserted = connection.execute(sa.insert(table).from_select([*columns, *made], source)).rowcount
    finally:
        _dropped(connection, wanted)
    return Merged(inserted, updated, deleted, len(rows) - inserted - updated)


def _staged(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Row], key: Sequence[str]
) -> sa.Table:
    """A temporary table with ``rows``."""
    staged = sa.Table(
        f"wanted_{table.name}",
        sa.MetaData(),
        sa.Column("position_", sa.Integer),
        *(sa.Column(name, table.c[name].type) for name in columns),
        sa.UniqueConstraint(*key),
        prefixes=["TEMPORARY"],
    )
    staged.create(connection)
    types = [staged.c.position_.type, *(staged.c[name].type for name in columns)]
    prepared = bulk.prepared(connection, types, ((number, *row) for number, row in enumerate(rows)))
    bulk.insert(connection, staged.name, ["position_", *columns], prepared)
    if not is_sqlite(connection) and len(rows) > _FEW:
        connection.exec_driver_sql(f"ANALYZE {staged.name}")
    return staged


def _dropped(connection: sa.Connection, staged: sa.Table) -> None:
    """Drop the temporary table, where the transaction still lives."""
    if connection.in_transaction() and not connection.invalidated:
        try:
            staged.drop(connection)
        except sa.exc.DBAPIError:  # the transaction has failed, and takes the table with it
            return


def _literals(table: sa.Table, values: Mapping[str, Any] | None) -> dict[str, sa.ColumnElement[Any]]:
    return {name: sa.literal(value, table.c[name].type) for name, value in (values or {}).items()}
