"""The jobs whose result a job works on: waiting for those that run or are about to, and asking whether they are done.

A job asks the ledger and never trusts the clock: timers make up for a missed night all at once, in any order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ctvpipe.core import clock, ledger
from ctvpipe.core.errors import ContractError, NotNowError, Outcome, Skipped
from ctvpipe.core.job import Job
from ctvpipe.core.run import Run

HAS_YET_TO_BEGIN = "has not run since it was due"
_RUNS = "is still running"
_LOOK_AGAIN_SECONDS = 1.0


def is_running(run: Run, job: Job) -> bool:
    """Whether a run of ``job`` is going on."""
    latest = run.latest(job.name, whole=False)
    return latest is not None and latest.outcome == ledger.RUNNING and ledger.is_alive(latest.process)


def wait(
    run: Run,
    jobs: Sequence[Job],
    is_awaited: Callable[[Job], bool],
    *,
    seconds: float,
    variable: str,
    advice: str,
) -> Job | None:
    """Wait up to ``seconds`` while one of ``jobs`` runs, or has yet to begin and ``is_awaited``.

    Returns the one that did not begin in that time. Raises ``NotNowError`` for one that still runs then; ``variable``:
    the setting that says how long, ``advice``: what else can be done.
    """
    deadline = time.monotonic() + seconds
    for job in jobs:
        told = ""
        while state := _RUNS if is_running(run, job) else HAS_YET_TO_BEGIN if is_awaited(job) else "":
            if state != told:
                run.log.info("%s %s, waiting for it up to %.0f s", job.name, state, seconds)
                told = state
            if time.monotonic() >= deadline:
                if state == _RUNS:
                    raise NotNowError(f"{job.name} {state} after {seconds:.0f} s ({variable})", advice)
                return job
            time.sleep(_LOOK_AGAIN_SECONDS)
    return None


def require_done(run: Run, jobs: Sequence[Job], *, seconds: float, variable: str, otherwise: str = "") -> None:
    """Return when each of ``jobs`` has done its work since it was last due.

    A person is kept waiting by one that runs only, a night also by one that has yet to begin. Raises ``NotNowError``
    for one that takes longer or will be started again, ``Skipped`` for one that had nothing to do for want of
    settings, and ``ContractError`` for one that did not begin, or failed. ``otherwise``: what a person may do instead.
    """

    def is_awaited(job: Job) -> bool:
        if run.attended or run.dry_run or _is_done(run, job):
            return False
        return run.is_to_come(job) or not _has_begun(run, job)

    advice = _joined("Its result is waited for.", otherwise)
    wait(run, jobs, is_awaited, seconds=seconds, variable=variable, advice=advice)
    for job in jobs:
        if not _is_done(run, job):
            raise _unfinished(run, job, otherwise)
        latest = run.latest(job.name)
        if latest is not None and latest.outcome != Outcome.SUCCESS:
            run.warn(f"the latest {job.name} did not succeed ({latest.outcome}: {latest.message})")


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _unfinished(run: Run, job: Job, otherwise: str) -> ContractError | NotNowError | Skipped:
    if run.is_to_come(job):
        text = f"{job.name} {HAS_YET_TO_BEGIN}, and will be started again"
        return NotNowError(text, _joined("Its result is waited for.", otherwise))
    advice = _joined(f"'ctvpipe runs list --job {job.name}' shows what became of it; run it first.", otherwise)
    latest = run.latest(job.name)
    if latest is None or not _has_begun(run, job):
        return ContractError(f"{job.name} {HAS_YET_TO_BEGIN}", advice)
    if latest.outcome == Outcome.SKIPPED:
        return Skipped(f"{job.name} was skipped: {latest.message}", latest.advice)
    return ContractError(f"{job.name} did not finish ({latest.outcome}: {latest.message})", advice)


def _is_done(run: Run, job: Job) -> bool:
    """Whether it did its work since it was last due. A later run that failed has changed nothing of that."""
    done = run.latest_done(job.name)
    return done is not None and done.started_at >= job.schedule.previous(clock.now(), run.tz)


def _has_begun(run: Run, job: Job) -> bool:
    latest = run.latest(job.name)
    return latest is not None and latest.started_at >= job.schedule.previous(clock.now(), run.tz)
