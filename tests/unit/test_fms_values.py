"""What the text of a cell of an FMS export means (facts 1.0 to 1.5)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.fms.feeds import Kind
from ctvpipe.pipelines.fms.values import NotReadable, read

DAYS = st.dates(date(1969, 1, 1), date(2068, 12, 31))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("text", ["", " ", "\t", "\xa0"])
def test_blank_is_null(kind: Kind, text: str) -> None:
    assert read(kind, text) is None


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.TEXT, "  two words ", "two words"),
        (Kind.TEXT, "NA", "NA"),
        (Kind.TEXT, "None", "None"),
        (Kind.TEXT, "nan", "nan"),
        (Kind.TEXT, "911", "911"),
        (Kind.ADDRESS, "N/A", None),
        (Kind.ADDRESS, " n/a ", None),
        (Kind.ADDRESS, "NA", "NA"),
        (Kind.IDENTIFIER, "9001", "9001"),
        (Kind.IDENTIFIER, "9001.0", "9001"),
        (Kind.IDENTIFIER, "9,001", "9001"),
        (Kind.IDENTIFIER, "007", "7"),
        (Kind.INTEGER, "2,151", 2151),
        (Kind.INTEGER, "2025.0", 2025),
        (Kind.VIN, " 1abc2345def678901 ", "1ABC2345DEF678901"),
        (Kind.SLASH_DATE, "03/09/26", date(2026, 3, 9)),
        (Kind.SLASH_DATE, "03/09/2026", date(2026, 3, 9)),
        (Kind.SLASH_DATE, "3/9/26", date(2026, 3, 9)),
        (Kind.DASH_DATE, "8-1-25", date(2025, 8, 1)),
        (Kind.DASH_DATE, "08/01/25", date(2025, 8, 1)),
        (Kind.MONTH, "4/2024", date(2024, 4, 1)),
        (Kind.RANK, "A+", "A+"),
        (Kind.RANK, "Pending", "Pending"),
        (Kind.CLIPS, "4.0", 4),
        (Kind.CLIPS, "0", 0),
        (Kind.CLIPS, "No", 0),
        (Kind.CLIPS, "TRUE", 1),
        (Kind.CLIPS, "none", None),
    ],
)
def test_what_it_means(kind: Kind, text: str, value: object) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.IDENTIFIER, "A9001"),
        (Kind.IDENTIFIER, "9001.5"),
        (Kind.IDENTIFIER, "-9001"),
        (Kind.IDENTIFIER, "٩٠٠١"),
        (Kind.INTEGER, "1e3"),
        (Kind.INTEGER, "99999999999"),
        (Kind.VIN, "ONE TWO"),
        (Kind.VIN, "X" * 18),
        (Kind.SLASH_DATE, "13/01/26"),
        (Kind.SLASH_DATE, "02/29/26"),
        (Kind.SLASH_DATE, "03-09-26"),
        (Kind.DASH_DATE, "03-09/26"),
        (Kind.DASH_DATE, "2026-03-09"),
        (Kind.MONTH, "04/01/2024"),
        (Kind.MONTH, "13/2024"),
        (Kind.RANK, "a+"),
        (Kind.RANK, "D"),
        (Kind.CLIPS, "many"),
    ],
)
def test_what_it_cannot_mean(kind: Kind, text: str) -> None:
    with pytest.raises(NotReadable) as caught:
        read(kind, text)
    assert str(caught.value) == ""


@given(DAYS)
def test_a_short_year_is_of_the_century_that_posix_says(day: date) -> None:
    assert read(Kind.DASH_DATE, f"{day:%m-%d-%y}") == day
    assert read(Kind.SLASH_DATE, f"{day.month}/{day.day}/{day:%y}") == day


@given(st.integers(0, 2**31 - 1))
def test_an_id_is_the_same_however_it_is_written(number: int) -> None:
    for text in (str(number), f"{number:,}", f"{number}.0", f"{number:012}"):
        assert read(Kind.IDENTIFIER, text) == str(number)
