"""What follows from the tables once they are in: preferred days, then coordinates (facts 1.7, 5.3).

Neither is a reason for a sync to fail: what cannot be worked out tonight is told, and what was known stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import database, geocode_idle, geocoding, past, preferred_days_store
from ctvpipe.pipelines.fms.past import COORDINATES, DAYS, Past
from ctvpipe.pipelines.fms.result import PREFIX
from ctvpipe.pipelines.fms.settings import GeocodingSettings
from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged

T = TypeVar("T")

_PARTNERS = "media_partners"
_FOLLOWS_FROM = frozenset({_PARTNERS, "loan_history"})


def enrich(
    run: Run,
    settings: GeocodingSettings,
    connection: sa.Connection,
    known: Mapping[str, Past],
    loaded: Mapping[str, str],
) -> dict[str, Any]:
    """Bring preferred days and coordinates to what the tables say; ``connection`` is in no transaction.

    ``known``: the past of the tables; ``loaded``: those that were loaded since, with the hashes of their exports.
    Returns what was done, for the entry of ``media_partners`` in the result.
    """
    coordinates = _attempt(run, connection, "geocoding", lambda: _Coordinates(run, settings, connection, known, loaded))
    done = _attempt(run, connection, "preferred days", lambda: _days(run, connection, known, loaded)) or {}
    if coordinates is not None:
        done |= _attempt(run, connection, "geocoding", coordinates.finish) or {}
    return done


def preview(run: Run, settings: GeocodingSettings, connection: sa.Connection) -> None:
    """Say what ``enrich`` would do with the tables as they are; only reads, in the caller's transaction."""
    days = preferred_days_store.preview(connection, as_of=_today(run))
    addresses = geocoding.preview(settings, connection, now=clock.now())
    run.log.info("%sWith the tables as they are: %s; addresses to ask for: %d", PREFIX, _told(days), addresses)


def _days(run: Run, connection: sa.Connection, known: Mapping[str, Past], loaded: Mapping[str, str]) -> dict[str, Any]:
    """The preferred days, worked out where what they follow from has changed, or a loan's first year is over."""
    today, before = _today(run), known[DAYS].latest
    bodies = {table: _body(table, known, loaded) for table in _FOLLOWS_FROM}
    with connection.begin():
        is_same = not _FOLLOWS_FROM & loaded.keys() and before.get("bodies") == bodies
        if is_same and preferred_days_store.still_hold(connection, date.fromisoformat(before["as_of"]), today):
            days = preferred_days_store.Days(**before["days"])
        else:
            days = preferred_days_store.apply(connection, as_of=today, now=clock.now())
            if not is_same or days.updated or days.cleared:
                _record_days(run, connection, days, bodies, today)
    run.log.info("%sPreferred days: %s", PREFIX, _told(days))
    return {"preferred_days_updated": days.updated, "preferred_days": days.shape()}


def _record_days(
    run: Run,
    connection: sa.Connection,
    days: preferred_days_store.Days,
    bodies: Mapping[str, str | None],
    today: date,
) -> None:
    """Record of which exports, and of which day, the preferred days are; they hold until one of the two is another."""
    database.record(
        connection,
        run,
        DAYS,
        Merged(updated=days.updated + days.cleared),
        source="fms",
        processed=days.qualifying,
        details={
            "as_of": today.isoformat(),
            "bodies": dict(bodies),
            "days": {**days.shape(), "updated": 0, "cleared": 0},
        },
    )


def _body(table: str, known: Mapping[str, Past], loaded: Mapping[str, str]) -> str | None:
    """The hash of the export that ``table`` was last loaded from."""
    return loaded.get(table) or known[table].latest.get("sha256")


class _Coordinates:
    """The coordinates of the partners' addresses, looked at where anything can be due, and asked for from now on."""

    def __init__(
        self,
        run: Run,
        settings: GeocodingSettings,
        connection: sa.Connection,
        known: Mapping[str, Past],
        loaded: Mapping[str, str],
    ) -> None:
        self._run, self._connection, self._before = run, connection, known[COORDINATES]
        self._now, self._terms = clock.now(), geocoding.terms_of(settings)
        self._body = _body(_PARTNERS, known, loaded)
        still = geocode_idle.still(self._before, self._terms, self._body, self._now)
        self._found = None if _PARTNERS in loaded else still
        if self._found is None:
            self._asking = geocoding.Geocoding(run, settings, connection, now=self._now)

    def finish(self) -> dict[str, Any]:
        """Store what is answered; returns what was done."""
        if self._found is not None:
            found = self._found
            geocoding.warn_below_goal(self._run, found, self._terms)
        else:
            found = self._asking.finish()
            self._record(found)
        percent = found.shape()["success_percent"]
        self._run.log.info(
            "%sGeocoding: %d of %d partners with an address have coordinates%s; %d asked for, %d of them found, "
            "%d requests",
            PREFIX,
            found.with_coordinates,
            found.usable,
            "" if percent is None else f" ({percent} %)",
            found.attempted,
            found.succeeded,
            found.requests,
        )
        return {"geocoded_partners": found.with_coordinates, "geocoding": found.shape()}

    def _record(self, found: geocoding.Geocoded) -> None:
        """Record what this night leaves, where that is not what the last one left."""
        connection = self._connection
        with connection.begin():
            left = geocode_idle.left(found, self._terms, self._body, past.places(connection), self._now)
            if left != {**self._before.latest, "as_of": left["as_of"]}:
                database.record(
                    connection,
                    self._run,
                    COORDINATES,
                    Merged(updated=found.succeeded),
                    source="fms",
                    processed=found.usable,
                    details=left,
                )


def _attempt(run: Run, connection: sa.Connection, what: str, body: Callable[[], T]) -> T | None:
    """What ``body`` makes; ``None``, and a warning on ``run``, where it fails."""
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
    return None


def _told(days: preferred_days_store.Days) -> str:
    return f"{days.qualifying} qualify, {days.updated} updated, {days.cleared} cleared, {days.skipped_manual} by hand"


def _today(run: Run) -> date:
    return clock.business_day(run.started, run.tz)
