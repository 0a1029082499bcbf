"""The circuits' database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ctvpipe.pipelines.circuits.schema import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        op.execute("CREATE SCHEMA IF NOT EXISTS meta")
    tables.METADATA.create_all(bind, checkfirst=False)
    op.execute(tables.ENRICHED_SITES)
    op.create_table(
        "ingestion_runs",
        sa.Column("run_id", sa.Uuid().with_variant(sa.Text(), "sqlite"), primary_key=True),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("entity_type", sa.String(50), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(20), nullable=False, server_default="running"),
        sa.Column("records_processed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_created", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_updated", sa.Integer, nullable=False, server_default="0"),
        sa.Column("error_message", sa.Text),
        sa.Column("metadata", sa.JSON(), nullable=False, server_default="{}"),
        sa.CheckConstraint("status IN ('running', 'completed', 'failed')"),
        schema="meta",
        sqlite_with_rowid=False,
    )
