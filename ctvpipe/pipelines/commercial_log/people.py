"""What a person's command needs to work on the sales database: settings, the database opened with care, who and when.

Such a command never creates a database and never migrates one. It holds the database's write lock for the moment
of its own transaction, so that it comes before a daily update or after it, never between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import TransientError
from ctvpipe.core.settings import environment
from ctvpipe.pipelines.commercial_log.database import MIGRATIONS
from ctvpipe.pipelines.commercial_log.settings import DatabaseSettings
from ctvpipe.stores import attended, engine

ENV_FILES = ("ctv-daily-update.env",)
_UPDATE = "ctvpipe update"
_LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def reading() -> Iterator[sa.Connection]:
    """The sales database in one transaction that cannot write.

    Raises ``ConfigurationError`` when none is configured, ``PermanentError`` when it is absent, empty, or of another
    schema, ``TransientError`` when it cannot be reached.
    """
    with engine.transaction(_opened(read_only=True)) as connection:
        attended.require_schema(connection, MIGRATIONS, command=_UPDATE)
        yield connection


@contextmanager
def writing() -> Iterator[sa.Connection]:
    """The sales database in one transaction that holds its write lock; raises like ``reading``.

    A daily update that is writing is waited for, as long as the database's busy timeout (``TransientError`` then).
    """
    with engine.transaction(_opened(read_only=False)) as connection:
        attended.require_schema(connection, MIGRATIONS, command=_UPDATE)
        _take_turn(connection)
        yield connection


def _opened(*, read_only: bool) -> sa.Engine:
    found = environment(ENV_FILES)
    settings = found.load(DatabaseSettings)
    return attended.opened(found, settings, command=_UPDATE, read_only=read_only)


def _take_turn(connection: sa.Connection) -> None:
    """Exclude a running update. SQLite has done it by BEGIN IMMEDIATE.

    On PostgreSQL the update reads the closed months before any spot, and holds what it read until its end: who locks
    that table exclusively is before the update or after it. The update's own advisory lock would not do, it is
    tried once and not waited for, and a night must not be lost to a person's command.
    """
    if engine.is_sqlite(connection):
        return
    try:
        connection.exec_driver_sql("LOCK TABLE month_closures IN ACCESS EXCLUSIVE MODE")
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise TransientError(
            f"the sales database is in use by another run for {engine.BUSY_SECONDS} s",
            "Try again when the update or backup is done: ctvpipe status",
        ) from None


def today() -> date:
    """The station's calendar day."""
    return attended.today(environment(ENV_FILES))


def timestamp() -> str:
    """The present instant as the sales database's timestamps are written: UTC, whole seconds."""
    return f"{clock.now():%Y-%m-%d %H:%M:%S}"
