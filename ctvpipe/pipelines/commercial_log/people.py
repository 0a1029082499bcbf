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
from ctvpipe.core.errors import ConfigurationError, PermanentError, TransientError
from ctvpipe.core.settings import environment
from ctvpipe.pipelines.commercial_log import names
from ctvpipe.pipelines.commercial_log.database import MIGRATIONS
from ctvpipe.pipelines.commercial_log.settings import DatabaseSettings
from ctvpipe.stores import engine, migrate

ENV_FILES = ("ctv-daily-update.env",)
_AS_SERVICE_USER = "Run it as the service user: sudo -u ctvpipe ctvpipe …"
_LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def reading() -> Iterator[sa.Connection]:
    """The sales database in one transaction that cannot write.

    Raises ``ConfigurationError`` when none is configured, ``PermanentError`` when it is absent, empty, or of another
    schema, ``TransientError`` when it cannot be reached.
    """
    with engine.transaction(_opened(read_only=True)) as connection:
        _require_schema(connection)
        yield connection


@contextmanager
def writing() -> Iterator[sa.Connection]:
    """The sales database in one transaction that holds its write lock; raises like ``reading``.

    A daily update that is writing is waited for, as long as the database's busy timeout (``TransientError`` then).
    """
    with engine.transaction(_opened(read_only=False)) as connection:
        _require_schema(connection)
        _take_turn(connection)
        yield connection


def _opened(*, read_only: bool) -> sa.Engine:
    found = environment(ENV_FILES)
    settings = found.load(DatabaseSettings)
    if found.unreadable and settings.database_path is None and not settings.database_url:
        files = ", ".join(f"{path} ({reason})" for path, reason in found.unreadable.items())
        raise ConfigurationError(f"cannot read {files}, which names the database", _AS_SERVICE_USER)
    url = settings.require_url()
    path = settings.database_path
    if path is not None and not engine.require_database_file(path):
        raise PermanentError(f"the database {path} does not exist", "Check DATABASE_PATH; 'ctvpipe update' makes it.")
    return engine.open_engine(url, read_only=read_only)


def _require_schema(connection: sa.Connection) -> None:
    if migrate.require_current(connection, MIGRATIONS):
        return
    if migrate.current(connection) is None:
        raise PermanentError("the database is empty", "Check that it is the right one; 'ctvpipe update' fills it.")
    raise PermanentError("the database has an older schema", "The next 'ctvpipe update' brings it forward.")


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


def person(name: str) -> str:
    """Who does it, for the record. Raises ``ConfigurationError`` for a name without anything in it."""
    who = names.tidy(name)
    if not who or not who.isprintable():
        raise ConfigurationError("--by: a name is wanted", "Say who decides: --by 'NAME'.")
    return who


def today() -> date:
    """The station's calendar day."""
    return clock.business_day(clock.now(), clock.zone(environment(ENV_FILES).values.get("CTVPIPE_TIMEZONE", "")))


def timestamp() -> str:
    """The present instant as the sales database's timestamps are written: UTC, whole seconds."""
    return f"{clock.now():%Y-%m-%d %H:%M:%S}"
