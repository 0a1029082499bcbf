"""What is taken of an account's detail, and of lists of equipment (facts of BDC 1.4, 1.5, 3.7)."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.bdc import details, inventory
from ctvpipe.pipelines.bdc.records import AccountType, Detail, Group, Item, Manufacturer, Model, Service, Status
from tests.fakes import sonar_payloads
from tests.fakes.sonar_people import SECRETS, Line, Spec, equipment, subscriber

ID = 10_003
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "pivot", "name"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def payload(**changes: Any) -> dict[str, Any]:
    found = sonar_payloads.account(replace(subscriber(ID), **changes), 100)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def detail(answer: dict[str, Any]) -> Detail:
    return details.account(answer, ID).detail


def test_an_account() -> None:
    made = detail(payload(lines=(Line(31, 7701, quantity=2),), groups=(4, 6)))
    assert made == Detail(
        customer_id=ID, account_type_id=1, account_type="residential", country="US", block_fips="539990003011002",
        deleted=False, groups=(Group(4, "Wireless"), Group(6, "North & South")),
        services=(Service(7701, 31, "Home 100", "recurring", "debit", Decimal("59.00"), 2, True, True, False, 100_000,
                          20_000, 70),),
    )  # fmt: skip


def test_nothing_is_kept_of_what_was_not_asked_for() -> None:
    told = repr(details.account(payload(), ID))
    assert not [secret for secret in (*SECRETS, "password", "555", "box") if secret in told]


def test_its_named_address_is_the_physical_one() -> None:
    one = subscriber(ID)
    assert details.account(payload(), ID).address == {
        "line1": one.line1, "city": one.city, "state": one.state, "zip": one.zip, "latitude": one.latitude,
        "longitude": one.longitude,
    }  # fmt: skip
    only_mailing = payload()
    del only_mailing["account"]["addresses"][1]
    found = details.account(only_mailing, ID)
    assert (found.detail.block_fips, found.detail.country) == (None, None)
    assert set(found.address.values()) == {None}


def test_the_same_service_twice_is_two_and_those_without_a_relationship_are_numbered() -> None:
    made = detail(
        payload(lines=(Line(31, 7), Line(31, 8), Line(35, None), Line(35, None), Line(33, None), Line(33, 7)))
    )
    assert [one.relationship_id for one in made.services] == [7, 8, -35_001, -35_002, -33_001, -33_002]


def test_a_deleted_service_is_kept_and_not_active() -> None:
    made = detail(payload(lines=(Line(31, 7, deleted=True), Line(31, 8, active=False), Line(31, 9))))
    assert [one.active for one in made.services] == [False, False, True]


def test_a_price_of_ones_own_is_what_one_pays() -> None:
    answer = payload(lines=(Line(31, 7), Line(32, 8)))
    answer["account"]["services"][0]["pivot"]["price_override"] = "41.5"
    answer["account"]["services"][1]["pivot"]["quantity"] = None
    first, second = detail(answer).services
    assert (first.amount, second.amount, second.quantity) == (Decimal("41.50"), Decimal("89.00"), 1)


def test_a_deleted_group_is_left_out_and_a_deleted_account_is_told() -> None:
    answer = payload(groups=(4, 5, 4))
    answer["account"]["groups"][0]["deleted_at"] = "2030-01-02 03:04:05"
    answer["account"]["deleted_at"] = "2030-01-02 03:04:05"
    made = detail(answer)
    assert made.deleted
    assert [one.id for one in made.groups] == [5, 4]


@pytest.mark.parametrize(("fips", "block"), [
    ("010010201001000", "010010201001000"), (10010201001000, "010010201001000"), ("10010201001000", None),
    (None, None), ("", None), ("53999000301100A", None), (True, None),
])  # fmt: skip
def test_a_census_block_keeps_its_zeros(fips: object, block: str | None) -> None:
    answer = payload()
    answer["account"]["addresses"][1]["fips"] = fips
    assert detail(answer).block_fips == block


@pytest.mark.parametrize(("path", "value", "said"), [
    (("account",), None, "no account in it"),
    (("account",), [], "no account in it"),
    (("account", "id"), ID + 1, "another account than was asked for"),
    (("account", "groups"), None, "groups that are no list"),
    (("account", "services"), {}, "services that are no list"),
    (("account", "services"), [7], "services that are no list"),
    (("account", "services", 0, "id"), None, "service of an account of Sonar's has no id"),
    (("account", "groups", 0, "id"), "x", "group of an account of Sonar's has no id"),
])  # fmt: skip
def test_what_is_no_account(path: tuple[Any, ...], value: object, said: str) -> None:
    answer: Any = payload()
    inner = answer
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ContractError, match=said) as caught:
        details.account(answer, ID)
    assert str(ID) not in str(caught.value)


@given(st.sampled_from(sorted(payload()["account"])), ANYTHING)
def test_an_odd_answer_is_read_or_refused(name: str, value: object) -> None:
    answer = payload()
    answer["account"][name] = value
    try:
        details.account(answer, ID)
    except ContractError:
        assert name in {"id", "groups", "services"}


def test_equipment_and_whose_it_is() -> None:
    spec = Spec(customers=10, stock=2)
    listed = [sonar_payloads.item(equipment(spec, index), owned=True) for index in (0, 12, 13)]
    made = list(inventory.records(listed, inventory.item, "equipment"))
    assert [(one.id, one.customer_id) for one in made] == [(500_000, 10_001), (500_012, 10_009), (500_013, None)]
    own = [sonar_payloads.item(equipment(spec, 0), owned=False)]
    assert list(inventory.records(own, inventory.item_of(10_001), "equipment")) == [
        Item(500_000, 12, "functional", "new", 10_001)
    ]


def test_the_lists_that_give_names() -> None:
    lists = sonar_payloads.lists()
    assert next(inventory.records(lists["inventory/models"], inventory.model, "m")) == Model(12, "Demo CPE 5G", 3)
    assert list(inventory.records(lists["inventory/manufacturers"], inventory.manufacturer, "m"))[1] == Manufacturer(
        4, "Invented Optics"
    )
    statuses = list(inventory.records(lists["system/account_statuses"], inventory.status, "s"))
    assert statuses[2] == Status(3, "Active - VIP", active=True)
    types = list(inventory.records(lists["system/account_types"], inventory.account_type, "t"))
    assert types == [AccountType(1, "Residential", "residential"), AccountType(2, "Business", "commercial")]


@pytest.mark.parametrize(("good", "bad", "kept"), [(200, 5, 200), (0, 0, 0), (1, 1, 1), (95, 5, 95)])
def test_a_few_without_what_names_them_are_left_out(good: int, bad: int, kept: int) -> None:
    listed = [{"name": "x"}] * bad + [{"id": n + 1, "name": "x"} for n in range(good)]
    assert len(list(inventory.records(listed, inventory.manufacturer, "manufacturers"))) == kept


@pytest.mark.parametrize(("good", "bad"), [(200, 6), (0, 1), (0, 5), (1, 6)])
def test_many_without_it_are_a_breach_of_the_contract(good: int, bad: int) -> None:
    listed = [{"name": "x"}] * bad + [{"id": n + 1, "name": "x"} for n in range(good)]
    with pytest.raises(ContractError, match="Sonar's manufacturers lack what names them"):
        list(inventory.records(listed, inventory.manufacturer, "manufacturers"))
