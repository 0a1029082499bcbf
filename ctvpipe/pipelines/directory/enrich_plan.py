"""Which accounts and people of TDX are asked for one by one: bounded a night, the next goes on (facts 4.7, P11).

What was asked for is remembered apart from bronze, which gets a version only where the detail has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from ctvpipe.pipelines.directory.records import Failed, Record, Stream
from ctvpipe.pipelines.directory.schema.tables import ENRICHMENTS, LATEST
from ctvpipe.pipelines.directory.streams import LISTED, TDX_ACCOUNTS
from ctvpipe.pipelines.directory.tdx_api import Api
from ctvpipe.stores.merge import merge

FRESH = timedelta(days=30)  # facts 4.7
_KEY = ("entity_type", "source_system", "external_id")


@dataclass
class Enrichment:
    """What a run asks for: ``due``, by external id the version that the list has; ``failed``: which of them failed the
    last time. ``asked``: what came of it so far, in turn, ``None`` for a failure.
    """

    stream: Stream
    due: Mapping[str, int]
    failed: frozenset[str] = frozenset()
    asked: dict[str, int | None] = field(default_factory=dict)
    _remembered: int = 0

    def records(self, api: Api) -> Iterator[Record | Failed]:
        """The details, in turn. Errors as of ``Api.details``; what was asked for before one is in ``asked``."""
        for found in api.details(self.stream, self.due, known_to_fail=self.failed):
            self.asked[found.external_id] = self.due[found.external_id] if isinstance(found, Record) else None
            yield found

    def remember(self, connection: sa.Connection, now: datetime, *, stored: int) -> int:
        """Write, in the caller's transaction, the first ``stored`` of what was asked for, and what of the others failed:
        it must not be first in line again. How many that were, without those of earlier calls.
        """
        asked = list(self.asked.items())
        due = asked[self._remembered : stored] + [one for one in asked[stored:] if one[1] is None]
        identity = (self.stream.entity_type, self.stream.source_system)
        rows = [(*identity, external_id, listed, now) for external_id, listed in due]
        self._remembered = stored
        return merge(connection, ENRICHMENTS, [*_KEY, "listed_raw_id", "asked_at"], rows, key=_KEY).written


def plan(
    connection: sa.Connection, stream: Stream, *, now: datetime, most: int, everything: bool = False
) -> Enrichment:
    """What ``stream`` has to ask for, up to ``most``: what was never asked for, then, the longest ago first, what the
    list has a newer version of, what failed, and what is older than 30 days; or ``everything`` that the list has.
    """
    listed = LISTED[stream.entity_type]
    same = sa.and_(
        ENRICHMENTS.c.entity_type == stream.entity_type,
        ENRICHMENTS.c.source_system == stream.source_system,
        ENRICHMENTS.c.external_id == LATEST.c.external_id,
    )
    answered = sa.func.coalesce(ENRICHMENTS.c.listed_raw_id, 0)
    is_due = sa.or_(answered < LATEST.c.raw_id, ENRICHMENTS.c.asked_at < now - FRESH)
    has_failed = sa.and_(ENRICHMENTS.c.asked_at.is_not(None), ENRICHMENTS.c.listed_raw_id.is_(None))
    rows = connection.execute(
        sa.select(LATEST.c.external_id, LATEST.c.raw_id, has_failed.label("has_failed"))
        .select_from(LATEST.outerjoin(ENRICHMENTS, same))
        .where(*_is_there(listed), sa.true() if everything else is_due)
        .order_by(sa.nulls_first(ENRICHMENTS.c.asked_at), LATEST.c.raw_id)
        .limit(most)
    ).all()
    failed = frozenset(row.external_id for row in rows if row.has_failed)
    return Enrichment(stream, {row.external_id: row.raw_id for row in rows}, failed)


def account_ids(connection: sa.Connection) -> list[str]:
    """The ids of the accounts of TDX that its latest list has, all of which are active (facts 4.5, 4.6)."""
    return list(connection.scalars(sa.select(LATEST.c.external_id).where(*_is_there(TDX_ACCOUNTS)).order_by("raw_id")))


def _is_there(stream: Stream) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        LATEST.c.entity_type == stream.entity_type,
        LATEST.c.source_system == stream.source_system,
        LATEST.c.content_hash.is_not(None),
    )
