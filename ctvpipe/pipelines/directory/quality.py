"""How good silver is: its records by score, what is most often wrong with them, the worst of them, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.directory.schema.tables import PENDING
from ctvpipe.pipelines.directory.silver import dialects
from ctvpipe.pipelines.directory.silver.entity import Entity
from ctvpipe.pipelines.directory.silver.writing import NEEDS_REVIEW
from ctvpipe.pipelines.directory.transforming import ENTITIES

# Facts 1.6: each band from this score up to the one before it.
BANDS: Mapping[str, float] = {"Perfect": 1.0, "Excellent": 0.9, "Good": NEEDS_REVIEW, "Needs review": 0.0}


@dataclass(frozen=True)
class Scored:
    """A record with what is wrong with it."""

    key: str
    score: float
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Quality:
    """``bands``: how many records are in each; ``flags``: how many have each, the commonest first; ``worst``: the records
    with the lowest score; ``refused``: keys of records that were not written, and why, and how many they are.
    """

    records: int
    bands: Mapping[str, int]
    flags: Mapping[str, int]
    worst: tuple[Scored, ...]
    refused: tuple[tuple[str, str], ...]
    refused_count: int


def quality(connection: sa.Connection, name: str, *, most: int = 10) -> Quality:
    """The quality of the table ``name`` of silver; ``most``: so many records are named."""
    entity = ENTITIES[name]
    bands = _bands(connection, entity)
    refused = sa.and_(PENDING.c.entity_type == entity.entity_type, PENDING.c.error.is_not(None))
    named = sa.select(PENDING.c.key, PENDING.c.error).where(refused).order_by(PENDING.c.key).limit(most)
    return Quality(
        sum(bands.values()),
        bands,
        _flags(connection, entity),
        _worst(connection, entity, most),
        tuple((row.key, row.error) for row in connection.execute(named)),
        connection.execute(sa.select(sa.func.count()).select_from(PENDING).where(refused)).scalar_one(),
    )


def _bands(connection: sa.Connection, entity: Entity) -> dict[str, int]:
    score = entity.table.c.data_quality_score
    band = sa.case(*((score >= lowest, name) for name, lowest in BANDS.items()))
    counted = connection.execute(sa.select(band, sa.func.count()).group_by(sa.text("1")))
    found: dict[str, int] = {row[0]: row[1] for row in counted}
    return {name: found.get(name, 0) for name in BANDS}


def _flags(connection: sa.Connection, entity: Entity) -> dict[str, int]:
    flag = dialects.each(entity.table.c.quality_flags, "flag")
    count = sa.func.count()
    found = sa.select(flag.c.value, count).select_from(entity.table.join(flag, sa.true())).group_by(flag.c.value)
    return {row[0]: row[1] for row in connection.execute(found.order_by(count.desc(), flag.c.value))}


def _worst(connection: sa.Connection, entity: Entity, most: int) -> tuple[Scored, ...]:
    table: Any = entity.table.c
    found = sa.select(entity.key, table.data_quality_score, table.quality_flags).where(table.data_quality_score < 1)
    rows = connection.execute(found.order_by(table.data_quality_score, entity.key).limit(most))
    return tuple(Scored(row[0], float(row[1]), tuple(row[2])) for row in rows)
