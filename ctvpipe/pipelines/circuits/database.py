"""The circuits' database: opened, brought forward and guarded for a job, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from ctvpipe import jobs
from ctvpipe.core.errors import ContractError, PermanentError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits.settings import DatabaseSettings
from ctvpipe.stores import engine, ingestion, migrate
from ctvpipe.stores.merge import Merged

MIGRATIONS = "ctvpipe.pipelines.circuits.schema.versions"
_DATABASE = "database"  # counter by which a run knows which database an earlier one filled


@contextmanager
def writing(run: Run, settings: DatabaseSettings, *, creates: bool = True) -> Iterator[sa.Connection]:
    """The one transaction in which a job writes: schema current, and no other machine at the same job.

    A database that does not exist yet is made, unless a job of the pipeline has filled it before: missing then, it is
    an error, for what people decided would be gone without a word. ``creates``: whether the job brings data of its
    own; one that works on the circuits makes no empty database. Raises ``PermanentError`` for a database that is
    missing, ``ContractError`` where there are no circuits yet, and the errors of ``engine.transaction`` and ``migrate``.
    """
    url, path = settings.require_url(), settings.database_path
    name = str(path) if path else "postgresql"
    if path is not None and not engine.require_database_file(path, settings.names):
        _require_never_filled(run, name)
        if not creates:
            raise no_circuits()
        engine.create_database_file(path)
    with engine.transaction(engine.open_engine(url, settings.names)) as connection:
        engine.require_sole_run(connection, run.job.name)
        if migrate.current(connection) is None:
            _require_never_filled(run, name)
            run.log.info("A new database of circuits is set up: %s", name)
        migrate.upgrade(connection, MIGRATIONS)
        yield connection
    run.counters[_DATABASE] = name


@contextmanager
def reading(settings: DatabaseSettings) -> Iterator[sa.Connection | None]:
    """A transaction that only reads; ``None`` where there is no database of ours yet.

    Raises ``PermanentError`` for a schema that is older or newer than this version's.
    """
    path = settings.database_path
    url = settings.require_url()
    if path is not None and not engine.require_database_file(path, settings.names):
        yield None
        return
    with engine.transaction(engine.open_engine(url, settings.names, read_only=True)) as connection:
        if migrate.current(connection) is None:
            yield None
            return
        if not migrate.require_current(connection, MIGRATIONS):
            raise PermanentError(
                "the database of circuits has the schema of an earlier version", "The next run brings it forward."
            )
        yield connection


def no_circuits() -> ContractError:
    """The error of a job that works on the circuits, where there are none."""
    return ContractError("there are no circuits in the database", "Run 'ctvpipe circuits import' first.")


def record(
    connection: sa.Connection,
    run: Run,
    entity: str,
    merged: Merged,
    *,
    source: str,
    processed: int,
    details: Mapping[str, object],
) -> None:
    """Write what ``run`` has done to ``entity`` into the database itself; see ``stores.ingestion``."""
    ingestion.record(
        connection,
        run_id=run.id,
        source=source,
        entity=entity,
        started=run.started,
        processed=processed,
        created=merged.inserted,
        updated=merged.updated,
        details=details,
    )


def _require_never_filled(run: Run, name: str) -> None:
    filled = [done for job in jobs.of_pipeline(run.job.pipeline) if (done := run.latest_done(job.name)) is not None]
    days = [f"{done.started_at.astimezone(run.tz):%Y-%m-%d}" for done in filled if done.counters.get(_DATABASE) == name]
    if days:
        raise PermanentError(
            f"the database {name} is missing or empty, but it was filled on {max(days)}",
            "Restore a backup of it, or move the ledger's state away to start afresh.",
        )
