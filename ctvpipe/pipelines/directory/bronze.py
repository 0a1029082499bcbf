"""Appending versions to bronze, and keeping ``bronze.latest`` in step, in the caller's transaction (facts 2.3).

Nothing is ever changed or removed there. A version without ``raw_data`` says that the thing is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.schema.tables import LATEST, RAW_ENTITIES
from ctvpipe.pipelines.directory.staging import SEEN
from ctvpipe.stores import bulk

_KEY = ("entity_type", "source_system", "external_id")
_COLUMNS = ("raw_id", *_KEY, "natural_key", "raw_data", "content_hash", "ingested_at", "ingestion_run_id", "ingestion_metadata")  # fmt: skip
_FOLLOW = """
    INSERT INTO {latest} (entity_type, source_system, external_id, raw_id, natural_key, content_hash)
    SELECT entity_type, source_system, external_id, raw_id, natural_key, content_hash
    FROM {raw_entities} WHERE raw_id BETWEEN :first AND :last AND ingestion_run_id = :run_id
    ON CONFLICT (entity_type, source_system, external_id) DO UPDATE
    SET raw_id = excluded.raw_id, natural_key = excluded.natural_key, content_hash = excluded.content_hash
"""


class Version(NamedTuple):
    """A version to be stored; ``raw_data``: the payload as JSON."""

    external_id: str
    natural_key: str | None
    raw_data: str
    content_hash: str


class Stamp(NamedTuple):
    """Which run of the step writes, and when (UTC)."""

    run_id: str
    now: datetime


def append(connection: sa.Connection, stream: Stream, versions: Sequence[Version], stamp: Stamp) -> None:
    """Append ``versions``, no two of one id, in their order."""
    if not versions:
        return
    table = bulk.qualified(connection, RAW_ENTITIES)
    ids = bulk.reserve_ids(connection, table, "raw_id", len(versions))
    ((now,),) = bulk.prepared(connection, [RAW_ENTITIES.c.ingested_at.type], [(stamp.now,)])
    of_stream, of_run = (stream.entity_type, stream.source_system), (now, stamp.run_id, "{}")
    rows = [(number, *of_stream, *version, *of_run) for number, version in zip(ids, versions, strict=True)]
    bulk.insert(connection, table, _COLUMNS, rows)
    _follow(connection, ids[0], ids[-1], stamp.run_id)


def alive(connection: sa.Connection, stream: Stream) -> int:
    """How much of ``stream`` there is that is not gone."""
    found: int = connection.execute(sa.select(sa.func.count()).select_from(LATEST).where(_alive(stream))).scalar_one()
    return found


def missing(connection: sa.Connection, stream: Stream) -> int:
    """How much of it the fetch that is staged has not brought."""
    unseen = sa.select(sa.func.count()).select_from(LATEST).where(_alive(stream), _unseen())
    found: int = connection.execute(unseen).scalar_one()
    return found


def bury(connection: sa.Connection, stream: Stream, stamp: Stamp) -> int:
    """Append a version without data for each of ``missing``. Returns their number."""
    newest = sa.select(sa.func.max(RAW_ENTITIES.c.raw_id))
    before = connection.execute(newest).scalar_one()
    made = {
        "ingested_at": stamp.now,
        "ingestion_run_id": stamp.run_id,
        "ingestion_metadata": {},
    }
    constants = [sa.literal(value, RAW_ENTITIES.c[name].type) for name, value in made.items()]
    copied = (*_KEY, "natural_key")
    gone = sa.select(*(LATEST.c[name] for name in copied), *constants).where(_alive(stream), _unseen())
    insert = sa.insert(RAW_ENTITIES).from_select([*copied, *made], gone.order_by(LATEST.c.external_id))
    count = connection.execute(insert).rowcount
    _follow(connection, before + 1, connection.execute(newest).scalar_one(), stamp.run_id)
    return count


def _follow(connection: sa.Connection, first: int, last: int, run_id: str) -> None:
    """Make the versions of the run from ``first`` to ``last`` the latest."""
    names = {table.name: bulk.qualified(connection, table) for table in (LATEST, RAW_ENTITIES)}
    connection.execute(sa.text(_FOLLOW.format(**names)), {"first": first, "last": last, "run_id": run_id})


def _alive(stream: Stream) -> sa.ColumnElement[bool]:
    return sa.and_(
        LATEST.c.entity_type == stream.entity_type,
        LATEST.c.source_system == stream.source_system,
        LATEST.c.content_hash.is_not(None),
    )


def _unseen() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(SEEN.c.external_id == LATEST.c.external_id).correlate(LATEST)
