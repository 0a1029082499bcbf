"""What a person's command needs to work on the FMS database; see ``ctvpipe.stores.attended``.

It writes a few rows in a transaction of its own, beside a job that may be running: on PostgreSQL it waits for rows
that the job holds, on SQLite for the job's end (``TransientError`` when that takes longer than the busy timeout).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import sqlalchemy as sa

from ctvpipe.core.settings import environment
from ctvpipe.pipelines.fms.database import MIGRATIONS
from ctvpipe.pipelines.fms.settings import DatabaseSettings
from ctvpipe.stores import attended, engine

ENV_FILES = ("ctv-fms.env",)
_SYNC = "ctvpipe fms sync"


@contextmanager
def reading() -> Iterator[sa.Connection]:
    """The FMS database in one transaction that cannot write.

    Raises ``ConfigurationError`` when none is configured, ``PermanentError`` when it is absent, empty, or of another
    schema, ``TransientError`` when it cannot be reached.
    """
    with _transaction(read_only=True) as connection:
        yield connection


@contextmanager
def writing() -> Iterator[sa.Connection]:
    """The same in one transaction that may write."""
    with _transaction(read_only=False) as connection:
        yield connection


def today() -> date:
    """The station's calendar day."""
    return attended.today(environment(ENV_FILES))


@contextmanager
def _transaction(*, read_only: bool) -> Iterator[sa.Connection]:
    found = environment(ENV_FILES)
    settings = found.load(DatabaseSettings)
    opened = attended.opened(found, settings, command=_SYNC, read_only=read_only)
    with engine.transaction(opened) as connection:
        attended.require_schema(connection, MIGRATIONS, command=_SYNC)
        yield connection
