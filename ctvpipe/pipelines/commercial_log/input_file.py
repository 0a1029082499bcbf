"""Which workbook the daily update takes, and how old it is (facts 3.1, design decision on stage 2's input)."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from ctvpipe import jobs
from ctvpipe.core import clock, ledger
from ctvpipe.core.errors import ContractError, Outcome, PermanentError, Skipped
from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log import daily_files
from ctvpipe.pipelines.commercial_log.settings import UpdateSettings

_LOOK_AGAIN_SECONDS = 1.0


def choose(run: Run, settings: UpdateSettings, named: Path | None) -> Path:
    """The workbook to import: the one named by the caller or by the settings, else the newest local one by its name.

    Waits, within bounds, for tonight's import when that is still running, and says what it knows of it. Raises
    ``PermanentError`` when there is no workbook (``Skipped`` before the first, while no share is configured),
    ``ContractError`` when it is older than the settings allow or dated in the future.
    """
    explicit = named or settings.data_file
    if explicit is not None:
        if not explicit.is_file():
            raise PermanentError(f"the workbook {explicit} does not exist", "Check --file or DAILY_UPDATE_DATA_FILE.")
        run.log.info("Workbook: %s (named by hand)", explicit)
        return explicit
    _await_import(run, settings.wait_for_import_seconds)
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


def _await_import(run: Run, seconds: float) -> None:
    """Wait while the import runs, and remark when the last one did not succeed."""
    deadline = time.monotonic() + seconds
    told = False
    for job in (jobs.find(name) for name in run.job.after):
        latest = run.latest(job.name)
        while latest is not None and latest.outcome == ledger.RUNNING and ledger.is_alive(latest.process):
            if not told:
                run.log.info("%s is still running, waiting for it up to %.0f s", job.name, seconds)
                told = True
            if time.monotonic() >= deadline:
                run.warn(
                    f"{job.name} was still running after {seconds:.0f} s: going on with the newest workbook there is"
                )
                return
            time.sleep(_LOOK_AGAIN_SECONDS)
            latest = run.latest(job.name)
        if latest is not None and latest.outcome not in {Outcome.SUCCESS, Outcome.SKIPPED}:
            run.warn(f"the latest {job.name} did not succeed ({latest.outcome}: {latest.message})")


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
