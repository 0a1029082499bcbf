"""Recorded nights: ledgers with a past, made through the ledger itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ctvpipe.core.errors import EXIT_CODES, Outcome
from ctvpipe.core.ledger import RUNNING, Ledger, RunRecord, process_identity
from ctvpipe.jobs import find, of_pipeline

DEAD = "boot-of-yesterday:1:1"


def run(job: str, started: datetime, outcome: str = "success", *, seconds: float = 30, **fields: Any) -> RunRecord:
    """A run of ``job`` that ended after ``seconds``, or goes on when ``outcome`` is ``running``."""
    running = outcome == RUNNING
    record = RunRecord(
        run_id=str(uuid.uuid4()),
        job=job,
        pipeline=find(job).pipeline,
        trigger="timer",
        host="pi-test",
        version="0.0.1",
        process=process_identity() if running else DEAD,
        started_at=started,
        outcome=outcome,
        finished_at=None if running else started + timedelta(seconds=seconds),
        exit_code=None if running else int(EXIT_CODES[Outcome(outcome)]),
    )
    return replace(record, **fields)


def good_nights(now: datetime, days: int = 7, pipeline: str = "commercial_log") -> list[RunRecord]:
    """The runs of every job of ``pipeline`` in the last ``days`` days up to ``now``, all successful; the station is in UTC."""
    runs = []
    for back in range(days, -1, -1):
        day = now - timedelta(days=back)
        for job in of_pipeline(pipeline):
            if job.schedule.weekday not in {None, day.weekday()}:
                continue
            started = datetime.combine(day.date(), job.schedule.at, tzinfo=UTC) + timedelta(seconds=7)
            if started < now:
                runs.append(run(job.name, started, counters={"rows": 15_532}, message="15,532 rows"))
    return sorted(runs, key=lambda record: record.started_at)


def record(state_dir: Path, runs: Iterable[RunRecord]) -> None:
    """Write ``runs``, oldest first, into the ledger in ``state_dir``, and wait for the disk once."""
    with closing(Ledger(state_dir)) as ledger, ledger._transaction():
        for item in runs:
            ledger._insert(item)
