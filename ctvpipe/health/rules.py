"""When a job is healthy: pure rules over its recorded runs, newest first.

The instants are UTC. A run is due by a scheduled instant once the schedule's random delay and the job's timeout
have passed since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ctvpipe.core import clock_trust
from ctvpipe.core.errors import Outcome
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import RUNNING, RunRecord
from ctvpipe.health.model import Finding, State
from ctvpipe.health.words import ago, span

_CLOCKS_DIFFER = timedelta(hours=1)
_BAD = {Outcome.FAILED, Outcome.REFUSED, Outcome.INTERRUPTED}


@dataclass(frozen=True)
class View:
    """From where a job is looked at.

    ``oldest``: when the first run of any job that is still recorded started; ``alive``: whether a recorded process
    still runs.
    """

    now: datetime
    tz: tzinfo
    oldest: datetime | None
    alive: Callable[[str], bool]


def begun(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs that say how the job stands: those that were narrowed to a part of it, and ``not_now``, do not."""
    return [run for run in runs if run.whole and run.outcome != Outcome.NOT_NOW]


def findings(job: Job, runs: Sequence[RunRecord], view: View) -> list[Finding]:
    """What is wrong with ``job``, given its latest ``runs``, newest first; nothing when it is healthy."""
    real = begun(runs)
    last = real[0] if real else None
    found: list[Finding] = []
    if last is not None and last.outcome == RUNNING:
        found += _running(job, last, view)
        last = next((run for run in real[1:] if run.outcome != RUNNING), None)
    if last is not None:
        found += _ended(job, last, view.now)
    if real and real[0].started_at > view.now + _CLOCKS_DIFFER:
        found.append(_from_the_future(job, real[0], view.now))
    if is_overdue(job, real, view):
        found.append(_overdue(job, runs, real, view))
    return found


def clock_doubted(runs: Mapping[str, Sequence[RunRecord]]) -> list[Finding]:
    """That the clock is not trusted, where it put off the latest runs of jobs; ``runs`` by job, newest first."""
    put_off = [
        latest[0]
        for latest in runs.values()
        if latest and latest[0].outcome == Outcome.NOT_NOW and clock_trust.DOUBTED in latest[0].counters
    ]
    if not put_off:
        return []
    newest = max(put_off, key=lambda run: run.started_at)
    reason = f"{newest.message}; put off: {', '.join(sorted(run.job for run in put_off))}"
    return [Finding(State.WARNING, "clock", reason, newest.advice)]


def due(job: Job, view: View) -> datetime:
    """The latest scheduled instant whose run must have begun by now.

    Where the schedule has been changed since, its run may have begun at the former time: then the one before.
    """
    schedule, since = job.schedule, job.schedule.since
    latest = schedule.previous(view.now - schedule.random_delay - job.timeout, view.tz)
    if since is None or not latest < since <= view.now:
        return latest
    return schedule.previous(latest - timedelta(seconds=1), view.tz)


def is_overdue(job: Job, real: Sequence[RunRecord], view: View) -> bool:
    """Whether no run of ``job`` has been going on since the instant it was due.

    One that has never run counts only where the ledger is older than that instant. Of one that
    was skipped last, for want of settings or by them, nothing is expected.
    """
    expected = due(job, view)
    if not real:
        return view.oldest is not None and view.oldest < expected
    last = real[0]
    if last.outcome in {RUNNING, Outcome.SKIPPED}:
        return False
    return (last.finished_at or last.started_at) < expected


def _running(job: Job, run: RunRecord, view: View) -> list[Finding]:
    if not view.alive(run.process):
        reason = f"its run of {ago(run.started_at, view.now)} ended without a word (killed, power cut or reboot)"
        advice = f"What it had committed is whole. Start it again: sudo systemctl start {job.unit}"
        return [Finding(State.CRITICAL, job.name, reason, advice)]
    age = view.now - run.started_at
    if age > job.timeout:
        reason = f"has been running for {span(age)}, longer than the {span(job.timeout)} it may take"
        advice = f"Look at its log, then: sudo systemctl stop {job.unit}"
        return [Finding(State.CRITICAL, job.name, reason, advice)]
    return []


def _ended(job: Job, run: RunRecord, now: datetime) -> list[Finding]:
    when = ago(run.finished_at or run.started_at, now)
    more = f"Details: ctvpipe runs show {run.run_id[:8]}"
    if run.outcome in _BAD:
        reason = f"{run.outcome} {when}: {run.message}" if run.message else f"{run.outcome} {when}"
        return [Finding(State.CRITICAL, job.name, reason, _joined(run.advice, more))]
    if run.outcome == Outcome.PARTIAL:
        reason = f"{run.outcome} {when}: {run.message}"
        return [Finding(State.WARNING, job.name, reason, _joined(run.advice, more))]
    if run.warnings:
        count = len(run.warnings)
        others = f" (and {count - 1} more)" if count > 1 else ""
        return [Finding(State.WARNING, job.name, f"warned {when}: {run.warnings[0]}{others}", more)]
    return []


def _from_the_future(job: Job, run: RunRecord, now: datetime) -> Finding:
    """Until its next run nobody can tell whether it misses one."""
    reason = f"its last run is dated {ago(run.started_at, now)}: the clock is wrong, or it was"
    advice = f"Compare 'timedatectl' with a watch; if the clock is right: sudo systemctl start {job.unit}"
    return Finding(State.WARNING, job.name, reason, advice)


def _overdue(job: Job, runs: Sequence[RunRecord], real: Sequence[RunRecord], view: View) -> Finding:
    expected = due(job, view)
    put_off = [run for run in runs if run.whole and run.outcome == Outcome.NOT_NOW and run.started_at >= expected]
    before = f"the run before it was {ago(real[0].started_at, view.now)}" if real else "it has never run"
    reason = f"did not run when it was due ({expected.astimezone(view.tz):%a %d %b %H:%M}); {before}"
    if put_off:
        reason += f"; put off {len(put_off)} times: {put_off[0].message}"
    return Finding(State.CRITICAL, job.name, reason, f"Look at: systemctl status {job.unit}.timer {job.unit}.service")


def _joined(*sentences: str) -> str:
    *said, last = (text for text in sentences if text)
    return " ".join([*(text if text.endswith((".", "!", "?")) else f"{text}." for text in said), last])
