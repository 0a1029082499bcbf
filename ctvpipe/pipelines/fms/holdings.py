"""What the FMS database holds, counted in the database (facts 5.3 and 8.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from ctvpipe.pipelines.fms.feeds import FEEDS
from ctvpipe.pipelines.fms.schema.tables import MANUAL, MEDIA_PARTNERS

_START = "start_date"


@dataclass(frozen=True)
class Held:
    """One table: its rows, when one of them was last written (UTC), and the first and last start of what it lists."""

    table: str
    rows: int
    written_at: datetime | None
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Holdings:
    """The five tables in the order of the night, and how many partners have what a night adds to them.

    ``by_hand``: those of ``with_day`` whose day was set by a person.
    """

    tables: tuple[Held, ...]
    partners: int
    with_coordinates: int
    with_day: int
    by_hand: int


def read(connection: sa.Connection) -> Holdings:
    """Count, in the caller's transaction."""
    tables = []
    for feed in FEEDS:
        columns = feed.target.c
        starts = (columns[_START],) * 2 if _START in columns else (sa.null(), sa.null())
        wanted = (sa.func.count(), sa.func.max(columns.updated_at), sa.func.min(starts[0]), sa.func.max(starts[1]))
        tables.append(Held(feed.table, *connection.execute(sa.select(*wanted).select_from(feed.target)).one()))
    c = MEDIA_PARTNERS.c
    both = sa.case((sa.and_(c.latitude.is_not(None), c.longitude.is_not(None)), 1))
    has_day = c.preferred_day_of_week.is_not(None)
    by_hand = sa.case((sa.and_(has_day, c.preferred_day_source == MANUAL), 1))
    counts = (sa.func.count(), sa.func.count(both), sa.func.count(c.preferred_day_of_week), sa.func.count(by_hand))
    return Holdings(tuple(tables), *connection.execute(sa.select(*counts).select_from(MEDIA_PARTNERS)).one())
