"""Which department an affiliation speaks of: the one of its name, else the longest name within it (facts 4.9, 6, P19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.directory.silver.affiliations import Match, Names

DEPARTMENTS = {"10": "Zoology", "20": "Zoology Lab Svcs", "30": "Law", "41": "Music", "40": "Music", "50": "Lab Svcs"}
WORDS = st.sampled_from(["zoology", "lab", "law", "of"])
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@pytest.mark.parametrize(("affiliation", "found"), [
    ("Zoology", Match("10", "exact")), ("Zoology - Faculty and Staff", Match("10", "exact")),
    ("ZOOLOGY - students", Match("10", "exact")), ("Zoology Lab Svcs - All", Match("20", "exact")),
    ("The Zoology Lab Svcs at Exampleton - Staff", Match("20", "contained")), ("Zoology/Law", Match("10", "contained")),
    ("Music - Student", Match("40", "exact")), ("Lawn Care - Staff", Match()), ("Alumni", Match()), ("", Match()),
    (" - Staff", Match()),
])  # fmt: skip
def test_affiliations(affiliation: str, found: Match) -> None:
    assert Names.of(DEPARTMENTS).match(affiliation) == found


def test_without_departments_nothing_is_found() -> None:
    assert Names.of({}).match("Zoology") == Match()
    assert Names.of({"1": " - "}).match("- Staff") == Match()


@given(st.dictionaries(st.sampled_from("123456"), NAMES), NAMES, st.randoms())
def test_p19_the_order_of_departments_is_of_no_account(names: dict[str, str], affiliation: str, random: object) -> None:
    """Naive: the first department whose name is within the affiliation, in the order in which they come."""
    shuffled = list(names.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    found = Names.of(names).match(affiliation)
    assert Names.of(dict(shuffled)).match(affiliation) == found
    within = {code: name for code, name in names.items() if f" {name} " in f" {affiliation} "}
    longest = max(map(len, within.values()), default=0)
    assert found.dept_id == min((code for code, name in within.items() if len(name) == longest), default=None)
    assert (found.rule == "exact") == (affiliation in names.values())
