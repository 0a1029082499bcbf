"""The daily update: the newest workbook becomes the sales database's open months.

Fetch (the newest local workbook) → check (contract, limits) → plan (difference by month) → apply (one transaction)
→ report. A dry run does all but apply.
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
from ctvpipe.pipelines.commercial_log import input_file, planning, reading, update_report
from ctvpipe.pipelines.commercial_log.settings import UpdateSettings
from ctvpipe.sources import workbook

if TYPE_CHECKING:
    from ctvpipe.pipelines.commercial_log import applying

_DATABASE = "database"


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


def update(run: Run, options: Options) -> None:
    """Run the daily update; see the module's text.

    Raises ``ContractError`` for a workbook that breaks its contract or would shrink a month too much, and the errors
    of the database; in every such case the database is as it was.
    """
    settings = run.load(UpdateSettings)
    url = settings.require_url()
    path = input_file.choose(run, settings, options.file)
    workbook.require_sane_file(path, max_mib=settings.max_workbook_mib)
    with bounded.start(
        reading.read_log,
        path,
        settings.sheet_names,
        max_rows=settings.max_rows,
        max_unreadable_percent=settings.max_unreadable_percent,
        limits=workbook.limits_for(path),
    ) as task:
        from ctvpipe.pipelines.commercial_log import applying  # noqa: PLC0415,F401  (SQLAlchemy loads meanwhile)

        digest = _sha256(path)
        log = workbook.explained(path, task.result)
    update_report.reading(run, log)
    if not log.rows:
        raise ContractError(f"{path.name} has no row with bill code, month and date", "Look at the workbook by hand.")
    origin = applying.Origin(run.id, path.name, digest, run.started)
    if run.dry_run or options.confirm:
        planned = _preview(run, url, log, options, settings)
        update_report.plan(run, planned)
        if run.dry_run:
            run.summary = f"would write {update_report.difference(planned.plan)}"
            return
        if options.confirm and not options.confirm(update_report.question(planned)):
            raise Skipped("declined at the prompt; nothing was changed")
    planned, applied = _write(run, url, log, options, settings, origin)
    update_report.done(run, log, planned, applied)
    run.counters[_DATABASE] = _name(settings)


def _preview(run: Run, url: str, log: reading.Log, options: Options, settings: UpdateSettings) -> applying.Planned:
    """The plan, by reading only."""
    from ctvpipe.pipelines.commercial_log import applying, database  # noqa: PLC0415
    from ctvpipe.stores import engine, migrate  # noqa: PLC0415

    if settings.database_path and not engine.require_database_file(settings.database_path):
        _may_create(run, settings, options)
        return applying.plan_without_database(log)
    with engine.transaction(engine.open_engine(url, read_only=True)) as connection:
        if migrate.current(connection) is None:
            _may_create(run, settings, options)
            return applying.plan_without_database(log)
        migrate.require_current(connection, database.MIGRATIONS)
        planned = applying.plan(connection, log, options.strategy)
    if not options.force:
        planning.require_no_collapse(planned.plan, settings.max_loss_percent)
    return planned


def _write(
    run: Run, url: str, log: reading.Log, options: Options, settings: UpdateSettings, origin: applying.Origin
) -> tuple[applying.Planned, applying.Applied]:
    """Migrate, plan and apply in one transaction."""
    from ctvpipe.pipelines.commercial_log import applying, database  # noqa: PLC0415
    from ctvpipe.stores import engine, migrate  # noqa: PLC0415

    if settings.database_path and not engine.require_database_file(settings.database_path):
        _may_create(run, settings, options)
    with engine.transaction(engine.open_engine(url)) as connection:
        engine.require_sole_run(connection, run.job.name)
        if migrate.current(connection) is None:
            _may_create(run, settings, options)
        if migrate.upgrade(connection, database.MIGRATIONS):
            run.log.info("the database's schema was brought forward")
        planned = applying.plan(connection, log, options.strategy)
        if not options.force:
            planning.require_no_collapse(planned.plan, settings.max_loss_percent)
        update_report.plan(run, planned)
        if not planned.plan.months:
            return planned, applying.Applied()
        with progress.shown("Writing spots", planned.plan.inserts, run.log) as on_progress:
            applied = applying.apply(connection, log, planned, origin, settings.rule_set, on_progress)
    return planned, applied


def _may_create(run: Run, settings: UpdateSettings, options: Options) -> None:
    """There is no database, or one without any table: fine for the first run, an alarm when an earlier one filled it."""
    before = run.latest_success()
    if before is not None and before.counters.get(_DATABASE) == _name(settings) and not options.new_database:
        raise PermanentError(
            f"the database {_name(settings)} is missing or empty, but it was filled on "
            f"{before.started_at.astimezone(run.tz):%Y-%m-%d}",
            "Restore the newest backup, or start afresh with 'ctvpipe update --new-database'.",
        )
    if not run.dry_run:
        run.warn(f"there is no data in the database {_name(settings)} yet: it is set up now")


def _name(settings: UpdateSettings) -> str:
    """What identifies the database in the ledger, without a secret."""
    return str(settings.database_path) if settings.database_path else "postgresql"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
