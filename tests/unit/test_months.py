"""Broadcast months as text and in order (facts 3.5)."""

from __future__ import annotations

from datetime import date, timedelta

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
    assert months.is_stored_form(stored)
    assert months.first_day(stored) == day.replace(day=1) or day.year >= 2069  # strptime's own pivot


@given(days, days)
def test_order_is_that_of_time(one: date, other: date) -> None:
    first, second = months.order(months.of_date(one)), months.order(months.of_date(other))
    assert (first < second) == (one.replace(day=1) < other.replace(day=1))


@pytest.mark.parametrize("text", [
    "", "Nov", "Nvo-26", "Nov-1", "13/13/2026", "2026-13-01", "Nov-26 draft", "Nov-1999", "Nov-2124", "2124-11-01", "1.11.2026",
])  # fmt: skip
def test_what_is_no_month(text: str) -> None:
    assert months.parse(text) is None


@pytest.mark.parametrize(
    ("text", "stored"), [("nov-26", False), ("Nov-2026", False), ("2026-11-01", False), ("Nov-26", True)]
)
def test_stored_form(text: str, stored: bool) -> None:
    assert months.is_stored_form(text) is stored


@pytest.mark.parametrize(("day", "month"), [
    (date(2026, 11, 1), "Nov-26"),  # a Sunday ends its month's week
    (date(2026, 11, 2), "Nov-26"), (date(2026, 11, 29), "Nov-26"), (date(2026, 11, 30), "Dec-26"),
    (date(2026, 10, 26), "Nov-26"), (date(2024, 12, 30), "Jan-25"),
])  # fmt: skip
def test_broadcast_month_is_that_of_the_sunday(day: date, month: str) -> None:
    assert months.broadcast_month(day) == month


@given(days.filter(lambda day: day < date(2099, 12, 20)))
def test_a_broadcast_week_is_in_one_month(day: date) -> None:
    monday = day - timedelta(days=day.weekday())
    assert len({months.broadcast_month(monday + timedelta(days=n)) for n in range(7)}) == 1
