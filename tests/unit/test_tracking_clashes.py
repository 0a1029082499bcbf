"""Which row of a clashing pair is stored (facts 3.3, 5; 10.1; 13)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import tracking_clashes, tracking_reading
from ctvpipe.pipelines.circuits.tracking_clashes import Choice, merit, resolved
from ctvpipe.pipelines.circuits.tracking_reading import Record
from tests.fakes.tracking_csv import Row, Spec, line, rows, text

STATUSES = ["Enabled", "Order Canceled", "Ready for Enablement", "Order Placed", "Jeopardy", ""]


def records(made: list[Row]) -> list[Record]:
    return tracking_reading.read(text(made).encode(), "x.csv", synonyms={}, trading_names=()).records


def choices(made: list[Row]) -> dict[tuple[str, str], Choice]:
    return resolved(records(made), lambda record: record.key)


@pytest.mark.parametrize(("better", "worse"), [
    ({"status": "Enabled"}, {"status": "Order Canceled"}),
    ({"status": " enabled "}, {"status": "Ready for Enablement", "date_record_updated": "2026-12-01"}),
    ({"status": "Jeopardy"}, {"status": "No Service Available"}),
    ({"status": "Something New"}, {"status": "Enabled/Disconnected"}),
    ({"status": "Order Canceled"}, {"status": "", "date_record_updated": ""}),
    ({"date_record_updated": "2026-11-02"}, {"date_record_updated": "2026-11-01"}),
    ({"date_record_updated": "2026-11-02"}, {"date_record_updated": ""}),
    ({"record_number": "ACME2_BR"}, {"record_number": "ACME1_BR"}),
    ({"record_number": "ACME2_BR"}, {"record_number": ""}),
])  # fmt: skip
def test_the_ranking(better: Row, worse: Row) -> None:
    for made in ([line(**better), line(**worse)], [line(**worse), line(**better)]):
        (choice,) = choices(made).values()
        (expected,) = records([line(**better)])
        assert choice.winner.values == expected.values
        assert len(choice.losers) == 1


LINES = st.lists(
    st.builds(
        lambda purpose, status, record, cost, updated: line(
            Circuit_Purpose=purpose,
            status=status,
            record_number=record,
            billing_monthly_cost=cost,
            date_record_updated=updated,
        ),
        st.sampled_from(["Primary", "Secondary"]),
        st.sampled_from(STATUSES),
        st.sampled_from(["", "ACME1_BR", "ACME2_BR"]),
        st.sampled_from(["", "1", "1.00", "2"]),
        st.sampled_from(["", "2026-11-01", "2026-11-02"]),
    ),
    min_size=1,
    max_size=8,
)


def values(found: dict[Any, Choice]) -> dict[Any, tuple[Any, ...]]:
    return {
        key: (choice.winner.values, [loser.values for loser in choice.losers], choice.identical)
        for key, choice in found.items()
    }


@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_the_file_never_counts(made: list[Row], random: Random) -> None:
    shuffled = random.sample(made, len(made))
    assert values(choices(shuffled)) == values(choices(made))
    assert list(choices(shuffled)) == list(choices(made))


@given(LINES)
def test_every_row_wins_loses_or_repeats_another(made: list[Row]) -> None:
    for key, choice in choices(made).items():
        mine = [record for record in records(made) if record.key == key]
        assert 1 + len(choice.losers) + choice.identical == len(mine)
        assert merit(choice.winner) == max(map(merit, mine))
        assert [merit(loser) for loser in choice.losers] == sorted(map(merit, choice.losers), reverse=True)


def test_the_invented_file_has_clashes() -> None:
    found = choices(rows(Spec(circuits=50)))
    assert sum(len(choice.losers) for choice in found.values()) >= 2
    assert sum(choice.identical for choice in found.values()) >= 1


def test_the_ranking_names_every_status_once() -> None:
    named = [status for statuses in tracking_clashes.STATUS_RANKING for status in statuses]
    assert len(named) == len(set(named))
    assert all(status == status.casefold() for status in named)
