"""Every kind of cell and what becomes of it (facts 3.4)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from ctvpipe.pipelines.commercial_log import values

ZERO = datetime(1900, 1, 1)  # what the reader gives for 24:00 under a clock format


@pytest.mark.parametrize(("cell", "value"), [
    ("", None), ("   ", None), ("\u00a0", None), (" a b ", "a b"), ("\0a\0b ", "ab"), ("\0", None), ("NA", "NA"), ("None", "None"), ("0", "0"),
    ("00012", "00012"), (2414.0, "2414"), (0.0, "0"), (-3.0, "-3"), (12.5, "12.5"), (1e22, "1" + "0" * 22), (7, "7"),
    (True, "TRUE"), (False, "FALSE"), (date(2026, 11, 3), "2026-11-03"), (datetime(2026, 11, 3), "2026-11-03"),
    (datetime(2026, 11, 3, 7, 5), "2026-11-03 07:05:00"), (time(7, 5), "07:05:00"), (timedelta(days=1), "24:00:00"),
])  # fmt: skip
def test_text(cell: object, value: str | None) -> None:
    assert values.text(cell) == value


@pytest.mark.parametrize(("cell", "value"), [
    ("", None), (date(2026, 11, 3), "2026-11-03"), (datetime(2026, 11, 3, 23, 59), "2026-11-03"), (46329.0, "2026-11-03"),
    (46329.75, "2026-11-03"), ("2026-11-03", "2026-11-03"), ("2026-11-03 00:00:00", "2026-11-03"),
    ("2026-11-03T07:05:00", "2026-11-03"), (" 11/3/2026 ", "2026-11-03"), ("11/03/26", "2026-11-03"),
    ("11-3-2026", "2026-11-03"), ("11/3/2026 7:00 AM", "2026-11-03"), ("23/11/2026", "2026-11-23"),
    ("2026/11/03", "2026-11-03"), ("2/29/2024", "2024-02-29"),
])  # fmt: skip
def test_day(cell: object, value: str | None) -> None:
    assert values.day(cell) == value


@pytest.mark.parametrize("cell", [
    "see order", "2/29/2026", "13/13/2026", "2026-11-03 - 2026-11-09", "11/3/2026 moved", "3.11.2026", 0.0, 5.0, 1e9,
    -46329.0, True, time(7, 0), timedelta(days=1), date(1900, 1, 1), "1/1/1889", datetime(9999, 12, 31),
])  # fmt: skip
def test_what_is_no_day(cell: object) -> None:
    with pytest.raises(values.Unreadable):
        values.day(cell)


@pytest.mark.parametrize(("cell", "value"), [
    ("", None), (time(6, 0), "06:00:00"), (time(23, 59, 59, 999_999), "24:00:00"), (timedelta(seconds=30), "00:00:30"),
    (timedelta(days=1), "24:00:00"), (timedelta(0), "00:00:00"), (0.25, "06:00:00"), (1.0, "24:00:00"), (0.0, "00:00:00"),
    (1.25, "30:00:00"), (ZERO, "24:00:00"), (datetime(2026, 11, 3, 7, 5), "07:05:00"), ("6:00:00", "06:00:00"),
    ("06:00", "06:00:00"), ("24:00:00", "24:00:00"), ("1 day, 0:00:00", "24:00:00"), ("7:00:00 AM", "07:00:00"),
    ("12:00 am", "00:00:00"), ("12:30 PM", "12:30:00"), ("11:59:00 p.m.", "23:59:00"), (" 9:30 ", "09:30:00"),
    ("0:02:00", "00:02:00"), ("7:00:00.5", "07:00:00"),
])  # fmt: skip
def test_clock_time(cell: object, value: str | None) -> None:
    assert values.clock_time(cell) == value


@pytest.mark.parametrize(("cell", "kept"), [
    ("ROS", "ROS"), (" 25:61 ", "25:61"), ("7:00:75", "7:00:75"), ("13:00 PM", "13:00 PM"), ("3 days, 0:00:00", "3 days, 0:00:00"),
    (30.0, "30"), (-0.5, "-0.5"), (float("inf"), "inf"),
])  # fmt: skip
def test_what_is_no_clock_time_is_kept_as_text(cell: object, kept: str) -> None:
    with pytest.raises(values.Unreadable) as caught:
        values.clock_time(cell)
    assert caught.value.kept == kept


@pytest.mark.parametrize(("cell", "value"), [
    ("", None), (3.0, 3), ("3.0", 3), (" 1,200 ", 1200), (-1.0, -1), (0, 0), (2**31 - 1.0, 2**31 - 1),
])  # fmt: skip
def test_integer(cell: object, value: int | None) -> None:
    found = values.integer(cell)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "cell", ["x", 3.5, "1e400", "nan", True, 2.0**31, float("nan"), date(2026, 1, 1), "1/2", "1,5", "1_0"]
)
def test_what_is_no_integer(cell: object) -> None:
    with pytest.raises(values.Unreadable):
        values.integer(cell)


@pytest.mark.parametrize(("cell", "value"), [
    ("", None), (117.63529411764706, 117.63529411764706), (-250.0, -250.0), (0, 0.0), ("$1,234.50", 1234.5),
    ("(50.00)", -50.0), ("($12.25)", -12.25), ("-$5", -5.0), ("$-5", -5.0), ("- 5", -5.0), ("5-", -5.0), (".5", 0.5),
    ("(-5)", -5.0), (" 75.5 ", 75.5), ("1,234,567", 1234567.0), ("0", 0.0), ("$ 40", 40.0), ("7.", 7.0),
])  # fmt: skip
def test_money(cell: object, value: float | None) -> None:
    found = values.money(cell)
    assert (found, type(found)) == (value, type(value))


def test_zero_has_no_sign() -> None:
    assert [str(values.money(cell)) for cell in (-0.0, "-0", "(0)")] == ["0.0"] * 3


@pytest.mark.parametrize("cell", [
    "ask Ana", "(50", "50)", "-(50)", "5 USD", "1.234,50", "12,50", "1234,567", "1,23", "5%", "1e5", "9" * 400, float("inf"), float("nan"), True,
    date(2026, 1, 1), "--", "$",
])  # fmt: skip
def test_what_is_no_money(cell: object) -> None:
    with pytest.raises(values.Unreadable) as caught:
        values.money(cell)
    assert caught.value.kept is None


@pytest.mark.parametrize(("cell", "value"), [
    ("", None), (date(2026, 11, 15), "Nov-26"), (datetime(2026, 11, 1), "Nov-26"), (46329.0, "Nov-26"), ("Nov-26", "Nov-26"),
    ("nov-2026", "Nov-26"), ("11/15/2026", "Nov-26"), ("2026-11-15 00:00:00", "Nov-26"), ("15/11/2026", "Nov-26"),
])  # fmt: skip
def test_month(cell: object, value: str | None) -> None:
    assert values.month(cell) == value


@pytest.mark.parametrize(
    "cell", ["Novemberish", "Nov", "2026", 3.0, date(1999, 11, 1), "Nov-1999", "Nov-2124", "2124-11-01"]
)
def test_what_is_no_month(cell: object) -> None:
    with pytest.raises(values.Unreadable):
        values.month(cell)


@pytest.mark.parametrize(("cell", "value"), [
    ("", ""), ("Com", "COM"), ("Spot", "COM"), ("commercial", "COM"), ("Bonus", "BNS"), (" bns ", "BNS"), ("Prod", "PRD"),
    ("Program", "PRG"), ("Service", "SVC"), ("AV", "AV"), ("bb", "BB"), ("CRD", "CRD"), ("pkg", "PKG"),
])  # fmt: skip
def test_spot_type(cell: object, value: str) -> None:
    assert values.spot_type(cell) == value


@pytest.mark.parametrize(("cell", "value"), [
    ("A&O", "Internal Ad Sales"), ("A and O", "Internal Ad Sales"), ("a. & o.", "Internal Ad Sales"), ("A/O", "Internal Ad Sales"),
    ("AO", "Internal Ad Sales"), ("Internal Ad Sales", "Internal Ad Sales"), ("internal ad sales", "internal ad sales"),
    (" Other ", "Other"), ("", None), ("AOL", "AOL"),
])  # fmt: skip
def test_revenue_type(cell: object, value: str | None) -> None:
    assert values.revenue_type(cell) == value


@pytest.mark.parametrize(("revenue", "trade"), [
    ("Trade", True), (" trade ", True), ("TRADE", True), ("Trade-in", False), (None, False), ("", False),
])  # fmt: skip
def test_is_trade(revenue: str | None, trade: bool) -> None:
    assert values.is_trade(revenue) is trade


@pytest.mark.parametrize(("read", "cell", "value"), [
    (values.billing_type, "calendar", "Calendar"), (values.billing_type, " Broadcast ", "Broadcast"),
    (values.billing_type, "", None), (values.flag, "y", "Y"), (values.flag, "N ", "N"), (values.flag, "", None),
])  # fmt: skip
def test_small_domains(read: Any, cell: object, value: str | None) -> None:
    assert read(cell) == value


@pytest.mark.parametrize(("read", "cell"), [
    (values.billing_type, "Quarterly"), (values.flag, "yes"), (values.flag, True), (values.spot_type, "XYZ"), (values.spot_type, 5.0),
])  # fmt: skip
def test_outside_its_domain(read: Any, cell: object) -> None:
    with pytest.raises(values.OutsideDomain):
        read(cell)
