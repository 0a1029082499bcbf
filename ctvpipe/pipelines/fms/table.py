"""The sync of one table: what was fetched and checked becomes the difference, written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import database, fetching, loading, past, reading, result
from ctvpipe.pipelines.fms.checking import Checked
from ctvpipe.pipelines.fms.feeds import Feed
from ctvpipe.pipelines.fms.fetching import Export, Fetching
from ctvpipe.pipelines.fms.past import Past
from ctvpipe.pipelines.fms.reading import Reading
from ctvpipe.pipelines.fms.result import TableResult
from ctvpipe.pipelines.fms.settings import SyncSettings
from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged

_SOURCE = "fms"


@dataclass
class TableSync:
    """What the sync of every table needs. ``connection``: of a database that is written, or in a transaction that only
    reads; ``None`` for a dry run without a database.
    """

    run: Run
    settings: SyncSettings
    coming: Fetching[Checked]
    connection: sa.Connection | None
    past: Mapping[str, Past]
    force: bool

    def sync(self, feed: Feed) -> TableResult:
        """Sync the table of ``feed``. A fault of its export is in the result, and so is a row that the database does not
        take; that the database cannot be used is raised.
        """
        if not self.settings.url(feed.table):
            return TableResult(feed.table, "skipped", text="Not configured")
        result.log_begun(self.run.log, feed.table)
        try:
            done = self._synced(feed)
        except CtvpipeError as error:
            return self._failed(feed, error)
        except (sa.exc.IntegrityError, sa.exc.DataError) as error:
            return self._failed(feed, engine.refused(error))
        result.log_done(self.run.log, done)
        return done

    def _failed(self, feed: Feed, error: CtvpipeError) -> TableResult:
        reason = self.run.scrubber.clean(fetching.reason(error))
        return TableResult(feed.table, "failed", text=reason, error=error)

    def _synced(self, feed: Feed) -> TableResult:
        checked, known = self.coming.result(feed.table), self.past[feed.table]
        export, read = checked.export, checked.read
        if read is None:
            processed = int(known.latest["rows_accepted"])
            return TableResult(feed.table, "unchanged", processed, 0, "unchanged", {"attempts": export.attempts})
        self._warn(feed, read, known)
        merged = self._apply(feed, export, read, known)
        told = f"{merged.inserted:,} inserted, {merged.updated:,} updated, {merged.deleted:,} deleted"
        details = {
            "attempts": export.attempts,
            "rows_read": read.read,
            "rows_rejected": len(read.rejects),
            "rows_duplicate": read.duplicates,
            "rows_loaded": len(read.rows),
            "previous_rows": known.rows,
            "inserted": merged.inserted,
            "updated": merged.updated,
            "deleted": merged.deleted,
        }
        return TableResult(feed.table, "loaded", read.accepted, merged.written, told, details, sha256=export.sha256)

    def _warn(self, feed: Feed, read: Reading, known: Past) -> None:
        """Say what the operator should know of an export that is accepted."""
        run, before = self.run, known.latest.get("width")
        if unusual := past.unusual(feed, known, read.accepted):
            run.warn(unusual)
        if read.rejects:
            run.warn(
                f"{feed.table}: {len(read.rejects):,} of {read.read:,} rows are not stored: "
                f"{reading.commonest(read.rejects)}"
            )
        if read.ending_early:
            run.warn(f"{feed.table}: {read.ending_early:,} rows end before they begin; they are stored as they are")
        if before not in {None, read.width}:
            run.warn(f"{feed.table}: the export has {read.width} columns, the one before had {before}")
        if read.duplicates:
            run.log.info("%s: %d rows repeat a key; the first of each is stored", feed.table, read.duplicates)

    def _apply(self, feed: Feed, export: Export, read: Reading, known: Past) -> Merged:
        if self.connection is None:
            return Merged(inserted=len(read.rows))
        if self.run.dry_run:
            return loading.plan(self.connection, read)
        now = clock.now()
        with self.connection.begin():
            merged = loading.load(self.connection, read, known, now=now)
            database.record(
                self.connection,
                self.run,
                feed.table,
                merged,
                source=_SOURCE,
                processed=read.accepted,
                details={
                    "sha256": export.sha256,
                    "reader": past.READER,
                    "bytes": len(export.body),
                    "encoding": read.encoding,
                    "had_header": read.had_header,
                    "width": read.width,
                    "rows_read": read.read,
                    "rows_accepted": read.accepted,
                    "rows_rejected": len(read.rejects),
                    "rows_loaded": len(read.rows),
                    "previous_rows": known.rows,
                    "forced": self.force,
                },
            )
        return merged
