"""How long an answer counts, and for which addresses (facts 2.6, 13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits.rdap_cache import Answer, Known

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
EDGE = 63


def answer(first: str, last: str, *, age: timedelta = timedelta(0), failure: str | None = None) -> Answer:
    return Answer(ip_address(first), ip_address(last), NOW - age, provider=f"{first}-{last}", failure=failure)


@pytest.mark.parametrize(("age", "failure", "counts"), [
    (timedelta(days=29), None, True),
    (timedelta(days=30), None, False),
    (timedelta(days=31), None, False),
    (timedelta(hours=23), "no registration", True),
    (timedelta(days=1), "no registration", False),
    (timedelta(seconds=-1), None, False),  # from the future
])  # fmt: skip
def test_how_long_an_answer_counts(age: timedelta, failure: str | None, counts: bool) -> None:
    known = Known([answer("8.8.8.0", "8.8.8.255", age=age, failure=failure)], NOW)
    assert (known.find(ip_address("8.8.8.8")) is not None) is counts


def test_the_narrowest_range_counts() -> None:
    wide, narrow = answer("8.0.0.0", "8.255.255.255"), answer("8.8.8.0", "8.8.8.255")
    known = Known([narrow, wide], NOW)
    assert known.find(ip_address("8.8.8.8")) is narrow
    assert known.find(ip_address("8.8.9.8")) is wide
    assert known.find(ip_address("9.8.9.8")) is None


def test_an_old_narrow_range_does_not_hide_a_fresh_wide_one() -> None:
    wide = answer("8.0.0.0", "8.255.255.255")
    known = Known([answer("8.8.8.0", "8.8.8.255", age=timedelta(days=40)), wide], NOW)
    assert known.find(ip_address("8.8.8.8")) is wide


def test_addresses_of_both_versions_are_kept_apart() -> None:
    known = Known([answer("8.8.8.0", "8.8.8.255"), answer("::", "::ffff")], NOW)
    assert known.find(ip_address("::8")) == answer("::", "::ffff")
    assert known.find(ip_address("808:808::")) is None


RANGES = st.lists(st.tuples(st.integers(0, EDGE), st.integers(0, EDGE)).map(sorted), max_size=12)


@given(RANGES, st.integers(0, EDGE))
def test_what_is_found_is_the_narrowest_that_holds_the_address(ranges: list[list[int]], number: int) -> None:
    base = int(ip_address("8.8.8.0"))
    made = [answer(str(ip_address(base + first)), str(ip_address(base + last))) for first, last in ranges]
    found = Known(made, NOW).find(ip_address(base + number))
    holding = [last - first for first, last in ranges if first <= number <= last]
    if not holding:
        assert found is None
        return
    assert found is not None
    assert int(found.start) <= base + number <= int(found.end)
    assert int(found.end) - int(found.start) == min(holding)
