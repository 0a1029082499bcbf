"""Which day a partner prefers: the rules of facts 3, and the same worked out independently with pandas."""

from __future__ import annotations

import random
from datetime import date, timedelta
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.fms.manual_days import weekday
from ctvpipe.pipelines.fms.preferred_days import Preferred, Started, preferred
from ctvpipe.pipelines.fms.schema.tables import WEEKDAYS

AS_OF = date(2026, 11, 27)  # a Friday
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
YEAR = timedelta(days=365)


def day(number: int, *, old: bool = False, week: int = 0) -> date:
    """A day of the week, by its number, that is clearly recent, or clearly old."""
    monday = date(2024, 3, 4) if old else date(2026, 6, 1)
    return monday + timedelta(days=number, weeks=-week if old else week)


def loans(recent: dict[int, int], old: dict[int, int] | None = None, office: str = "Dallas") -> list[Started]:
    """Loans of person 9001, one a week; how many by weekday."""
    made = []
    for is_old, counts in ((False, recent), (True, old or {})):
        for number, count in counts.items():
            made += [Started("9001", office, day(number, old=is_old, week=week)) for week in range(count)]
    return made


def found(starts: list[Started], as_of: date = AS_OF) -> tuple[str, float] | None:
    best = preferred(starts, as_of=as_of).get(("9001", "Dallas"))
    return None if best is None else (best.day, best.confidence_percent)


def test_the_examples_of_the_facts() -> None:
    assert found(loans({MON: 3, WED: 1}, {TUE: 4})) == ("Monday", 50.0)
    assert found(loans({MON: 2}, {TUE: 4})) == ("Monday", 50.0), "a tie goes to the earlier day"
    assert found(loans({FRI: 4})) is None


def test_what_is_said_of_a_partner() -> None:
    best = preferred(loans({MON: 3, WED: 1}, {TUE: 4}), as_of=AS_OF)
    assert best == {("9001", "Dallas"): Preferred("Monday", Fraction(1, 2), 8)}


@pytest.mark.parametrize(("number", "expected"), [(4, None), (5, ("Friday", 100.0))])
def test_five_loans_are_needed_whatever_they_weigh(number: int, expected: tuple[str, float] | None) -> None:
    assert found(loans({FRI: number})) == expected
    assert found(loans({}, {FRI: number})) == expected


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        ({MON: 2, TUE: 1, WED: 1, THU: 1}, ("Monday", 40.0)),
        ({MON: 1, TUE: 1, WED: 1, FRI: 2}, ("Friday", 40.0)),
        ({MON: 4, TUE: 3, WED: 3}, ("Monday", 40.0)),
        ({MON: 399, TUE: 301, WED: 300}, None),  # 39.9 %
        ({MON: 2, TUE: 2, WED: 1, THU: 1}, None),
    ],
)
def test_exactly_forty_percent_is_enough(recent: dict[int, int], expected: tuple[str, float] | None) -> None:
    assert found(loans(recent)) == expected


def test_a_tie_goes_to_the_earliest_day_in_whatever_order_the_loans_come() -> None:
    tie = loans({SUN: 3, SAT: 3})
    assert found(tie) == found(tie[::-1]) == ("Saturday", 50.0)
    assert found(loans({SUN: 3, MON: 3})) == ("Monday", 50.0)


def test_a_start_on_a_weekend_counts_like_any_other() -> None:
    assert found(loans({SUN: 5, MON: 2})) == ("Sunday", 71.4)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (AS_OF - YEAR, ("Thursday", 50.0)),  # counts twice: a tie, and Thursday is earlier
        (AS_OF - YEAR - timedelta(days=7), ("Friday", 66.7)),
        (AS_OF + timedelta(days=6), ("Thursday", 50.0)),
    ],
)
def test_what_counts_twice(start: date, expected: tuple[str, float]) -> None:
    """Exactly 365 days ago is recent, and so is a start that is to come."""
    assert start.weekday() == THU
    others = loans({}, {FRI: 4})
    assert found([*others, Started("9001", "Dallas", start, 2)]) == expected


def test_the_day_of_the_analysis_decides_not_the_clock() -> None:
    starts = [Started("9001", "Dallas", AS_OF - YEAR, 2), *loans({}, {FRI: 4})]
    assert found(starts, AS_OF) == ("Thursday", 50.0)
    assert found(starts, AS_OF + timedelta(days=1)) == ("Friday", 66.7)


def test_offices_are_apart_and_loans_of_nobody_count_for_nobody() -> None:
    starts = [*loans({MON: 5}), *loans({TUE: 5}, office="Houston")]
    starts += [Started(person, office, day(WED), 99) for person, office in (("9001", None), (None, "Dallas"), ("", ""))]
    assert {key: best.day for key, best in preferred(starts, as_of=AS_OF).items()} == {
        ("9001", "Dallas"): "Monday",
        ("9001", "Houston"): "Tuesday",
    }


def test_no_loans_no_days() -> None:
    assert preferred([], as_of=AS_OF) == {}


@pytest.mark.parametrize(
    ("share", "percent"),
    [(Fraction(2, 3), 66.7), (Fraction(1, 2), 50.0), (Fraction(33, 80), 41.2), (Fraction(35, 80), 43.8), (1, 100.0)],
)
def test_percent_are_rounded_half_to_even(share: Fraction, percent: float) -> None:
    assert Preferred("Monday", Fraction(share), 9).confidence_percent == percent


STARTS = st.lists(
    st.builds(
        Started,
        st.sampled_from(["9001", "9002", None]),
        st.sampled_from(["Dallas", "Houston", None]),
        st.one_of(
            st.dates(date(2020, 1, 1), date(2028, 1, 1)),
            st.integers(-3, 3).map(lambda off: AS_OF - YEAR + timedelta(days=off)),
            st.integers(0, 6).map(day),
        ),
        st.just(1),
    ),
    max_size=60,
)


def by_pandas(starts: list[Started], as_of: date) -> dict[tuple[str, str], tuple[str, float]]:
    """The algorithm of facts 3 as a table of loans would have it, in floats with some slack at the threshold."""
    table = pd.DataFrame(starts, columns=["person", "office", "start", "loans"])
    table["start"] = pd.to_datetime(table["start"])
    table["weight"] = 1.0 + (table["start"] >= pd.Timestamp(as_of) - pd.Timedelta(days=365))
    table["weekday"] = table["start"].dt.day_of_week
    result = {}
    for key, group in table.groupby(["person", "office"], dropna=True):
        shares = group.groupby("weekday")["weight"].sum().sort_index() / group["weight"].sum()
        best = shares[shares >= shares.max() - 1e-9].index[0]
        if len(group) >= 5 and shares.max() >= 0.4 - 1e-9:
            result[key] = (WEEKDAYS[best], float(shares.max()) * 100)
    return result


@given(STARTS)
def test_the_same_as_worked_out_with_pandas(starts: list[Started]) -> None:
    ours = preferred(starts, as_of=AS_OF)
    theirs = by_pandas(starts, AS_OF)
    assert {key: best.day for key, best in ours.items()} == {key: name for key, (name, _) in theirs.items()}
    for key, best in ours.items():
        assert best.confidence_percent == pytest.approx(theirs[key][1], abs=0.05 + 1e-9)


@given(STARTS, st.randoms())
def test_neither_order_nor_grouping_matters(starts: list[Started], chance: random.Random) -> None:
    grouped: dict[Started, int] = {}
    for start in starts:
        grouped[start] = grouped.get(start, 0) + 1
    together = [start._replace(loans=number) for start, number in grouped.items()]
    chance.shuffle(together)
    assert preferred(together, as_of=AS_OF) == preferred(starts, as_of=AS_OF)


@given(STARTS)
def test_what_qualifies_has_the_loans_and_the_share(starts: list[Started]) -> None:
    for (person, office), best in preferred(starts, as_of=AS_OF).items():
        assert best.loans == sum(1 for one in starts if (one.person_id, one.office) == (person, office)) >= 5
        assert Fraction(2, 5) <= best.confidence <= 1


@pytest.mark.parametrize(
    ("text", "name"), [("Monday", "Monday"), (" FRIDAY ", "Friday"), ("sat", "Saturday"), ("tUe", "Tuesday")]
)
def test_how_a_day_may_be_written(text: str, name: str) -> None:
    assert weekday(text) == name


@pytest.mark.parametrize("text", ["", "m", "tues", "Mon,Wed", "Montag", "1", "mondays"])
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a day of the week") as caught:
        weekday(text)
    assert "Monday, Tuesday" in caught.value.advice
