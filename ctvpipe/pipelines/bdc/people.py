"""What people's commands need of the BDC database: their settings, and the database opened with care.

Such a command never creates a database and never migrates one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.settings import environment
from ctvpipe.pipelines.bdc.database import MIGRATIONS
from ctvpipe.pipelines.bdc.settings import DatabaseSettings
from ctvpipe.stores import attended, engine

S = TypeVar("S", bound=DatabaseSettings)
_FILES = ("ctv-bdc.env",)
_FILLED_BY = "ctvpipe bdc import"


def settings(cls: type[S], **instead: Any) -> S:
    """The settings of class ``cls``; ``instead``: options of a command, by variable, that count instead unless ``None``.

    Raises ``ConfigurationError`` for wrong ones, and where the env file cannot be read: what it names is not known then.
    """
    found = environment(_FILES)
    if found.unreadable:
        files = ", ".join(f"{path} ({reason})" for path, reason in found.unreadable.items())
        raise ConfigurationError(f"cannot read {files}", "Run it as the service user: sudo -u ctvpipe ctvpipe …")
    return found.instead(instead).load(cls)


def today() -> date:
    """The station's calendar day."""
    return attended.today(environment(_FILES))


@contextmanager
def writing(of: DatabaseSettings) -> Iterator[sa.Connection]:
    """The database in one transaction that sees one state of it from its beginning to its end, and may write.

    Raises ``PermanentError`` where it is absent, empty or of another schema, ``TransientError`` where it cannot be reached.
    """
    made = attended.opened(environment(_FILES), of, command=_FILLED_BY, read_only=False)
    if of.database_path is None:
        made = made.execution_options(isolation_level="REPEATABLE READ")
    with engine.transaction(made) as connection:
        attended.require_schema(connection, MIGRATIONS, command=_FILLED_BY, home=of.home)
        yield connection
