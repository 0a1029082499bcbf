"""Bulk writes, each by what its database does best: ``executemany`` on SQLite, ``COPY`` and arrays on PostgreSQL.

Table and column names come from code, never from data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from ctvpipe.stores.engine import is_sqlite

_ROWS_A_STATEMENT = 64  # SQLite spends a third of a row's time on beginning and ending its statement
_ROWS_A_READ = 1000  # of COPY's text at a time
_NULL = "\\N"


def qualified(connection: sa.Connection, table: sa.Table) -> str:
    """The name of ``table`` in the text of a statement: with its schema, which SQLite does not have."""
    quoted = connection.dialect.identifier_preparer.quote
    if is_sqlite(connection) or table.schema is None:
        return quoted(table.name)
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def fetch(connection: sa.Connection, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """The rows of a query with ``?`` placeholders, as the driver gives them: many rows cost little this way."""
    with _cursor(connection) as cursor:
        cursor.execute(sql if is_sqlite(connection) else sql.replace("?", "%s"), values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def insert(
    connection: sa.Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[tuple[object, ...]],
    also: tuple[object, ...] = (),
) -> None:
    """Insert ``rows``, tuples in the order of ``columns``, into ``table`` as of ``qualified``.

    ``also``: the values of the last columns, the same in each.
    """
    names = ", ".join(columns)
    if is_sqlite(connection):
        rows = [(*row, *also) for row in rows] if also else list(rows)
        one = f"({', '.join('?' * len(columns))})"
        whole = len(rows) - len(rows) % _ROWS_A_STATEMENT
        with _cursor(connection) as cursor:
            if whole:
                many = ", ".join([one] * _ROWS_A_STATEMENT)
                groups = (rows[start : start + _ROWS_A_STATEMENT] for start in range(0, whole, _ROWS_A_STATEMENT))
                values = (tuple(chain.from_iterable(group)) for group in groups)
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES {many}", values)  # noqa: S608
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES {one}", rows[whole:])  # noqa: S608
        return
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", _CopyStream(rows, also))


class _CopyStream:
    """The text of ``rows`` as ``COPY`` reads it, made while the server works on what it has.

    ``also``: the last values of each of them.
    """

    def __init__(self, rows: Iterable[tuple[object, ...]], also: tuple[object, ...]) -> None:
        self._rows = iter(rows)
        self._end = "".join(f"\t{_copy_value(value)}" for value in also) + "\n"

    def read(self, _size: int = -1) -> str:
        """Some of the next rows, whatever the size asked for; an empty text at the end."""
        rows = list(islice(self._rows, _ROWS_A_READ))
        if self._end == "\n":
            return _copy_lines(rows)
        return "".join([_copy_line(row) + self._end for row in rows])


def _copy_lines(rows: Sequence[tuple[object, ...]]) -> str:
    """Rows as ``COPY`` reads them; those of nothing but texts that need no escaping are put together at once."""
    try:
        text = "\n".join(["\t".join(row) for row in rows])  # type: ignore[arg-type]
    except TypeError:  # not only texts
        return "".join([_copy_line(row) + "\n" for row in rows])
    plain = text.count("\t") == sum(map(len, rows)) - len(rows) and text.count("\n") == len(rows) - 1
    if plain and "\\" not in text and "\r" not in text:
        return text + "\n"
    return "".join([_copy_line(row) + "\n" for row in rows])


def _copy_line(row: tuple[object, ...]) -> str:
    """A row as ``COPY`` reads it. What needs no escaping, most of all there is, is put together at once."""
    line = "\t".join(
        [value if value.__class__ is str else _PLAIN.get(value.__class__, _copy_value)(value) for value in row]
    )
    plain = line.count("\t") == len(row) - 1 and line.count("\\") == row.count(None)
    if plain and "\n" not in line and "\r" not in line:
        return line
    return "\t".join(map(_copy_value, row))


def prepared(
    connection: sa.Connection, column_types: Sequence[sa.types.TypeEngine[Any]], rows: Iterable[Sequence[Any]]
) -> Iterable[tuple[object, ...]]:
    """Rows of Python values as ``insert`` takes them: each value as SQLAlchemy would store it in a column of its type."""
    processors = [
        (place, processor)
        for place, column_type in enumerate(column_types)
        if (processor := column_type.dialect_impl(connection.dialect).bind_processor(connection.dialect)) is not None
    ]
    if not processors:
        return map(tuple, rows)
    made = []
    for row in rows:
        values = list(row)
        for place, processor in processors:
            values[place] = processor(values[place])
        made.append(tuple(values))
    return made


def delete(connection: sa.Connection, table: str, key: str, ids: Iterable[int]) -> None:
    """Delete the rows of ``table`` whose ``key`` is among ``ids``."""
    wanted = list(ids)
    if not wanted:
        return
    with _cursor(connection) as cursor:
        if is_sqlite(connection):
            cursor.executemany(f"DELETE FROM {table} WHERE {key} = ?", [(number,) for number in wanted])  # noqa: S608
        else:
            cursor.execute(f"DELETE FROM {table} WHERE {key} = ANY(%s)", (wanted,))  # noqa: S608


def reserve_ids(connection: sa.Connection, table: str, key: str, count: int) -> range | list[int]:
    """``count`` values of the automatic key that were never used before, not even by deleted rows."""
    if count == 0:
        return range(0)
    if is_sqlite(connection):
        sql = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        last = connection.execute(sql, {"table": table}).scalar() or 0
        return range(last + 1, last + 1 + count)
    sequence = sa.text("SELECT nextval(pg_get_serial_sequence(:table, :key)) FROM generate_series(1, :count)")
    return list(connection.execute(sequence, {"table": table, "key": key, "count": count}).scalars())


@contextmanager
def _cursor(connection: sa.Connection) -> Iterator[Any]:
    """The driver's own cursor, in the connection's transaction; its errors are raised as SQLAlchemy raises them."""
    driver: Any = connection.dialect.dbapi
    try:
        yield connection.connection.cursor()
    except driver.Error as error:
        raise sa.exc.DBAPIError.instance(None, None, error, driver.Error, dialect=connection.dialect) from error


def _copy_value(value: object) -> str:
    if value is None:
        return _NULL
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, bool):
        return "t" if value else "f"
    return repr(value)


_PLAIN: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: _NULL,
    int: repr,
    float: repr,
    date: date.isoformat,
    datetime: datetime.isoformat,
    Decimal: str,
}
