"""What an ingest would do: the same reading, comparing and counting, without a write of any kind (P6)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import islice

import sqlalchemy as sa

from ctvpipe.core import ahead
from ctvpipe.pipelines.directory import bronze, completeness, runs
from ctvpipe.pipelines.directory.chunk import Chunk
from ctvpipe.pipelines.directory.ingest import Options, Source
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
    with runs.recorded(None, Step(stream.source_system, stream.entity_type, kind)) as run:
        taken = islice(source, options.limit) if options.limit else source
        with closing(ahead.chunks(taken, options.batch_size)) as chunks:
            for items in chunks:
                chunk = Chunk.read(items, run.processed)
                first = {row[1]: row for row in reversed(chunk.rows) if row[1] not in seen}
                seen |= first.keys()
                stored = _stored(connection, stream, list(first))
                found += sum(1 for content_hash, _ in stored.values() if content_hash is not None)
                versions = [
                    chunk.version(int(row[0])) for row in first.values() if _is_wanted(row, stored, force=options.force)
                ]
                run.count(chunk.size, sum(version is not None for version in versions), chunk.failed)
                progress(run)
        completeness.require_readable(stream, run.processed, run.failed, whole=options.whole)
        if options.may_bury and connection is not None:
            before = bronze.alive(connection, stream)
            run.details["gone"] = before - found
            if not options.force:
                completeness.require_bearable(stream, before - found, before, options.max_loss_percent)
    return run


def _is_wanted(row: Row, stored: dict[str, tuple[str | None, str | None]], *, force: bool) -> bool:
    """Whether the row is to become a version: the rule of ``staging.differing``, for one."""
    _, external_id, natural_key, content_hash = row
    return bool(content_hash) and (force or stored.get(external_id) != (content_hash, natural_key or None))


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
