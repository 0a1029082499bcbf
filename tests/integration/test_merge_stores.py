"""Merging on both stores: the same rows, every type unchanged, and a second time without writing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged, merge
from ctvpipe.stores.types import Instant

TABLE = sa.Table(
    "kinds",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("amount", sa.Numeric(10, 2)),
    sa.Column("share", sa.Float),
    sa.Column("day", sa.Date),
    sa.Column("hour", sa.Time),
    sa.Column("local", sa.DateTime),
    sa.Column("moment", Instant()),
    sa.Column("flag", sa.Boolean),
    sa.Column("tags", sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")),
)
COLUMNS = [column.name for column in TABLE.c if column.name != "id"]
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ROWS: list[tuple[Any, ...]] = [
    (
        "a\tb\\n\n",
        Decimal("450.10"),
        0.1,
        date(2026, 3, 4),
        time(9, 30),
        datetime(2026, 3, 4, 5, 6),
        NOON,
        True,
        ["x", {"y": None}],
    ),
    ("nothing", None, None, None, None, None, None, None, None),
    ("", Decimal("-0.01"), 1e-9, date(1, 1, 1), time(23, 59, 59, 500), datetime(2026, 1, 1), NOON, False, []),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    on_file = f"sqlite:///{tmp_path / 'x.db'}"
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else on_file
    made = engine.open_engine(url)
    with engine.transaction(made) as connection:
        TABLE.create(connection)
    return made


def stored(connection: sa.Connection) -> list[tuple[Any, ...]]:
    found = sa.select(*(TABLE.c[name] for name in COLUMNS)).order_by(TABLE.c.id)
    return [tuple(row) for row in connection.execute(found)]


def test_every_type_comes_back_as_it_went_in_and_is_not_written_again(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        assert merge(connection, TABLE, COLUMNS, ROWS, key=("name",)) == Merged(inserted=3)
        assert stored(connection) == ROWS
    with engine.transaction(opened) as connection:
        assert merge(connection, TABLE, COLUMNS, ROWS, key=("name",), delete=sa.true()) == Merged(unchanged=3)


@pytest.mark.parametrize("number", range(1, len(COLUMNS)))
def test_a_difference_in_any_column_is_written(opened: sa.Engine, number: int) -> None:
    with engine.transaction(opened) as connection:
        merge(connection, TABLE, COLUMNS, ROWS, key=("name",))
        for value in (None, ROWS[0][number]):
            changed = (*ROWS[0][:number], value, *ROWS[0][number + 1 :])
            assert merge(connection, TABLE, COLUMNS, [changed], key=("name",)) == Merged(updated=1)
        assert stored(connection) == ROWS


def test_an_unchanged_row_is_neither_written_nor_locked(postgres_url: str) -> None:
    opened = engine.open_engine(postgres_url)
    with engine.transaction(opened) as connection:
        TABLE.create(connection)
        merge(connection, TABLE, COLUMNS, ROWS, key=("name",))
    look = sa.text("SELECT name, ctid::text, xmin::text, xmax::text FROM kinds ORDER BY id")
    with engine.transaction(opened) as connection:
        before = connection.execute(look).all()
        merge(connection, TABLE, COLUMNS, [(*ROWS[0][:-1], None), *ROWS[1:]], key=("name",))
    with engine.transaction(opened) as connection:
        after = connection.execute(look).all()
    assert [new == old for new, old in zip(after, before, strict=True)] == [False, True, True]


def test_rows_that_are_new_may_be_left_out(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        merge(connection, TABLE, COLUMNS, ROWS[:1], key=("name",))
        changed = [(ROWS[0][0], Decimal("1.00"), *ROWS[0][2:]), *ROWS[1:]]
        assert merge(connection, TABLE, COLUMNS, changed, key=("name",), insert=False) == Merged(updated=1, unchanged=2)
        assert stored(connection) == changed[:1]
