"""The tables of the FMS database as the jobs read and write them; the migrations make them, a test compares.

The ids of FMS (``person_id``, ``activity_id``, ``vehicle_id``) are digits as text, without leading zeros, everywhere
the same (facts 1.0). Office is a display name. Dates are local dates, instants are UTC. Nothing refers to another
table: approvals and loans of people who are not in the roster exist, and must load (facts 1.7).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ctvpipe.stores.types import Instant

METADATA = sa.MetaData()
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
AUTO, MANUAL = "auto", "manual"  # who has set a preferred day
_INSTANT = Instant()


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
    """When a row was last written; never compared."""
    return sa.Column("updated_at", _INSTANT, nullable=False)


def _weekday() -> sa.Column[Any]:
    days = ", ".join(f"'{day}'" for day in WEEKDAYS)
    return sa.Column("preferred_day_of_week", sa.Text, sa.CheckConstraint(f"preferred_day_of_week IN ({days})"))


# The five feeds (facts 1.1 to 1.5).
VEHICLES = sa.Table(
    "vehicles",
    METADATA,
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
MEDIA_PARTNERS = sa.Table(
    "media_partners",
    METADATA,
    *_key("person_id", "office"),
    *_required("name"),
    *_text("address", "default_loan_region", "notes_instructions", "affiliation"),
    *_integers("activity_type_subcategory_id"),
    # What the feed does not bring, and an import never wipes.
    *_coordinates(),
    *_text("address_hash", "geocode_status"),
    sa.Column("geocoded_at", _INSTANT),
    _weekday(),
    sa.Column("preferred_day_confidence", sa.Numeric(5, 2, asdecimal=False)),
    sa.Column("preferred_day_source", sa.Text, sa.CheckConstraint(f"preferred_day_source IN ('{AUTO}', '{MANUAL}')")),
    *_text("allowed_start_dows"),
    _updated(),
    sa.Index("ix_media_partners_office", "office"),
)
LOAN_HISTORY = sa.Table(
    "loan_history",
    METADATA,
    *_key("activity_id"),
    *_required("vin", "person_id"),
    *_text("make", "model"),
    *_integers("year"),
    *_text("model_short_name"),
    *_dates("start_date", "end_date", nullable=False),
    *_integers("clips_received"),
    *_text("office", "name", "partner_address", "region"),
    _updated(),
    sa.Index("ix_loan_history_person_id", "person_id", "office", "start_date"),
    sa.Index("ix_loan_history_vin", "vin"),
)
CURRENT_ACTIVITY = sa.Table(
    "current_activity",
    METADATA,
    *_key("activity_id"),
    *_text("person_id"),
    *_required("vehicle_vin"),
    *_text("activity_type"),
    *_dates("start_date", "end_date", nullable=False),
    *_text("to_field", "partner_address", "region"),
    _updated(),
    sa.Index("ix_current_activity_vehicle_vin", "vehicle_vin", "start_date"),
    sa.Index("ix_current_activity_person_id", "person_id"),
)
APPROVED_MAKES = sa.Table(
    "approved_makes",
    METADATA,
    *_key("person_id", "make"),
    *_required("name"),
    *_required("rank"),
    _updated(),
    sa.Index("ix_approved_makes_make", "make", "rank"),
)

# Rows of a table's latest body that could not be stored; the row itself is not kept, it is personal data.
SYNC_REJECTS = sa.Table(
    "sync_rejects",
    METADATA,
    *_key("table_name"),
    sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
    *_required("column_name", "reason"),
)

# What is known of an address, whoever lives there: lives apart from the partners, who come and go (facts 1.6).
GEOCODE_CACHE = sa.Table(
    "geocode_cache",
    METADATA,
    *_key("address_hash"),
    *_required("provider", "status"),
    *_coordinates(),
    *_text("match_type", "provider_ref"),
    sa.Column("fetched_at", _INSTANT, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", _INSTANT),
)

# What people chose for a partner; lives apart from the partners, who come and go, and wins.
PARTNER_CHOICES = sa.Table(
    "partner_choices",
    METADATA,
    *_key("person_id", "office"),
    _weekday(),
    *_text("allowed_start_dows", "chosen_by"),
    sa.Column("chosen_at", _INSTANT, nullable=False),
)

# The workbooks that people upload (facts 6).
OPS_CAPACITY = sa.Table(
    "ops_capacity",
    METADATA,
    *_key("office"),
    *_integers("drivers_per_day"),
    *_text("notes"),
    _updated(),
)
HOLIDAY_BLACKOUT_DATES = sa.Table(
    "holiday_blackout_dates",
    METADATA,
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
RULES = sa.Table(
    "rules",
    METADATA,
    *_key("make", "rank"),
    *_integers("loan_cap_per_year"),
    *_text("publication_rate_requirement"),
    *_integers("cooldown_period"),
    *_text("soft_vs_hard_constraint", "rule_description", "notes"),
    _updated(),
)
BUDGETS = sa.Table(
    "budgets",
    METADATA,
    *_key("office", "fleet"),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    *_key("quarter"),
    sa.Column("budget_amount", sa.Numeric(12, 2, asdecimal=False)),
    sa.Column("amount_used", sa.Numeric(12, 2, asdecimal=False)),
    _updated(),
)
