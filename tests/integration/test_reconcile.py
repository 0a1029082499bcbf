"""A part of a table brought to what it ought to hold, on both stores; and nothing written where nothing differs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged
from ctvpipe.stores.reconcile import insert, reconcile

TABLE = sa.Table(
    "parts",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("amount", sa.Numeric(10, 2)),
    sa.Column("details", sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")),
    sa.Column("stamp", sa.Text),
    sa.UniqueConstraint("name", "day"),
)
COLUMNS = ("name", "day", "amount", "details")
DAY, OTHER = date(2026, 11, 22), date(2026, 11, 23)
CONTENT = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([{"x": "1"}, {"x": None}, [], None]))


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    on_file = f"sqlite:///{tmp_path / 'x.db'}"
    made = engine.open_engine(request.getfixturevalue("postgres_url") if request.param == "postgresql" else on_file)
    with engine.transaction(made) as connection:
        TABLE.create(connection)
    return made


def stored(connection: sa.Connection) -> dict[tuple[str, date], Any]:
    return {(row.name, row.day): row.details for row in connection.execute(sa.select(TABLE))}


def bring(connection: sa.Connection, wanted: dict[str, Any]) -> Merged:
    rows = [(name, DAY, None, details) for name, details in wanted.items()]
    return reconcile(
        connection,
        TABLE,
        COLUMNS,
        rows,
        key=("name", "day"),
        scope=TABLE.c.day == DAY,
        on_insert={"stamp": "new"},
        on_update={"stamp": "changed"},
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CONTENT, CONTENT)
def test_the_part_is_what_is_wanted_and_the_rest_stays(
    opened: sa.Engine, before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    with engine.transaction(opened) as connection:
        connection.execute(sa.delete(TABLE))
        insert(connection, TABLE, COLUMNS, [("a", OTHER, None, {"stays": True})], also={"stamp": "old"})
        bring(connection, before)
        done = bring(connection, wanted)
        assert stored(connection) == {("a", OTHER): {"stays": True}} | {(name, DAY): wanted[name] for name in wanted}
        assert done.deleted == len(before.keys() - wanted.keys())
        assert done.inserted == len(wanted.keys() - before.keys())
        assert done.updated == sum(before[name] != wanted[name] for name in before.keys() & wanted.keys())
        assert bring(connection, wanted) == Merged(unchanged=len(wanted))


def test_nothing_is_written_where_nothing_differs(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        bring(connection, {"a": {"x": "1"}})
    statements: list[str] = []
    sa.event.listen(opened, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    with engine.transaction(opened) as connection:
        bring(connection, {"a": {"x": "1"}})
    assert [text.split()[0] for text in statements if "parts" in text] == ["SELECT"]
