"""The tables of the BDC database as they are read and written; the migrations make them, a test compares (facts 2.2).

ZIP codes and census blocks are texts, for their leading zeros. Longitude is X. On PostgreSQL each customer has its point
as well, which the database makes of the two, so that they cannot disagree. Of each of the seven tables there is one more
with the rows of every snapshot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ctvpipe.stores.home import Home
from ctvpipe.stores.types import Instant

AS_OF = "snapshot_date"
_POINT = "ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)"
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MONEY = sa.Numeric(12, 2, asdecimal=False)


class Point(sa.types.UserDefinedType[Any]):
    """PostGIS's type of a point in degrees."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "geometry(Point,4326)"


@dataclass(frozen=True)
class Tables:
    """The seven tables of one home, the list of snapshots, and the snapshots' rows by the name of their table."""

    customers: sa.Table
    inventory_items: sa.Table
    customer_inventory: sa.Table
    groups: sa.Table
    customer_groups: sa.Table
    services: sa.Table
    metadata: sa.Table
    snapshots: sa.Table
    kept: dict[str, sa.Table]

    @classmethod
    def of(cls, home: Home, *, points: bool) -> Tables:
        """The tables of ``home``; ``points``: with the points that PostGIS has."""
        made, kept = (sa.MetaData(schema=home.schema or None) for _ in range(2))
        seven = {
            name: sa.Table(
                f"{home.prefix}{name}",
                made,
                *_columns(name, points=points),
                *_references(home, name),
                *_indexes(home, name, points=points),
            )
            for name in SEVEN
        }
        snapshots = sa.Table(
            f"{home.prefix}snapshots",
            kept,
            sa.Column(AS_OF, sa.Date, primary_key=True),
            sa.Column("taken_at", Instant(), nullable=False),
            sa.Column("customers", sa.Integer, nullable=False),
        )
        rows = {
            name: sa.Table(
                f"{home.prefix}snapshot_{name}",
                kept,
                sa.Column(AS_OF, sa.Date, sa.ForeignKey(snapshots.c[AS_OF], ondelete="CASCADE"), primary_key=True),
                *_columns(name, points=points),
            )
            for name in SEVEN
        }
        return cls(**seven, snapshots=snapshots, kept=rows)

    @property
    def own(self) -> tuple[sa.MetaData, sa.MetaData]:
        """What declares them, for whoever makes them all."""
        return self.customers.metadata, self.snapshots.metadata


def _id(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _NUMBER, primary_key=True, autoincrement=False) for name in names]


def _some(column_type: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, column_type) for name in names]


def _columns(table: str, *, points: bool) -> list[sa.Column[Any]]:
    point = sa.Column("geom", Point(), sa.Computed(_POINT, persisted=True))
    return [*_COLUMNS[table](), *([point] if points and table == "customers" else ())]


def _customers() -> list[sa.Column[Any]]:
    """``status_active``: whether Sonar counts the status as live; ``account_type``: residential or commercial.

    ``last_updated``: when its detail was last read, which is what makes it due again.
    """
    return [
        *_id("id"),
        *_some(sa.Text, "status"),
        *_some(sa.Boolean, "status_active"),
        *_some(sa.Text, "name", "address", "street2", "city", "state", "zip", "plus4", "country"),
        *_some(sa.Double, "latitude", "longitude"),
        *_some(sa.Text, "source"),
        *_some(sa.Integer, "account_type_id"),
        *_some(sa.Text, "account_type", "coord_status", "block_fips", "row_hash"),
        *_some(sa.Boolean, "detail_ok"),
        *_some(Instant(), "first_seen", "last_updated", "removed_at"),
    ]


def _inventory_items() -> list[sa.Column[Any]]:
    return [
        *_id("id"),
        *_some(_NUMBER, "model_id"),
        *_some(sa.Text, "model_name"),
        *_some(_NUMBER, "manufacturer_id"),
        *_some(sa.Text, "manufacturer_name", "status", "condition"),
        *_some(Instant(), "last_updated"),
    ]


def _customer_inventory() -> list[sa.Column[Any]]:
    return _id("customer_id", "inventory_item_id")


def _groups() -> list[sa.Column[Any]]:
    return [*_id("id"), *_some(sa.Text, "name"), *_some(Instant(), "last_updated")]


def _customer_groups() -> list[sa.Column[Any]]:
    return _id("customer_id", "group_id")


def _services() -> list[sa.Column[Any]]:
    return [
        *_id("customer_id", "relationship_id"),
        *_some(_NUMBER, "service_id"),
        *_some(sa.Text, "name", "type", "application"),
        *_some(_MONEY, "amount"),
        *_some(sa.Integer, "quantity"),
        *_some(sa.Boolean, "active", "data_service", "voice_service"),
        *_some(sa.Integer, "download_kbps", "upload_kbps"),
        *_some(sa.SmallInteger, "technology_code"),
        *_some(Instant(), "last_updated"),
    ]


def _metadata() -> list[sa.Column[Any]]:
    key = sa.Column("key", sa.Text, primary_key=True)
    return [key, *_some(sa.Text, "value"), *_some(Instant(), "updated_at")]


_COLUMNS: dict[str, Callable[[], list[sa.Column[Any]]]] = {
    "customers": _customers,
    "inventory_items": _inventory_items,
    "customer_inventory": _customer_inventory,
    "groups": _groups,
    "customer_groups": _customer_groups,
    "services": _services,
    "metadata": _metadata,
}
SEVEN = tuple(_COLUMNS)
_REFERENCES = {
    "customer_inventory": {"customer_id": "customers", "inventory_item_id": "inventory_items"},
    "customer_groups": {"customer_id": "customers", "group_id": "groups"},
    "services": {"customer_id": "customers"},
}
_INDEXED = {
    "customers": ("status", "last_updated", "account_type_id", "zip"),
    "inventory_items": ("model_id",),
    "customer_inventory": ("inventory_item_id",),
    "customer_groups": ("group_id",),
    "services": ("service_id",),
}


def _references(home: Home, table: str) -> list[sa.ForeignKeyConstraint]:
    """What refers to other tables; what is a customer's goes with it."""
    return [
        sa.ForeignKeyConstraint([column], [f"{home}{other}.id"], ondelete="CASCADE" if other == "customers" else None)
        for column, other in _REFERENCES.get(table, {}).items()
    ]


def _indexes(home: Home, table: str, *, points: bool) -> list[sa.Index]:
    def index(column: str, **how: Any) -> sa.Index:
        return sa.Index(f"ix_{home.prefix}{table}_{column}", column, **how)

    found = [index(column) for column in _INDEXED.get(table, ())]
    if table == "customers" and points:
        found.append(index("geom", postgresql_using="gist"))
    if table == "services":
        of_data = sa.text("data_service")
        found.append(index("technology_code", postgresql_where=of_data, sqlite_where=of_data))
    return found
