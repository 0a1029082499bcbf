"""What earlier syncs have recorded of each table in the database: the last body, and how many rows are usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import sqlalchemy as sa

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.fms.feeds import FEEDS, Feed
from ctvpipe.stores import ingestion

_COUNTS = 7
_FEW_ROWS = 50
_COUNTS_OF = [f"(SELECT count(*) FROM {feed.target.name})" for feed in FEEDS]  # noqa: S608
_COUNT_OF_PLACES = "(SELECT count(latitude) FROM media_partners) + (SELECT count(*) FROM geocode_cache)"
DAYS, COORDINATES = "preferred_days", "coordinates"  # what the analysis of the loans and the geocoding record
# What a body means changes with the rules by which it is read: a body read by older ones is read again.
READER = 1


@dataclass(frozen=True)
class Past:
    """Of one table: how many rows it has, its last body, and the rows of the latest bodies, newest first."""

    rows: int = 0
    latest: dict[str, Any] = field(default_factory=dict)
    counts: Sequence[int] = ()

    def is_same(self, sha256: str) -> bool:
        """Whether the body with this hash is what the table was last loaded from, and its rows are still there."""
        known = (self.latest.get("sha256"), self.latest.get("reader"), self.latest.get("rows_loaded"))
        return known == (sha256, READER, self.rows)

    @property
    def usual(self) -> float | None:
        """The median of the rows of the latest bodies; ``None`` where there was none."""
        return median(self.counts) if self.counts else None


def none() -> dict[str, Past]:
    """The past of every table, and of what follows from them, where there is none yet."""
    return {name: Past() for name in (*(feed.table for feed in FEEDS), DAYS, COORDINATES)}


def read(connection: sa.Connection) -> dict[str, Past]:
    """The past of every table, and of what follows from them, in the caller's transaction."""
    *counts, places = connection.execute(sa.text(f"SELECT {', '.join(_COUNTS_OF)}, {_COUNT_OF_PLACES}")).one()
    found = {}
    details = ingestion.latest_of_each(connection, _COUNTS)
    for feed, rows in zip(FEEDS, counts, strict=True):
        runs = details.get(feed.table, [])
        found[feed.table] = Past(rows, runs[0] if runs else {}, _comparable(runs))
    for name, rows in ((DAYS, 0), (COORDINATES, places)):
        found[name] = Past(rows, next(iter(details.get(name, [])), {}))
    return found


def places(connection: sa.Connection) -> int:
    """The ``rows`` of ``COORDINATES``: partners that have some, and addresses of which something is known."""
    return int(connection.execute(sa.text(f"SELECT {_COUNT_OF_PLACES}")).scalar_one())


def _comparable(runs: Sequence[dict[str, Any]]) -> list[int]:
    """The rows of each run down to the latest that was forced: what was usual before that is not any more."""
    counts = []
    for run in runs:
        counts.append(int(run["rows_accepted"]))
        if run.get("forced"):
            break
    return counts


def require_enough(feed: Feed, past: Past, rows: int, *, max_loss_percent: float) -> None:
    """Raise ``ContractError`` for an export with so many fewer rows than usual that it must not replace the table."""
    usual = past.usual
    if usual and (usual - rows) * 100 > max_loss_percent * usual:
        raise ContractError(
            f"{feed.table}: {rows:,} rows, usual are {usual:,.0f}: {100 * (usual - rows) / usual:.0f} % are gone, "
            f"at most {max_loss_percent:g} % may be",
            f"If that is right: ctvpipe fms sync --table {feed.table} --force",
        )


def unusual(feed: Feed, past: Past, rows: int) -> str:
    """What is unusual in the number of rows, if anything is (facts 5.4)."""
    usual = past.usual
    if usual is None or abs(rows - usual) <= max(feed.unusual_percent * usual / 100, _FEW_ROWS):
        return ""
    return f"{feed.table}: {rows:,} rows, usual are {usual:,.0f}"
