"""The FMS database as its first version had it. What ``schema.tables`` changes later, a later migration changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)
_WEEKDAYS = "'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SCHEMA IF NOT EXISTS meta")
    op.create_table(
        "vehicles",
        *_key("vin"),
        *_text("vehicle_id"),
        *_integers("year"),
        *_required("make", "model"),
        *_text("model_short_name"),
        *_required("office"),
        *_text("fleet"),
        *_dates("registration_exp", "insurance_exp"),
        *_integers("current_mileage"),
        *_dates("in_service_date", "expected_turn_in_date"),
        *_text("notes", "color"),
        _updated(),
    )
    op.create_table(
        "media_partners",
        *_key("person_id", "office"),
        *_required("name"),
        *_text("address", "default_loan_region", "notes_instructions", "affiliation"),
        *_integers("activity_type_subcategory_id"),
        *_coordinates(),
        *_text("address_hash", "geocode_status"),
        sa.Column("geocoded_at", _INSTANT),
        _weekday(),
        sa.Column("preferred_day_confidence", sa.Numeric(5, 2, asdecimal=False)),
        sa.Column("preferred_day_source", sa.Text, sa.CheckConstraint("preferred_day_source IN ('auto', 'manual')")),
        *_text("allowed_start_dows"),
        _updated(),
    )
    op.create_table(
        "loan_history",
        *_key("activity_id"),
        *_required("vin", "person_id"),
        *_text("make", "model"),
        *_integers("year"),
        *_text("model_short_name"),
        *_dates("start_date", "end_date", nullable=False),
        *_integers("clips_received"),
        *_text("office", "name", "partner_address", "region"),
        _updated(),
    )
    op.create_table(
        "current_activity",
        *_key("activity_id"),
        *_text("person_id"),
        *_required("vehicle_vin"),
        *_text("activity_type"),
        *_dates("start_date", "end_date", nullable=False),
        *_text("to_field", "partner_address", "region"),
        _updated(),
    )
    op.create_table(
        "approved_makes",
        *_key("person_id", "make"),
        *_required("name"),
        *_required("rank"),
        _updated(),
    )
    op.create_table(
        "sync_rejects",
        *_key("table_name"),
        sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
        *_required("column_name", "reason"),
    )
    op.create_table(
        "geocode_cache",
        *_key("address_hash"),
        *_required("provider", "status"),
        *_coordinates(),
        *_text("match_type", "provider_ref"),
        sa.Column("fetched_at", _INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", _INSTANT),
    )
    op.create_table(
        "partner_choices",
        *_key("person_id", "office"),
        _weekday(),
        *_text("allowed_start_dows", "chosen_by"),
        sa.Column("chosen_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "ops_capacity",
        *_key("office"),
        *_integers("drivers_per_day"),
        *_text("notes"),
        _updated(),
    )
    op.create_table(
        "holiday_blackout_dates",
        *_key("office"),
        sa.Column("date", sa.Date, primary_key=True),
        *_key("holiday_name"),
        *_text("type"),
        sa.Column("all_day", sa.Boolean),
        sa.Column("start_time", sa.Time),
        sa.Column("end_time", sa.Time),
        *_text("notes"),
        _updated(),
    )
    op.create_table(
        "rules",
        *_key("make", "rank"),
        *_integers("loan_cap_per_year"),
        *_text("publication_rate_requirement"),
        *_integers("cooldown_period"),
        *_text("soft_vs_hard_constraint", "rule_description", "notes"),
        _updated(),
    )
    op.create_table(
        "budgets",
        *_key("office", "fleet"),
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        *_key("quarter"),
        sa.Column("budget_amount", sa.Numeric(12, 2, asdecimal=False)),
        sa.Column("amount_used", sa.Numeric(12, 2, asdecimal=False)),
        _updated(),
    )
    op.create_table(
        "ingestion_runs",
        sa.Column("run_id", sa.Uuid().with_variant(sa.Text(), "sqlite"), primary_key=True),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("entity_type", sa.String(50), primary_key=True),
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
    op.create_index("ix_media_partners_office", "media_partners", ["office"])
    op.create_index("ix_loan_history_person_id", "loan_history", ["person_id", "office", "start_date"])
    op.create_index("ix_loan_history_vin", "loan_history", ["vin"])
    op.create_index("ix_current_activity_vehicle_vin", "current_activity", ["vehicle_vin", "start_date"])
    op.create_index("ix_current_activity_person_id", "current_activity", ["person_id"])
    op.create_index("ix_approved_makes_make", "approved_makes", ["make", "rank"])


def _key(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def _required(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _integers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer) for name in names]


def _dates(*names: str, nullable: bool = True) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date, nullable=nullable) for name in names]


def _coordinates() -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Numeric(9, 6, asdecimal=False)) for name in ("latitude", "longitude")]


def _updated() -> sa.Column[Any]:
    return sa.Column("updated_at", _INSTANT, nullable=False)


def _weekday() -> sa.Column[Any]:
    return sa.Column("preferred_day_of_week", sa.Text, sa.CheckConstraint(f"preferred_day_of_week IN ({_WEEKDAYS})"))
