"""The night of the directory: every source, then what follows from them, each step a run of its own in the database.

A source that fails makes only what works on it wait; the rest goes on, and the run is partial.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.run import Run
from ctvpipe.pipelines.directory import database, fetching, telling
from ctvpipe.pipelines.directory.result import StageResult, SyncResult
from ctvpipe.pipelines.directory.settings import SyncSettings
from ctvpipe.pipelines.directory.stages import STAGES, Stage, Status
from ctvpipe.pipelines.directory.working import Wanted, Work

__all__ = ["Wanted", "sync"]


def sync(run: Run, wanted: Wanted, stages: Sequence[Stage] = STAGES) -> SyncResult:
    """Do ``stages``, in their order. What failed of them is in the result.

    Raises ``Skipped`` where a source is wanted and none is configured, and the errors of the database.
    """
    settings = run.load(SyncSettings)
    settings.require_url()
    fetches = any(stage.stream for stage in stages)
    if fetches:
        fetching.require_any(settings)
    made = SyncResult(run.id, run.dry_run, run.started)
    lines = telling.Lines(run.log, dry_run=run.dry_run)
    ended: dict[str, Status] = {}
    with _opened(run, settings, creates=fetches) as connection:
        work = Work(run, settings, connection, wanted, lines)
        for stage in stages:
            done = work.do(stage, ended)
            lines.end(done)
            ended[stage.name] = done.status
            made.stages.append(done)
    made.ended = clock.now()
    lines.finish(made)
    _tell(run, made)
    return made


@contextmanager
def _opened(run: Run, settings: SyncSettings, *, creates: bool) -> Iterator[sa.Connection | None]:
    """The database for a night, or for a dry run that only reads it."""
    if run.dry_run:
        with database.reading(settings) as connection:
            yield connection
    else:
        with database.session(run, settings, creates=creates) as connection:
            yield connection


def _tell(run: Run, made: SyncResult) -> None:
    """Record what was done, so that the run ends as it should and ``status`` knows it."""
    run.count("rows", made.processed)
    run.counters["sync"] = made.recorded()
    run.summary = telling.summary(made)
    if made.of(Status.DONE):
        for one in made.of(Status.FAILED):
            run.failures.append(_said(one))


def _said(one: StageResult) -> str:
    return f"{one.stage.name}: {one.text}"
