"""Whether a database can be used, tried without changing anything."""

from __future__ import annotations

import sqlalchemy as sa

from ctvpipe.core.errors import PermanentError, TransientError
from ctvpipe.stores import engine, migrate
from ctvpipe.stores.attended import NamedDatabase
from ctvpipe.stores.home import OWN, Home

_SERVER_SAYS_NO = "FATAL:"  # PostgreSQL is there, but does not let us in: a wrong name, password or database


def probe(settings: NamedDatabase, migrations: str, *, made_by: str, home: Home = OWN) -> str:
    """Say how the database is that ``settings`` name.

    ``made_by``: what makes it and brings its schema forward, for the text. Raises ``TransientError`` when it cannot be
    reached now, ``PermanentError`` when it cannot be used, ``ConfigurationError`` when none is named.
    """
    url, path = settings.require_url(), settings.database_path
    if path is not None and not engine.require_database_file(path, settings.names):
        return f"{path} does not exist yet; {made_by} makes it"
    opened = engine.open_engine(url, settings.names, read_only=True)
    try:
        with engine.transaction(opened) as connection:
            connection.execute(sa.text("SELECT 1"))
            newest = migrate.require_current(connection, migrations, home)
    except TransientError as error:
        if _SERVER_SAYS_NO in str(error):
            raise PermanentError(error.message, error.advice) from error
        raise
    name = path or engine.shown_name(opened.url)
    return f"{name} answers" + ("" if newest else f"; {made_by} brings its schema forward")
