"""The ingest engine: what a source returns becomes versions in bronze, by writing only what is new or changed.

Chunk by chunk: stage keys and hashes → let the database compare them with the latest versions → store what differs,
each chunk in a transaction of its own. What a fetch has not brought is gone, but only once the source has come to its
own end without an error: an iterator that ends normally says that it was complete (P5). A run that is cut short has
stored whole chunks; the next one finds them unchanged and goes on from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TypeAlias

import sqlalchemy as sa

from ctvpipe.core import ahead, clock
from ctvpipe.pipelines.directory import bronze, completeness, runs, staging
from ctvpipe.pipelines.directory.bronze import Stamp
from ctvpipe.pipelines.directory.chunk import Chunk
from ctvpipe.pipelines.directory.records import Failed, Record, Stream
from ctvpipe.pipelines.directory.runs import Step, StepRun

__all__ = ["Failed", "Options", "Source", "ingest"]

Source: TypeAlias = Iterable[Record | Failed]
# Of the run's ``details``: versions that are new, changed, back after they were gone, unchanged and forced; records that
# the fetch had brought before; things that are gone.
WHY = ("new", "changed", "back", "same", "repeated", "gone")


@dataclass(frozen=True)
class Options:
    """How a fetch is taken.

    ``whole``: the source brings everything there is, so that what it does not bring is gone; not so for details.
    ``limit``: take so many records and no more (0: all), and nothing for gone. ``force``: store a version of everything,
    changed or not, and take any loss (P17). ``max_loss_percent``: the largest share that may be gone at once.
    ``batch_size``: records a transaction.
    """

    whole: bool = True
    limit: int = 0
    force: bool = False
    max_loss_percent: float = 20.0
    batch_size: int = 1000

    @property
    def may_bury(self) -> bool:
        """Whether what the fetch does not bring is gone."""
        return self.whole and not self.limit


def ingest(
    connection: sa.Connection,
    stream: Stream,
    source: Source,
    options: Options,
    *,
    kind: str = runs.INGEST,
    progress: Callable[[StepRun], None] = lambda _: None,
    **details: object,
) -> StepRun:
    """Bring bronze to what ``source`` returns. ``connection`` is in no transaction, and holds the job's lock.

    ``source`` is read by another thread: it must not use ``connection``. ``progress`` is called after every chunk;
    ``details`` go into the run's record.

    Raises what ``source`` raises; ``ContractError`` where it brings nothing, nothing that can be read, or so little that
    more would be gone than ``options`` allow. The run is then recorded as failed; what was stored is whole.
    """
    step = Step(stream.source_system, stream.entity_type, kind)
    with runs.recorded(connection, step, **asdict(options), **details) as run, staging.staged(connection):
        engine = _Engine(connection, stream, options, run)
        taken = islice(source, options.limit) if options.limit else source
        with closing(ahead.chunks(taken, options.batch_size)) as chunks:
            for chunk in chunks:
                engine.store(chunk)
                progress(run)
        engine.finish()
    return run


class _Engine:
    """One fetch into one stream."""

    def __init__(self, connection: sa.Connection, stream: Stream, options: Options, run: StepRun) -> None:
        self._connection, self._stream, self._options, self._run = connection, stream, options, run
        run.details |= dict.fromkeys(WHY, 0) | {"complete": False}

    def store(self, chunk: Sequence[Record | Failed]) -> None:
        """Store what of ``chunk`` is new or changed, in a transaction."""
        run = self._run
        read = Chunk.read(chunk, run.processed)
        why: Counter[str] = Counter()
        with self._connection.begin():
            why["repeated"] = staging.arrive(self._connection, read.rows)
            differing = staging.differing(
                self._connection, self._stream, repeated=bool(why["repeated"]), force=self._options.force
            )
            versions = []
            for position, reason in differing:
                if (version := read.version(position)) is not None:
                    versions.append(version)
                    why[reason] += 1
            bronze.append(self._connection, self._stream, versions, self._stamp())
        run.count(read.size, len(versions), read.failed)
        run.details |= {name: run.details[name] + number for name, number in why.items()}

    def finish(self) -> None:
        """Close the run as completed, in one transaction with what is gone."""
        run, options = self._run, self._options
        completeness.require_readable(self._stream, run.processed, run.failed, whole=options.whole)
        with self._connection.begin():
            if options.may_bury:
                run.details |= {"gone": self._bury(), "complete": True}
            run.complete(self._connection)

    def _bury(self) -> int:
        missing = bronze.missing(self._connection, self._stream)
        if not missing:
            return 0
        if not self._options.force:
            before = bronze.alive(self._connection, self._stream) - self._added
            completeness.require_bearable(self._stream, missing, before, self._options.max_loss_percent)
        return bronze.bury(self._connection, self._stream, self._stamp())

    @property
    def _added(self) -> int:
        """How many that were not there before this fetch."""
        added: int = self._run.details["new"] + self._run.details["back"]
        return added

    def _stamp(self) -> Stamp:
        return Stamp(self._run.id, clock.now())
