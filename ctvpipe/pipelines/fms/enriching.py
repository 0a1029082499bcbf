"""What follows from the tables once they are in: preferred days, then coordinates (facts 1.7, 5.3).

Neither is a reason for a sync to fail: what cannot be worked out tonight is told, and what was known stays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import geocoding, preferred_days_store
from ctvpipe.pipelines.fms.result import PREFIX
from ctvpipe.pipelines.fms.settings import GeocodingSettings


def enrich(run: Run, settings: GeocodingSettings, connection: sa.Connection) -> dict[str, Any]:
    """Bring preferred days and coordinates to what the tables say; ``connection`` is in no transaction.

    Returns what was done, for the entry of ``media_partners`` in the result.
    """
    done = _attempt(run, "preferred days", lambda: _days(run, connection))
    return done | _attempt(run, "geocoding", lambda: _coordinates(run, settings, connection))


def preview(run: Run, settings: GeocodingSettings, connection: sa.Connection) -> None:
    """Say what ``enrich`` would do with the tables as they are; only reads, in the caller's transaction."""
    days = preferred_days_store.preview(connection, as_of=_today(run))
    addresses = geocoding.preview(settings, connection, now=clock.now())
    run.log.info("%sWith the tables as they are: %s; addresses to ask for: %d", PREFIX, _told(days), addresses)


def _days(run: Run, connection: sa.Connection) -> dict[str, Any]:
    with connection.begin():
        days = preferred_days_store.apply(connection, as_of=_today(run), now=clock.now())
    run.log.info("%sPreferred days: %s", PREFIX, _told(days))
    return {"preferred_days_updated": days.updated, "preferred_days": days.shape()}


def _coordinates(run: Run, settings: GeocodingSettings, connection: sa.Connection) -> dict[str, Any]:
    found = geocoding.run(run, settings, connection, now=clock.now())
    percent = found.shape()["success_percent"]
    run.log.info(
        "%sGeocoding: %d of %d partners with an address have coordinates%s; %d asked for, %d of them found, %d requests",
        PREFIX,
        found.with_coordinates,
        found.usable,
        "" if percent is None else f" ({percent} %)",
        found.attempted,
        found.succeeded,
        found.requests,
    )
    return {"geocoded_partners": found.with_coordinates, "geocoding": found.shape()}


def _attempt(run: Run, what: str, body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return body()
    except (CtvpipeError, sa.exc.SQLAlchemyError) as error:
        said = str(error) if isinstance(error, CtvpipeError) else "the database does not go along; its log says why"
        run.warn(f"{what}: not brought up to date ({said}); what was known stays")
        return {}


def _told(days: preferred_days_store.Days) -> str:
    return f"{days.qualifying} qualify, {days.updated} updated, {days.cleared} cleared, {days.skipped_manual} by hand"


def _today(run: Run) -> date:
    return clock.business_day(run.started, run.tz)
