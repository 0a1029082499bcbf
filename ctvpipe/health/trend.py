"""A job's last nights, one mark a business day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from ctvpipe.core import clock
from ctvpipe.core.errors import Outcome
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import RUNNING, RunRecord
from ctvpipe.health.model import Mark, Night
from ctvpipe.health.rules import View, begun, due

NIGHTS = 7


def nights(job: Job, runs: Sequence[RunRecord], view: View, *, enabled: bool = True) -> tuple[Night, ...]:
    """The marks of the last ``NIGHTS`` days, oldest first, today last.

    A day's mark is that of its last run, so that a repaired night counts as good. A day without a run on which the
    job was due is missed, if the ledger goes back that far; no day is for a job that is not ``enabled``.
    """
    last_of: dict[date, RunRecord] = {}
    for run in begun(runs):
        last_of.setdefault(clock.business_day(run.started_at, view.tz), run)
    today = clock.business_day(view.now, view.tz)
    days = [today - timedelta(days=back) for back in reversed(range(NIGHTS))]
    expected = due(job, view)
    found = []
    for day in days:
        if day in last_of:
            found.append(Night(day, mark(last_of[day], view.alive)))
            continue
        start = _scheduled_on(job, day, view.tz)
        missed = enabled and start is not None and view.oldest is not None and view.oldest < start <= expected
        found.append(Night(day, Mark.MISSED if missed else Mark.NOT_DUE))
    return tuple(found)


def mark(run: RunRecord, alive: Callable[[str], bool]) -> Mark:
    """The mark of one run."""
    if run.outcome == RUNNING:
        return Mark.RUNNING if alive(run.process) else Mark.FAILED
    if run.outcome == Outcome.SUCCESS and run.warnings:
        return Mark.WARNINGS
    return Mark(run.outcome)


def _scheduled_on(job: Job, day: date, tz: tzinfo) -> datetime | None:
    """The instant at which ``job`` is scheduled on ``day``, if it is."""
    midnight = datetime.combine(day, time(), tzinfo=tz)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=tz)
    found = job.schedule.previous(end.astimezone(UTC) - timedelta(seconds=1), tz)
    return found if found >= midnight else None
