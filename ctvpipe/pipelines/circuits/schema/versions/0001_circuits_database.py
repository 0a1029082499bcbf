"""The circuits' database as its first version had it. What ``schema.tables`` changes later, a later migration changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_INSTANT = sa.DateTime(timezone=True)
_ENRICHED_SITES = (
    "CREATE VIEW enriched_sites AS SELECT s.network_id, s.network_name, s.serial, m.device_tags, "
    "w1.provider AS wan1_provider, w1.speed AS wan1_speed, w1.wan_ip AS wan1_ip, w1.arin_provider AS "
    "wan1_arin_org, COALESCE(w1.circuit_role, 'Primary') AS wan1_circuit_role, COALESCE(w1.confirmed, "
    "FALSE) AS wan1_confirmed, w1.circuit_id AS wan1_circuit_id, w2.provider AS wan2_provider, w2.speed "
    "AS wan2_speed, w2.wan_ip AS wan2_ip, w2.arin_provider AS wan2_arin_org, COALESCE(w2.circuit_role, "
    "'Secondary') AS wan2_circuit_role, COALESCE(w2.confirmed, FALSE) AS wan2_confirmed, w2.circuit_id AS "
    "wan2_circuit_id, CASE WHEN w1.enriched_at > w2.enriched_at OR w2.enriched_at IS NULL THEN "
    "w1.enriched_at ELSE w2.enriched_at END AS last_updated FROM (SELECT DISTINCT network_id, "
    "network_name, serial FROM enriched_wans) AS s LEFT JOIN enriched_wans AS w1 ON w1.network_id = "
    "s.network_id AND w1.wan_slot = 1 LEFT JOIN enriched_wans AS w2 ON w2.network_id = s.network_id AND "
    "w2.wan_slot = 2 LEFT JOIN meraki_inventory AS m ON m.serial = s.serial"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SCHEMA IF NOT EXISTS meta")
    _create(
        "circuit_assignments",
        *_required("site_name"),
        *_text("site_id"),
        sa.Column("circuit_purpose", sa.Text, nullable=False, server_default=""),
        sa.Column("sctask", sa.Text, nullable=False, server_default=""),
        *_required("assigned_to"),
        sa.Column("assignment_date", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="active"),
        *_text("notes", "created_by", "updated_by"),
        *_stamps(),
        sa.UniqueConstraint("site_name", "circuit_purpose", "sctask"),
    )
    _create(
        "circuit_confirmations",
        *_required("site_name", "circuit_purpose"),
        *_text("provider", "speed"),
        sa.Column("wan_slot", sa.Integer),
        *_required("confirmed_by"),
        *_text("notes"),
        *_stamps(),
        sa.UniqueConstraint("site_name", "circuit_purpose"),
    )
    _create(
        "circuit_history",
        sa.Column("circuit_id", _KEY, nullable=False),
        *_required("field_name"),
        *_text("old_value", "new_value"),
        sa.Column("change_date", _INSTANT, nullable=False),
        sa.Column("snapshot_date", sa.Date, nullable=False),
        *_required("change_type"),
        *_text("source"),
        sa.UniqueConstraint("circuit_id", "field_name", "snapshot_date"),
    )
    op.create_index("ix_circuit_history_snapshot_date", "circuit_history", ["snapshot_date"])
    _create(
        "circuit_import_conflicts",
        *_required("site_name", "circuit_purpose"),
        sa.Column("position", sa.Integer, nullable=False),
        *_text("record_number", "status", "provider", "winner_record_number", "winner_status", "csv_file"),
        sa.Column("details", _JSON, nullable=False),
        *_stamps(),
        sa.UniqueConstraint("site_name", "circuit_purpose", "position"),
    )
    _create(
        "circuit_snapshot",
        sa.Column("circuit_id", _KEY, nullable=False),
        sa.Column("snapshot_date", sa.Date, nullable=False),
        sa.Column("state", _JSON),
        sa.UniqueConstraint("circuit_id", "snapshot_date"),
    )
    _create(
        "circuit_status_changes",
        *_required("site_key"),
        sa.Column("date", sa.Date, nullable=False),
        *_text("status", "site_name", "circuit_purpose", "record_number", "assigned_to"),
        sa.UniqueConstraint("site_key", "date"),
    )
    op.create_index("ix_circuit_status_changes_date", "circuit_status_changes", ["date"])
    _create(
        "circuit_status_days",
        sa.Column("date", sa.Date, nullable=False, unique=True),
        *_text("csv_file"),
        sa.Column("rows", sa.Integer, nullable=False),
    )
    _create(
        "circuits",
        *_required("site_name", "circuit_purpose"),
        *_text("site_id", "record_number", "status", "sub_status", "provider", "speed", "service_speed"),
        sa.Column("monthly_cost", sa.Numeric(10, 2)),
        sa.Column("install_cost", sa.Numeric(10, 2)),
        *_text("ip_address"),
        sa.Column("date_record_updated", sa.DateTime),
        sa.Column("milestone_service_activated", sa.Date),
        sa.Column("milestone_enabled", sa.Date),
        sa.Column("install_date", sa.Date),
        sa.Column("ready_for_date", sa.Date),
        sa.Column("target_enablement_date", sa.Date),
        sa.Column("target_service_activation_date", sa.Date),
        *_text(
            "desired_cktid",
            "current_cktid",
            "project_manager",
            "regional_manager",
            "notes",
            "details_provider",
            "details_provider_phone",
            "billing_account",
            "address_1",
            "city",
            "state",
            "zipcode",
            "primary_contact_name",
            "primary_contact_email",
            "assigned_to",
            "sctask",
            "fingerprint",
            "last_csv_file",
        ),
        *_required("data_source"),
        sa.Column("missing_since", sa.Date),
        sa.Column("manual_override", sa.Boolean, server_default=sa.false()),
        sa.Column("manual_override_date", _INSTANT),
        *_text("manual_override_by"),
        *_stamps(),
        sa.UniqueConstraint("site_name", "circuit_purpose"),
    )
    op.create_index("ix_circuits_record_number", "circuits", ["record_number"])
    op.create_index("ix_circuits_site_id", "circuits", ["site_id"])
    _create(
        "daily_summaries",
        sa.Column("summary_date", sa.Date, nullable=False, unique=True),
        sa.Column("total_circuits", sa.Integer, nullable=False),
        sa.Column("enabled_count", sa.Integer, nullable=False),
        sa.Column("ready_count", sa.Integer, nullable=False),
        sa.Column("customer_action_count", sa.Integer, nullable=False),
        sa.Column("construction_count", sa.Integer, nullable=False),
        sa.Column("planning_count", sa.Integer, nullable=False),
        *_text("csv_file_processed"),
        sa.Column("processing_time_seconds", sa.Float),
        sa.Column("created_at", _INSTANT, nullable=False),
    )
    _create(
        "enablement_summary",
        sa.Column("date", sa.Date, nullable=False, unique=True),
        sa.Column("enablements_count", sa.Integer, nullable=False),
        sa.Column("ready_count", sa.Integer),
        *_stamps(),
    )
    _create(
        "inventory_devices",
        sa.Column("serial", sa.Text, nullable=False, unique=True),
        *_text(
            "model",
            "organization_id",
            "organization",
            "network_id",
            "network_name",
            "name",
            "mac",
            "lan_ip",
            "firmware",
            "product_type",
        ),
        sa.Column("tags", _JSON),
        *_text("notes"),
        sa.Column("details", _JSON),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("gone_since", sa.Date),
        *_stamps(),
    )
    op.create_index("ix_inventory_devices_model", "inventory_devices", ["model"])
    op.create_index("ix_inventory_devices_organization_id", "inventory_devices", ["organization_id"])
    _create(
        "inventory_summary",
        sa.Column("model", sa.Text, nullable=False, unique=True),
        sa.Column("total_count", sa.Integer, nullable=False),
        sa.Column("org_counts", _JSON, nullable=False),
        sa.Column("announcement_date", sa.Date),
        sa.Column("end_of_sale", sa.Date),
        sa.Column("end_of_support", sa.Date),
        *_text("highlight"),
        *_stamps(),
    )
    _create(
        "meraki_inventory",
        sa.Column("serial", sa.Text, nullable=False, unique=True),
        *_text(
            "organization_id",
            "organization_name",
            "network_id",
            "network_name",
            "model",
            "mac",
            "device_name",
            "firmware",
            "product_type",
        ),
        sa.Column("device_tags", _JSON),
        sa.Column("network_tags", _JSON),
        *_text(
            "device_notes",
            "wan1_ip",
            "wan1_public_ip",
            "wan1_status",
            "wan1_assignment",
            "wan1_arin_provider",
            "wan1_provider_label",
            "wan1_speed_label",
            "wan1_provider_comparison",
            "wan2_ip",
            "wan2_public_ip",
            "wan2_status",
            "wan2_assignment",
            "wan2_arin_provider",
            "wan2_provider_label",
            "wan2_speed_label",
            "wan2_provider_comparison",
            "ha_role",
            "availability",
        ),
        sa.Column("last_reported_at", _INSTANT),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("gone_since", sa.Date),
        *_stamps(),
    )
    op.create_index("ix_meraki_inventory_network_name", "meraki_inventory", ["network_name"])
    op.create_index("ix_meraki_inventory_wan1_ip", "meraki_inventory", ["wan1_ip"])
    op.create_index("ix_meraki_inventory_wan2_ip", "meraki_inventory", ["wan2_ip"])
    _create(
        "new_stores",
        sa.Column("site_name", sa.Text, nullable=False, unique=True),
        *_required("source"),
        *_text("network_id"),
        sa.Column("target_opening_date", sa.Date),
        *_text("region", "city", "state", "project_status", "notes"),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("meraki_network_found", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("meraki_found_date", sa.Date),
        sa.Column("added_date", sa.Date),
        *_text("added_by"),
        *_stamps(),
    )
    _create(
        "rdap_cache",
        *_required("range_start", "range_end"),
        *_text("provider_name", "network_name", "registrant", "network_type", "failure"),
        sa.Column("last_queried", _INSTANT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.UniqueConstraint("range_start", "range_end"),
    )
    _create(
        "daily_enablements",
        *_required("site_id"),
        sa.Column("date", sa.Date, nullable=False),
        *_required("enabled_by"),
        *_text("record_number"),
        sa.Column("circuit_id", _KEY, sa.ForeignKey("circuits.id", ondelete="SET NULL")),
        *_text("site_name", "circuit_purpose", "provider", "speed"),
        sa.Column("monthly_cost", sa.Numeric(10, 2)),
        *_text("previous_status", "current_status"),
        sa.Column("gap_days", sa.Integer, nullable=False),
        *_stamps(),
        sa.UniqueConstraint("site_id", "date"),
    )
    op.create_index("ix_daily_enablements_date", "daily_enablements", ["date"])
    _create(
        "enriched_circuits",
        sa.Column("circuit_id", _KEY, sa.ForeignKey("circuits.id", ondelete="CASCADE"), nullable=False, unique=True),
        *_required("site_name", "circuit_purpose"),
        sa.Column("wan_slot", sa.Integer),
        *_required("match_method"),
        sa.Column("match_score", sa.Float),
        *_text("provider", "speed", "status", "serial", "model", "network_id", "network_name"),
        sa.Column("device_tags", _JSON),
        *_text("device_notes", "wan_ip", "public_ip", "arin_provider", "uplink_status", "ip_assignment"),
        sa.Column("wan_flipped", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("enriched_at", _INSTANT, nullable=False),
    )
    op.create_index("ix_enriched_circuits_serial", "enriched_circuits", ["serial"])
    op.create_index("ix_enriched_circuits_site_name", "enriched_circuits", ["site_name"])
    _create(
        "enriched_wans",
        *_required("network_id"),
        sa.Column("wan_slot", sa.Integer, nullable=False),
        *_required("network_name", "serial"),
        *_text("provider", "speed", "circuit_role", "wan_ip", "public_ip", "arin_provider", "uplink_status"),
        sa.Column("confirmed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("circuit_id", _KEY, sa.ForeignKey("circuits.id", ondelete="SET NULL")),
        sa.Column("enriched_at", _INSTANT, nullable=False),
        sa.UniqueConstraint("network_id", "wan_slot"),
    )
    op.create_index("ix_enriched_wans_circuit_id", "enriched_wans", ["circuit_id"])
    op.execute(_ENRICHED_SITES)
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


def _create(name: str, *rest: Any) -> None:
    key = sa.Column("id", _KEY, primary_key=True, autoincrement=True)
    op.create_table(name, key, *rest, sqlite_autoincrement=True)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def _required(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _stamps() -> list[sa.Column[Any]]:
    return [sa.Column(name, _INSTANT, nullable=False) for name in ("created_at", "updated_at")]
