"""Connections by tract: every service is in a row, or in the list of those that cannot be counted, or no broadband."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.bdc.counting import Count, Key, Line, Policy, Rules, megabits, tract_of
from ctvpipe.pipelines.bdc.technologies import Subject, Technologies

TRACT, OTHER = "53999000100", "01001000100"
BLOCK = f"{TRACT}1000"
RULES = Rules(Technologies.of({"service": {"31": 71}, "voice": {"*": 1}}, "x"))


def line(customer: int = 1, **changes: Any) -> Line:
    made: dict[str, Any] = {
        "customer_id": customer,
        "relationship_id": 7000 + customer,
        "subject": Subject(31, "Home 100", 70),
        "block_fips": BLOCK,
        "account_type": "residential",
        "quantity": 1,
        "download_kbps": 100_000,
        "upload_kbps": 20_000,
    }
    return Line(**(made | changes))


def reasons(count: Count) -> list[str]:
    return [each.reason for each in count.uncounted]


def test_connections_are_added_up_by_tract_technology_and_speeds() -> None:
    lines = [
        line(1),
        line(2, quantity=3, account_type="commercial"),
        line(3, block_fips=f"{OTHER}2000"),
        line(4, upload_kbps=20_001),
        line(5, subject=Subject(32, "Fibre", 50)),
    ]
    assert RULES.subscription(lines).rows == {
        Key(OTHER, 71, 100_000, 20_000): (1, 1),
        Key(TRACT, 50, 100_000, 20_000): (1, 1),
        Key(TRACT, 71, 100_000, 20_000): (4, 1),
        Key(TRACT, 71, 100_000, 20_001): (1, 1),
    }


@pytest.mark.parametrize(
    ("down", "up", "counts"), [(200, 200, 0), (201, 0, 1), (0, 201, 1), (0, 0, 0), (200, 201, 1), (1, 1, 0)]
)
def test_a_connection_is_faster_than_200_kbps_in_one_direction(down: int, up: int, counts: int) -> None:
    found = RULES.subscription([line(download_kbps=down, upload_kbps=up)])
    assert (found.total, found.slow, found.uncounted) == (counts, 1 - counts, [])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"block_fips": None}, "its customer has no census block"),
        ({"block_fips": TRACT}, "its customer has no census block"),
        ({"block_fips": "5399900010010٣0"}, "its customer has no census block"),
        ({"account_type": None}, "its customer is neither residential nor commercial"),
        ({"quantity": 0}, "its quantity is not a number of connections"),
        ({"quantity": None}, "its quantity is not a number of connections"),
        ({"download_kbps": None}, "its speed is not known"),
        ({"download_kbps": None, "upload_kbps": None}, "its speed is not known"),
        ({"subject": Subject(33, "x", 70)}, "service 33 has technology 70, which is not mapped"),
        ({"subject": Subject(33, "x", None)}, "service 33 has no technology"),
    ],
)
def test_what_cannot_be_counted_is_told(changes: dict[str, Any], reason: str) -> None:
    found = RULES.subscription([line(1), line(2, **changes)])
    assert found.total == 1
    assert [(each.customer_id, each.relationship_id) for each in found.uncounted] == [(2, 7002)]
    assert reasons(found) == [reason]


def test_tracts_that_are_not_on_the_list() -> None:
    found = replace(RULES, tracts=frozenset({OTHER})).subscription([line(1), line(2, block_fips=f"{OTHER}1000")])
    assert (found.total, reasons(found)) == (1, ["its customer's tract is not among those of the list"])


@pytest.mark.parametrize(("policy", "total"), [(Policy.QUANTITY, 6), (Policy.LINE, 4), (Policy.ACCOUNT, 3)])
def test_what_a_connection_is(policy: Policy, total: int) -> None:
    """One account has two services of one technology and one of another, another has a service three times."""
    lines = [
        line(1),
        line(1, relationship_id=2, download_kbps=50_000),
        line(1, relationship_id=3, subject=Subject(32, "Fibre", 50)),
        line(2, quantity=3),
    ]
    assert replace(RULES, policy=policy).subscription(lines).total == total


def test_of_an_account_the_fastest_counts() -> None:
    lines = [line(1, download_kbps=50_000), line(1), line(1, download_kbps=100_000, upload_kbps=10_000)]
    found = replace(RULES, policy=Policy.ACCOUNT).subscription(lines)
    assert found.rows == {Key(TRACT, 71, 100_000, 20_000): (1, 1)}


def test_voice_has_no_speeds() -> None:
    lines = [line(n, download_kbps=None, upload_kbps=None) for n in (1, 2)]
    assert RULES.voice(lines).rows == {Key(TRACT, 1): (2, 2)}
    assert reasons(Rules(Technologies()).voice(lines)) == ["voice service 31 is not mapped"] * 2


@pytest.mark.parametrize(
    ("kbps", "text"),
    [(100_000, "100"), (768, "0.768"), (1500, "1.5"), (25_250, "25.25"), (0, "0"), (1_000_001, "1000.001")],
)
def test_speeds_are_in_megabits_exactly(kbps: int, text: str) -> None:
    assert megabits(kbps) == text


LINES = st.lists(
    st.builds(
        line,
        st.integers(1, 6),
        subject=st.builds(Subject, st.sampled_from([31, 32, None]), st.none(), st.sampled_from([None, 50, 70])),
        block_fips=st.sampled_from([BLOCK, f"{TRACT}1001", f"{OTHER}1000", None, "x"]),
        account_type=st.sampled_from(["residential", "commercial", None]),
        quantity=st.sampled_from([None, 0, 1, 2, 5]),
        download_kbps=st.sampled_from([None, 0, 200, 100_000, 50_000]),
        upload_kbps=st.sampled_from([None, 0, 200, 20_000]),
    ),
    max_size=30,
)


@given(LINES)
def test_nobody_is_lost_and_nobody_counted_twice(lines: list[Line]) -> None:
    found = replace(RULES, policy=Policy.LINE).subscription(lines)
    assert found.total + len(found.uncounted) + found.slow == len(lines)
    assert sum(found.reasons.values()) == len(found.uncounted)
    for total, consumers in found.rows.values():
        assert 0 < total >= consumers >= 0


@given(LINES)
def test_as_often_as_they_were_sold(lines: list[Line]) -> None:
    found = RULES.subscription(lines)
    wanted: Counter[str] = Counter()
    for each in lines:
        countable = tract_of(each.block_fips) and each.account_type and each.quantity and each.subject.service_id == 31
        speeds = (each.download_kbps, each.upload_kbps)
        if countable and None not in speeds and max(speeds) > 200:  # type: ignore[type-var]
            wanted[tract_of(each.block_fips)] += each.quantity or 0
    counted: Counter[str] = Counter()
    for key, (total, _) in found.rows.items():
        if key.kind == 71:
            counted[key.tract] += total
    assert counted == wanted
