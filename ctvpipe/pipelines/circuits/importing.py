"""The import of the broker's orders: the newest tracking file becomes the circuits, and the statuses of its day.

Fetch (the portal's download, else the newest local file) → check (contract, limits) → plan (against what is stored)
→ apply (one transaction) → report. A dry run does all but apply, and does not keep what it downloads.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ContractError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import (
    database,
    import_plan,
    import_report,
    import_store,
    statuses,
    tracking_clashes,
    tracking_files,
    tracking_reading,
)
from ctvpipe.pipelines.circuits.settings import ImportSettings
from ctvpipe.pipelines.circuits.tracking_files import TrackingFile
from ctvpipe.stores.merge import Merged

_SOURCE, _ENTITY = "dsr", "circuits"


def import_orders(run: Run, *, file: Path | None = None, force: bool = False) -> None:
    """Import ``file``, or today's, into the circuits' database; see the module's text.

    ``force``: take an old file, one that has lost many rows, or the file of a day before the latest, of which only the
    statuses are kept. Raises ``ContractError`` for a file that breaks its contract or a limit, and the errors of the
    database; in every such case the database is as it was.
    """
    settings = run.load(ImportSettings)
    settings.require_url()
    today = clock.business_day(run.started, run.tz)
    if settings.portal_url and file is None:
        source = TrackingFile(tracking_files.path_for(settings.tracking_dir, today), today)
        reading = _downloaded(run, settings, source)
    else:
        source = tracking_files.choose(settings.tracking_dir, file, today, force=force)
        data = tracking_files.content(source.path, settings.max_file_mib)
        run.log.info("Tracking file: %s (%s)", source.path.name, _age(source.day, today))
        reading = _read(data, settings, source, force=force)
    _Import(run, settings, source, reading, force=force).execute()


def _downloaded(run: Run, settings: ImportSettings, source: TrackingFile) -> tracking_reading.Reading:
    """Download today's file, and keep its bytes as they came once they prove to be the broker's CSV."""
    from ctvpipe.pipelines.circuits import portal

    data = tracking_files.require_size(portal.fetch(settings), "the portal's answer", settings.max_file_mib)
    run.log.info("Downloaded: %d bytes from the portal", len(data))
    reading = _read(data, settings, source, force=False)
    if not run.dry_run:
        tracking_files.keep(source.path, data)
    return reading


def _read(data: bytes, settings: ImportSettings, source: TrackingFile, *, force: bool) -> tracking_reading.Reading:
    return tracking_reading.read(
        data, source.path.name, synonyms=settings.synonyms, trading_names=settings.trading_name_forms, force=force
    )


@dataclass(frozen=True)
class _Done:
    """What was written: circuits, and everything else."""

    circuits: Merged
    others: int
    missing: int

    @property
    def anything(self) -> bool:
        return bool(self.circuits.written or self.others or self.missing)


class _Import:
    """One import of a file that has been read."""

    def __init__(
        self,
        run: Run,
        settings: ImportSettings,
        source: TrackingFile,
        reading: tracking_reading.Reading,
        *,
        force: bool,
    ) -> None:
        self._run, self._settings, self._source, self._reading, self._force = run, settings, source, reading, force
        self._began = time.monotonic()
        self._choices = tracking_clashes.resolved(reading.records, lambda record: record.key)

    def execute(self) -> None:
        import_report.reading(self._run, self._reading, list(self._choices.values()))
        self._require_few_rejects()
        if self._run.dry_run:
            self._preview()
        else:
            self._write()

    def _preview(self) -> None:
        """The plan, by reading only."""
        with database.reading(self._settings) as connection:
            known = {} if connection is None else import_store.stored(connection)
            late = connection is not None and self._is_late(connection)
        planned = self._plan(known)
        if late:
            self._run.summary = f"would keep the statuses of {self._source.day}"
            return
        import_report.plan(self._run, planned)
        self._run.summary = f"would write {import_report.difference(planned)}"

    def _write(self) -> None:
        run, source = self._run, self._source
        with database.writing(run, self._settings) as connection:
            if self._is_late(connection):
                others = self._keep_day(connection)
                done = _Done(Merged(), others, 0)
                self._record(connection, done)
                run.summary = (
                    f"{source.path.name}: the statuses of {source.day} are kept; the circuits are of a later day"
                )
                return
            planned = self._plan(import_store.stored(connection))
            import_report.plan(run, planned)
            now = clock.now()
            circuits = import_store.write(connection, planned, day=source.day, csv_file=source.path.name, now=now)
            conflicts = import_store.write_conflicts(
                connection, self._choices.values(), csv_file=source.path.name, now=now
            )
            done = _Done(circuits, conflicts.written + self._keep_day(connection), len(planned.missing))
            self._record(connection, done)
            checked = import_report.Checked(
                self._enabled(without=planned.protected),
                import_store.enabled(connection),
                import_store.sites_with_many_enabled(connection),
            )
        import_report.done(run, source.path.name, planned, done.circuits, checked)

    def _plan(self, known: dict[import_plan.Key, import_plan.Stored]) -> import_plan.Plan:
        return import_plan.plan(
            [choice.winner.values for choice in self._choices.values()],
            known,
            fields=self._reading.fields,
            clear_notes=self._settings.clear_notes,
        )

    def _keep_day(self, connection: sa.Connection) -> int:
        """Store the day's statuses and its summary. Returns how many rows were written."""
        day, name = self._source.day, self._source.path.name
        states = statuses.of(self._reading.records)
        kept = statuses.store(connection, day, states, csv_file=name, rows=self._reading.rows)
        summary = import_store.write_summary(
            connection,
            [choice.winner["status"] for choice in self._choices.values()],
            day=day,
            csv_file=name,
            seconds=round(time.monotonic() - self._began, 3),
            now=clock.now(),
        )
        return kept.written + summary.written

    def _record(self, connection: sa.Connection, done: _Done) -> None:
        """The record of the import in the database itself, where there is something to record."""
        if done.anything:
            database.record(
                connection,
                self._run,
                _ENTITY,
                done.circuits,
                source=_SOURCE,
                processed=self._reading.rows,
                details={"file": self._source.path.name, "day": self._source.day.isoformat()},
            )

    def _enabled(self, *, without: list[import_plan.Key]) -> int:
        left = self._choices.keys() - set(without)
        return sum(import_store.is_enabled(self._choices[key].winner["status"]) for key in left)

    def _is_late(self, connection: sa.Connection) -> bool:
        """Whether a later day was imported already. Raises ``ContractError``, unless forced, for such a file, and for
        one that has lost too many rows since the day before it.
        """
        source = self._source
        before = statuses.latest(connection, until=source.day)
        if before is not None and not self._force:
            self._require_no_collapse(before)
        newest = statuses.latest(connection)
        if newest is None or newest.day <= source.day:
            return False
        if not self._force:
            raise ContractError(
                f"{source.path.name} is of {source.day}, but the file of {newest.day} was imported already",
                "--force keeps the statuses of its day; the circuits stay as the later file left them.",
            )
        return True

    def _require_no_collapse(self, before: statuses.Latest) -> None:
        lost = 100 * (before.rows - self._reading.rows) / before.rows
        if lost > self._settings.max_loss_percent:
            raise ContractError(
                f"{self._source.path.name} has {self._reading.rows:,} rows; that of {before.day} had {before.rows:,}: "
                f"{lost:.0f} % are gone, at most {self._settings.max_loss_percent:g} % may be",
                "If that is right, --force imports it.",
            )

    def _require_few_rejects(self) -> None:
        reading, most = self._reading, self._settings.max_rejected_percent
        if 100 * reading.rejects > most * reading.rows:
            raise ContractError(
                f"{self._source.path.name}: {reading.rejects:,} of {reading.rows:,} rows cannot be stored "
                f"({import_report.rejected(reading)}), at most {most:g} % may be",
                "Look at the file; TRACKING_MAX_REJECTED_PERCENT is the limit.",
            )


def _age(day: date, today: date) -> str:
    days = (today - day).days
    return "today's" if days == 0 else f"of {day}, {days} {'day' if days == 1 else 'days'} old"
