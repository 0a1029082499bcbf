"""The daily update: the newest workbook becomes the sales database's open months.

Fetch (the newest local workbook) → check (contract, limits) → plan (difference by month) → apply (one transaction)
→ report. A dry run does all but apply. A workbook that was applied before, byte for byte, is not read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctvpipe.core import bounded, progress
from ctvpipe.core.errors import ContractError, PermanentError, Skipped
from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log import columns, input_file, planning, reading, update_report
from ctvpipe.pipelines.commercial_log.settings import UpdateSettings
from ctvpipe.sources import workbook

if TYPE_CHECKING:
    from ctvpipe.pipelines.commercial_log import applying

_DATABASE, _KEY = "database", "reading"  # counters by which a run knows what an earlier one worked on


@dataclass(frozen=True)
class Options:
    """What the caller of ``ctvpipe update`` may choose.

    ``confirm``: asked with the plan's summary before anything is written; ``None``: nobody is asked.
    """

    file: Path | None = None
    strategy: str = planning.DIFF
    force: bool = False
    new_database: bool = False
    confirm: Callable[[str], bool] | None = None


def update(run: Run, options: Options, reader: bounded.Child | None = None) -> None:
    """Run the daily update; see the module's text. ``reader``: a child that was prepared for reading.

    Raises ``ContractError`` for a workbook that breaks its contract or would shrink a month too much, and the errors
    of the database; in every such case the database is as it was.
    """
    settings = run.load(UpdateSettings)
    url = settings.require_url()
    path = input_file.choose(run, settings, options.file)
    workbook.require_sane_file(path, max_mib=settings.max_workbook_mib, names=columns.SETTINGS)
    _Update(run, options, settings, url, path, reader).execute()


class _Update:
    """One update of the database at ``url`` from the workbook at ``path``."""

    def __init__(
        self,
        run: Run,
        options: Options,
        settings: UpdateSettings,
        url: str,
        path: Path,
        reader: bounded.Child | None,
    ) -> None:
        self._run, self._options, self._settings = run, options, settings
        self._url, self._path, self._reader = url, path, reader
        self._name = str(settings.database_path) if settings.database_path else "postgresql"
        self._key = reading.key(
            _sha256(path),
            settings.sheet_names,
            max_rows=settings.max_rows,
            max_unreadable_percent=settings.max_unreadable_percent,
        )

    def execute(self) -> None:
        run, confirm = self._run, self._options.confirm
        self._remark_another_database()
        if self._may_be_known() and self._apply_known():
            return
        log = self._read()
        if run.dry_run or confirm is not None:
            planned = self._preview(log)
            update_report.plan(run, planned)
            if run.dry_run:
                run.summary = f"would write {update_report.difference(planned.plan)}"
                return
            if confirm is not None and not confirm(update_report.question(planned)):
                run.only = "the plan"
                raise Skipped("declined at the prompt; nothing was changed")
        self._write(log)

    def _read(self) -> reading.Log:
        """Read the workbook in a bounded child, and report what it holds."""
        path, settings = self._path, self._settings
        with bounded.start(
            reading.read_log,
            path,
            settings.sheet_names,
            max_rows=settings.max_rows,
            max_unreadable_percent=settings.max_unreadable_percent,
            limits=workbook.limits_for(path),
            child=self._reader,
        ) as task:
            self._prepare_database()  # meanwhile
            log = workbook.explained(path, task.result)
        update_report.reading(self._run, log)
        if not log.rows:
            raise ContractError(
                f"{path.name}: none of its {log.counts['read']:,} rows can be stored: {update_report.left_out(log)}",
                "If its cells are formulas, open it in Excel and save it again; else look at it by hand.",
            )
        return log

    def _prepare_database(self) -> None:
        """Load what the database needs, without opening it."""
        from ctvpipe.pipelines.commercial_log import applying, database, recall  # noqa: F401
        from ctvpipe.stores import engine, migrate

        engine.open_engine(self._url, self._settings.names)
        if self._settings.database_path and not self._settings.database_path.exists():
            migrate.load()

    def _may_be_known(self) -> bool:
        """Whether the last update applied this very workbook, as far as the ledger knows."""
        options = self._options
        if self._run.dry_run or options.confirm is not None or options.strategy != planning.DIFF:
            return False
        before = self._run.latest_done()
        return before is not None and before.counters.get(_KEY) == self._key

    def _apply_known(self) -> bool:
        """Apply a workbook that need not be read again; ``False`` when it must be read after all."""
        from ctvpipe.pipelines.commercial_log import applying, database, recall
        from ctvpipe.stores import engine, migrate

        run, path = self._run, self._settings.database_path
        if path is not None and not path.exists():
            return False
        with engine.transaction(engine.open_engine(self._url, self._settings.names)) as connection:
            engine.require_sole_run(connection, run.job.name)
            if migrate.current(connection) is None or not migrate.require_current(connection, database.MIGRATIONS):
                return False
            known = recall.recall(connection, self._key)
            if known is None:
                return False
            run.log.info("The workbook is the one applied before, byte for byte: it is not read again")
            update_report.reading(run, known.log)
            planned = applying.Planned(known.plan, ())
            applied = self._apply(connection, known.log, planned, known.record)
        self._report(planned, applied)
        return True

    def _preview(self, log: reading.Log) -> applying.Planned:
        """The plan, by reading only."""
        from ctvpipe.pipelines.commercial_log import applying, database
        from ctvpipe.stores import engine, migrate

        path = self._settings.database_path
        if path is not None and not engine.require_database_file(path, self._settings.names):
            self._require_first_run()
            return applying.plan_without_database(log)
        with engine.transaction(engine.open_engine(self._url, self._settings.names, read_only=True)) as connection:
            if migrate.current(connection) is None:
                self._require_first_run()
                return applying.plan_without_database(log)
            migrate.require_current(connection, database.MIGRATIONS)
            planned = applying.plan(connection, log, self._options.strategy)
        self._require_no_collapse(planned.plan)
        return planned

    def _write(self, log: reading.Log) -> None:
        """Migrate, plan and apply in one transaction."""
        from ctvpipe.pipelines.commercial_log import applying, database, recall
        from ctvpipe.stores import engine, migrate

        run, path = self._run, self._settings.database_path
        if path is not None and not engine.require_database_file(path, self._settings.names):
            self._require_first_run()
            engine.create_database_file(path)
        with engine.transaction(engine.open_engine(self._url, self._settings.names)) as connection:
            engine.require_sole_run(connection, run.job.name)
            if migrate.current(connection) is None:
                self._require_first_run()
                run.log.info("A new sales database is set up: %s", self._name)
            elif not migrate.require_current(connection, database.MIGRATIONS):
                run.log.info("The database's schema is brought forward")
            migrate.upgrade(connection, database.MIGRATIONS)
            planned = applying.plan(connection, log, self._options.strategy)
            self._require_no_collapse(planned.plan)
            applied = self._apply(connection, log, planned, recall.record(log, self._key))
        self._report(planned, applied)

    def _apply(
        self, connection: applying.Connection, log: reading.Log, planned: applying.Planned, record: applying.Record
    ) -> applying.Applied:
        from ctvpipe.pipelines.commercial_log import applying

        run = self._run
        update_report.plan(run, planned)
        if not planned.plan.months:
            return applying.Applied()
        origin = applying.Origin(run.id, self._path.name, record, run.started)
        with progress.shown("Writing spots", planned.plan.inserts, run.log) as on_progress:
            return applying.apply(
                connection, log, planned, origin, rule_set=self._settings.rule_set, on_progress=on_progress
            )

    def _report(self, planned: applying.Planned, applied: applying.Applied) -> None:
        update_report.done(self._run, planned, applied)
        self._run.counters |= {_DATABASE: self._name, _KEY: self._key}

    def _require_no_collapse(self, plan: planning.Plan) -> None:
        if not self._options.force:
            planning.require_no_collapse(plan, self._settings.max_loss_percent)

    def _remark_another_database(self) -> None:
        """Three times the wrong database was filled (facts 6.1, 4): whoever changes it is told so, once."""
        before = self._run.latest_done()
        filled = before.counters.get(_DATABASE) if before else None
        if filled and filled != self._name:
            self._run.warn(f"the database is {self._name} now; the update before filled {filled}")

    def _require_first_run(self) -> None:
        """There is no database, or one without any table: fine at first, an alarm when an earlier run filled it."""
        before = self._run.latest_done()
        if before is None or self._options.new_database:
            return
        day = f"{before.started_at.astimezone(self._run.tz):%Y-%m-%d}"
        filled = before.counters.get(_DATABASE)
        if filled == self._name:
            raise PermanentError(
                f"the database {self._name} is missing or empty, but it was filled on {day}",
                "Restore the newest backup, or start afresh with 'ctvpipe update --new-database'.",
            )
        raise PermanentError(
            f"the database {self._name} is missing or empty; the one filled on {day} is {filled}",
            "Correct DATABASE_PATH or DATABASE_URL; if a new one is meant, once: 'ctvpipe update --new-database'.",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
