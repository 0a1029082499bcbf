"""What values of Sonar mean (facts of BDC 1.2, 5)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.bdc import values

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


@pytest.mark.parametrize(("value", "read"), [
    ("  two words ", "two words"),
    ("A &amp; B", "A & B"),
    ("O&#039;Test", "O'Test"),
    ("&nbsp;", None),
    ("a\0b\0", "ab"),
    ("\0", None),
    ("", None),
    (" ", None),
    (None, None),
    (7, "7"),
    (True, None),
    ({"a": 1}, None),
    ("00501", "00501"),
    ("\ud800x", "?x"),
    ("Zoë", "Zoë"),
])  # fmt: skip
def test_a_text(value: object, read: str | None) -> None:
    assert values.text(value) == read


@given(ANYTHING)
def test_a_text_can_be_stored_whatever_it_was(value: object) -> None:
    read = values.text(value)
    if read is not None:
        assert read == read.strip() != ""
        assert "\0" not in read
        read.encode()


@pytest.mark.parametrize(("value", "read"), [
    (90417, 90417), ("90417", 90417), (" 7 ", 7), (0, None), (-7, None), ("-7", None), ("7.0", None), (7.0, None),
    (True, None), (None, None), ("", None), ("٧", None), (1 << 63, None), ("9" * 30, None),
])  # fmt: skip
def test_an_id(value: object, read: int | None) -> None:
    assert values.identifier(value) == read


@pytest.mark.parametrize(("value", "read"), [
    (20000, 20000), ("20000", 20000), ("20000.0", 20000), (20000.0, 20000), ("-5", -5), (0, 0), ("1.5", None),
    (1.5, None), (1 << 31, None), (-(1 << 31), -(1 << 31)), (True, None), (None, None), ("many", None), ("", None),
    (float("nan"), None),
])  # fmt: skip
def test_a_whole_number(value: object, read: int | None) -> None:
    assert values.whole(value) == read


def test_a_whole_number_fits_its_column() -> None:
    assert values.whole(32767, 15) == 32767
    assert values.whole(32768, 15) is None


@pytest.mark.parametrize(("value", "read"), [
    (True, True), (False, False), (1, True), (0, False), ("1", True), ("0", False), ("true", True), ("False", False),
    (None, None), ("", None), ("maybe", None), (2, None),
])  # fmt: skip
def test_a_flag(value: object, read: bool | None) -> None:
    assert values.flag(value) is read


@pytest.mark.parametrize(("value", "read"), [
    ("59.00", "59.00"), (59, "59.00"), (59.95, "59.95"), ("7", "7.00"), ("-7.005", "-7.00"), ("7.015", "7.02"),
    ("NaN", None), ("sNaN", None), ("Infinity", None), ("1e99", None), ("9999999999.99", "9999999999.99"),
    ("9999999999.999", None), ("$7", None), (None, None), (True, None), ("", None),
])  # fmt: skip
def test_money(value: object, read: str | None) -> None:
    assert values.money(value) == (Decimal(read) if read else None)


@given(ANYTHING)
def test_nothing_is_too_odd(value: object) -> None:
    for read in (values.identifier, values.whole, values.flag, values.money, values.decimal):
        read(value)  # type: ignore[operator]


@given(st.integers(1, (1 << 63) - 1))
def test_an_id_is_the_same_as_a_number_and_in_digits(number: int) -> None:
    expected = number if len(str(number)) <= 18 else None
    assert values.identifier(str(number)) == expected
    assert values.identifier(number) == number
