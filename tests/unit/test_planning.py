"""The difference as multisets of hashes, and the limit of loss."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log import planning

MONTHS = ["Dec-25", "Jan-26", "Feb-26"]
rows = st.lists(st.tuples(st.sampled_from(MONTHS), st.sampled_from([b"a", b"b", b"c"])), max_size=12)


@given(rows, rows, st.sets(st.sampled_from(MONTHS)), st.sampled_from([planning.DIFF, planning.REPLACE]))
def test_applied_to_the_database_a_plan_gives_the_file(
    file: list[tuple[str, bytes]], there: list[tuple[str, bytes]], closed: set[str], strategy: str
) -> None:
    existing = {month: [(n, digest) for n, (m, digest) in enumerate(there) if m == month] for month in MONTHS}
    plan = planning.make([m for m, _ in file], [h for _, h in file], existing, closed, strategy=strategy)
    left = dict(enumerate(there))
    for month in plan.months:
        assert month.month not in closed
        for spot_id in month.delete:
            assert left.pop(spot_id)[0] == month.month
    come = [file[position] for month in plan.months for position in month.insert]
    after = Counter([*left.values(), *come])
    in_file = {month for month, _ in file}
    for month in MONTHS:
        source = file if month in in_file - closed else there
        assert Counter(row for row in after.elements() if row[0] == month) == Counter(
            row for row in source if row[0] == month
        )
    assert plan.filtered == sum(month in closed for month, _ in file)
    assert (plan.inserts, plan.deletes) == (len(come), len(there) - len(left))
    assert plan.unchanged == sum(len(existing[month.month]) for month in plan.months) - plan.deletes


@given(rows)
def test_an_unchanged_file_changes_nothing(file: list[tuple[str, bytes]]) -> None:
    existing = {month: [(n, digest) for n, (m, digest) in enumerate(file) if m == month] for month in MONTHS}
    plan = planning.make([m for m, _ in file], [h for _, h in file], existing, ())
    assert (plan.inserts, plan.deletes) == (0, 0)


def test_of_equal_rows_the_oldest_stays() -> None:
    plan = planning.make(["Dec-25"], [b"a"], {"Dec-25": [(9, b"a"), (2, b"a"), (5, b"a")]}, ())
    assert plan.months[0].delete == (5, 9)


def test_months_go_by_time_not_by_letter() -> None:
    plan = planning.make(["Feb-26", "Dec-25", "Jan-26"], [b"a"] * 3, {}, ())
    assert [month.month for month in plan.months] == MONTHS


def test_a_month_without_a_storable_row_is_planned_too() -> None:
    plan = planning.make([], [], {"Dec-25": [(1, b"a")]}, {"Feb-26"}, other_months=["Dec-25", "Feb-26"])
    assert [(month.month, month.delete, month.in_file) for month in plan.months] == [("Dec-25", (1,), 0)]


def lost(existing: int, in_file: int) -> planning.Plan:
    return planning.Plan((planning.MonthPlan("Dec-25", existing, in_file, (), ()),), {})


@pytest.mark.parametrize(
    ("existing", "in_file"), [(100, 60), (5, 3), (15_555, 9_333), (100, 100), (100, 500), (0, 0), (0, 5)]
)
def test_a_loss_of_forty_percent_is_accepted(existing: int, in_file: int) -> None:
    planning.require_no_collapse(lost(existing, in_file), 40)


@pytest.mark.parametrize(("existing", "in_file", "said"), [
    (100, 59, "41 %"), (5, 2, "60 %"), (1000, 599, "40.1 %"), (15_555, 9_332, "40.01 %"), (1, 0, "100 %"),
])  # fmt: skip
def test_a_larger_loss_is_refused_and_never_said_to_be_forty(existing: int, in_file: int, said: str) -> None:
    with pytest.raises(ContractError, match=f"a loss of {said} \\(at most 40 % is allowed\\)") as caught:
        planning.require_no_collapse(lost(existing, in_file), 40)
    assert "--force" in caught.value.advice
