"""What people's commands need of a pipeline's database: opened with care, its schema checked, who decides and when.

Such a command never creates a database and never migrates one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar, Protocol

import sqlalchemy as sa
from pydantic import SecretStr

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError, PermanentError
from ctvpipe.core.settings import Environment, environment
from ctvpipe.stores import address, engine, migrate
from ctvpipe.stores.home import OWN, Home

_AS_SERVICE_USER = "Run it as the service user: sudo -u ctvpipe ctvpipe …"


class NamedDatabase(Protocol):
    """Settings that name a database."""

    names: ClassVar[address.Names]

    @property
    def database_path(self) -> Path | None: ...

    @property
    def database_url(self) -> SecretStr: ...

    def require_url(self) -> str: ...


@dataclass(frozen=True)
class AttendedDatabase:
    """A pipeline's database as people's commands work on it: a few rows, beside a job that may be running.

    On PostgreSQL such a command waits for rows that the job holds, on SQLite for the job's end (``TransientError`` when
    that takes longer than the busy timeout). ``env_files``: where its settings are, which ``settings`` loads;
    ``migrations``: the package of its migrations; ``filled_by``: the command that makes and fills it.
    """

    env_files: Sequence[str]
    settings: Callable[[Environment], NamedDatabase]
    migrations: str
    filled_by: str

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """The database in one transaction that cannot write.

        Raises ``ConfigurationError`` when none is configured, ``PermanentError`` when it is absent, empty, or of
        another schema, ``TransientError`` when it cannot be reached.
        """
        with self._transaction(read_only=True) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """The same in one transaction that may write."""
        with self._transaction(read_only=False) as connection:
            yield connection

    def today(self) -> date:
        """The station's calendar day."""
        return today(environment(self.env_files))

    @contextmanager
    def _transaction(self, *, read_only: bool) -> Iterator[sa.Connection]:
        found = environment(self.env_files)
        made = opened(found, self.settings(found), command=self.filled_by, read_only=read_only)
        with engine.transaction(made) as connection:
            require_schema(connection, self.migrations, command=self.filled_by)
            yield connection


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


def require_schema(connection: sa.Connection, migrations: str, *, command: str, home: Home = OWN) -> None:
    """Raise ``PermanentError`` for a database that is empty or has another schema; ``command``: what puts that right."""
    if migrate.require_current(connection, migrations, home):
        return
    if migrate.current(connection, home) is None:
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
