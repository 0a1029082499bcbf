"""One import into an opened database, phase by phase.

Fetch and check the report → read the equipment → fetch the details of those who are due, and store them as they come →
mark who is gone → record. What is committed on the way is whole, so that a run that is cut short loses little, and the
next one goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from http import HTTPStatus

import sqlalchemy as sa

from ctvpipe.core import clock, progress
from ctvpipe.core.run import Run
from ctvpipe.pipelines.bdc import customers, database, due, equipment, metadata, snapshot, stored
from ctvpipe.pipelines.bdc.batch import Context
from ctvpipe.pipelines.bdc.customers import Asked, Sorted
from ctvpipe.pipelines.bdc.due import Age, Known
from ctvpipe.pipelines.bdc.layout import Layout
from ctvpipe.pipelines.bdc.records import Detail
from ctvpipe.pipelines.bdc.report import Report
from ctvpipe.pipelines.bdc.result import Result
from ctvpipe.pipelines.bdc.rows import Names
from ctvpipe.pipelines.bdc.settings import ImportSettings
from ctvpipe.pipelines.bdc.sonar import Sonar
from ctvpipe.pipelines.bdc.tally import Tally, listed
from ctvpipe.pipelines.bdc.writer import Writer
from ctvpipe.sources.http import StatusError
from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged
from ctvpipe.stores.pipeline_database import sole_name

_SOURCE = "sonar"
_NOT_SHOWN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class Half(Enum):
    """What alone is imported."""

    INVENTORY = "inventory"
    CUSTOMERS = "customers"


@dataclass(frozen=True)
class Options:
    """``force``: everybody is due; ``limit``: so many of them, and nobody is gone; ``only``: a half; ``accept_shrink``:
    whoever the report lacks is gone, however many; ``check``: only look at the report.
    """

    force: bool = False
    limit: int | None = None
    only: Half | None = None
    accept_shrink: bool = False
    check: bool = False


def age_of(run: Run, settings: ImportSettings, options: Options) -> Age:
    """Who is due."""
    return Age(run.started, settings.days, force=options.force)


class Importer:
    """``connection``: in no transaction; it holds the lock of the import."""

    def __init__(
        self, run: Run, settings: ImportSettings, options: Options, sonar: Sonar, connection: sa.Connection
    ) -> None:
        self._run, self._settings, self._options = run, settings, options
        self._sonar, self._connection = sonar, connection
        self._tables = database.tables(settings)
        self._context = Context(self._tables, run.started, Names(), {})
        self._result = Result()
        self._notes: dict[str, object] = {}
        self._owners: dict[int, int] | None = None
        self._tally = Tally()

    def run(self, candidates: Sequence[Layout]) -> Result:
        """Import; what was done is told and counted however it ends. Raises as ``importing.import_``."""
        self._note({metadata.STARTED: self._context.now, metadata.STATUS: "running"})
        try:
            self._import(candidates)
        except KeyboardInterrupt:
            self._broken_off("interrupted")
            raise
        except Exception:
            self._broken_off("failed")
            raise
        finally:
            self._count()
        return self._result

    def _import(self, candidates: Sequence[Layout]) -> None:
        if self._options.only is Half.INVENTORY:
            self._equipment()
            self._finish(None, {})
            return
        report = self._sonar.report(candidates)
        with self._connection.begin():
            known = stored.known(self._connection, self._tables)
        found = Sorted.of(
            report.customers(self._settings.placing), known, age_of(self._run, self._settings, self._options)
        )
        chosen = found.first(self._options.limit)
        details = self._sonar.confirm(report, chosen)
        self._describe(report, found)
        self._equipment()
        self._customers(report, known, frozenset(found.due), chosen, details)
        self._finish(report, known)

    def _describe(self, report: Report, found: Sorted) -> None:
        """Say what the report is like, once it is known to be right."""
        result = self._result
        result.layout, result.coordinates = report.layout.name, found.coordinates
        result.counts |= {"report_rows": report.rows, "unique": len(report.ids), "duplicates": len(report.repeated)}
        result.counts |= {"unreadable": report.unreadable, "due": len(found.due), "skipped": found.skipped}
        if report.differing:
            self._run.log.warning("Accounts with rows that differ: %s", listed(sorted(report.differing)))
        if report.unreadable:
            self._run.warn(f"{report.unreadable:,} rows of the report cannot be read")
        self._notes |= {metadata.LAYOUT: report.layout.name, metadata.REPORT_ROWS: report.rows}

    def _equipment(self) -> None:
        """The names of models and makers, and all equipment at once where that is allowed."""
        if self._options.only is Half.CUSTOMERS:
            with self._connection.begin():
                self._context.names = stored.names(self._connection, self._tables)
        else:
            models = self._sonar.models()
            self._context.names = Names.of(models, self._sonar.manufacturers())
            with self._connection.begin():
                renamed = equipment.rename(self._connection, self._context)
            self._result.counts |= {"models": len(models), "items_renamed": renamed}
            self._notes[metadata.INVENTORY_UPDATED] = self._context.now
        if self._settings.inventory == "bulk":
            self._read_at_once()

    def _read_at_once(self) -> None:
        before = self._sonar.traffic.requests
        try:
            self._owners, refused = equipment.store(self._connection, self._context, self._sonar.items())
        except StatusError as error:
            if error.status not in _NOT_SHOWN:
                raise
            self._run.warn(f"Sonar does not show all equipment at once ({error.status}); it is read account by account")
            return
        self._result.counts["item_calls"] = self._sonar.traffic.requests - before
        if refused:
            self._run.fail_unit(f"the database refuses {len(refused):,} pieces of equipment")

    def _customers(
        self,
        report: Report,
        known: dict[int, Known],
        due_now: frozenset[int],
        chosen: frozenset[int],
        details: dict[int, Detail],
    ) -> None:
        placing = self._settings.placing
        self._context.active = self._active(asking=bool(chosen))
        skipped = (customer for customer in report.customers(placing) if customer.id not in due_now)
        self._result.counts["refreshed"] = customers.refresh(self._connection, self._context, skipped)
        asked = Asked(report.customers(placing), chosen)
        lock = partial(engine.hold_sole_run, self._connection, sole_name(self._run, self._settings.home))
        sizes = self._settings.batch_size, self._settings.commit_interval
        writer = Writer(self._connection, self._context, *sizes, lock, self._run.log)
        each = self._owners is None
        try:
            with (
                progress.shown("Customers", len(chosen), self._run.log) as shown,
                self._sonar.details(asked, items=each, known=details) as coming,
            ):
                customers.store(coming, asked, known, writer, self._tally, shown)
        finally:
            self._tally.failed |= writer.refused
        self._tally.require_any()

    def _active(self, *, asking: bool) -> dict[str, bool]:
        """Which statuses count as live, by their names in small letters; where nobody is due, as it is stored."""
        if not asking:
            with self._connection.begin():
                return stored.active(self._connection, self._tables)
        try:
            return {status.name.casefold(): status.active for status in self._sonar.statuses()}
        except StatusError as error:
            if error.status not in _NOT_SHOWN:
                raise
            names = [name.strip() for name in self._settings.active_statuses.split(",")]
            self._run.warn(f"Sonar does not tell which statuses are live; taken for live: {', '.join(names)}")
            return {name.casefold(): True for name in names}

    def _finish(self, report: Report | None, known: dict[int, Known]) -> None:
        """Who has what, who is gone, and what was done, in one transaction."""
        connection, now = self._connection, self._context.now
        partial_ = bool(self._run.failures)
        with connection.begin():
            self._link()
            if report is not None:
                customers.doubt(connection, self._tables, self._tally.failed)
                partial_ = not self._bury(report, known) or partial_ or bool(self._tally.failed)
                if self._options.limit is None:
                    self._notes[metadata.CUSTOMERS_UPDATED] = now
            self._result.status = "partial" if partial_ else "ok"
            ended = {metadata.STATUS: self._result.status, metadata.FINISHED: clock.now()}
            metadata.put(connection, self._tables, self._notes | ended, clock.now())
            self._record()
            if report is not None and self._options.limit is None:
                self._keep()
        self._tell_failures()

    def _link(self) -> None:
        if self._owners is None:
            return
        held = equipment.held(self._connection, self._context)
        if due.has_shrunk(len(self._owners), held) and not self._options.accept_shrink:
            self._run.fail_unit(
                f"customers have {len(self._owners):,} pieces of equipment, {held:,} before: who has which was left as it "
                "was; if that is right: ctvpipe bdc import --accept-shrink"
            )
            return
        foreign = equipment.link(self._connection, self._context, self._owners)
        if foreign:
            self._run.log.info("%d pieces of equipment belong to accounts that are not stored", foreign)

    def _bury(self, report: Report, known: dict[int, Known]) -> bool:
        """Mark who is gone; whether that was done."""
        if self._options.limit is not None:
            return True
        missing = due.gone(report.ids, known)
        live = due.live(known)
        if missing and due.has_shrunk(len(report.ids), live) and not self._options.accept_shrink:
            self._run.fail_unit(
                f"the report has {len(report.ids):,} customers, {live:,} are stored: nobody was marked as gone; if that is "
                "right: ctvpipe bdc import --accept-shrink"
            )
            return False
        customers.bury(self._connection, self._tables, missing, self._context.now)
        self._context.counts["removed"] += len(missing)
        return True

    def _keep(self) -> None:
        """The snapshot of a day that a filing is about, once (facts 6)."""
        today = clock.business_day(self._run.started, self._run.tz)
        if not self._settings.is_kept(today) or snapshot.exists(self._connection, self._tables, today):
            return
        taken = snapshot.take(self._connection, self._tables, today, today=today)
        self._run.log.info("%d customers are kept as of %s, for the filing", taken.customers, today)

    def _record(self) -> None:
        """The record of the import in the database (design 3)."""
        counts = self._context.counts
        half = self._options.only is Half.INVENTORY
        merged = Merged(0, counts["items_written"]) if half else Merged(counts["inserted"], counts["updated"])
        database.record(
            self._connection,
            self._run,
            f"{self._settings.prefix}{'inventory_items' if half else 'customers'}",
            merged,
            source=_SOURCE,
            processed=counts["items"] if half else self._tally.taken,
            details={"layout": self._result.layout, **self._result.counts, **counts},
        )

    def _tell_failures(self) -> None:
        """The failures of customers as one, with the commonest reason; their ids are in the log."""
        failed = self._tally.failed
        if failed:
            self._run.log.warning("Accounts that failed: %s", listed(sorted(failed), len(failed)))
            reason, count = next(iter(self._tally.reasons.items()))
            self._run.fail_unit(f"{len(failed):,} customers, {count:,} of them because: {reason}")

    def _note(self, values: dict[str, object]) -> None:
        with self._connection.begin():
            metadata.put(self._connection, self._tables, values, clock.now())

    def _broken_off(self, status: str) -> None:
        """Leave word of it; the data's own dates stay. Where the database is gone, nothing can be said there."""
        self._result.status = status
        with suppress(sa.exc.SQLAlchemyError):
            if self._connection.in_transaction():
                self._connection.rollback()
            self._note({metadata.STATUS: status, metadata.FINISHED: clock.now()})

    def _count(self) -> None:
        """Tell what was done, and count it in the run's record."""
        run, result, sonar = self._run, self._result, self._sonar
        result.counts |= dict(self._context.counts)
        result.counts |= {"fetched": self._tally.taken, "failed": len(self._tally.failed)}
        if (pages := result.counts.pop("item_calls", None)) is not None:
            result.counts["calls_saved"] = max(0, self._tally.taken - pages)
        traffic = sonar.traffic
        result.counts |= {"requests": traffic.requests, "retries": traffic.retried, "limited": traffic.limited}
        result.counts |= {"bytes": traffic.received, "logins": sonar.logins, "pauses": sonar.pauses}
        result.failed = self._tally.reasons
        result.seconds = time.monotonic() - run.began
        result.log(run.log)
        run.count("rows", self._tally.taken or result.counts.get("unique", 0))
        run.counters["import"] = result.shape()
        written = result.counts.get("inserted", 0) + result.counts.get("updated", 0)
        run.summary = (
            f"{result.counts.get('unique', 0):,} customers, {self._tally.taken:,} of them fetched, {written:,} new or changed, "
            f"{result.counts.get('removed', 0):,} gone."
        )
