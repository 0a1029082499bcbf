"""What follows from the tables once they are in: preferred days, then coordinates (facts 1.7, 5.3).

Neither is a reason for a sync to fail: what cannot be worked out tonight is told, and what was known stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import database, geocoding, past, preferred_days_store
from ctvpipe.pipelines.fms.past import DAYS, Past
from ctvpipe.pipelines.fms.result import PREFIX
from ctvpipe.pipelines.fms.settings import GeocodingSettings
from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged

_FOLLOWS_FROM = frozenset({"media_partners", "loan_history"})


def enrich(
    run: Run,
    settings: GeocodingSettings,
    connection: sa.Connection,
    known: Mapping[str, Past],
    loaded: Collection[str],
) -> dict[str, Any]:
    """Bring preferred days and coordinates to what the tables say; ``connection`` is in no transaction.

    ``known``: the past of the tables; ``loaded``: those that were loaded since. Returns what was done, for the entry of
    ``media_partners`` in the result.
    """
    done = _attempt(run, connection, "preferred days", lambda: _days(run, connection, known, loaded))
    return done | _attempt(run, connection, "geocoding", lambda: _coordinates(run, settings, connection))


def preview(run: Run, settings: GeocodingSettings, connection: sa.Connection) -> None:
    """Say what ``enrich`` would do with the tables as they are; only reads, in the caller's transaction."""
    days = preferred_days_store.preview(connection, as_of=_today(run))
    addresses = geocoding.preview(settings, connection, now=clock.now())
    run.log.info("%sWith the tables as they are: %s; addresses to ask for: %d", PREFIX, _told(days), addresses)


def _days(run: Run, connection: sa.Connection, known: Mapping[str, Past], loaded: Collection[str]) -> dict[str, Any]:
    """The preferred days, worked out where what they follow from has changed, or a loan's first year is over."""
    today, before = _today(run), known[DAYS].latest
    with connection.begin():
        is_same = not _FOLLOWS_FROM.intersection(loaded) and before.get("bodies") == _bodies(known)
        if is_same and preferred_days_store.still_hold(connection, date.fromisoformat(before["as_of"]), today):
            days = preferred_days_store.Days(**before["days"])
        else:
            days = preferred_days_store.apply(connection, as_of=today, now=clock.now())
            if not is_same or days.updated or days.cleared:
                _record(run, connection, days, today)
    run.log.info("%sPreferred days: %s", PREFIX, _told(days))
    return {"preferred_days_updated": days.updated, "preferred_days": days.shape()}


def _record(run: Run, connection: sa.Connection, days: preferred_days_store.Days, today: date) -> None:
    """Record of which exports, and of which day, the preferred days are; they hold until one of the two is another."""
    latest = past.read(connection)
    database.record(
        connection,
        run,
        DAYS,
        Merged(updated=days.updated + days.cleared),
        source="fms",
        processed=days.qualifying,
        details={
            "as_of": today.isoformat(),
            "bodies": _bodies(latest),
            "days": {**days.shape(), "updated": 0, "cleared": 0},
        },
    )


def _bodies(known: Mapping[str, Past]) -> dict[str, str | None]:
    """The hashes of the exports from which the days follow, as their tables were last loaded."""
    return {table: known[table].latest.get("sha256") for table in _FOLLOWS_FROM}


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


def _attempt(run: Run, connection: sa.Connection, what: str, body: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        with engine.explained(connection.engine):
            return body()
    except CtvpipeError as error:
        said = str(error)
    except (sa.exc.IntegrityError, sa.exc.DataError) as error:
        said = str(engine.refused(error))
    except sa.exc.SQLAlchemyError as error:
        said = f"unexpected {type(error).__name__}"
    run.warn(f"{what}: not brought up to date ({said}); what was known stays")
    return {}


def _told(days: preferred_days_store.Days) -> str:
    return f"{days.qualifying} qualify, {days.updated} updated, {days.cleared} cleared, {days.skipped_manual} by hand"


def _today(run: Run) -> date:
    return clock.business_day(run.started, run.tz)
