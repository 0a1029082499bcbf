"""The record of each step in the database itself, ``meta.ingestion_runs`` (facts 1.3): always opened, always closed.

A run's row is ``running`` from its start, in a transaction of its own, and is completed in that of its last data: a
reader who sees it completed sees all that it wrote. Under the job's lock nobody else can be at the same step, so what
is still ``running`` then has died, and is closed as failed.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.directory.records import Failed
from ctvpipe.stores.types import Instant

INGEST, ENRICH, TRANSFORM = "ingest", "enrich", "transform"
_RUNNING, _COMPLETED, _FAILED = "running", "completed", "failed"
WATERMARK = "watermark"
MOST_ERRORS = 100

_STALE = "it ended without a word"
_RUNS = sa.Table(
    "ingestion_runs",
    sa.MetaData(),
    sa.Column("run_id", sa.Uuid(as_uuid=False).with_variant(sa.Text(), "sqlite")),
    *(sa.Column(name, sa.Text) for name in ("source_system", "entity_type", "kind", "status", "error_message")),
    *(sa.Column(name, Instant()) for name in ("started_at", "completed_at")),
    *(sa.Column(f"records_{name}", sa.Integer) for name in ("processed", "created", "updated", "skipped", "failed")),
    sa.Column("metadata", sa.JSON),
    schema="meta",
)


class Step(NamedTuple):
    """What a run does to what: runs of different kinds are no runs of the same step (P33)."""

    source_system: str
    entity_type: str
    kind: str


@dataclass
class StepRun:
    """One run of a step, as its body counts it (facts 1.4).

    A record that failed counts as processed, never as created; ``errors`` tells of the first hundred, ``reasons`` how
    many failed for which reason. ``details`` is stored as the row's ``metadata``.
    """

    step: Step
    started: datetime = field(default_factory=clock.now)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    processed: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    details: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    quality_issues: list[dict[str, Any]] = field(default_factory=list)
    ended: datetime | None = None

    @property
    def written(self) -> int:
        """How many versions or rows it wrote, with those that say that something is gone."""
        gone: int = self.details.get("gone", 0)
        return self.created + self.updated + gone

    def count(self, size: int, created: int, failed: Iterable[Failed]) -> None:
        """Count ``size`` records, of which ``created`` became versions and ``failed`` could not; the rest is skipped."""
        before = self.failed
        for one in failed:
            self.fail_record(one.external_id, one.reason)
        self.processed += size
        self.created += created
        self.skipped += size - created - (self.failed - before)

    def fail_record(self, external_id: str, reason: str) -> None:
        """One record failed while the others go on; the run completes all the same (P8)."""
        self.failed += 1
        self.reasons[reason] += 1
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(f"{external_id or 'a record'}: {reason}")

    def complete(self, connection: sa.Connection | None) -> None:
        """Close the run as completed, in the caller's transaction; without a connection it is a dry run (P6)."""
        self.ended = clock.now()
        if connection is not None:
            _close(connection, self, _COMPLETED, None)

    def statistics(self) -> dict[str, Any]:
        """What the run did, by the names of facts 1.4."""
        found = {
            "run_id": self.id,
            "records_processed": self.processed,
            "records_created": self.created,
            "records_updated": self.updated,
            "records_skipped": self.skipped,
            "records_failed": self.failed,
            "errors": list(self.errors),
            "quality_issues": list(self.quality_issues),
            "started_at": self.started,
        }
        return found | ({"completed_at": self.ended} if self.ended else {})


@contextmanager
def recorded(connection: sa.Connection | None, step: Step, **details: Any) -> Iterator[StepRun]:
    """One run of ``step``; ``details``: the settings of the run. ``connection`` is in no transaction, and holds the lock.

    Completed when the block ends, unless the block has done that with its last data; failed, with the counts so far,
    when it raises. Without a connection, as in a dry run, nothing is recorded.
    """
    run = StepRun(step, details=dict(details))
    if connection is None:
        yield run
        run.complete(None)
        return
    with connection.begin():
        _close_stale(connection, step)
        _open(connection, run)
    try:
        yield run
        if run.ended is None:
            with connection.begin():
                run.complete(connection)
    except BaseException as error:
        with suppress(sa.exc.SQLAlchemyError):  # the database is gone: the next run closes it
            _fail(connection, run, error)
        raise


def watermark(connection: sa.Connection, step: Step) -> int:
    """The largest ``raw_id`` that completed runs of ``step`` have read; 0 where there is none, and all is to be read.

    What was read, not when (P1): a clock that is set back, or rows that come while a run reads, lose nothing.
    """
    read = sa.func.max(_RUNS.c.metadata[WATERMARK].as_integer())
    return connection.execute(sa.select(read).where(_is_of(step), _RUNS.c.status == _COMPLETED)).scalar() or 0


def _open(connection: sa.Connection, run: StepRun) -> None:
    row = {"run_id": run.id, "started_at": run.started, "status": _RUNNING, "metadata": run.details}
    connection.execute(_RUNS.insert().values(**run.step._asdict(), **row))


def _close_stale(connection: sa.Connection, step: Step) -> None:
    closed = {"status": _FAILED, "completed_at": clock.now(), "error_message": _STALE}
    connection.execute(_RUNS.update().where(_is_of(step), _RUNS.c.status == _RUNNING).values(**closed))


def _fail(connection: sa.Connection, run: StepRun, error: BaseException) -> None:
    if connection.in_transaction():
        connection.rollback()
    run.ended = clock.now()
    with connection.begin():
        _close(connection, run, _FAILED, _said(error))


def _close(connection: sa.Connection, run: StepRun, status: str, message: str | None) -> None:
    connection.execute(
        _RUNS.update()
        .where(_RUNS.c.run_id == run.id, _RUNS.c.status == _RUNNING)
        .values(
            completed_at=run.ended,
            status=status,
            error_message=message,
            records_processed=run.processed,
            records_created=run.created,
            records_updated=run.updated,
            records_skipped=run.skipped,
            records_failed=run.failed,
            metadata=run.details,
        )
    )


def _is_of(step: Step) -> sa.ColumnElement[bool]:
    return sa.and_(*(_RUNS.c[name] == value for name, value in step._asdict().items()))


def _said(error: BaseException) -> str:
    """An error as the row tells it; the text of one that nobody foresaw may hold anybody's data."""
    match error:
        case CtvpipeError():
            return str(error)
        case KeyboardInterrupt() | GeneratorExit():
            return "it was stopped"
        case _:
            return f"unexpected {type(error).__name__}"
