"""The tables of the circuits' database as the jobs read and write them; the migrations make them, a test compares.

Business days are dates, instants are UTC. Key columns are never null: null is equal to nothing (facts 11, 13).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ctvpipe.stores.types import Instant

METADATA = sa.MetaData()
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MONEY = sa.Numeric(10, 2)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_INSTANT = Instant()


def _table(name: str, *rest: Any) -> sa.Table:
    key = sa.Column("id", _KEY, primary_key=True, autoincrement=True)
    return sa.Table(name, METADATA, key, *rest, sqlite_autoincrement=True)


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def _required(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _dates(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Date) for name in names]


def _instants(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, _INSTANT) for name in names]


def _stamps() -> list[sa.Column[Any]]:
    """When a row was made and last changed; never compared."""
    return [sa.Column(name, _INSTANT, nullable=False) for name in ("created_at", "updated_at")]


def _flag(name: str, *, default: bool) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.true() if default else sa.false())


def _circuit(*, unique: bool = False) -> sa.Column[Any]:
    target = sa.ForeignKey("circuits.id", ondelete="CASCADE")
    return sa.Column("circuit_id", _KEY, target, nullable=False, unique=unique)


# What the order CSV brings (facts 3.1, 3.2), in the order of the fingerprint.
CIRCUITS = _table(
    "circuits",
    *_required("site_name", "circuit_purpose"),
    *_text("site_id", "record_number", "status", "sub_status", "provider", "speed", "service_speed"),
    sa.Column("monthly_cost", _MONEY),
    sa.Column("install_cost", _MONEY),
    *_text("ip_address"),
    sa.Column("date_record_updated", sa.DateTime),  # the broker's own clock, whose zone is not known
    *_dates("milestone_service_activated", "milestone_enabled", "install_date", "ready_for_date"),
    *_dates("target_enablement_date", "target_service_activation_date"),
    *_text("desired_cktid", "current_cktid", "project_manager", "regional_manager", "notes"),
    *_text("details_provider", "details_provider_phone", "billing_account"),
    *_text("address_1", "city", "state", "zipcode", "primary_contact_name", "primary_contact_email"),
    *_text("assigned_to", "sctask"),
    *_text("fingerprint", "last_csv_file"),
    sa.Column("data_source", sa.Text, nullable=False),  # tracking, manual, new_stores
    sa.Column("missing_since", sa.Date),  # the day of the first file without it
    # Other programs write it too, and may write null: only true is an override.
    sa.Column("manual_override", sa.Boolean, server_default=sa.false()),
    sa.Column("manual_override_date", _INSTANT),
    *_text("manual_override_by"),
    *_stamps(),
    sa.UniqueConstraint("site_name", "circuit_purpose"),
    sa.Index("ix_circuits_site_id", "site_id"),
    sa.Index("ix_circuits_record_number", "record_number"),
)

# Rows of the newest file that lost to another one of their key (facts 10.1); position 1 is the best of them.
CONFLICTS = _table(
    "circuit_import_conflicts",
    *_required("site_name", "circuit_purpose"),
    sa.Column("position", sa.Integer, nullable=False),
    *_text("record_number", "status", "provider", "winner_record_number", "winner_status", "csv_file"),
    sa.Column("details", _JSON, nullable=False),
    *_stamps(),
    sa.UniqueConstraint("site_name", "circuit_purpose", "position"),
)

# The days for which a file was imported, and each circuit's status from the day on which it became so: together the
# state of every circuit on every such day. A null status: not in that day's file.
STATUS_DAYS = _table(
    "circuit_status_days",
    sa.Column("date", sa.Date, nullable=False, unique=True),
    *_text("csv_file"),
    sa.Column("rows", sa.Integer, nullable=False),
)
STATUS_CHANGES = _table(
    "circuit_status_changes",
    *_required("site_key"),  # the normalised site id, or what stands for it
    sa.Column("date", sa.Date, nullable=False),
    *_text("status", "site_name", "circuit_purpose", "record_number", "assigned_to"),
    sa.UniqueConstraint("site_key", "date"),
    sa.Index("ix_circuit_status_changes_date", "date"),
)

DAILY_SUMMARIES = _table(
    "daily_summaries",
    sa.Column("summary_date", sa.Date, nullable=False, unique=True),
    *(
        sa.Column(name, sa.Integer, nullable=False)
        for name in (
            "total_circuits",
            "enabled_count",
            "ready_count",
            "customer_action_count",
            "construction_count",
            "planning_count",
        )
    ),
    *_text("csv_file_processed"),
    sa.Column("processing_time_seconds", sa.Float),
    sa.Column("created_at", _INSTANT, nullable=False),
)


def _wan(number: int) -> list[sa.Column[Any]]:
    names = ("ip", "public_ip", "status", "assignment", "arin_provider", "provider_label", "speed_label")
    return _text(*(f"wan{number}_{name}" for name in names), f"wan{number}_provider_comparison")


# Appliances with their uplinks (facts 4.2); the job meraki-inventory owns it.
MERAKI_INVENTORY = _table(
    "meraki_inventory",
    sa.Column("serial", sa.Text, nullable=False, unique=True),
    *_text("organization_id", "organization_name", "network_id", "network_name", "model", "mac", "device_name"),
    *_text("firmware", "product_type"),
    sa.Column("device_tags", _JSON),
    sa.Column("network_tags", _JSON),
    *_text("device_notes"),
    *_wan(1),
    *_wan(2),
    *_text("ha_role", "availability"),
    *_instants("last_reported_at"),  # null while it is online
    _flag("is_active", default=True),
    sa.Column("gone_since", sa.Date),
    *_stamps(),
    sa.Index("ix_meraki_inventory_network_name", "network_name"),
    sa.Index("ix_meraki_inventory_wan1_ip", "wan1_ip"),
    sa.Index("ix_meraki_inventory_wan2_ip", "wan2_ip"),
)

# Every device of every organisation (facts 5); the job meraki-inventory-all owns it.
INVENTORY_DEVICES = _table(
    "inventory_devices",
    sa.Column("serial", sa.Text, nullable=False, unique=True),
    *_text("model", "organization_id", "organization", "network_id", "network_name", "name", "mac", "lan_ip"),
    *_text("firmware", "product_type"),
    sa.Column("tags", _JSON),
    *_text("notes"),
    sa.Column("details", _JSON),
    _flag("is_active", default=True),
    sa.Column("gone_since", sa.Date),
    *_stamps(),
    sa.Index("ix_inventory_devices_model", "model"),
    sa.Index("ix_inventory_devices_organization_id", "organization_id"),
)
INVENTORY_SUMMARY = _table(
    "inventory_summary",
    sa.Column("model", sa.Text, nullable=False, unique=True),
    sa.Column("total_count", sa.Integer, nullable=False),
    sa.Column("org_counts", _JSON, nullable=False),
    *_dates("announcement_date", "end_of_sale", "end_of_support"),
    *_text("highlight"),  # eos, eol
    *_stamps(),
)

# Stores that have a network and no circuit, and stores that people expect (facts 4.3, 2).
NEW_STORES = _table(
    "new_stores",
    sa.Column("site_name", sa.Text, nullable=False, unique=True),
    *_required("source"),  # meraki, manual
    *_text("network_id"),
    *_dates("target_opening_date"),
    *_text("region", "city", "state", "project_status", "notes"),
    _flag("is_active", default=True),
    _flag("meraki_network_found", default=False),
    *_dates("meraki_found_date", "added_date"),
    *_text("added_by"),
    *_stamps(),
)

# Answers of the registries by the range they answered for; both ends as 32 hexadecimal digits, so that text orders them.
RDAP_CACHE = _table(
    "rdap_cache",
    *_required("range_start", "range_end"),
    *_text("provider_name", "network_name", "registrant", "network_type", "failure"),
    sa.Column("last_queried", _INSTANT, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.UniqueConstraint("range_start", "range_end"),
)

# One row a circuit (facts 6.5, Rec); rebuilt every night, so nothing that people decided is kept here.
ENRICHED_CIRCUITS = _table(
    "enriched_circuits",
    _circuit(unique=True),
    *_required("site_name", "circuit_purpose"),
    sa.Column("wan_slot", sa.Integer),
    *_required("match_method"),  # person, ip, provider, none
    sa.Column("match_score", sa.Float),
    *_text("provider", "speed", "status", "serial", "model", "network_id", "network_name"),
    sa.Column("device_tags", _JSON),
    *_text("device_notes", "wan_ip", "public_ip", "arin_provider", "uplink_status", "ip_assignment"),
    _flag("wan_flipped", default=False),
    _flag("confirmed", default=False),
    sa.Column("enriched_at", _INSTANT, nullable=False),
    sa.Index("ix_enriched_circuits_site_name", "site_name"),
    sa.Index("ix_enriched_circuits_serial", "serial"),
)
# The WANs of the networks that have one (facts 6.4), matched or not: what the view of sites shows.
ENRICHED_WANS = _table(
    "enriched_wans",
    *_required("network_id"),
    sa.Column("wan_slot", sa.Integer, nullable=False),
    *_required("network_name", "serial"),
    *_text("provider", "speed", "circuit_role", "wan_ip", "public_ip", "arin_provider", "uplink_status"),
    _flag("confirmed", default=False),
    sa.Column("circuit_id", _KEY, sa.ForeignKey("circuits.id", ondelete="SET NULL")),
    sa.Column("enriched_at", _INSTANT, nullable=False),
    sa.UniqueConstraint("network_id", "wan_slot"),
    sa.Index("ix_enriched_wans_circuit_id", "circuit_id"),
)


def _shown_wan(slot: int, role: str) -> str:
    names = {"provider": "provider", "speed": "speed", "ip": "wan_ip", "arin_org": "arin_provider"}
    plain = "".join(f" w{slot}.{column} AS wan{slot}_{name}," for name, column in names.items())
    return (
        f"{plain} COALESCE(w{slot}.circuit_role, '{role}') AS wan{slot}_circuit_role,"
        f" COALESCE(w{slot}.confirmed, FALSE) AS wan{slot}_confirmed, w{slot}.circuit_id AS wan{slot}_circuit_id,"
    )


# One row a network, in the shape that consumers know (facts 6.5); a view, so that it cannot differ from its tables.
ENRICHED_SITES = (
    "CREATE VIEW enriched_sites AS SELECT s.network_id, s.network_name, s.serial, m.device_tags,"  # noqa: S608
    f"{_shown_wan(1, 'Primary')}{_shown_wan(2, 'Secondary')}"
    " CASE WHEN w1.enriched_at > w2.enriched_at OR w2.enriched_at IS NULL THEN w1.enriched_at"
    " ELSE w2.enriched_at END AS last_updated"
    " FROM (SELECT DISTINCT network_id, network_name, serial FROM enriched_wans) AS s"
    " LEFT JOIN enriched_wans AS w1 ON w1.network_id = s.network_id AND w1.wan_slot = 1"
    " LEFT JOIN enriched_wans AS w2 ON w2.network_id = s.network_id AND w2.wan_slot = 2"
    " LEFT JOIN meraki_inventory AS m ON m.serial = s.serial"
)
# What people confirmed of a circuit; by its key, so that it outlives the row.
CONFIRMATIONS = _table(
    "circuit_confirmations",
    *_required("site_name", "circuit_purpose"),
    *_text("provider", "speed"),
    sa.Column("wan_slot", sa.Integer),
    *_required("confirmed_by"),
    *_text("notes"),
    *_stamps(),
    sa.UniqueConstraint("site_name", "circuit_purpose"),
)

# Who is to enable what. No purpose and no site id: the whole site.
ASSIGNMENTS = _table(
    "circuit_assignments",
    *_required("site_name"),
    *_text("site_id"),
    sa.Column("circuit_purpose", sa.Text, nullable=False, server_default=""),
    sa.Column("sctask", sa.Text, nullable=False, server_default=""),
    *_required("assigned_to"),
    sa.Column("assignment_date", sa.Date, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),  # active, closed
    *_text("notes", "created_by", "updated_by"),
    *_stamps(),
    sa.UniqueConstraint("site_name", "circuit_purpose", "sctask"),
)
DAILY_ENABLEMENTS = _table(
    "daily_enablements",
    *_required("site_id"),
    sa.Column("date", sa.Date, nullable=False),
    *_required("enabled_by"),
    *_text("record_number"),
    sa.Column("circuit_id", _KEY, sa.ForeignKey("circuits.id", ondelete="SET NULL")),
    *_text("site_name", "circuit_purpose", "provider", "speed"),
    sa.Column("monthly_cost", _MONEY),
    *_text("previous_status", "current_status"),
    sa.Column("gap_days", sa.Integer, nullable=False),
    *_stamps(),
    sa.UniqueConstraint("site_id", "date"),
    sa.Index("ix_daily_enablements_date", "date"),
)
ENABLEMENT_SUMMARY = _table(
    "enablement_summary",
    sa.Column("date", sa.Date, nullable=False, unique=True),
    sa.Column("enablements_count", sa.Integer, nullable=False),
    sa.Column("ready_count", sa.Integer),
    *_stamps(),
)

# A circuit's tracked values from the day on which they became so; a null ``state``: it was gone.
SNAPSHOTS = _table(
    "circuit_snapshot",
    sa.Column("circuit_id", _KEY, nullable=False),
    sa.Column("snapshot_date", sa.Date, nullable=False),
    sa.Column("state", _JSON),
    sa.UniqueConstraint("circuit_id", "snapshot_date"),
)
HISTORY = _table(
    "circuit_history",
    sa.Column("circuit_id", _KEY, nullable=False),  # history outlives the circuit
    *_required("field_name"),
    *_text("old_value", "new_value"),
    sa.Column("change_date", _INSTANT, nullable=False),
    sa.Column("snapshot_date", sa.Date, nullable=False),
    *_required("change_type"),
    *_text("source"),
    sa.UniqueConstraint("circuit_id", "field_name", "snapshot_date"),
    sa.Index("ix_circuit_history_snapshot_date", "snapshot_date"),
)
