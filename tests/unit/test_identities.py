"""Which customer and agency a bill code means (facts 3.8, the order decided in the design)."""

from __future__ import annotations

import pytest

from ctvpipe.pipelines.commercial_log.identities import Directory, Identity

QUALIFIED, BARE, ALIAS = 1, 2, 3


@pytest.mark.parametrize(("customers", "aliases", "expected"), [
    ({"Vela:Foods": QUALIFIED, "Foods": BARE}, {"Foods": ALIAS}, QUALIFIED),
    ({"Foods": BARE}, {"Vela:Foods": ALIAS}, BARE),
    ({"Foods": BARE}, {"Vela:Foods PRODUCTION": ALIAS}, BARE),
    ({}, {"Vela:Foods": ALIAS}, ALIAS),
    ({}, {"Foods": ALIAS}, ALIAS),
    ({"vela:FOODS": QUALIFIED}, {}, QUALIFIED),
    ({"Other:Foods": QUALIFIED}, {}, None),
    ({}, {}, None),
])  # fmt: skip
def test_qualified_then_bare_then_alias(
    customers: dict[str, int], aliases: dict[str, int], expected: int | None
) -> None:
    assert Directory(customers, {}, aliases, {}).resolve("Vela:Foods PRODUCTION").customer_id == expected


def test_an_agency_goes_by_name_then_alias_and_gives_the_customer_its_own_spelling() -> None:
    directory = Directory({"Vela Worldwide:Foods": QUALIFIED, "Foods": BARE}, {"Vela Worldwide": 7}, {}, {"vela": 7})
    assert directory.resolve("VELA:Foods") == Identity(QUALIFIED, 7)
    assert directory.resolve("Vela Worldwide:Foods") == Identity(QUALIFIED, 7)
    assert directory.resolve("Unknown:Foods") == Identity(BARE, None)


def test_a_customer_qualified_by_an_alias_of_its_agency_comes_before_the_bare_one() -> None:
    directory = Directory({"Vela:Foods": QUALIFIED, "Foods": BARE}, {"Vela Worldwide": 7}, {}, {"vela": 7})
    assert directory.resolve("Vela:Foods") == Identity(QUALIFIED, 7)


def test_of_two_agencies_the_first_counts() -> None:
    directory = Directory({"Vela:Tern:Foods": QUALIFIED}, {"Vela": 7, "Tern": 8}, {}, {})
    assert directory.resolve("Vela:Tern:Foods") == Identity(QUALIFIED, 7)


def test_an_alias_may_be_the_whole_code_as_written() -> None:
    directory = Directory({}, {}, {"Vela: (Broker) odd": ALIAS, "::": ALIAS}, {})
    assert directory.resolve("Vela: (Broker) odd").customer_id == ALIAS
    assert directory.resolve("::").customer_id == ALIAS
