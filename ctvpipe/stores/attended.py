"""What people's commands need of a pipeline's database: opened with care, its schema checked, who decides and when.

Such a command never creates a database and never migrates one.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import ClassVar, Protocol

import sqlalchemy as sa
from pydantic import SecretStr

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError, PermanentError
from ctvpipe.core.settings import Environment
from ctvpipe.stores import address, engine, migrate

_AS_SERVICE_USER = "Run it as the service user: sudo -u ctvpipe ctvpipe …"


class NamedDatabase(Protocol):
    """Settings that name a database."""

    names: ClassVar[address.Names]

    @property
    def database_path(self) -> Path | None: ...

    @property
    def database_url(self) -> SecretStr: ...

    def require_url(self) -> str: ...


def opened(found: Environment, settings: NamedDatabase, *, command: str, read_only: bool) -> sa.Engine:
    """The engine of the database that ``settings``, loaded from ``found``, name.

    ``command``: what makes it. Raises ``ConfigurationError`` when none is
    configured, ``PermanentError`` when it is absent.
    """
    if found.unreadable and settings.database_path is None and not settings.database_url:
        files = ", ".join(f"{path} ({reason})" for path, reason in found.unreadable.items())
        raise ConfigurationError(f"cannot read {files}, which names the database", _AS_SERVICE_USER)
    url = settings.require_url()
    path = settings.database_path
    if path is not None and not engine.require_database_file(path, settings.names):
        raise PermanentError(
            f"the database {path} does not exist", f"Check {settings.names.path}; '{command}' makes it."
        )
    return engine.open_engine(url, settings.names, read_only=read_only)


def require_schema(connection: sa.Connection, migrations: str, *, command: str) -> None:
    """Raise ``PermanentError`` for a database that is empty or has another schema; ``command``: what puts that right."""
    if migrate.require_current(connection, migrations):
        return
    if migrate.current(connection) is None:
        raise PermanentError("the database is empty", f"Check that it is the right one; '{command}' fills it.")
    raise PermanentError("the database has an older schema", f"The next '{command}' brings it forward.")


def person(name: str) -> str:
    """Who does it, for the record. Raises ``ConfigurationError`` for a name without anything in it."""
    who = " ".join(name.split())
    if not who or not who.isprintable():
        raise ConfigurationError("--by: a name is wanted", "Say who decides: --by 'NAME'.")
    return who


def today(found: Environment) -> date:
    """The station's calendar day."""
    return clock.business_day(clock.now(), clock.zone(found.values.get("CTVPIPE_TIMEZONE", "")))
