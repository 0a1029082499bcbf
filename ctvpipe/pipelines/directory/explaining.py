"""Why a record of silver is as it is: the versions that it is made of, and for each field which source has won, and by
which precedence (facts 2.8, 4.8 to 4.10). The answer is made of the same data as the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import LATEST, PENDING, RAW_ENTITIES
from ctvpipe.pipelines.directory.silver import affected, dialects, rules, wanted
from ctvpipe.pipelines.directory.silver.entity import Entity, Field
from ctvpipe.pipelines.directory.transforming import ENTITIES
from ctvpipe.stores.engine import is_sqlite

PRECEDENCE = "the first that is not empty"


@dataclass(frozen=True)
class Version:
    """The newest version that a source has of the record. ``is_gone``: it has it no more; ``counts``: the record is made
    of it, and not of another of the same source.
    """

    source_system: str
    entity_type: str
    external_id: str
    raw_id: int
    ingested_at: datetime
    is_gone: bool
    counts: bool


@dataclass(frozen=True)
class Candidate:
    """What a source has for a field: in which field of its own, and whether that is the value that was taken.

    ``source``: its system; of what is asked of one by one, with ``(detail)``.
    """

    source: str
    field: str
    value: Any
    wins: bool


@dataclass(frozen=True)
class Explained:
    """A field, its value, and where that is from: ``says`` tells how it is made of ``candidates``, ``notes`` what else it
    is made of.
    """

    column: str
    value: Any
    candidates: tuple[Candidate, ...]
    says: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Explanation:
    """Everything about a record. ``row``: silver's, ``None`` where there is none; ``refused``: why it was not written;
    ``deductions``: its flags, and what each takes off its score.
    """

    key: str
    row: dict[str, Any] | None
    refused: str | None
    versions: tuple[Version, ...]
    fields: tuple[Explained, ...]
    deductions: tuple[tuple[str, float], ...]


def explain(connection: sa.Connection, name: str, key: str) -> Explanation | None:
    """The record ``key`` of the table ``name`` of silver; ``None`` where neither silver nor a source has it.

    ``connection`` is in a transaction, which may be one that only reads.
    """
    entity = ENTITIES[name]
    key = key.strip() if entity.name == "departments" else key.strip().lower()
    dialects.prepare(connection, rules.FUNCTIONS)
    row = connection.execute(sa.select(entity.table).where(entity.key == key)).mappings().one_or_none()
    told = _told(connection, entity, key)
    versions = _versions(connection, entity, key, told)
    if row is None and not versions:
        return None
    is_pending = (PENDING.c.entity_type == entity.entity_type) & (PENDING.c.key == key)
    stored = dict(row) if row else None
    notes = entity.companion.notes(connection, stored or {})
    costs = {rule.flag: rule.hundredths / wanted.WHOLE for rule in entity.deductions}
    return Explanation(
        key,
        stored,
        connection.execute(sa.select(PENDING.c.error).where(is_pending)).scalar(),
        versions,
        tuple(_explained(entity, field, stored or {}, told, notes.get(field.column, ())) for field in entity.fields),
        tuple((flag, costs.get(flag, 0.0)) for flag in (stored or {}).get("quality_flags", ())),
    )


def _told(connection: sa.Connection, entity: Entity, key: str) -> dict[str, Any]:
    """What the sources say, by the labels of ``wanted.told``; nothing where no source has the record any more."""
    statement = wanted.told(entity, affected.given(sqlite=is_sqlite(connection)))
    found = connection.execute(statement, {"keys": affected.bound(connection, [key])}).mappings().one_or_none()
    return dict(found) if found else {}


def _versions(connection: sa.Connection, entity: Entity, key: str, told: Mapping[str, Any]) -> tuple[Version, ...]:
    listed = sa.select(LATEST).where(LATEST.c.entity_type == entity.entity_type, LATEST.c.natural_key == key)
    detail = LATEST.alias("detail")
    same = (detail.c.source_system == LATEST.c.source_system) & (detail.c.external_id == LATEST.c.external_id)
    types = {source.stream.entity_type for source in entity.details}
    details = listed.with_only_columns(*detail.c).join_from(LATEST, detail, same & detail.c.entity_type.in_(types))
    found = sa.union_all(listed, details).subquery("found")
    rows = connection.execute(
        sa.select(*found.c, RAW_ENTITIES.c.ingested_at)
        .join_from(found, RAW_ENTITIES, RAW_ENTITIES.c.raw_id == found.c.raw_id)
        .order_by(found.c.entity_type, found.c.source_system, found.c.raw_id)
    )
    made_of = {told.get(wanted.version_of(source)) for source in entity.sources}
    all_count = {source.stream.source_system for source in entity.sources if source.order}
    return tuple(
        Version(
            row.source_system,
            row.entity_type,
            row.external_id,
            row.raw_id,
            row.ingested_at,
            is_gone=row.content_hash is None,
            counts=row.content_hash is not None and (row.raw_id in made_of or row.source_system in all_count),
        )
        for row in rows
    )


def _explained(
    entity: Entity, field: Field, stored: Mapping[str, Any], told: Mapping[str, Any], notes: Sequence[str]
) -> Explained:
    called = {
        source.name: f"{source.stream.source_system}{' (detail)' if source.detail_of else ''}"
        for source in entity.sources
    }
    values = [(value, told.get(wanted.told_as(value))) for value in field.values]
    winner = next((value for value, found in values if found is not None and not field.made), None)
    candidates = tuple(Candidate(called[value.source], value.field, found, value is winner) for value, found in values)
    return Explained(field.column, stored.get(field.column), candidates, field.says or PRECEDENCE, tuple(notes))
