"""Cells of the broker's CSV (facts 2.2, 2.3 and 13)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import tracking_cells as cells
from ctvpipe.pipelines.circuits.tracking_columns import Kind

READERS: list[Callable[[str], Any]] = [
    cells.text, cells.name, cells.purpose, cells.provider, cells.speed, cells.address, cells.money, cells.moment,
    cells.day,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("cell", ["", "  ", "NaN", "nan", " NULL ", "None", "n/a", "N/A\t"])
def test_words_for_nothing_are_nothing_in_every_column(read: Callable[[str], Any], cell: str) -> None:
    assert read(cell) is None


@pytest.mark.parametrize(("cell", "amount"), [
    ("$1,200.50", "1200.50"),
    ("450", "450.00"),
    ("450.005", "450.01"),
    ("-12.5", "-12.50"),
    ("$-12.5", "-12.50"),
    ("-$12.50", "-12.50"),
    (".5", "0.50"),
    ("99999999.99", "99999999.99"),
    ("1,234,567.89", "1234567.89"),
])  # fmt: skip
def test_amounts(cell: str, amount: str) -> None:
    found = cells.money(cell)
    assert found == Decimal(amount)
    assert str(found) == amount


@pytest.mark.parametrize("cell", ["call us", "1,20", "12.5.1", "--3", "-$-3", "100000000", "inf", "1e3", "$"])
def test_what_is_no_amount(cell: str) -> None:
    with pytest.raises(cells.Unreadable):
        cells.money(cell)


@pytest.mark.parametrize(("cell", "moment"), [
    ("2025-03-04", datetime(2025, 3, 4)),
    ("03/04/2025", datetime(2025, 3, 4)),
    ("28/03/2025", datetime(2025, 3, 28)),
    ("2025-03-04 05:06:07", datetime(2025, 3, 4, 5, 6, 7)),
    ("2025-03-04T05:06:07.123", datetime(2025, 3, 4, 5, 6, 7)),
    ("3/4/2025 15:06", datetime(2025, 3, 4, 15, 6)),
    ("0000-00-00", None),
    ("0000-00-00 00:00:00", None),
    ("0000-01-01", None),
])  # fmt: skip
def test_dates_in_every_shape(cell: str, moment: datetime | None) -> None:
    assert cells.moment(cell) == moment
    assert cells.day(cell) == (moment.date() if moment else None)


@pytest.mark.parametrize("cell", ["soon", "2025-02-30", "31/31/2025", "03/04/25", "2025-03-04 25:00", "45000"])
def test_what_is_no_date(cell: str) -> None:
    with pytest.raises(cells.Unreadable):
        cells.moment(cell)


def test_the_placeholder_for_no_service_is_no_provider_and_others_are_kept_as_they_are_spelled() -> None:
    assert cells.provider("NSA ") is None
    assert cells.provider(" nsa") is None
    assert cells.provider(" Comcast  Workplace ") == "Comcast  Workplace"
    assert cells.provider("NSA Fiber") == "NSA Fiber"


@pytest.mark.parametrize(("cell", "purpose"), [
    (" primary ", "Primary"), ("SECONDARY", "Secondary"), ("backup", "Backup"), ("Guest", "Guest"),
    ("point of  sale", "point of sale"),
])  # fmt: skip
def test_purposes(cell: str, purpose: str) -> None:
    assert cells.purpose(cell) == purpose


def test_addresses_and_speeds_are_read_or_left_empty() -> None:
    assert cells.address(" 198.51.100.9/29 ") == "198.51.100.9"
    assert cells.speed("1G x 35M") == "1000.0M x 35.0M"
    for read, cell in ((cells.address, "203.0.113"), (cells.speed, "Charter Communications")):
        with pytest.raises(cells.Unreadable):
            read(cell)


@given(st.sampled_from(list(Kind)), st.text(max_size=20))
def test_a_cell_is_a_value_that_both_stores_take_or_unreadable(kind: Kind, cell: str) -> None:
    try:
        found = cells.reader(kind)(cell)
    except cells.Unreadable:
        return
    if isinstance(found, str):
        assert found == found.strip()
        assert found
        assert "\x00" not in found
