"""The FMS database as its first version had it. What ``schema.tables`` changes later, a later migration changes.

As SQL, all of it at once: a first night makes the tables while it reads the exports.
"""

from __future__ import annotations

from alembic import op

from ctvpipe.stores import migrate

revision = "0001"
down_revision = None

_SQL = """
CREATE TABLE vehicles (
    vin TEXT NOT NULL,
    vehicle_id TEXT,
    year INTEGER,
    make TEXT NOT NULL,
    model TEXT NOT NULL,
    model_short_name TEXT,
    office TEXT NOT NULL,
    fleet TEXT,
    registration_exp DATE,
    insurance_exp DATE,
    current_mileage INTEGER,
    in_service_date DATE,
    expected_turn_in_date DATE,
    notes TEXT,
    color TEXT,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (vin)
);
CREATE TABLE media_partners (
    person_id TEXT NOT NULL,
    office TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT,
    default_loan_region TEXT,
    notes_instructions TEXT,
    affiliation TEXT,
    activity_type_subcategory_id INTEGER,
    latitude NUMERIC(9, 6),
    longitude NUMERIC(9, 6),
    address_hash TEXT,
    geocode_status TEXT,
    geocoded_at {instant},
    preferred_day_of_week TEXT CHECK (preferred_day_of_week IN ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')),
    preferred_day_confidence NUMERIC(5, 2),
    preferred_day_source TEXT CHECK (preferred_day_source IN ('auto', 'manual')),
    allowed_start_dows TEXT,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (person_id, office)
);
CREATE TABLE loan_history (
    activity_id TEXT NOT NULL,
    vin TEXT NOT NULL,
    person_id TEXT NOT NULL,
    make TEXT,
    model TEXT,
    year INTEGER,
    model_short_name TEXT,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    clips_received INTEGER,
    office TEXT,
    name TEXT,
    partner_address TEXT,
    region TEXT,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (activity_id)
);
CREATE TABLE current_activity (
    activity_id TEXT NOT NULL,
    person_id TEXT,
    vehicle_vin TEXT NOT NULL,
    activity_type TEXT,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    to_field TEXT,
    partner_address TEXT,
    region TEXT,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (activity_id)
);
CREATE TABLE approved_makes (
    person_id TEXT NOT NULL,
    make TEXT NOT NULL,
    name TEXT NOT NULL,
    rank TEXT NOT NULL,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (person_id, make)
);
CREATE TABLE sync_rejects (
    table_name TEXT NOT NULL,
    line_no INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (table_name, line_no)
);
CREATE TABLE geocode_cache (
    address_hash TEXT NOT NULL,
    provider TEXT NOT NULL,
    status TEXT NOT NULL,
    latitude NUMERIC(9, 6),
    longitude NUMERIC(9, 6),
    match_type TEXT,
    provider_ref TEXT,
    fetched_at {instant} NOT NULL,
    attempts INTEGER NOT NULL,
    next_try_at {instant},
    PRIMARY KEY (address_hash)
);
CREATE TABLE partner_choices (
    person_id TEXT NOT NULL,
    office TEXT NOT NULL,
    preferred_day_of_week TEXT CHECK (preferred_day_of_week IN ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')),
    allowed_start_dows TEXT,
    chosen_by TEXT,
    chosen_at {instant} NOT NULL,
    PRIMARY KEY (person_id, office)
);
CREATE TABLE ops_capacity (
    office TEXT NOT NULL,
    drivers_per_day INTEGER,
    notes TEXT,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (office)
);
CREATE TABLE holiday_blackout_dates (
    office TEXT NOT NULL,
    date DATE NOT NULL,
    holiday_name TEXT NOT NULL,
    type TEXT,
    all_day BOOLEAN,
    start_time {time},
    end_time {time},
    notes TEXT,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (office, date, holiday_name)
);
CREATE TABLE rules (
    make TEXT NOT NULL,
    rank TEXT NOT NULL,
    loan_cap_per_year INTEGER,
    publication_rate_requirement TEXT,
    cooldown_period INTEGER,
    soft_vs_hard_constraint TEXT,
    rule_description TEXT,
    notes TEXT,
    updated_at {instant} NOT NULL,
    PRIMARY KEY (make, rank)
);
CREATE TABLE budgets (
    office TEXT NOT NULL,
    fleet TEXT NOT NULL,
    year INTEGER NOT NULL,
    quarter TEXT NOT NULL,
    budget_amount NUMERIC(12, 2),
    amount_used NUMERIC(12, 2),
    updated_at {instant} NOT NULL,
    PRIMARY KEY (office, fleet, year, quarter)
);
CREATE TABLE {meta}ingestion_runs (
    run_id {uuid} NOT NULL,
    source_system VARCHAR(50) NOT NULL,
    entity_type VARCHAR(50) NOT NULL,
    started_at {instant} NOT NULL,
    completed_at {instant},
    status VARCHAR(20) DEFAULT 'running' NOT NULL,
    records_processed INTEGER DEFAULT '0' NOT NULL,
    records_created INTEGER DEFAULT '0' NOT NULL,
    records_updated INTEGER DEFAULT '0' NOT NULL,
    error_message TEXT,
    metadata JSON DEFAULT '{{}}' NOT NULL,
    PRIMARY KEY (run_id, entity_type),
    CHECK (status IN ('running', 'completed', 'failed'))
){no_rowid};
CREATE INDEX ix_media_partners_office ON media_partners (office);
CREATE INDEX ix_loan_history_person_id ON loan_history (person_id, office, start_date);
CREATE INDEX ix_loan_history_vin ON loan_history (vin);
CREATE INDEX ix_current_activity_vehicle_vin ON current_activity (vehicle_vin, start_date);
CREATE INDEX ix_current_activity_person_id ON current_activity (person_id);
CREATE INDEX ix_approved_makes_make ON approved_makes (make, rank);
"""


def upgrade() -> None:
    migrate.execute(op.get_bind(), _SQL)
