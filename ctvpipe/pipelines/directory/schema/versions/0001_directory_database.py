"""The directory database as its first version had it. What ``schema.tables`` changes later, a later migration changes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_UUID = sa.Uuid(as_uuid=False).with_variant(sa.Text(), "sqlite")
_SCORE = sa.Numeric(3, 2, asdecimal=False)
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for schema in ("bronze", "silver", "meta"):
            op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table(
        "raw_entities",
        sa.Column("raw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        *_required("entity_type", "source_system", "external_id"),
        *_text("natural_key"),
        sa.Column("raw_data", JSON),
        *_text("content_hash"),
        sa.Column("ingested_at", _INSTANT, nullable=False),
        sa.Column("ingestion_run_id", _UUID, nullable=False),
        sa.Column("ingestion_metadata", JSON, nullable=False),
        schema="bronze",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "latest",
        *_identity(),
        sa.Column("raw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *_text("natural_key", "content_hash"),
        schema="bronze",
    )
    op.create_table(
        "enrichments",
        *_identity(),
        sa.Column("listed_raw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("asked_at", _INSTANT, nullable=False),
        schema="bronze",
    )
    op.create_table(
        "pending",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("entity_type", "key")),
        *_text("error"),
        schema="silver",
    )
    op.create_table(
        "departments",
        sa.Column("dept_id", sa.Text, primary_key=True),
        sa.Column("tdx_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        *_required("department_name", "department_code"),
        *_text("description", "campus_name", "college_group", "vp_area", "hierarchical_path"),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("tdx_created_date", _INSTANT),
        sa.Column("tdx_modified_date", _INSTANT),
        sa.Column("location_info", JSON, nullable=False),
        *_provenance(),
        schema="silver",
    )
    op.create_table(
        "affiliations",
        sa.Column("affiliation", sa.Text, primary_key=True),
        *_text("dept_id", "rule"),
        schema="silver",
    )
    op.create_table(
        "users",
        sa.Column("uniqname", sa.Text, primary_key=True),
        *_text("umich_empl_id", "ldap_uid_number", "tdx_user_uid"),
        *_text("ad_object_guid", "ad_sam_account_name", "ad_last_logon"),
        *_text("first_name", "last_name", "full_name", "primary_email", "work_phone", "job_title", "tdx_job_title"),
        *_text("department_id"),
        *_lists("department_job_titles", "department_ids", "job_codes", "supervisor_ids"),
        *_text(
            "work_city", "work_state", "work_postal_code", "work_country", "work_address_line1", "work_address_line2"
        ),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("ad_account_disabled", sa.Boolean),
        *_lists("mcommunity_ou_affiliations", "ou_department_ids", "ad_group_memberships"),
        *_provenance(),
        schema="silver",
    )
    op.create_table(
        "groups",
        sa.Column("group_id", sa.Text, primary_key=True),
        *_required("group_name"),
        *_lists("group_aliases"),
        *_text("gid_number", "description", "email_address"),
        *_text("ad_object_guid", "ad_sam_account_name", "ad_object_sid", "mcommunity_dn"),
        sa.Column("is_security_group", sa.Boolean),
        sa.Column("member_count", sa.Integer, nullable=False),
        sa.Column("owner_count", sa.Integer, nullable=False),
        sa.Column("has_nested_groups", sa.Boolean, nullable=False),
        sa.Column("is_ad_synced", sa.Boolean, nullable=False),
        *_required("sync_source"),
        sa.Column("is_active", sa.Boolean, nullable=False),
        *_provenance(),
        schema="silver",
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.Text, sa.ForeignKey("silver.groups.group_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("member_type", sa.Text, sa.CheckConstraint("member_type IN ('user', 'group')"), primary_key=True),
        sa.Column("member_key", sa.Text, primary_key=True),
        sa.Column("source_system", sa.Text, primary_key=True),
        schema="silver",
    )
    op.create_table(
        "ingestion_runs",
        sa.Column("run_id", sa.Uuid().with_variant(sa.Text(), "sqlite"), primary_key=True),
        sa.Column("source_system", sa.String(50), nullable=False),
        sa.Column("entity_type", sa.String(50), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False, server_default="ingest"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(20), nullable=False, server_default="running"),
        sa.Column("records_processed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_created", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_updated", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_skipped", sa.Integer, nullable=False, server_default="0"),
        sa.Column("records_failed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("error_message", sa.Text),
        sa.Column("metadata", sa.JSON(), nullable=False, server_default="{}"),
        sa.CheckConstraint("status IN ('running', 'completed', 'failed')"),
        schema="meta",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_ingestion_runs_latest", "ingestion_runs", ["source_system", "entity_type", "started_at"], schema="meta"
    )
    op.create_index(
        "ix_raw_entities_external_id",
        "raw_entities",
        ["entity_type", "source_system", "external_id", "raw_id"],
        schema="bronze",
    )
    op.create_index("ix_latest_natural_key", "latest", ["entity_type", "natural_key", "source_system"], schema="bronze")
    op.create_index("ix_latest_raw_id", "latest", ["raw_id"], schema="bronze")
    op.create_index("ix_departments_tdx_id", "departments", ["tdx_id"], schema="silver")
    op.create_index("ix_departments_quality", "departments", ["data_quality_score"], schema="silver")
    op.create_index("ix_users_department_id", "users", ["department_id"], schema="silver")
    op.create_index("ix_users_primary_email", "users", ["primary_email"], schema="silver")
    op.create_index("ix_users_quality", "users", ["data_quality_score"], schema="silver")
    op.create_index("ix_groups_name", "groups", ["group_name"], schema="silver")
    op.create_index("ix_group_members_member_key", "group_members", ["member_type", "member_key"], schema="silver")


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def _required(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _lists(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, JSON, nullable=False) for name in names]


def _identity() -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in ("entity_type", "source_system", "external_id")]


def _provenance() -> list[sa.Column[Any]]:
    return [
        sa.Column(
            "data_quality_score", _SCORE, sa.CheckConstraint("data_quality_score BETWEEN 0 AND 1"), nullable=False
        ),
        *_lists("quality_flags"),
        *_required("source_system", "source_entity_id", "entity_hash"),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("ingestion_run_id", _UUID, nullable=False),
    ]
