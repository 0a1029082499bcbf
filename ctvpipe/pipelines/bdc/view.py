"""The tables as they are now, or as a snapshot has them: the same to whoever reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.bdc.schema.tables import AS_OF, SEVEN, Tables


@dataclass(frozen=True)
class View:
    """The seven tables, to be read; ``as_of``: the date of the snapshot."""

    customers: sa.FromClause
    inventory_items: sa.FromClause
    customer_inventory: sa.FromClause
    groups: sa.FromClause
    customer_groups: sa.FromClause
    services: sa.FromClause
    metadata: sa.FromClause
    as_of: date | None = None

    @classmethod
    def of(cls, tables: Tables, as_of: date | None = None) -> View:
        """The tables as they are, or as of a snapshot."""
        if as_of is None:
            return cls(**{name: getattr(tables, name) for name in SEVEN})
        kept = {}
        for name, table in tables.kept.items():
            columns = [column for column in table.c if column.name not in {AS_OF, "geom"}]
            kept[name] = sa.select(*columns).where(table.c[AS_OF] == as_of).subquery(name)
        return cls(**kept, as_of=as_of)

    @property
    def counts(self) -> sa.ColumnElement[bool]:
        """Of a customer: whether it is there, and live."""
        columns = self.customers.c
        return sa.and_(columns.removed_at.is_(None), columns.status_active)


def opened(connection: sa.Connection, tables: Tables, as_of: date | None) -> View:
    """The view as of ``as_of``; raises ``ConfigurationError`` where there is no such snapshot."""
    if as_of is not None:
        taken = connection.execute(sa.select(tables.snapshots.c[AS_OF]).order_by(AS_OF)).scalars().all()
        if as_of not in taken:
            there = ", ".join(map(str, taken)) or "none"
            raise ConfigurationError(f"there is no snapshot of {as_of}", f"There are: {there}.")
    return View.of(tables, as_of)
