"""What an ingest would do: the same reading, comparing and counting, without a write of any kind (P6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from itertools import islice

import sqlalchemy as sa

from ctvpipe.core import ahead
from ctvpipe.pipelines.directory import bronze, completeness, runs
from ctvpipe.pipelines.directory.chunk import Chunk
from ctvpipe.pipelines.directory.ingest import WHY, Options, Source
from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.runs import Step, StepRun
from ctvpipe.pipelines.directory.schema.tables import LATEST
from ctvpipe.pipelines.directory.staging import Row


def preview(
    connection: sa.Connection | None,
    stream: Stream,
    source: Source,
    options: Options,
    *,
    kind: str = runs.INGEST,
    progress: Callable[[StepRun], None] = lambda _: None,
) -> StepRun:
    """The run that ``ingest.ingest`` would make of ``source``, with its counts; arguments and errors as there.

    ``connection``: in a transaction that only reads; ``None`` where there is no database yet. The ids of what the
    source brings are held in memory.
    """
    seen: set[str] = set()
    found = 0
    unwanted = {""} if options.force else {"", "same"}
    with runs.recorded(None, Step(stream.source_system, stream.entity_type, kind)) as run:
        run.details |= dict.fromkeys(WHY, 0)
        taken = islice(source, options.limit) if options.limit else source
        with closing(ahead.chunks(taken, options.batch_size)) as chunks:
            for items in chunks:
                chunk = Chunk.read(items, run.processed)
                first = {row[1]: row for row in reversed(chunk.rows) if row[1] not in seen}
                seen |= first.keys()
                stored = _stored(connection, stream, list(first))
                found += sum(1 for content_hash, _ in stored.values() if content_hash is not None)
                why = Counter(
                    reason
                    for row in first.values()
                    if (reason := _reason(row, stored)) not in unwanted and chunk.version(int(row[0])) is not None
                )
                run.count(chunk.size, why.total(), chunk.failed)
                run.details |= {name: run.details[name] + number for name, number in why.items()}
                progress(run)
        completeness.require_readable(stream, run.processed, run.failed, whole=options.whole)
        if options.may_bury and connection is not None:
            before = bronze.alive(connection, stream)
            run.details["gone"] = before - found
            if not options.force:
                completeness.require_bearable(stream, before - found, before, options.max_loss_percent)
    return run


def _reason(row: Row, stored: dict[str, tuple[str | None, str | None]]) -> str:
    """Why the row would become a version, as ``staging.differing`` has it, for one; empty: it cannot be read."""
    _, external_id, natural_key, content_hash = row
    if not content_hash:
        return ""
    if external_id not in stored:
        return "new"
    if stored[external_id][0] is None:
        return "back"
    return "same" if stored[external_id] == (content_hash, natural_key or None) else "changed"


def _stored(
    connection: sa.Connection | None, stream: Stream, ids: list[str]
) -> dict[str, tuple[str | None, str | None]]:
    """Content hash and natural key of the latest version of each of ``ids`` that there is."""
    if connection is None:
        return {}
    of_these = sa.select(LATEST.c.external_id, LATEST.c.content_hash, LATEST.c.natural_key).where(
        LATEST.c.entity_type == stream.entity_type,
        LATEST.c.source_system == stream.source_system,
        LATEST.c.external_id.in_(ids),
    )
    return {row.external_id: (row.content_hash, row.natural_key) for row in connection.execute(of_these)}
