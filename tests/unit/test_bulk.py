"""Bulk writes on SQLite; PostgreSQL's are tested against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.stores import bulk, engine


@pytest.fixture
def opened(tmp_path: Path) -> sa.Engine:
    made = engine.open_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with engine.transaction(made) as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b BLOB UNIQUE)")
    return made


@pytest.fixture
def connection(opened: sa.Engine) -> Iterator[sa.Connection]:
    with engine.transaction(opened) as connection:
        yield connection


def rows(connection: sa.Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM t ORDER BY id")]


def test_insert_and_delete(connection: sa.Connection) -> None:
    bulk.insert(connection, "t", ("id", "a", "b"), [(1, "x\ty\\n", b"\x00"), (2, None, b"\xff"), (3, "", None)])
    assert rows(connection) == [(1, "x\ty\\n", b"\x00"), (2, None, b"\xff"), (3, "", None)]
    bulk.delete(connection, "t", "id", [1, 3, 99])
    assert [row[0] for row in rows(connection)] == [2]


@pytest.mark.parametrize("count", [1, 64, 65, 128])
def test_values_that_are_the_same_in_each_row_come_last(connection: sa.Connection, count: int) -> None:
    bulk.insert(connection, "t", ("id", "a"), ((number, None) for number in range(count)))
    bulk.insert(connection, "t", ("id", "b", "a"), ((count + number, None) for number in range(count)), ("same",))
    assert [row[:2] for row in rows(connection)] == [(n, None if n < count else "same") for n in range(2 * count)]


def test_nothing_to_do(connection: sa.Connection) -> None:
    bulk.insert(connection, "t", ("a",), [])
    bulk.delete(connection, "t", "id", [])
    assert list(bulk.reserve_ids(connection, "t", "id", 0)) == []
    assert rows(connection) == []


def test_reserved_ids_were_never_used(connection: sa.Connection) -> None:
    assert list(bulk.reserve_ids(connection, "t", "id", 2)) == [1, 2]
    bulk.insert(connection, "t", ("id", "a"), [(7, "x"), (8, "y")])
    bulk.delete(connection, "t", "id", [8])
    assert list(bulk.reserve_ids(connection, "t", "id", 3)) == [9, 10, 11]


def test_errors_come_as_sqlalchemy_raises_them_and_roll_everything_back(opened: sa.Engine) -> None:
    def twice() -> None:
        with engine.transaction(opened) as connection:
            bulk.insert(connection, "t", ("id", "b"), [(1, b"x")])
            bulk.insert(connection, "t", ("id", "b"), [(2, b"y"), (3, b"x")])

    with pytest.raises(sa.exc.IntegrityError):
        twice()
    with engine.transaction(opened) as connection:
        assert rows(connection) == []


def test_a_dry_run_leaves_no_file_beside_the_database(opened: sa.Engine, tmp_path: Path) -> None:
    untouched = engine.open_engine(f"sqlite:///{tmp_path / 'x.db'}", read_only=True)
    with engine.transaction(untouched) as connection:
        assert rows(connection) == []
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]


def test_a_reader_sees_what_a_writer_in_the_middle_of_its_work_has_committed(opened: sa.Engine, tmp_path: Path) -> None:
    with engine.transaction(opened) as writing:
        bulk.insert(writing, "t", ("a",), [("x",)])
    held = opened.connect()
    with engine.transaction(opened) as writing:
        bulk.insert(writing, "t", ("a",), [("y",)])
    with engine.transaction(engine.open_engine(f"sqlite:///{tmp_path / 'x.db'}", read_only=True)) as connection:
        assert [row[1] for row in rows(connection)] == ["x", "y"]
    held.close()


CELLS = st.one_of(
    st.none(),
    st.text(st.sampled_from('a\\N\t\n\r"é'), max_size=4),
    st.sampled_from([b"\x00\\", True, 1, Decimal("1.50"), date(2026, 11, 22)]),
)


@given(st.lists(CELLS, min_size=1, max_size=4).map(tuple))
def test_a_line_for_copy_is_escaped_value_by_value(row: tuple[object, ...]) -> None:
    careful = "\t".join(map(bulk._copy_value, row))
    assert bulk._copy_line(row) == careful
    assert careful.count("\t") == len(row) - 1
    assert not {"\n", "\r"} & set(careful)


@pytest.mark.parametrize(("value", "text"), [
    (None, r"\N"), (r"\N", r"\\N"), ("a\tb\nc\rd", r"a\tb\nc\rd"), (r"\t", r"\\t"), (b"\x00\\", r"\\x005c"), (True, "t"),
    (1, "1"), (1.5, "1.5"), (Decimal("1.50"), "1.50"), (date(2026, 11, 22), "2026-11-22"),
    (datetime(2026, 11, 22, 1, 2, tzinfo=UTC), "2026-11-22T01:02:00+00:00"),
])  # fmt: skip
def test_values_as_copy_reads_them(value: object, text: str) -> None:
    assert bulk._copy_value(value) == text


def test_a_stream_for_copy_ends_every_row_with_what_is_the_same_in_each() -> None:
    stream = bulk._CopyStream(iter([("a",), (None,)]), ("x\ty", None))
    assert (stream.read(1), stream.read(1)) == ("a\tx\\ty\t\\N\n\\N\tx\\ty\t\\N\n", "")
