"""Engines and transactions for both stores: SQLite, the embedded default, and PostgreSQL.

Every SQLite connection has WAL, ``synchronous=FULL``, foreign keys and a busy timeout; every transaction that may
write begins IMMEDIATE, so that it waits at its start and not in its middle.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import files
from ctvpipe.core.errors import ConfigurationError, NotNowError, PermanentError, TransientError
from ctvpipe.stores import address

BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_CACHE_KIB = 32 * 1024  # a night's transaction fits, and is written once
_NOT_ALLOWED = "42501"
_SQLITE_MAGIC = b"SQLite format 3\x00"
_SOME = address.Names()
_SCHEMAS = ("bronze", "silver", "meta")  # PostgreSQL has them, on SQLite the tables stand side by side
_NAMES = "ctvpipe_names"  # the execution option that carries them


def open_engine(url: str, names: address.Names = _SOME, *, read_only: bool = False) -> sa.Engine:
    """An engine for ``url`` (``sqlite:///PATH`` or ``postgresql://…``); nothing is connected yet.

    ``names``: for the messages; the transaction's know them too. ``read_only``: nothing can be written, and SQLite
    makes no file beside the database either. Raises ``ConfigurationError`` for an unreadable URL.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: a port that is no number, or a password taken for one
        raise ConfigurationError(f"{names.url}: not a database URL", "postgresql://USER:PASSWORD@HOST/NAME") from None
    if "@" in (parsed.host or ""):
        raise ConfigurationError(f"{names.url}: it has more than one @", "Write the @ in a password as %40.")
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(Path(parsed.database or ""), names, read_only=read_only)
    arguments = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "ctvpipe",
        "options": f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS}s",
    }
    parsed = parsed.set(drivername="postgresql+psycopg2")
    return sa.create_engine(
        parsed,
        connect_args=arguments,
        poolclass=sa.NullPool,
        use_native_hstore=False,  # it would ask the server for a type that no table of ours has, at every connection
        execution_options={_NAMES: names} | ({"postgresql_readonly": True} if read_only else {}),
        hide_parameters=True,
    )


def _sqlite(path: Path, names: address.Names, *, read_only: bool) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        if not read_only:  # SQLite would leave -wal and -shm files of this user's beside a database it cannot write
            files.require_writable(path)
        mode = _read_only_mode(path) if read_only else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        db.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            db.execute("PRAGMA temp_store=MEMORY")
        return db

    engine = sa.create_engine(
        "sqlite://", creator=connect, poolclass=sa.NullPool, hide_parameters=True
    ).execution_options(schema_translate_map=dict.fromkeys(_SCHEMAS), **{_NAMES: names})
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _read_only_mode(path: Path) -> str:
    """How to read a database. One in use has a ``-wal`` file; for one at rest SQLite would make it, in the name of
    whoever looks, and the service user could not write the next night. Opened as immutable, it makes none, at the
    price that a writer who comes and goes within the read may spoil that.
    """
    in_use = path.with_name(f"{path.name}-wal").exists()
    return "ro" if in_use else "ro&immutable=1"


def names_of(opened: sa.Engine | sa.Connection) -> address.Names:
    """How messages call the database that was opened."""
    found: address.Names = opened.get_execution_options().get(_NAMES, _SOME)
    return found


def is_sqlite(connection: sa.Connection) -> bool:
    """Whether the connection is to SQLite."""
    return connection.dialect.name == "sqlite"


def require_sole_run(connection: sa.Connection, job: str) -> None:
    """On a shared PostgreSQL, hold an advisory lock for ``job`` until the transaction ends.

    Raises ``NotNowError`` when another machine holds it. A local file is guarded by the job's own lock.
    """
    if is_sqlite(connection):
        return
    sql = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    if not connection.execute(sql, {"name": f"ctvpipe:{job}"}).scalar_one():
        raise _elsewhere(job)


def hold_sole_run(connection: sa.Connection, job: str) -> None:
    """The same until ``connection`` is closed, across its transactions."""
    if is_sqlite(connection):
        return
    with connection.begin():
        sql = sa.text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
        held = connection.execute(sql, {"name": f"ctvpipe:{job}"}).scalar_one()
    if not held:
        raise _elsewhere(job)


def _elsewhere(job: str) -> NotNowError:
    return NotNowError(f"another machine runs {job} on this database", "Nothing to do.")


def require_database_file(path: Path, names: address.Names = _SOME) -> bool:
    """Whether the SQLite file exists; ``False`` means that one may be created in its directory.

    Raises ``PermanentError`` for a file that is empty, no SQLite database or cannot be read, or a directory that does
    not exist: data is expected there, and an empty skeleton in the wrong place must not be taken for it.
    """
    try:
        if not path.exists():
            if not path.parent.is_dir():
                raise PermanentError(f"the directory of the database {path} does not exist", f"Check {names.path}.")
            return False
        with path.open("rb") as file:
            head = file.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise PermanentError(
            f"cannot read the database {path}: {error.strerror or error}",
            f"Check {names.path}; run it as the service user: sudo -u ctvpipe ctvpipe …",
        ) from None
    if head != _SQLITE_MAGIC:
        what = "an empty file" if not head else "not an SQLite database"
        raise PermanentError(
            f"{path} is {what}", f"Check {names.path}; restore the newest backup if the file was damaged."
        )
    return True


def create_database_file(path: Path) -> None:
    """Make an empty SQLite database at ``path``, where there is no file, so that it is there whole or not at all.

    SQLite makes an empty file first and fills it later: a run killed between the two would leave what
    ``require_database_file`` takes for lost data. Raises ``PermanentError`` when it cannot be written, or beside the
    write-ahead log of a database that is gone, which would be replayed into the new one.
    """
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        raise PermanentError(
            f"there is {log.name} without the database {path} that it belongs to",
            "It may hold its last changes: restore both from where they went, or move it away.",
        )
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.execute("PRAGMA user_version = 0")  # any write makes the first page
        content = empty.serialize()
    with files.publish(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction: committed when the block ends, rolled back when it raises; errors as of ``explained``."""
    with explained(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def explained(engine: sa.Engine) -> Iterator[None]:
    """Database errors become one-line errors: ``TransientError`` for a busy or unreachable database, ``PermanentError``
    for a full disk or a damaged file; others are raised as they are, which means a fault of ours.
    """
    try:
        yield
    except sa.exc.DBAPIError as error:
        explained = _explained(error, engine)
        if explained is None:
            raise
        raise explained from error


def _explained(error: sa.exc.DBAPIError, engine: sa.Engine) -> Exception | None:
    original: Any = error.orig
    text = (str(original).splitlines() or [""])[0]
    names = names_of(engine)
    name = shown_name(engine.url) if engine.dialect.name != "sqlite" else names.database
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorname", "") or ""
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return TransientError(
                f"{name} is locked by another program for {BUSY_SECONDS} s", "Close what holds it open."
            )
        if code.startswith("SQLITE_FULL"):
            kept = "what it was writing is not stored, what it had committed before is"
            return PermanentError(f"{name}: the disk is full; {kept}", "Free some space.")
        if code.startswith(("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
            return PermanentError(
                f"{name} cannot be used: {text}", "Check the disk's free space, owner and permissions of the file."
            )
        return None
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):  # the second: of a connection that is lost
        return TransientError(f"{name}: {text}", f"Check that the server runs and {names.url} is right.")
    if original.pgcode == _NOT_ALLOWED:
        return PermanentError(f"{name}: {text}", "Let an administrator of the database grant that to its user.")
    if isinstance(error, sa.exc.ProgrammingError) and original.pgcode is None:  # not from a server
        return ConfigurationError(f"{names.url}: {text}", "Look at what stands behind its question mark.")
    return None


def refused(error: sa.exc.IntegrityError | sa.exc.DataError) -> PermanentError:
    """A row that the database does not take, told without the row, which PostgreSQL's own message shows."""
    original: Any = error.orig
    if isinstance(original, sqlite3.Error):
        rule = str(original)
    else:
        found = original.diag
        rule = ".".join(filter(None, (found.table_name, found.constraint_name or found.column_name)))
        rule = rule or f"SQLSTATE {original.pgcode}"
    return PermanentError(
        f"the database refuses a row ({rule})", "Look at the rules of its tables: somebody may have added one."
    )


def shown_name(url: sa.URL) -> str:
    """A server's database as messages call it: without what follows the ``?``, where a password may stand too."""
    return url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)
