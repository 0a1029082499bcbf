"""Merging writes what differs and nothing else, on SQLite; PostgreSQL's half is tested against a real server."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged, merge

TABLE = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("value", sa.Integer),
    sa.Column("held", sa.Boolean),
    sa.Column("stamp", sa.Text),
)
COLUMNS = ("name", "value")
Rows = dict[str, int | None]
contents = st.dictionaries(st.sampled_from("abcdef"), st.none() | st.integers(0, 2))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    made = engine.open_engine(f"sqlite:///{tmp_path_factory.mktemp('merge') / 'x.db'}")
    with engine.transaction(made) as connection:
        TABLE.create(connection)
    return made


def stored(connection: sa.Connection) -> Rows:
    return dict(connection.execute(sa.select(TABLE.c.name, TABLE.c.value)).all())


def bring(connection: sa.Connection, rows: Rows, **options: object) -> Merged:
    stamps = {"on_insert": {"stamp": "new"}, "on_update": {"stamp": "changed"}}
    return merge(connection, TABLE, COLUMNS, list(rows.items()), key=("name",), **stamps | options)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(contents, contents)
def test_the_table_becomes_what_is_wanted(opened: sa.Engine, before: Rows, wanted: Rows) -> None:
    with engine.transaction(opened) as connection:
        connection.execute(sa.delete(TABLE))
        bring(connection, before)
        ids = dict(connection.execute(sa.select(TABLE.c.name, TABLE.c.id)).all())
        done = bring(connection, wanted, delete=sa.true())
        assert stored(connection) == wanted
        same = {name for name in before.keys() & wanted.keys() if before[name] == wanted[name]}
        assert done == Merged(
            inserted=len(wanted.keys() - before.keys()),
            updated=len(before.keys() & wanted.keys()) - len(same),
            deleted=len(before.keys() - wanted.keys()),
            unchanged=len(same),
        )
        for name, number, stamp in connection.execute(sa.select(TABLE.c.name, TABLE.c.id, TABLE.c.stamp)):
            assert number == ids.get(name, number)
            assert stamp == ("changed" if name in before and name not in same else "new")
        assert bring(connection, wanted, delete=sa.true()).written == 0


def test_rows_outside_the_conditions_are_left_alone(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        connection.execute(sa.delete(TABLE))
        bring(connection, {"free": 1, "null": 1, "held": 1, "gone": 1, "kept": 1})
        connection.execute(sa.update(TABLE).values(held=False).where(TABLE.c.name != "null"))
        connection.execute(sa.update(TABLE).values(held=True).where(TABLE.c.name.in_(["held", "kept"])))
        free = TABLE.c.held.is_not(True)
        done = bring(connection, {"free": 2, "null": 2, "held": 2}, only=free, delete=free)
        assert stored(connection) == {"free": 2, "null": 2, "held": 1, "kept": 1}
        assert done == Merged(inserted=0, updated=2, deleted=1, unchanged=1)


def test_two_rows_of_one_key_are_an_error(opened: sa.Engine) -> None:
    def twice() -> None:
        with engine.transaction(opened) as connection:
            merge(connection, TABLE, COLUMNS, [("z", 1), ("z", 2)], key=("name",))

    with pytest.raises(sa.exc.IntegrityError):
        twice()
    with engine.transaction(opened) as connection:
        assert "z" not in stored(connection)
