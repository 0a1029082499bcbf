"""New markets (facts 3.9)."""

from __future__ import annotations

import pytest

from ctvpipe.pipelines.commercial_log.markets import NewMarket, is_sound, name_of, plan

KNOWN = {"NYC": "NEW YORK", "SEA": "SEATTLE"}


def test_new_codes_in_order_each_from_its_earliest_air_date() -> None:
    seen = [
        ("PDX", "2026-11-03"),
        ("pdx", "2026-10-01"),
        ("ABQ_W", "2026-11-09"),
        ("NYC", "2020-01-01"),
        ("seattle", "2020-01-01"),
    ]
    assert plan(seen, KNOWN) == [
        NewMarket("ABQ_W", "ABQ W", 1, "2026-11-09"),
        NewMarket("PDX", "PDX", 1, "2026-10-01"),
    ]


def test_dallas_has_the_second_grid() -> None:
    assert plan([("dal", "2026-11-03")], {}) == [NewMarket("DAL", "DALLAS", 2, "2026-11-03")]


def test_a_name_is_never_taken_twice() -> None:
    made = plan([("CHI", "2026-11-03"), ("A_B", "2026-11-03"), ("A B", "2026-11-03")], {"X": "CHICAGO"})
    assert {market.code: market.name for market in made} == {"A B": "A B", "A_B": "A B (A_B)", "CHI": "CHICAGO (CHI)"}


@pytest.mark.parametrize("text", ["x" * 51, "X; DROP", "a--b", "a/*b"])
def test_what_is_no_code_makes_no_market(text: str) -> None:
    assert not is_sound(text)
    assert plan([(text, "2026-11-03")], {}) == []


def test_a_code_may_have_fifty_characters() -> None:
    assert is_sound("x" * 50)


@pytest.mark.parametrize(("code", "name"), [
    ("NYC", "NEW YORK"), ("Admin", "ADMINISTRATIVE"), ("MMT", "MAMMOTH"), ("CMP", "CHI MSP"), ("bay_area", "BAY AREA"),
])  # fmt: skip
def test_names(code: str, name: str) -> None:
    assert name_of(code) == name
