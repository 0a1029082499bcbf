"""Broadcast months as text and in order (facts 3.5)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.commercial_log import months

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(days)
def test_every_way_of_writing_a_date_means_its_month(day: date) -> None:
    stored = months.of_date(day)
    written = [
        stored, stored.lower(), f"{stored[:3]}-{day.year}", day.isoformat(), f"{day.isoformat()} 00:00:00",
        f"{day:%m/%d/%Y}", f"{day.month}/{day.day}/{day.year}", f"{day:%m-%d-%Y}", f"{day:%Y/%m/%d}", f" {stored} ",
    ]  # fmt: skip
    assert {months.parse(each) for each in written} == {stored}
    assert months.first_day(stored) == day.replace(day=1)


@given(days, days)
def test_order_is_that_of_time(one: date, other: date) -> None:
    first, second = months.order(months.of_date(one)), months.order(months.of_date(other))
    assert (first < second) == (one.replace(day=1) < other.replace(day=1))


@pytest.mark.parametrize("text", [
    "", "Nov", "Nvo-26", "Nov-1", "13/13/2026", "2026-13-01", "Nov-26 draft", "Nov-1999", "Nov-2124", "2124-11-01", "1.11.2026",
])  # fmt: skip
def test_what_is_no_month(text: str) -> None:
    assert months.parse(text) is None
