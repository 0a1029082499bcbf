"""What a fetch has brought, staged: what of a chunk is new or changed, and at the end what was not seen.

Two temporary tables: ``arrived`` holds the chunk, ``seen`` the ids of all that the fetch has brought so far. The database
compares them with ``bronze.latest`` by key and hash, set by set: what is unchanged is neither read into this process
nor written anew (facts 3.2, P28).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple, TypeAlias

import sqlalchemy as sa

from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.schema.tables import LATEST
from ctvpipe.stores import bulk
from ctvpipe.stores.engine import is_sqlite

# Position in the fetch, external id, natural key, content hash: texts, which are staged fastest. Empty is none; what has
# no hash is seen, but cannot be read.
Row: TypeAlias = tuple[str, str, str, str]

ARRIVED = "arrived"
SEEN = sa.table("seen", sa.column("external_id", sa.Text), sa.column("position", sa.Integer))
_COLUMNS = ("position", "external_id", "natural_key", "content_hash")
_ARRIVED = "position integer NOT NULL, external_id text NOT NULL, natural_key text NOT NULL, content_hash text NOT NULL"
_SEEN = "external_id text NOT NULL PRIMARY KEY, position integer NOT NULL"

# The first of several records of one id counts (``ON CONFLICT DO NOTHING`` keeps it), whatever else the fetch brings.
_SEE = f"INSERT INTO seen (external_id, position) SELECT external_id, position FROM {ARRIVED} WHERE true ON CONFLICT DO NOTHING"  # noqa: S608
# Looked up one by one, by the key of ``latest``: joined, a planner without statistics takes it for a table of one row, and
# reads all of it for each.
_FOUND = f"""
    SELECT a.position, a.external_id, (
        SELECT CASE
            WHEN l.content_hash IS NULL THEN 'back'
            WHEN l.content_hash = a.content_hash AND coalesce(l.natural_key, '') = a.natural_key THEN 'same'
            ELSE 'changed' END
        FROM {{latest}} AS l
        WHERE l.entity_type = :entity_type AND l.source_system = :source_system AND l.external_id = a.external_id
    ) AS found
    FROM {ARRIVED} AS a WHERE a.content_hash <> ''
"""  # noqa: S608
_DIFFERING = f"SELECT position, coalesce(found, 'new') FROM ({_FOUND}) AS f WHERE {{wanted}} ORDER BY position"  # noqa: S608
_NOT_SAME = "found IS DISTINCT FROM 'same'"
_FIRST = "EXISTS (SELECT 1 FROM seen AS s WHERE s.external_id = f.external_id AND s.position = f.position)"


class Differing(NamedTuple):
    """A record of the chunk that is to become a version; ``why``: it is ``new``, ``changed``, or ``back`` after it was
    gone; ``same``, where that is forced.
    """

    position: int
    why: str


@contextmanager
def staged(connection: sa.Connection) -> Iterator[None]:
    """The two tables, empty, for one fetch; ``connection`` is in no transaction."""
    at_commit = "" if is_sqlite(connection) else " ON COMMIT DELETE ROWS"
    _drop(connection)
    with connection.begin():
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {ARRIVED} ({_ARRIVED}){at_commit}")
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {SEEN.name} ({_SEEN})")
    try:
        yield
    finally:
        with suppress(sa.exc.SQLAlchemyError):  # the database is gone, and its temporary tables with it
            if connection.in_transaction():
                connection.rollback()
            _drop(connection)


def arrive(connection: sa.Connection, rows: Sequence[Row]) -> int:
    """Stage a chunk in the caller's transaction. Returns how many of ``rows`` the fetch has brought before."""
    if is_sqlite(connection):
        connection.exec_driver_sql(f"DELETE FROM {ARRIVED}")  # noqa: S608
    bulk.insert(connection, ARRIVED, _COLUMNS, rows)
    return len(rows) - connection.exec_driver_sql(_SEE).rowcount


def differing(connection: sa.Connection, stream: Stream, *, repeated: bool, force: bool) -> list[Differing]:
    """What of the chunk is to become a version. ``repeated``: whether the fetch has brought some of it before;
    ``force``: take what is unchanged, too.
    """
    wanted = " AND ".join(["true", *([] if force else [_NOT_SAME]), *([_FIRST] if repeated else [])])
    sql = _DIFFERING.format(latest=bulk.qualified(connection, LATEST), wanted=wanted)
    key = {"entity_type": stream.entity_type, "source_system": stream.source_system}
    return [Differing(*row) for row in connection.execute(sa.text(sql), key)]


def _drop(connection: sa.Connection) -> None:
    schema = "temp" if is_sqlite(connection) else "pg_temp"
    with connection.begin():
        for name in (ARRIVED, SEEN.name):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {schema}.{name}")
