"""Statuses by day, kept as changes: every imported day stays what it was, in whatever order days are imported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import statuses
from ctvpipe.pipelines.circuits.schema.tables import METADATA, STATUS_CHANGES, STATUS_DAYS
from ctvpipe.pipelines.circuits.statuses import State
from ctvpipe.stores.merge import Merged

FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(4)]
States = dict[str, State]

FILES = st.dictionaries(
    st.sampled_from("ABC"), st.sampled_from(["Enabled", "Ready for Enablement", ""]).map(lambda text: State(text, "x")),
)  # fmt: skip


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    with _opened() as made:
        yield made


def _opened() -> sa.Connection:
    made = sa.create_engine("sqlite://", poolclass=sa.NullPool).connect()
    METADATA.create_all(made, tables=[STATUS_CHANGES, STATUS_DAYS])
    return made


def store(connection: sa.Connection, day: date, states: States) -> Merged:
    return statuses.store(connection, day, states, csv_file="x.csv", rows=len(states))


def present(connection: sa.Connection, day: date) -> dict[str, str]:
    return {key: state.status for key, state in statuses.at(connection, day).items() if state.status is not None}


@given(st.lists(st.tuples(st.sampled_from(DAYS), FILES), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_every_day_is_that_of_its_latest_import_in_any_order(imports: list[tuple[date, States]]) -> None:
    expected: dict[date, dict[str, str | None]] = {}
    with _opened() as connection:
        for day, states in imports:
            store(connection, day, states)
            expected[day] = {key: state.status for key, state in states.items()}
            for other, wanted in expected.items():
                assert present(connection, other) == wanted
            assert store(connection, day, states).written == 0
        assert statuses.latest(connection) == (max(expected), len(expected[max(expected)]))


@given(st.lists(FILES, min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_only_changes_are_kept(files: list[States]) -> None:
    with _opened() as connection:
        for day, states in zip(DAYS, files, strict=False):
            store(connection, day, states)
        lines = connection.execute(sa.select(STATUS_CHANGES.c.site_key, STATUS_CHANGES.c.status).order_by(
            STATUS_CHANGES.c.site_key, STATUS_CHANGES.c.date)).all()  # fmt: skip
        for (key, status), (next_key, next_status) in pairwise(lines):
            assert key != next_key or status != next_status


def test_a_circuit_that_is_gone_and_comes_back(connection: sa.Connection) -> None:
    here = {"XYZ 01": State("Enabled", "XYZ 01", "Primary", "ACME1_BR", "A. Example")}
    for day, states in zip(DAYS, (here, {}, {}, here), strict=True):
        store(connection, day, states)
    assert statuses.at(connection, DAYS[2]) == {"XYZ 01": here["XYZ 01"]._replace(status=None)}
    assert statuses.at(connection, DAYS[3]) == here
    assert connection.execute(sa.select(sa.func.count()).select_from(STATUS_CHANGES)).scalar() == 3


def test_an_older_day_put_in_later_leaves_the_days_after_it(connection: sa.Connection) -> None:
    before, after = {"A": State("Ready for Enablement", "A")}, {"A": State("Enabled", "A")}
    store(connection, DAYS[0], before)
    store(connection, DAYS[2], after)
    store(connection, DAYS[1], {"A": State("Jeopardy", "A"), "B": State("Enabled", "B")})
    assert [present(connection, day) for day in DAYS[:3]] == [
        {"A": "Ready for Enablement"},
        {"A": "Jeopardy", "B": "Enabled"},
        {"A": "Enabled"},
    ]
    assert statuses.latest(connection, until=DAYS[1]) == (DAYS[1], 2)
    assert statuses.latest(connection, until=FIRST - timedelta(days=1)) is None
