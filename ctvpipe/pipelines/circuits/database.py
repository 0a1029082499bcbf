"""The circuits' database: opened, brought forward and guarded for a job, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ctvpipe.core.errors import PermanentError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits.settings import DatabaseSettings
from ctvpipe.stores import engine, migrate

MIGRATIONS = "ctvpipe.pipelines.circuits.schema.versions"
_DATABASE = "database"  # counter by which a run knows which database an earlier one filled


@contextmanager
def writing(run: Run, settings: DatabaseSettings) -> Iterator[sa.Connection]:
    """The one transaction in which a job writes: schema current, and no other machine at the same job.

    A database that does not exist yet is made by the first run of a job, and by no later one: missing then, it is an
    error. Raises ``PermanentError`` for that, and the errors of ``engine.transaction`` and ``migrate``.
    """
    url, path = settings.require_url(), settings.database_path
    name = str(path) if path else "postgresql"
    if path is not None and not engine.require_database_file(path, settings.names):
        _require_first_run(run, name)
        engine.create_database_file(path)
    with engine.transaction(engine.open_engine(url, settings.names)) as connection:
        engine.require_sole_run(connection, run.job.name)
        if migrate.current(connection) is None:
            _require_first_run(run, name)
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


def _require_first_run(run: Run, name: str) -> None:
    before = run.latest_done()
    if before is None or before.counters.get(_DATABASE) != name:
        return
    day = f"{before.started_at.astimezone(run.tz):%Y-%m-%d}"
    raise PermanentError(
        f"the database {name} is missing or empty, but it was filled on {day}",
        "Restore a backup of it, or move the ledger's state away to start afresh.",
    )
