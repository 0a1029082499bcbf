"""The nightly sync: five exports become five tables, each replaced as a whole or left as it was.

Fetch (a few at a time) → check (layout, rejects, usual size) → apply (one transaction a table) → report. A table that
fails does not stop the others (facts 5.3). What follows from the tables, preferred days and coordinates, comes after
them, and is never a reason to fail.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError, Skipped
from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import bodies, database, enriching, past
from ctvpipe.pipelines.fms.checking import Checking
from ctvpipe.pipelines.fms.feeds import FEEDS, Feed
from ctvpipe.pipelines.fms.fetching import Fetching
from ctvpipe.pipelines.fms.result import SyncResult
from ctvpipe.pipelines.fms.settings import SyncSettings
from ctvpipe.pipelines.fms.table import TableSync


def sync(run: Run, *, only: Collection[str] = (), force: bool = False) -> SyncResult:
    """Sync the tables ``only``, or all; ``force``: load what has not changed, and what has lost many rows.

    Raises ``Skipped`` where no export is configured or the night is switched off, ``ConfigurationError`` for a table
    there is not, and the errors of the database. What failed of the exports is in the result.
    """
    settings = run.load(SyncSettings)
    settings.require_url()
    feeds = _chosen(only)
    if not settings.enabled and not run.attended:
        raise Skipped("the nightly sync is switched off (SYNC_ENABLED)")
    configured = [feed for feed in feeds if settings.url(feed.table)]
    if not configured:
        raise Skipped("no export is configured (FMS_VEHICLES_CSV_URL and so on)")
    made = SyncResult(run.id, "manual" if run.attended else "schedule", run.started, run.tz)
    made.log_start(run.log)
    if not run.dry_run:
        bodies.tidy(settings.bodies_dir)
    checking = Checking(run, settings, force=force)
    coming = Fetching(configured, settings, checking.check)
    with _opened(run, settings, checking) as connection:
        known = _past(connection)
        checking.tell(known)
        tables = TableSync(run, settings, coming, connection, known, force=force)
        made.tables.extend(map(tables.sync, feeds))
        if connection is not None:
            _enrich(run, settings, connection, known, made)
    made.ended, made.seconds = clock.now(), time.monotonic() - run.began
    made.log_end(run.log)
    _tell(run, made)
    return made


def _chosen(only: Collection[str]) -> list[Feed]:
    names = [feed.table for feed in FEEDS]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise ConfigurationError(f"there is no table called {unknown[0]!r}", f"The tables are: {', '.join(names)}.")
    return [feed for feed in FEEDS if not only or feed.table in only]


@contextmanager
def _opened(run: Run, settings: SyncSettings, checking: Checking) -> Iterator[sa.Connection | None]:
    """The database for a sync, or for a dry run that only reads it; exports are read while a new one is set up."""
    if run.dry_run:
        with database.reading(settings) as connection:
            yield connection
    else:
        with database.session(run, settings, on_new=lambda: checking.tell(past.none())) as connection:
            yield connection


def _past(connection: sa.Connection | None) -> dict[str, past.Past]:
    if connection is None:
        return past.none()
    if connection.in_transaction():
        return past.read(connection)
    with connection.begin():
        return past.read(connection)


def _enrich(
    run: Run, settings: SyncSettings, connection: sa.Connection, known: Mapping[str, past.Past], made: SyncResult
) -> None:
    """Preferred days and coordinates, where what they follow from was synced."""
    synced = {table.table: table for table in made.succeeded}
    if not synced.keys() & {"media_partners", "loan_history"}:
        return
    if run.dry_run:
        enriching.preview(run, settings, connection)
        return
    loaded = {table.table: table.sha256 for table in made.tables if table.status == "loaded"}
    done = enriching.enrich(run, settings, connection, known, loaded)
    if "media_partners" in synced:
        synced["media_partners"].details |= done


def _tell(run: Run, made: SyncResult) -> None:
    """Record what was done, so that the run ends as it should and ``status`` knows it."""
    run.count("rows", made.total)
    run.counters["sync"] = made.shape()
    if made.succeeded:
        for table in made.failed:
            run.fail_unit(f"{table.table}: {table.text}")
    tried = len(made.succeeded) + len(made.failed)
    verb = "would be synced" if run.dry_run else "synced"
    written = sum(table.affected for table in made.succeeded)
    changed = f"{written:,} of them changed" if written else "nothing has changed"
    run.summary = f"{len(made.succeeded)} of {tried} tables {verb}, {made.total:,} rows, {changed}."
