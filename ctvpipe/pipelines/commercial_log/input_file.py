"""Which workbook the daily update takes, and how old it is (facts 3.1, design decision on stage 2's input)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ctvpipe import jobs
from ctvpipe.core import clock, predecessors
from ctvpipe.core.errors import ContractError, Outcome, PermanentError, Skipped
from ctvpipe.core.job import Job
from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log import daily_files
from ctvpipe.pipelines.commercial_log.settings import UpdateSettings


def choose(run: Run, settings: UpdateSettings, named: Path | None) -> Path:
    """The workbook to import: the one named by the caller or by the settings, else the newest local one by its name.

    Waits, within bounds, for tonight's import, and says what it knows of it. Raises ``NotNowError`` when that takes
    longer, ``PermanentError`` when there is no workbook (``Skipped`` before the first, while no share is configured),
    ``ContractError`` when it is older than the settings allow or dated in the future.
    """
    explicit = named or settings.data_file
    if explicit is not None:
        if not explicit.is_file():
            raise PermanentError(f"the workbook {explicit} does not exist", "Check --file or DAILY_UPDATE_DATA_FILE.")
        run.log.info("Workbook: %s (named by hand)", explicit)
        return explicit
    _await_import(run, settings)
    newest = daily_files.newest(settings.daily_dir)
    if newest is None:
        raise _none_there(run, settings.daily_dir)
    today = clock.business_day(clock.now(), run.tz)
    daily_files.refuse_future([newest], today)
    run.log.info("Workbook: %s (%s)", newest.path.name, _age(newest.day, today))
    _require_recent(run, newest.day, today, settings.max_age_days)
    return newest.path


def _none_there(run: Run, directory: Path) -> PermanentError | Skipped:
    text = f"there is no workbook in {directory}"
    latest = [run.latest(name) for name in run.job.after]
    unconfigured = any(before is not None and before.outcome == Outcome.SKIPPED for before in latest)
    if unconfigured and run.latest_done() is None:
        return Skipped(f"{text}, and no share is configured to get one from", "Set COMMERCIAL_SHARE, or use --file.")
    return PermanentError(text, "Run 'ctvpipe commercial import' first.")


def _await_import(run: Run, settings: UpdateSettings) -> None:
    """Wait, within bounds, while tonight's import runs or has yet to begin; remark when the last one did not succeed.

    Raises ``NotNowError`` for an import that takes longer; one that does not begin is not waited for any longer.
    """
    seconds = settings.wait_for_import_seconds
    imports = [jobs.find(name) for name in run.job.after]
    absent = predecessors.wait(
        run,
        imports,
        lambda job: _is_awaited(run, settings, job),
        seconds=seconds,
        variable="DAILY_UPDATE_WAIT_SECONDS",
        advice="What it fetches is waited for; --file imports another workbook now.",
    )
    if absent is not None:
        state = f"{absent.name} {predecessors.HAS_YET_TO_BEGIN}, waited {seconds:.0f} s"
        run.warn(f"{state}: going on with the newest workbook there is")
        return
    for job in imports:
        latest = run.latest(job.name)
        if latest is not None and latest.outcome not in {Outcome.SUCCESS, Outcome.SKIPPED}:
            run.warn(f"the latest {job.name} did not succeed ({latest.outcome}: {latest.message})")


def _is_awaited(run: Run, settings: UpdateSettings, job: Job) -> bool:
    """Whether ``job`` has yet to begin; asked only in the night, where today's workbook is not there, and of an import
    that is in use.
    """
    if run.attended or run.dry_run:
        return False
    now = clock.now()
    due = job.schedule.previous(now, run.tz)
    latest = run.latest(job.name)
    late = run.is_to_come(job) or (latest is not None and latest.outcome != Outcome.SKIPPED and latest.started_at < due)
    newest = daily_files.newest(settings.daily_dir) if late else None
    there = newest is not None and newest.day >= clock.business_day(now, run.tz)
    return late and not there


def _age(day: date, today: date) -> str:
    days = (today - day).days
    if days == 0:
        return "today's"
    if days < 0:
        return "tomorrow's"
    return f"{days} day{'s' if days > 1 else ''} old"


def _require_recent(run: Run, day: date, today: date, max_age_days: int) -> None:
    days = (today - day).days
    if days == 0:
        return
    text = f"the newest workbook is not today's: it is {_age(day, today)} ({day})"
    if max_age_days and days > max_age_days:
        raise ContractError(
            text, f"At most {max_age_days} days are allowed (DAILY_UPDATE_MAX_AGE_DAYS): look at the import."
        )
    run.warn(text)
