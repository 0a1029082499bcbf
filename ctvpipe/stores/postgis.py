"""PostGIS: the extension that a PostgreSQL database must have before it can hold points."""

from __future__ import annotations

import sqlalchemy as sa

from ctvpipe.core.errors import PermanentError

_WHERE = """
SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'postgis'
"""
_AVAILABLE = "SELECT 1 FROM pg_available_extensions WHERE name = 'postgis'"


def require(connection: sa.Connection) -> str:
    """The schema that holds PostGIS, quoted for a statement; the extension is made where there is none.

    Raises ``PermanentError`` where the server does not have it, or the user may not make it (facts of ``bdc.md`` 2.2).
    """
    require_available(connection)
    if found := _schema(connection):
        return found
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION postgis")
    except sa.exc.ProgrammingError:
        raise PermanentError(
            "the database has no PostGIS, and its user may not add it",
            f"Let an administrator do it: sudo -u postgres psql -c 'CREATE EXTENSION postgis' {_name(connection)}",
        ) from None
    return _schema(connection)


def require_available(connection: sa.Connection) -> None:
    """Raise ``PermanentError`` where neither the database nor its server has it. Only reads."""
    if not _schema(connection) and connection.exec_driver_sql(_AVAILABLE).scalar() is None:
        raise PermanentError(
            "the PostgreSQL server has no PostGIS", "Install it there: sudo apt install postgresql-postgis"
        )


def _schema(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql(_WHERE).scalar() or "")


def _name(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql("SELECT current_database()").scalar_one())
