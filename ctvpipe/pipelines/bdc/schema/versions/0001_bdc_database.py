"""The BDC database as its first version had it. What ``schema.tables`` changes later, a later migration changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ctvpipe.stores import migrate, postgis
from ctvpipe.stores.home import Home

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Columns = list[sa.Column[Any]]


def upgrade() -> None:
    home: Home = op.get_context().opts["home"]
    connection = op.get_bind()
    points: str | None = None
    if connection.dialect.name == "postgresql":
        migrate.require_schema(connection, "meta")
        points = postgis.require(connection)
    _make(home, "customers", *_customers(points))
    _make(home, "inventory_items", *_items())
    _make(
        home,
        "customer_inventory",
        *_ids("customer_id", "inventory_item_id"),
        *_of(home, inventory_item_id="inventory_items"),
    )
    _make(home, "groups", *_groups())
    _make(home, "customer_groups", *_ids("customer_id", "group_id"), *_of(home, group_id="groups"))
    _make(home, "services", *_services(), *_of(home))
    _make(home, "metadata", *_metadata())
    _index(home, "customers", "status", "last_updated", "account_type_id", "zip")
    _index(home, "inventory_items", "model_id")
    _index(home, "customer_inventory", "inventory_item_id")
    _index(home, "customer_groups", "group_id")
    _index(home, "services", "service_id")
    of_data = sa.text("data_service")
    _index(home, "services", "technology_code", postgresql_where=of_data, sqlite_where=of_data)
    if points is not None:
        _index(home, "customers", "geom", postgresql_using="gist")
    _make(
        home,
        "snapshots",
        sa.Column("snapshot_date", sa.Date, primary_key=True),
        sa.Column("taken_at", _INSTANT, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
    )
    _keep(home, "customers", _customers(points))
    _keep(home, "inventory_items", _items())
    _keep(home, "customer_inventory", _ids("customer_id", "inventory_item_id"))
    _keep(home, "groups", _groups())
    _keep(home, "customer_groups", _ids("customer_id", "group_id"))
    _keep(home, "services", _services())
    _keep(home, "metadata", _metadata())
    _ingestion_runs()


def _make(home: Home, table: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(f"{home.prefix}{table}", *parts, schema=home.schema or None)


def _keep(home: Home, table: str, columns: _Columns) -> None:
    """The table of what snapshots have kept of ``table``."""
    date = sa.Column("snapshot_date", sa.Date, primary_key=True)
    of_snapshot = sa.ForeignKeyConstraint(["snapshot_date"], [f"{home}snapshots.snapshot_date"], ondelete="CASCADE")
    _make(home, f"snapshot_{table}", date, *columns, of_snapshot)


def _index(home: Home, table: str, *columns: str, **how: Any) -> None:
    name = f"{home.prefix}{table}"
    for column in columns:
        op.create_index(f"ix_{name}_{column}", name, [column], schema=home.schema or None, **how)


def _of(home: Home, **others: str) -> list[sa.ForeignKeyConstraint]:
    """To which customer a row belongs, and by which column to a row of which other table."""
    customer = sa.ForeignKeyConstraint(["customer_id"], [f"{home}customers.id"], ondelete="CASCADE")
    return [customer, *(sa.ForeignKeyConstraint([column], [f"{home}{table}.id"]) for column, table in others.items())]


def _customers(points: str | None) -> _Columns:
    """``points``: the schema of PostGIS; ``None`` where there is none."""
    made = [
        *_ids("id"),
        *_some(sa.Text, "status"),
        *_some(sa.Boolean, "status_active"),
        *_some(sa.Text, "name", "address", "street2", "city", "state", "zip", "plus4", "country"),
        *_some(sa.Double, "latitude", "longitude"),
        *_some(sa.Text, "source"),
        *_some(sa.Integer, "account_type_id"),
        *_some(sa.Text, "account_type", "coord_status", "block_fips", "row_hash"),
        *_some(sa.Boolean, "detail_ok"),
        *_some(_INSTANT, "first_seen", "last_updated", "removed_at"),
    ]
    if points is not None:
        point = f"{points}.ST_SetSRID({points}.ST_MakePoint(longitude, latitude), 4326)"
        made.append(sa.Column("geom", _Point(points), sa.Computed(point, persisted=True)))
    return made


def _items() -> _Columns:
    return [
        *_ids("id"),
        *_some(_NUMBER, "model_id"),
        *_some(sa.Text, "model_name"),
        *_some(_NUMBER, "manufacturer_id"),
        *_some(sa.Text, "manufacturer_name", "status", "condition"),
        *_some(_INSTANT, "last_updated"),
    ]


def _groups() -> _Columns:
    return [*_ids("id"), *_some(sa.Text, "name"), *_some(_INSTANT, "last_updated")]


def _services() -> _Columns:
    return [
        *_ids("customer_id", "relationship_id"),
        *_some(_NUMBER, "service_id"),
        *_some(sa.Text, "name", "type", "application"),
        *_some(sa.Numeric(12, 2), "amount"),
        *_some(sa.Integer, "quantity"),
        *_some(sa.Boolean, "active", "data_service", "voice_service"),
        *_some(sa.Integer, "download_kbps", "upload_kbps"),
        *_some(sa.SmallInteger, "technology_code"),
        *_some(_INSTANT, "last_updated"),
    ]


def _metadata() -> _Columns:
    return [sa.Column("key", sa.Text, primary_key=True), *_some(sa.Text, "value"), *_some(_INSTANT, "updated_at")]


def _ingestion_runs() -> None:
    """The record of imports; another pipeline, or another prefix, may have made it already."""
    op.create_table(
        "ingestion_runs",
        sa.Column("run_id", sa.Uuid().with_variant(sa.Text(), "sqlite"), primary_key=True),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("entity_type", sa.Text, primary_key=True),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("completed_at", _INSTANT),
        sa.Column("status", sa.String(20), nullable=False, server_default="running"),
        sa.Column("records_processed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_created", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_updated", sa.Integer, nullable=False, server_default="0"),
        sa.Column("error_message", sa.Text),
        sa.Column("metadata", sa.JSON(), nullable=False, server_default="{}"),
        sa.CheckConstraint("status IN ('running', 'completed', 'failed')"),
        schema="meta",
        sqlite_with_rowid=False,
        if_not_exists=True,
    )


def _ids(*names: str) -> _Columns:
    return [sa.Column(name, _NUMBER, primary_key=True, autoincrement=False) for name in names]


def _some(column_type: Any, *names: str) -> _Columns:
    return [sa.Column(name, column_type) for name in names]


class _Point(sa.types.UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, schema: str) -> None:
        self.schema = schema

    def get_col_spec(self, **_: Any) -> str:
        return f"{self.schema}.geometry(Point,4326)"
