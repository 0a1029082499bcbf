"""The enablements of the last 90 days, found anew every night (facts 7).

The window is computed again from its first day on, compared with the last day before it; only days of which both
files are known are written, everything older and everything else stays.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import PermanentError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import awaiting, database, enablement_days, enablement_store, statuses, transitions
from ctvpipe.pipelines.circuits.attribution import UNKNOWN
from ctvpipe.pipelines.circuits.enablement_days import KeptDay
from ctvpipe.pipelines.circuits.enablement_store import Row
from ctvpipe.pipelines.circuits.settings import EnablementSettings
from ctvpipe.pipelines.circuits.transitions import Found
from ctvpipe.stores.merge import Merged

_SOURCE, _ENTITY = "dsr", "enablements"
_EXAMPLES = 3
_SHORTEST_AVERAGE = 7  # a single busy day is no alarm


def track(run: Run) -> None:
    """Bring the enablements and their daily summary up to date.

    Statuses of days before the first import are read from the kept files, and stored beside the imported ones. Raises
    ``PermanentError`` when there is no day to look at, and the errors of the database.
    """
    settings = run.load(EnablementSettings)
    settings.require_url()
    awaiting.await_import(run, settings)
    today = clock.business_day(run.started, run.tz)
    since = today - timedelta(days=settings.window_days)
    first = _first_stored(run, settings)
    kept = enablement_days.kept(run, settings, since, first)
    if first is None and not kept:
        raise PermanentError(
            "no file was imported yet, and there is none to read the statuses from",
            "Run 'ctvpipe circuits import' first.",
        )
    _Tracking(run, settings, today, since, kept).execute()


def _first_stored(run: Run, settings: EnablementSettings) -> date | None:
    """The first imported day; files are read between the transactions. The first one also brings the schema forward."""
    if run.dry_run:
        with database.reading(settings) as connection:
            return enablement_days.first_stored(connection) if connection is not None else None
    with database.writing(run, settings) as connection:
        return enablement_days.first_stored(connection)


class _Tracking:
    """One run, once the kept files are read."""

    def __init__(self, run: Run, settings: EnablementSettings, today: date, since: date, kept: list[KeptDay]) -> None:
        self._run, self._settings, self._today, self._since, self._kept = run, settings, today, since, kept

    def execute(self) -> None:
        if self._run.dry_run:
            with database.reading(self._settings) as connection:
                self._preview(connection)
        else:
            with database.writing(self._run, self._settings) as connection:
                self._write(connection)

    def _preview(self, connection: sa.Connection | None) -> None:
        found = self._find(connection)
        before = enablement_store.known(connection, self._since) if connection is not None else {}
        keys = {(one.site_id, one.day) for one in found.enablements}
        gone = sum(key not in keys for key in before if key[1] in found.ready)
        self._report(found)
        self._run.summary = f"would add {len(keys - before.keys()):,} enablements and remove {gone:,}"

    def _write(self, connection: sa.Connection) -> None:
        run, now = self._run, clock.now()
        kept = 0
        for each in self._kept:
            kept += statuses.store(
                connection, each.day.day, each.day.states, csv_file=each.csv_file, rows=each.rows
            ).written
        found = self._find(connection)
        before = enablement_store.known(connection, self._since)
        rows = enablement_store.rows(connection, found.enablements, before)
        done = enablement_store.write(connection, rows, found.ready.keys(), now)
        summary = enablement_store.write_summary(connection, found, now)
        if kept or done.written or summary.written:
            database.record(
                connection,
                run,
                _ENTITY,
                done,
                source=_SOURCE,
                processed=len(rows),
                details={"since": self._since.isoformat(), "days": len(found.ready), "deleted": done.deleted},
            )
        self._report(found)
        self._count(rows, done)

    def _find(self, connection: sa.Connection | None) -> Found:
        """The enablements; a dry run puts the kept days before the stored ones without storing them."""
        days = [each.day for each in self._kept] if self._run.dry_run else []
        if connection is not None:
            days += enablement_days.stored(connection, self._since)
        if days[-1].day < self._today:
            self._run.warn(f"today's file was not imported: the newest statuses are of {days[-1].day}")
        enabled = {transitions.folded(status) for status in self._settings.enabled_statuses.split(",")}
        return transitions.find(days, self._since, enabled=enabled - {""})

    def _report(self, found: Found) -> None:
        by_day = Counter(one.day for one in found.enablements)
        for day, count in sorted(by_day.items()):
            some = [one.site_id for one in found.enablements if one.day == day][:_EXAMPLES]
            more = ", …" if count > _EXAMPLES else ""
            self._run.log.info("%s: %d enabled (%s%s), %d ready", day, count, ", ".join(some), more, found.ready[day])
        if not found.ready:
            self._run.warn("there are no two days yet whose statuses could be compared")
            return
        span = (max(found.ready) - min(found.ready)).days + 1
        average = len(found.enablements) / max(span, _SHORTEST_AVERAGE)
        if average > self._settings.alarm_per_day:
            self._run.warn(
                f"{average:.1f} enablements a day on average, more than {self._settings.alarm_per_day:g} "
                "(CIRCUITS_ENABLEMENT_ALARM): see whether the statuses of the files are right"
            )

    def _count(self, rows: list[Row], done: Merged) -> None:
        run = self._run
        run.count("rows", len(rows))
        run.count("inserted", done.inserted)
        run.count("updated", done.updated)
        run.count("deleted", done.deleted)
        run.count("unattributed", sum(row.enabled_by == UNKNOWN for row in rows))
        run.summary = (
            f"{len(rows):,} enablements since {self._since}: {done.inserted:,} new, {done.updated:,} changed, "
            f"{done.deleted:,} removed."
        )
