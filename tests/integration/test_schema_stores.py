"""Tables in a schema of PostgreSQL, which stand side by side on SQLite: bulk writes and merges find them on both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ctvpipe.stores import bulk, engine
from ctvpipe.stores.merge import Merged, merge
from ctvpipe.stores.reconcile import insert, reconcile

TABLE = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("value", sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")),
    schema="bronze",
    sqlite_autoincrement=True,
)
COLUMNS = ("name", "value")


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    on_file = f"sqlite:///{tmp_path / 'x.db'}"
    made = engine.open_engine(request.getfixturevalue("postgres_url") if request.param == "postgresql" else on_file)
    with engine.transaction(made) as connection:
        if not engine.is_sqlite(connection):
            connection.exec_driver_sql("CREATE SCHEMA bronze")
            connection.exec_driver_sql("CREATE TABLE things (id int, name text, value text)")  # a trap beside it
        TABLE.create(connection)
    return made


def stored(connection: sa.Connection) -> dict[str, Any]:
    return dict(connection.execute(sa.select(TABLE.c.name, TABLE.c.value)).all())


def test_rows_are_merged_by_their_key(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        assert merge(connection, TABLE, COLUMNS, [("a", 1), ("b", 2)], key=("name",)) == Merged(inserted=2)
    with engine.transaction(opened) as connection:
        done = merge(connection, TABLE, COLUMNS, [("b", 3), ("c", 4)], key=("name",), delete=sa.true())
        assert done == Merged(inserted=1, updated=1, deleted=1)
        assert stored(connection) == {"b": 3, "c": 4}


def test_a_part_is_reconciled(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        insert(connection, TABLE, COLUMNS, [("a", 1), ("b", 2), ("c", 3)])
        scope = TABLE.c.name != "c"
        done = reconcile(connection, TABLE, COLUMNS, [("b", 3), ("d", None)], key=("name",), scope=scope)
        assert done == Merged(inserted=1, updated=1, deleted=1)
        assert stored(connection) == {"b": 3, "c": 3, "d": None}


def test_ids_are_reserved_and_rows_deleted_by_them(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        name = bulk.qualified(connection, TABLE)
        ids = list(bulk.reserve_ids(connection, name, "id", 2))
        bulk.insert(connection, name, ("id", "name"), [(ids[0], "a"), (ids[1], "b")])
        bulk.delete(connection, name, "id", [ids[1]])
        (third,) = bulk.reserve_ids(connection, name, "id", 1)
        assert [*ids, third] == [1, 2, 3]
        assert stored(connection) == {"a": None}
