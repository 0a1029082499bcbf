"""Migrations: numbered Alembic revisions, run forward by themselves under the job's lock.

A migration and its record commit together, in the caller's transaction. An unknown or newer schema is refused and
never repaired; so is a database that holds tables of somebody else's.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import sqlalchemy as sa

from ctvpipe.core.errors import PermanentError
from ctvpipe.stores.engine import is_sqlite, names_of
from ctvpipe.stores.home import OWN, Home

_VERSION_TABLE = "alembic_version"
_TABLES = {
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = coalesce(nullif(:schema, ''), current_schema())",
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND '' = :schema",
}
_HAS_VERSION = {
    "postgresql": "SELECT to_regclass(:name) IS NOT NULL",
    "sqlite": "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = :name",
}
_ENVIRONMENT = "ctvpipe.stores.alembic_environment"
_POSTGRESQL_WORDS = {
    "instant": "TIMESTAMP WITH TIME ZONE", "time": "TIME WITHOUT TIME ZONE", "uuid": "UUID", "meta": "meta.", "no_rowid": "",
}  # fmt: skip
_SQLITE_WORDS = {"instant": "DATETIME", "time": "TIME", "uuid": "TEXT", "meta": "", "no_rowid": " WITHOUT ROWID"}


def revisions(package: str) -> list[str]:
    """The revision numbers in the package of migrations ``package``, oldest first: ``0001_name.py`` is ``0001``."""
    names = (entry.name for entry in resources.files(package).iterdir())
    return sorted(name.partition("_")[0] for name in names if name[:4].isdecimal() and name.endswith(".py"))


def current(connection: sa.Connection, home: Home = OWN) -> str | None:
    """The schema's revision; ``None`` where there is no table of ours yet. Of a shared database only ``home`` counts.

    Raises ``PermanentError`` when there are tables but none of ours.
    """
    dialect, version = connection.dialect.name, _version_table(home)
    called = f"{home.schema}.{version.name}" if home.schema else version.name
    if connection.execute(sa.text(_HAS_VERSION[dialect]), {"name": called}).scalar_one():
        found: str | None = connection.execute(sa.select(version.c.version_num)).scalar()
        if found is not None:
            return found
    listed = connection.execute(sa.text(_TABLES[dialect]), {"schema": home.schema}).scalars()
    tables = {name for name in listed if name.startswith(home.prefix)}
    if foreign := tables - {version.name}:
        some, names = ", ".join(sorted(foreign)[:3]), names_of(connection)
        where = f"the database holds tables ctvpipe did not make ({some}, …)"
        if home.is_shared:
            raise PermanentError(f"{where} where its own are to be, {home}…", "Choose another prefix for its tables.")
        raise PermanentError(
            where, f"Check that {names.path if is_sqlite(connection) else names.url} names the right one."
        )
    return None


def _version_table(home: Home) -> sa.Table:
    version = sa.Column("version_num", sa.Text)
    return sa.Table(f"{home.prefix}{_VERSION_TABLE}", sa.MetaData(), version, schema=home.schema or None)


def require_current(connection: sa.Connection, package: str, home: Home = OWN) -> bool:
    """Whether the schema is the newest one; ``False`` when it is older or absent.

    Raises ``PermanentError`` when the revision is unknown, as a newer version's is.
    """
    known, found = revisions(package), current(connection, home)
    if found is not None and found not in known:
        raise PermanentError(
            f"the database has schema {found}, this ctvpipe knows up to {known[-1]}",
            "A newer ctvpipe has written it: install that version again.",
        )
    return found == known[-1]


def load() -> None:
    """Import Alembic, which takes its time, before it is needed."""
    import alembic.command
    import alembic.config  # noqa: F401


def upgrade(connection: sa.Connection, package: str, home: Home = OWN) -> bool:
    """Bring the schema forward inside the connection's transaction. Returns whether anything had to be done.

    A migration finds ``home`` in ``op.get_context().opts``.
    """
    if require_current(connection, package, home):
        return False
    if home.schema:
        require_schema(connection, home.schema)
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_folder(_ENVIRONMENT)))
    config.set_main_option("version_locations", str(_folder(package)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["home"] = home
    config.attributes["version_table"] = _version_table(home).name
    if is_sqlite(connection):
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    command.upgrade(config, "head")
    return True


def execute(connection: sa.Connection, sql: str) -> None:
    """Run the statements of a migration that is written as SQL, none with a semicolon within it.

    In braces it has what the stores call differently: ``{instant}``, ``{time}``, ``{uuid}``, ``{meta}`` before the tables
    of that schema, which is made where there are schemas, and ``{no_rowid}`` behind a table that needs no ids of its own.
    """
    if is_sqlite(connection):
        for statement in sql.format(**_SQLITE_WORDS).split(";"):
            connection.exec_driver_sql(statement)
    else:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS meta;{sql.format(**_POSTGRESQL_WORDS)}")


def require_schema(connection: sa.Connection, name: str) -> None:
    """Make PostgreSQL's schema ``name`` where there is none; who may not make one may use one that is there."""
    there = sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
    if connection.execute(there, {"name": name}).scalar() is None:
        connection.execute(sa.schema.CreateSchema(name))


def _folder(package: str) -> Path:
    return Path(str(resources.files(package)))
