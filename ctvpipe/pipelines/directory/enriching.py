"""One enrichment: what is due is asked for one by one, and stored as a stream of its own (facts 4.7, P11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.directory import enrich_plan, runs
from ctvpipe.pipelines.directory.ingest import Options, ingest
from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.tdx_api import Api

# Those that were asked for within a minute: no more are asked for again after a run was killed.
_BATCH = 50


def enrich(
    connection: sa.Connection,
    stream: Stream,
    api: Api,
    *,
    now: datetime,
    most: int,
    everything: bool = False,
    force: bool = False,
    progress: Callable[[StepRun, int], None] = lambda _run, _due: None,
) -> StepRun | None:
    """Ask for up to ``most`` details of ``stream`` that are due ``now``, and store them; ``None`` where none is.

    ``everything``: all are due; ``force``: as of ``ingest.Options``.
    ``connection`` is in no transaction, and holds the job's lock. ``progress`` is told the run so far, and how many are
    due. Raises what ``Api.details`` raises; what was asked for before is stored, and the next run goes on from there.
    """
    with connection.begin():
        planned = enrich_plan.plan(connection, stream, now=now, most=most, everything=everything)
    if not planned.due:
        return None
    stored = 0

    def store(run: StepRun) -> None:
        nonlocal stored
        stored = run.processed
        with connection.begin():
            planned.remember(connection, now, stored=stored)
        progress(run, len(planned.due))

    options = Options(whole=False, force=force, batch_size=_BATCH)
    try:
        return ingest(connection, stream, planned.records(api), options, kind=runs.ENRICH, progress=store)
    except CtvpipeError:
        with connection.begin():
            planned.remember(connection, now, stored=stored)
        raise
