"""The sales database (facts 4): reference data, spots, their language assignments, closed months, import records.

Closed months are protected by the database itself: triggers refuse every insert, update or delete of their spots.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ctvpipe.pipelines.commercial_log.schema import closed_months, reference

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MONEY = sa.Numeric().with_variant(sa.REAL(), "sqlite")
_NOW = sa.text("CURRENT_TIMESTAMP")
# A closure that is spelt otherwise than the spots' month would protect nothing.
_AS_SPOTS_HAVE_IT = (
    "substr(broadcast_month, 1, 3) IN"
    " ('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec')"
    " AND substr(broadcast_month, 4, 1) = '-' AND substr(broadcast_month, 5) BETWEEN '00' AND '99'"
    " AND length(broadcast_month) = 6"
)


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, _KEY, primary_key=True, autoincrement=True)


def _reference(name: str, target: str, *, ondelete: str = "RESTRICT", nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, _KEY, sa.ForeignKey(target, ondelete=ondelete), nullable=nullable)


def _created() -> sa.Column[Any]:
    return sa.Column("created_date", sa.DateTime(timezone=True), nullable=False, server_default=_NOW)


def _active() -> sa.Column[Any]:
    return sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true())


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def upgrade() -> None:
    _people_and_places()
    _schedules()
    _imports()
    _spots()
    closed_months.create(op)
    reference.insert(op)


def _people_and_places() -> None:
    auto = {"sqlite_autoincrement": True}
    op.create_table(
        "agencies",
        _key("agency_id"),
        sa.Column("agency_name", sa.Text, nullable=False, unique=True),
        _created(),
        _active(),
        *_text("notes"),
        **auto,
    )
    op.create_table(
        "sectors",
        _key("sector_id"),
        sa.Column("sector_code", sa.Text, nullable=False, unique=True),
        *_text("sector_name", "sector_group"),
        _active(),
        _created(),
        **auto,
    )
    op.create_table(
        "markets",
        _key("market_id"),
        sa.Column("market_name", sa.Text, nullable=False, unique=True),
        sa.Column("market_code", sa.Text, nullable=False, unique=True),
        *_text("region"),
        _active(),
        _created(),
        **auto,
    )
    op.create_table(
        "languages",
        _key("language_id"),
        sa.Column("language_code", sa.Text, nullable=False, unique=True),
        sa.Column("language_name", sa.Text, nullable=False),
        *_text("language_group"),
        _created(),
        **auto,
    )
    op.create_table(
        "customers",
        _key("customer_id"),
        sa.Column("normalized_name", sa.Text, nullable=False, unique=True),
        _reference("sector_id", "sectors.sector_id"),
        _reference("agency_id", "agencies.agency_id"),
        *_text("customer_type"),
        _active(),
        *_text("notes"),
        sa.Column("created_by", sa.Text, nullable=False),
        _created(),
        **auto,
    )
    op.create_table(
        "entity_aliases",
        _key("alias_id"),
        sa.Column("alias_name", sa.Text, nullable=False),
        sa.Column("entity_type", sa.Text, nullable=False),
        sa.Column("target_entity_id", _KEY, nullable=False),
        sa.Column("confidence_score", sa.Integer, nullable=False, server_default="100"),
        sa.Column("created_by", sa.Text, nullable=False),
        _created(),
        _active(),
        *_text("notes"),
        sa.UniqueConstraint("alias_name", "entity_type"),
        sa.CheckConstraint("entity_type IN ('customer', 'agency')"),
        sa.CheckConstraint("confidence_score BETWEEN 1 AND 100"),
        **auto,
    )
    op.create_table("raw_customer_inputs", sa.Column("raw_text", sa.Text, primary_key=True), _created())


def _schedules() -> None:
    auto = {"sqlite_autoincrement": True}
    op.create_table(
        "programming_schedules",
        _key("schedule_id"),
        sa.Column("schedule_name", sa.Text, nullable=False),
        sa.Column("schedule_version", sa.Text, nullable=False),
        sa.Column("schedule_type", sa.Text, nullable=False),
        sa.Column("effective_start_date", sa.Date, nullable=False),
        sa.Column("effective_end_date", sa.Date),
        _active(),
        *_text("created_by", "notes"),
        sa.UniqueConstraint("schedule_name", "schedule_type", "effective_start_date"),
        sa.CheckConstraint("effective_end_date IS NULL OR effective_end_date > effective_start_date"),
        **auto,
    )
    op.create_table(
        "schedule_market_assignments",
        _key("assignment_id"),
        _reference("schedule_id", "programming_schedules.schedule_id", ondelete="CASCADE", nullable=False),
        _reference("market_id", "markets.market_id", ondelete="CASCADE", nullable=False),
        sa.Column("effective_start_date", sa.Date, nullable=False),
        sa.Column("effective_end_date", sa.Date),
        sa.Column("assignment_priority", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created_by", sa.Text, nullable=False, server_default="system"),
        *_text("notes"),
        sa.UniqueConstraint("market_id", "schedule_id", "effective_start_date"),
        **auto,
    )


def _imports() -> None:
    op.create_table(
        "month_closures",
        sa.Column("broadcast_month", sa.Text, primary_key=True),
        sa.Column("closed_date", sa.Date, nullable=False),
        sa.Column("closed_by", sa.Text, nullable=False),
        *_text("notes"),
        _created(),
        sa.CheckConstraint(_AS_SPOTS_HAVE_IT),
    )
    op.create_table(
        "import_batches",
        sa.Column("batch_id", sa.Text, primary_key=True),
        sa.Column("import_date", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("import_mode", sa.Text, nullable=False),
        sa.Column("source_file", sa.Text, nullable=False),
        sa.Column("broadcast_months_affected", sa.Text),
        sa.Column("records_imported", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_deleted", sa.Integer, nullable=False, server_default="0"),
        sa.Column("status", sa.Text, nullable=False, server_default="RUNNING"),
        *_text("started_by"),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        *_text("notes", "error_summary"),
        sa.CheckConstraint("import_mode IN ('HISTORICAL', 'WEEKLY_UPDATE', 'MANUAL')"),
        sa.CheckConstraint("status IN ('RUNNING', 'COMPLETED', 'FAILED')"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SCHEMA IF NOT EXISTS meta")
    op.create_table(
        "ingestion_runs",
        sa.Column("run_id", sa.Uuid().with_variant(sa.Text(), "sqlite"), primary_key=True),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("entity_type", sa.String(50), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
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


def _spots() -> None:
    auto = {"sqlite_autoincrement": True}
    op.create_table(
        "spots",
        _key("spot_id"),
        sa.Column("bill_code", sa.Text, nullable=False),
        sa.Column("air_date", sa.Date, nullable=False),
        sa.Column("end_date", sa.Date),
        *_text("day_of_week", "time_in", "time_out", "length_seconds", "media", "comments", "language_code", "format"),
        sa.Column("sequence_number", sa.Integer),
        sa.Column("line_number", sa.Integer),
        *_text("spot_type", "estimate"),
        sa.Column("gross_rate", _MONEY),
        *_text("make_good"),
        sa.Column("spot_value", _MONEY),
        sa.Column("broadcast_month", sa.Text, nullable=False),
        sa.Column("broker_fees", _MONEY),
        sa.Column("priority", sa.Integer),
        sa.Column("station_net", _MONEY),
        *_text(
            "sales_person", "revenue_type", "billing_type", "agency_flag", "affidavit_flag", "contract", "market_name"
        ),
        _reference("customer_id", "customers.customer_id"),
        _reference("agency_id", "agencies.agency_id"),
        _reference("market_id", "markets.market_id"),
        _reference("language_id", "languages.language_id"),
        sa.Column("load_date", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        *_text("source_file"),
        sa.Column("is_historical", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("effective_date", sa.Date),
        sa.Column("import_batch_id", sa.Text, sa.ForeignKey("import_batches.batch_id", ondelete="SET NULL")),
        *_text("spot_category"),
        sa.Column("row_hash", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("spot_type IN ('AV', 'BB', 'BNS', 'COM', 'CRD', 'PKG', 'PRD', 'PRG', 'SVC', '')"),
        sa.CheckConstraint("billing_type IN ('Calendar', 'Broadcast')"),
        sa.CheckConstraint("affidavit_flag IN ('Y', 'N')"),
        sa.CheckConstraint("broadcast_month LIKE '___-__'"),
        sa.CheckConstraint("lower(trim(revenue_type)) <> 'trade'"),
        sa.CheckConstraint("spot_category IN ('language_assignment_required', 'review_category', 'default_english')"),
        **auto,
    )
    op.create_index("spots_by_month", "spots", ["broadcast_month", "row_hash"])
    op.create_index("spots_by_air_date", "spots", ["air_date"])
    op.create_index("spots_by_customer", "spots", ["customer_id"])
    op.create_index("spots_by_bill_code", "spots", ["bill_code"])
    op.create_table(
        "spot_language_assignments",
        _key("assignment_id"),
        sa.Column("spot_id", _KEY, sa.ForeignKey("spots.spot_id", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("language_code", sa.Text, nullable=False),
        sa.Column("language_status", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False, server_default="1.0"),
        sa.Column("assignment_method", sa.Text, nullable=False, server_default="direct_mapping"),
        sa.Column("assigned_date", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("requires_review", sa.Boolean, nullable=False, server_default=sa.false()),
        *_text("notes"),
        sa.CheckConstraint("language_status IN ('determined', 'undetermined', 'default', 'invalid')"),
        **auto,
    )
    op.create_index(
        "assignments_to_review",
        "spot_language_assignments",
        ["spot_id"],
        sqlite_where=sa.text("requires_review"),
        postgresql_where=sa.text("requires_review"),
    )
    op.create_table(
        "language_decisions",
        sa.Column("row_hash", sa.LargeBinary, primary_key=True),
        sa.Column("broadcast_month", sa.Text, nullable=False),
        sa.Column("language_code", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        *_text("notes"),
    )
