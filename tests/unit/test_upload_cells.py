"""The cells of an uploaded workbook: each kind reads what people write, and nothing else."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.fms.upload_cells import Unreadable, read
from ctvpipe.pipelines.fms.upload_layouts import Kind

EVERY_KIND = pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
COUNTS = st.integers(0, 2**31 - 1)
CENTS = st.integers(0, 999_999_999_999)
CELLS = (
    st.text()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
    | st.from_regex(r"\A[-+$( ]*[0-9,. :/-]{0,12}[)APMapm ]*\Z")
)


@EVERY_KIND
@pytest.mark.parametrize("cell", ["", "  ", "\n\t", "\xa0", "\0", None])
def test_a_blank_cell_is_nothing_whatever_the_column(kind: Kind, cell: object) -> None:
    assert read(kind, cell) is None


@pytest.mark.parametrize(("kind", "cell", "value"), [
    (Kind.TEXT, " as\nwritten ", "as\nwritten"),
    (Kind.TEXT, 5.0, "5"),
    (Kind.TEXT, 0.5, "0.5"),
    (Kind.TEXT, True, "TRUE"),
    (Kind.TEXT, datetime(2026, 3, 4), "2026-03-04"),
    (Kind.TEXT, date(2026, 3, 4), "2026-03-04"),
    (Kind.TEXT, "a\0b", "ab"),
    (Kind.NAME, "Washington D.C.", "Washington D.C."),
    (Kind.NAME, 911.0, "911"),
    (Kind.NAME, "x" * 255, "x" * 255),
    (Kind.FLEET, " Toyota", "TOYOTA"),
    (Kind.FLEET, "vw", "VOLKSWAGEN"),
    (Kind.FLEET, "Chevy", "CHEVROLET"),
    (Kind.FLEET, "CHEV", "CHEVROLET"),
    (Kind.FLEET, "VW Group", "VW GROUP"),
    (Kind.QUARTER, "q4 ", "Q4"),
    (Kind.YEAR, 2025.0, 2025),
    (Kind.YEAR, "2,025", 2025),
    (Kind.COUNT, 0.0, 0),
    (Kind.COUNT, "12", 12),
    (Kind.COUNT, "12.0", 12),
    (Kind.COUNT, "1,200", 1200),
    (Kind.MONEY, 12500.0, 12500.0),
    (Kind.MONEY, "$1,234.50", 1234.5),
    (Kind.MONEY, "$ 7", 7.0),
    (Kind.MONEY, ".5", 0.5),
    (Kind.MONEY, 1.005, 1.01),
    (Kind.MONEY, -0.0, 0.0),
    (Kind.MONEY, 9_999_999_999.99, 9_999_999_999.99),
    (Kind.DATE, datetime(2026, 12, 25, 13, 5), date(2026, 12, 25)),
    (Kind.DATE, date(2026, 12, 25), date(2026, 12, 25)),
    (Kind.DATE, "2026-12-25", date(2026, 12, 25)),
    (Kind.DATE, "2026-12-25 00:00:00", date(2026, 12, 25)),
    (Kind.DATE, "12/25/2026", date(2026, 12, 25)),
    (Kind.DATE, "12-25-26", date(2026, 12, 25)),
    (Kind.DATE, "7-4-26", date(2026, 7, 4)),
    (Kind.DATE, 46381.0, date(2026, 12, 25)),
    (Kind.TIME, time(9, 30), time(9, 30)),
    (Kind.TIME, time(9, 29, 59, 999_900), time(9, 30)),
    (Kind.TIME, time(), time()),
    (Kind.TIME, timedelta(hours=18), time(18)),
    (Kind.TIME, datetime(2026, 12, 24, 14), time(14)),
    (Kind.TIME, 0.5, time(12)),
    (Kind.TIME, 0.0, time()),
    (Kind.TIME, "09:30", time(9, 30)),
    (Kind.TIME, "5 pm", time(17)),
    (Kind.TIME, "12:15 a.m.", time(0, 15)),
    (Kind.TIME, "17:00:05", time(17, 0, 5)),
    *((Kind.FLAG, cell, True) for cell in (True, 1.0, "TRUE", "yes", "Y", "1")),
    *((Kind.FLAG, cell, False) for cell in (False, 0.0, "False", "NO", "n", "0")),
])  # fmt: skip
def test_what_people_write_is_read(kind: Kind, cell: object, value: object) -> None:
    found = read(kind, cell)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("kind", "cells"), [
    (Kind.NAME, ["x" * 256]),
    (Kind.FLEET, ["ß" * 128]),
    (Kind.QUARTER, ["1", 1.0, "Q5", "Q", "Q1 Q2"]),
    (Kind.YEAR, [25.0, 20255.0, 1999.0, 2101.0, "'25", True]),
    (Kind.COUNT, [-1.0, "-1", 2.5, "2.5", "five", "1,2", "N/A", True, date(2026, 1, 1), 2.0**31, float("nan"), "9" * 5000]),
    (Kind.MONEY, [-0.01, "-5", "(500)", "$-5", "TBD", "n/a", "-", "12,50", "1.2.3", "$", True, 1e10, "99999999999", "1e3",
                  9_999_999_999.995, float("inf"), float("nan"), date(2026, 1, 1)]),
    (Kind.DATE, ["2026-02-30", "25/12/2026", "12/25", "12-25/2026", "Christmas", "12-25-69", 2026.0, 20261225.0, True,
                 date(1926, 12, 25), time(9), "2026-12-25 10:00"]),
    (Kind.TIME, ["9", "24:00", "25:00", "13 pm", "0 am", "9:60", "noon", 1.0, -0.1, 9.0, True, date(1900, 1, 1),
                 timedelta(days=1), time(23, 59, 59, 999_999)]),
    (Kind.FLAG, ["maybe", 2.0, "t", date(2026, 1, 1)]),
])  # fmt: skip
def test_what_is_something_else_is_unreadable(kind: Kind, cells: list[Any]) -> None:
    for cell in cells:
        with pytest.raises(Unreadable):
            read(kind, cell)


@given(COUNTS)
def test_a_whole_number_is_the_same_however_it_is_written(number: int) -> None:
    assert {read(Kind.COUNT, cell) for cell in (float(number), str(number), f"{number:,}", f" {number}.0 ")} == {number}


@given(CENTS)
def test_an_amount_is_the_same_however_it_is_written(cents: int) -> None:
    amount = cents / 100
    written = (amount, f"{amount:.2f}", f"${amount:,.2f}", f"$ {amount:.2f} ")
    assert {read(Kind.MONEY, cell) for cell in written} == {amount}


@given(st.floats(0, 9_999_999_999))
def test_an_amount_is_rounded_to_cents_as_a_person_rounds(amount: float) -> None:
    assert read(Kind.MONEY, amount) == float(Decimal(repr(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP))


@given(DAYS)
def test_a_day_is_the_same_however_it_is_written(day: date) -> None:
    written: list[object] = [day, datetime.combine(day, time(23)), f"{day:%Y-%m-%d}", f"{day:%m/%d/%Y}"]
    written += [f"{day.month}-{day.day}-{day:%Y}", float((day - date(1899, 12, 30)).days)]
    written += [f"{day:%m-%d-%y}", f"{day:%m/%d/%y}"] if day.year <= 2068 else []
    assert {read(Kind.DATE, cell) for cell in written} == {day}


@given(st.integers(0, 86_399))
def test_a_time_is_the_same_however_it_is_written(seconds: int) -> None:
    moment = (datetime(2026, 1, 1) + timedelta(seconds=seconds)).time()
    written = (moment, timedelta(seconds=seconds), seconds / 86_400, f"{moment:%H:%M:%S}", f"{moment:%I:%M:%S %p}")
    assert {read(Kind.TIME, cell) for cell in written} == {moment}


@EVERY_KIND
@given(cell=CELLS)
def test_whatever_a_cell_holds_it_is_unreadable_or_fits_its_column(kind: Kind, cell: object) -> None:
    try:
        value = read(kind, cell)
    except Unreadable:
        return
    if value is None:
        return
    assert {
        Kind.TEXT: lambda: isinstance(value, str) and value and "\0" not in value,
        Kind.NAME: lambda: isinstance(value, str) and 0 < len(value) <= 255,
        Kind.FLEET: lambda: isinstance(value, str) and value == value.upper() and 0 < len(value) <= 255,
        Kind.QUARTER: lambda: value in {"Q1", "Q2", "Q3", "Q4"},
        Kind.YEAR: lambda: type(value) is int and 2000 <= value <= 2100,
        Kind.COUNT: lambda: type(value) is int and 0 <= value < 2**31,
        Kind.MONEY: lambda: type(value) is float and 0 <= value < 1e10 and round(value, 2) == value,
        Kind.DATE: lambda: type(value) is date and 2000 <= value.year <= 2100,
        Kind.TIME: lambda: type(value) is time and value.microsecond == 0 and value.tzinfo is None,
        Kind.FLAG: lambda: type(value) is bool,
    }[kind]()
