"""The tables of the directory as the jobs read and write them; the migrations make them, a test compares.

Bronze is what the sources returned, a row a version; silver is one typed record a department, person and group
(facts 2). Instants are UTC. On SQLite, which has no schemas, the tables stand side by side.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ctvpipe.stores.types import Instant

METADATA = sa.MetaData()
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_UUID = sa.Uuid(as_uuid=False).with_variant(sa.Text(), "sqlite")
_SCORE = sa.Numeric(3, 2, asdecimal=False)
_INSTANT = Instant()


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def _required(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _lists(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, JSON, nullable=False) for name in names]


def _identity() -> list[sa.Column[Any]]:
    """Which version of which thing in which source: the key of all that bronze holds."""
    return [sa.Column(name, sa.Text, primary_key=True) for name in ("entity_type", "source_system", "external_id")]


def _provenance() -> list[sa.Column[Any]]:
    """What every silver record says of itself (facts 2.8)."""
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


# Every version that a source has returned, appended and never changed; without ``raw_data``: from then on it is gone
# (facts 2.3, P4). ``raw_id`` grows: what was ingested later has a larger one.
RAW_ENTITIES = sa.Table(
    "raw_entities",
    METADATA,
    sa.Column("raw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    *_required("entity_type", "source_system", "external_id"),
    *_text("natural_key"),
    sa.Column("raw_data", JSON),
    *_text("content_hash"),
    sa.Column("ingested_at", _INSTANT, nullable=False),
    sa.Column("ingestion_run_id", _UUID, nullable=False),
    sa.Column("ingestion_metadata", JSON, nullable=False),
    sa.Index("ix_raw_entities_external_id", "entity_type", "source_system", "external_id", "raw_id"),
    schema="bronze",
    sqlite_autoincrement=True,
)
# The newest version of everything; its ``content_hash`` is null for what is gone. ``natural_key``: what the sources
# have in common, a person's uniqname in small letters, a department's code, a group's name (P2).
LATEST = sa.Table(
    "latest",
    METADATA,
    *_identity(),
    sa.Column("raw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    *_text("natural_key", "content_hash"),
    sa.Index("ix_latest_natural_key", "entity_type", "natural_key", "source_system"),
    sa.Index("ix_latest_raw_id", "raw_id"),
    schema="bronze",
)
# When the detail of something was last asked for, changed or not, and for which version of what the list has of it;
# none after a failure (P11).
ENRICHMENTS = sa.Table(
    "enrichments",
    METADATA,
    *_identity(),
    sa.Column("listed_raw_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
    sa.Column("asked_at", _INSTANT, nullable=False),
    schema="bronze",
)

# The keys that the next transform looks at, whatever the sources say: because what they are made of otherwise has
# changed, or, with ``error``, because the record was refused.
PENDING = sa.Table(
    "pending",
    METADATA,
    *(sa.Column(name, sa.Text, primary_key=True) for name in ("entity_type", "key")),
    *_text("error"),
    schema="silver",
)
DEPARTMENTS = sa.Table(
    "departments",
    METADATA,
    sa.Column("dept_id", sa.Text, primary_key=True),
    sa.Column("tdx_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
    *_required("department_name", "department_code"),
    *_text("description", "campus_name", "college_group", "vp_area", "hierarchical_path"),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("tdx_created_date", _INSTANT),
    sa.Column("tdx_modified_date", _INSTANT),
    sa.Column("location_info", JSON, nullable=False),
    *_provenance(),
    sa.Index("ix_departments_tdx_id", "tdx_id"),
    sa.Index("ix_departments_quality", "data_quality_score"),
    schema="silver",
)
# Which department an affiliation of people speaks of, and by which rule that was found; none where it speaks of none.
AFFILIATIONS = sa.Table(
    "affiliations",
    METADATA,
    sa.Column("affiliation", sa.Text, primary_key=True),
    *_text("dept_id", "rule"),
    schema="silver",
)
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("uniqname", sa.Text, primary_key=True),
    *_text("umich_empl_id", "ldap_uid_number", "tdx_user_uid"),
    *_text("ad_object_guid", "ad_sam_account_name", "ad_last_logon"),
    *_text("first_name", "last_name", "full_name", "primary_email", "work_phone", "job_title", "tdx_job_title"),
    *_text("department_id"),
    *_lists("department_job_titles", "department_ids", "job_codes", "supervisor_ids"),
    *_text("work_city", "work_state", "work_postal_code", "work_country", "work_address_line1", "work_address_line2"),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("ad_account_disabled", sa.Boolean),
    *_lists("mcommunity_ou_affiliations", "ou_department_ids", "ad_group_memberships"),
    *_provenance(),
    sa.Index("ix_users_department_id", "department_id"),
    sa.Index("ix_users_primary_email", "primary_email"),
    sa.Index("ix_users_quality", "data_quality_score"),
    schema="silver",
)
GROUPS = sa.Table(
    "groups",
    METADATA,
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
    sa.Index("ix_groups_name", "group_name"),
    schema="silver",
)
# Who is in a group: a person by uniqname, or another group by its id (facts 2.6).
GROUP_MEMBERS = sa.Table(
    "group_members",
    METADATA,
    sa.Column("group_id", sa.Text, sa.ForeignKey("silver.groups.group_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member_type", sa.Text, sa.CheckConstraint("member_type IN ('user', 'group')"), primary_key=True),
    sa.Column("member_key", sa.Text, primary_key=True),
    sa.Column("source_system", sa.Text, primary_key=True),
    sa.Index("ix_group_members_member_key", "member_type", "member_key"),
    schema="silver",
)
