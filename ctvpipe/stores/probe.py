"""Whether a database can be used, tried without changing anything."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from ctvpipe.core.errors import PermanentError, TransientError
from ctvpipe.stores import engine, migrate

_SERVER_SAYS_NO = "FATAL:"  # PostgreSQL is there, but does not let us in: a wrong name, password or database


def probe(url: str, path: Path | None, migrations: str, *, made_by: str) -> str:
    """Say how the database ``url`` is, which is the SQLite file ``path`` if that is given.

    ``made_by``: what makes it and brings its schema forward, for the text. Raises ``TransientError`` when it cannot be
    reached now, ``PermanentError`` when it cannot be used.
    """
    if path is not None and not engine.require_database_file(path):
        return f"{path} does not exist yet; {made_by} makes it"
    opened = engine.open_engine(url, read_only=True)
    try:
        with engine.transaction(opened) as connection:
            connection.execute(sa.text("SELECT 1"))
            newest = migrate.require_current(connection, migrations)
    except TransientError as error:
        if _SERVER_SAYS_NO in str(error):
            raise PermanentError(error.message, error.advice) from error
        raise
    name = path or engine.shown_name(opened.url)
    return f"{name} answers" + ("" if newest else f"; {made_by} brings its schema forward")
