"""Snapshots: the seven tables as they were on a day, kept for the filing that is about that day (facts 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.bdc import metadata
from ctvpipe.pipelines.bdc.schema.tables import AS_OF, SEVEN, Tables


@dataclass(frozen=True)
class Snapshot:
    """``taken_at``: when it was taken; ``customers`` that it holds; ``data_of``: when their import was last complete."""

    as_of: date
    taken_at: datetime
    customers: int
    data_of: datetime | None = None


def take(connection: sa.Connection, tables: Tables, as_of: date, *, today: date, replace: bool = False) -> Snapshot:
    """Keep the tables as they are as those of the day ``as_of``, in the caller's transaction, which must see one state.

    Raises ``ConfigurationError`` for a day that is to come, or that has a snapshot unless it is to be replaced,
    ``ContractError`` where no import has been complete yet.
    """
    if as_of > today:
        raise ConfigurationError(f"{as_of} is yet to come", "A snapshot is of what the tables hold now.")
    data_of = metadata.instant(connection, tables, metadata.CUSTOMERS_UPDATED)
    if data_of is None:
        raise ContractError("no import of all customers has been complete yet", "Run 'ctvpipe bdc import' first.")
    if exists(connection, tables, as_of):
        if not replace:
            raise ConfigurationError(f"there is a snapshot of {as_of} already", "To take another instead: --replace")
        connection.execute(sa.delete(tables.snapshots).where(tables.snapshots.c[AS_OF] == as_of))
    now = clock.now()
    customers = connection.execute(sa.select(sa.func.count()).select_from(tables.customers)).scalar_one()
    connection.execute(sa.insert(tables.snapshots).values({AS_OF: as_of, "taken_at": now, "customers": customers}))
    for name in SEVEN:
        live: sa.Table = getattr(tables, name)
        columns = [column for column in live.c if column.computed is None]
        rows = sa.select(sa.literal(as_of, sa.Date), *columns)
        names = [AS_OF, *(column.name for column in columns)]
        connection.execute(sa.insert(tables.kept[name]).from_select(names, rows))
    return Snapshot(as_of, now, customers, data_of)


def exists(connection: sa.Connection, tables: Tables, as_of: date) -> bool:
    """Whether there is a snapshot of that day."""
    found = sa.select(sa.func.count()).select_from(tables.snapshots).where(tables.snapshots.c[AS_OF] == as_of)
    return bool(connection.execute(found).scalar_one())


def every(connection: sa.Connection, tables: Tables) -> list[Snapshot]:
    """Every snapshot, the oldest first."""
    columns = tables.snapshots.c
    rows = connection.execute(sa.select(columns[AS_OF], columns.taken_at, columns.customers).order_by(columns[AS_OF]))
    return [Snapshot(*row) for row in rows]
