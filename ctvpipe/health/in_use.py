"""Which pipelines the appliance is used for: nothing is expected of the others, and nothing is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from ctvpipe.core import timers
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import LedgerReader


def pipelines(jobs: Iterable[Job], on: Collection[str], ran: Collection[str]) -> frozenset[str]:
    """The pipelines of ``jobs`` that are in use; all of them where none is, as on a new machine.

    One is in use when a timer of its jobs is switched on (``on``), or a job of it has run (``ran``: names of jobs).
    """
    jobs = tuple(jobs)
    return frozenset(job.pipeline for job in jobs if job.timer in on or job.name in ran) or frozenset(
        job.pipeline for job in jobs
    )


def jobs_in_use(jobs: Sequence[Job], state_dir: Path, root: Path) -> tuple[Job, ...]:
    """Those of ``jobs`` whose pipelines are in use; ``root``: of the system with the timers."""
    on = timers.switched_on((job.timer for job in jobs), root)
    used = pipelines(jobs, on, _ran(jobs, state_dir))
    return tuple(job for job in jobs if job.pipeline in used)


def _ran(jobs: Sequence[Job], state_dir: Path) -> set[str]:
    """Which jobs have run, as far as the ledger can be read; who asks here is told of that elsewhere."""
    try:
        with LedgerReader.open(state_dir) as reader:
            return {job.name for job in jobs if reader is not None and reader.runs(job=job.name, limit=1)}
    except CtvpipeError:
        return set()
