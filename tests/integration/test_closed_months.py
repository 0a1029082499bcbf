"""Closed months, property-based: whatever files come and in whatever order, not one byte of theirs changes."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log.columns import FIELDS
from tests.integration.postgres_server import PostgresServer
from tests.integration.spots import log_of, merge, prepare, spot
from tests.integration.station import dump

MONTHS = ("Oct-26", "Nov-26", "Dec-26")
MONTH = FIELDS.index("broadcast_month")
CUSTOMERS = ("Amber Foods", "Tern Placement:Amber Foods", "Ember Motors")

spots = st.builds(
    spot,
    broadcast_month=st.sampled_from(MONTHS),
    bill_code=st.sampled_from(CUSTOMERS),
    language_code=st.sampled_from(["M", "L", "X9", None]),
    market_name=st.sampled_from(["SFO", "PDX"]),
)
updates = st.tuples(st.just("update"), st.lists(spots, max_size=8), st.sampled_from(["diff", "replace"]), st.booleans())
closings = st.tuples(st.just("close"), st.sampled_from(MONTHS))
people = st.tuples(st.just("add a customer"), st.sampled_from(CUSTOMERS))
nights = st.lists(st.one_of(updates, updates, closings, people), min_size=2, max_size=8)


@pytest.fixture(scope="module")
def fresh_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Gives the path of a migrated, empty database."""
    template = tmp_path_factory.mktemp("template") / "sales.db"
    prepare(f"sqlite:///{template}")
    numbers = count()

    def fresh() -> str:
        return str(shutil.copy(template, template.with_name(f"sales_{next(numbers)}.db")))

    return fresh


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights)
def test_on_sqlite(fresh_sqlite: Callable[[], str], steps: list[tuple[Any, ...]]) -> None:
    through(fresh_sqlite(), steps)


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights)
def test_on_postgresql(postgres: PostgresServer, steps: list[tuple[Any, ...]]) -> None:
    url = postgres.create(postgres.template("sales_schema", prepare))
    through(url, steps)
    postgres.drop(url)


def through(database: str, steps: list[tuple[Any, ...]]) -> None:
    """Do the steps, and look at the months after each."""
    url = database if "://" in database else f"sqlite:///{database}"
    closed: set[str] = set()
    with closing(connect(database)) as connection:
        before = {month: full(connection, month) for month in MONTHS}
        for step in steps:
            in_file: set[str] = set()
            if step[0] == "update":
                with suppress(ContractError):
                    merge(url, log_of(step[1]), strategy=step[2], force=step[3])
                    in_file = {row[MONTH] for row in step[1]} - closed
            elif step[0] == "close" and step[1] not in closed:
                close(connection, step[1])
                closed.add(step[1])
                before[step[1]] = full(connection, step[1])
            elif step[0] == "add a customer":
                add_customer(connection, step[1])
            after = {month: full(connection, month) for month in MONTHS}
            for month in MONTHS:
                if month in in_file:
                    wanted = Counter(row for row in step[1] if row[MONTH] == month)
                    assert Counter(map(mapped, after[month])) == wanted
                else:
                    assert after[month] == before[month]
            before = after


def full(connection: Any, month: str) -> list[tuple[Any, ...]]:
    """A month's spots with everything that belongs to them."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT s.*, l.* FROM spots s LEFT JOIN spot_language_assignments l ON l.spot_id = s.spot_id"
        f" WHERE broadcast_month = '{month}' ORDER BY s.spot_id"
    )
    return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in cursor]


def mapped(line: tuple[Any, ...]) -> tuple[Any, ...]:
    """The 29 mapped values of a spot: they follow its id."""
    return tuple(map(plain, line[1 : len(FIELDS) + 1]))


def plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else float(value)


def close(connection: Any, month: str) -> None:
    write(connection, f"UPDATE spots SET is_historical = true WHERE broadcast_month = '{month}'")
    write(
        connection,
        "INSERT INTO month_closures (broadcast_month, closed_date, closed_by)"
        f" VALUES ('{month}', '2026-11-22', 'bookkeeping')",
    )


def add_customer(connection: Any, name: str) -> None:
    write(
        connection, f"INSERT INTO customers (normalized_name, created_by) VALUES ('{name}', 'a') ON CONFLICT DO NOTHING"
    )


def connect(database: str) -> Any:
    """A connection without the product's code; every statement commits by itself."""
    if "://" not in database:
        return sqlite3.connect(database, isolation_level=None)
    connection = psycopg2.connect(database)
    connection.autocommit = True
    return connection


def write(connection: Any, statement: str) -> None:
    connection.cursor().execute(statement)


@pytest.mark.parametrize("statement", [
    "INSERT INTO spots (bill_code, air_date, broadcast_month, row_hash) VALUES ('x', '2026-10-01', 'Oct-26', '')",
    "UPDATE spots SET comments = 'x' WHERE broadcast_month = 'Oct-26'",
    "UPDATE spots SET broadcast_month = 'Nov-26' WHERE broadcast_month = 'Oct-26'",
    "UPDATE spots SET broadcast_month = 'Oct-26' WHERE broadcast_month = 'Nov-26'",
    "DELETE FROM spots WHERE broadcast_month = 'Oct-26'",
    "DELETE FROM spots",
    "DELETE FROM import_batches",
    "TRUNCATE spots CASCADE",
    "DELETE FROM month_closures",
    "TRUNCATE month_closures",
    "UPDATE month_closures SET broadcast_month = 'Jan-20'",
])  # fmt: skip
def test_postgresql_itself_protects_them(closed_postgres: str, statement: str) -> None:
    before = dump(closed_postgres)
    with (
        closing(connect(closed_postgres)) as connection,
        pytest.raises(psycopg2.errors.RaiseException, match="closed"),
    ):
        write(connection, statement)
    assert dump(closed_postgres) == before


@pytest.fixture(scope="module")
def closed_postgres(postgres: PostgresServer) -> Iterator[str]:
    """A PostgreSQL database with the closed month Oct-26; for tests that change nothing."""
    url = postgres.create(postgres.template("sales_schema", prepare))
    merge(url, log_of([spot(broadcast_month="Oct-26"), spot(broadcast_month="Nov-26")]))
    with closing(connect(url)) as connection:
        close(connection, "Oct-26")
    yield url
    postgres.drop(url)
