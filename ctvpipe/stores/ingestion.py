"""The record of an import in the database itself, written in the same transaction as its rows (design 3, facts of
``directory.md``): the table ``ingestion_runs``, in the schema ``meta`` on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.stores.bulk import qualified

_RUNS = sa.Table(
    "ingestion_runs",
    sa.MetaData(),
    sa.Column("run_id", sa.Uuid(as_uuid=False).with_variant(sa.Text(), "sqlite")),
    sa.Column("source_system", sa.Text),
    sa.Column("entity_type", sa.Text),
    sa.Column("started_at", sa.DateTime(timezone=True)),
    sa.Column("completed_at", sa.DateTime(timezone=True)),
    sa.Column("status", sa.Text),
    sa.Column("records_processed", sa.Integer),
    sa.Column("records_created", sa.Integer),
    sa.Column("records_updated", sa.Integer),
    sa.Column("metadata", sa.JSON),
    schema="meta",
)


def record(
    connection: sa.Connection,
    *,
    run_id: str,
    source: str,
    entity: str,
    started: datetime,
    processed: int,
    created: int,
    updated: int,
    details: Mapping[str, object],
) -> None:
    """Write that the run ``run_id`` of the ledger has imported ``entity`` from ``source``."""
    connection.execute(
        _RUNS.insert().values(
            run_id=run_id,
            source_system=source,
            entity_type=entity,
            started_at=started,
            completed_at=clock.now(),
            status="completed",
            records_processed=processed,
            records_created=created,
            records_updated=updated,
            metadata=dict(details),
        )
    )


def latest_details(connection: sa.Connection, entity: str) -> dict[str, Any]:
    """The details recorded by the latest import of ``entity``; empty when there was none."""
    columns = _RUNS.c
    latest = sa.select(columns.metadata).where(columns.entity_type == entity).order_by(columns.started_at.desc())
    found: dict[str, Any] | None = connection.execute(latest.limit(1)).scalar()
    return found or {}


def latest_of_each(connection: sa.Connection, most: int) -> dict[str, list[dict[str, Any]]]:
    """The details recorded by the latest imports of every entity, up to ``most`` of each, newest first."""
    table = qualified(connection, _RUNS)
    ranked = (
        "SELECT entity_type, metadata, row_number() OVER (PARTITION BY entity_type ORDER BY started_at DESC) AS place"  # noqa: S608
        f" FROM {table}"
    )
    sql = sa.text(
        f"SELECT entity_type, metadata FROM ({ranked}) AS ranked WHERE place <= :most ORDER BY entity_type, place"  # noqa: S608
    )
    rows = connection.execute(sql.columns(metadata=sa.JSON), {"most": most})
    found: dict[str, list[dict[str, Any]]] = {}
    for entity, details in rows:
        found.setdefault(entity, []).append(details)
    return found
