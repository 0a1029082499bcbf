"""Daily workbooks are known and ordered by the date in their names."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.commercial_log import daily_files

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(DAYS)
def test_the_name_of_a_day_gives_the_day_back(day: date) -> None:
    assert daily_files.date_of(daily_files.path_for(Path("/x"), day).name) == day


def test_the_name_is_the_one_operators_know() -> None:
    assert daily_files.path_for(Path("/d"), date(2025, 1, 9)) == Path("/d/Commercial Log 250109.xlsx")


def test_a_day_that_two_digits_cannot_tell_has_no_name() -> None:
    with pytest.raises(ValueError, match="1999"):
        daily_files.path_for(Path("/d"), date(1999, 12, 31))


@pytest.mark.parametrize(
    "name",
    [
        "Commercial Log 991399.xlsx",
        "Commercial Log 250230.xlsx",
        "Commercial Log 250000.xlsx",
        "Commercial Log 2501.xlsx",
        "Commercial Log 20250109.xlsx",
        "Commercial Log 250109.xls",
        "Commercial Log 250109.xlsx.part",
        "commercial log 250109.xlsx",
        "~$Commercial Log 250109.xlsx",
        "Commercial Log 250109 (2).xlsx",
        "Commercial Log ٢٥٠١٠٩.xlsx",
        "Commercial Log 250109.xlsx\n",
    ],
)
def test_other_names_hold_no_date(name: str) -> None:
    assert daily_files.date_of(name) is None


def test_the_listing_goes_by_the_names_and_not_by_the_files_times(tmp_path: Path) -> None:
    for day, changed in (("250301", 3), ("250303", 1), ("250302", 2)):
        file = tmp_path / f"Commercial Log {day}.xlsx"
        file.write_bytes(b"12345")
        os.utime(file, (changed, changed))
    (tmp_path / "Commercial Log 991399.xlsx").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"")
    (tmp_path / "Commercial Log 250304.xlsx").mkdir()
    (tmp_path / "Commercial Log 250305.xlsx").symlink_to("notes.txt")
    (tmp_path / ".ctvpipe-Commercial Log 250306.xlsx.tmp").write_bytes(b"")

    found = daily_files.listing(tmp_path)

    assert [file.day for file in found.files] == [date(2025, 3, 3), date(2025, 3, 2), date(2025, 3, 1)]
    assert {file.size for file in found.files} == {5}
    assert found.undated == ("Commercial Log 991399.xlsx",)
    newest = daily_files.newest(tmp_path)
    assert newest is not None
    assert newest.path == tmp_path / "Commercial Log 250303.xlsx"


def test_an_empty_directory_has_no_newest_file(tmp_path: Path) -> None:
    assert daily_files.newest(tmp_path) is None


def test_a_missing_directory_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="No such file") as caught:
        daily_files.listing(tmp_path / "typo")
    assert "CTV_DATA_DIR" in caught.value.advice
