"""What is archived, what expires, and what is refused: names and dates only."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log import daily_files
from ctvpipe.pipelines.commercial_log.daily_files import DailyFile
from ctvpipe.pipelines.commercial_log.rotation_plan import Archive, Month, Plan, archive_path, month_of, plan

TODAY = date(2026, 3, 31)
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
MONTHS = st.builds(Month.of, DAYS)


def file_of(day: date) -> DailyFile:
    return DailyFile(daily_files.path_for(Path("/daily"), day), day, 10)


def archive_of(month: Month) -> Archive:
    return Archive(archive_path(Path("/archive"), month), month, 10)


def planned(days: list[date], months: list[Month], today: date = TODAY) -> Plan:
    return plan(
        [file_of(day) for day in days], [archive_of(month) for month in months], today, keep_days=7, keep_months=12
    )


def days_of(made: Plan) -> list[date]:
    return [file.day for _, files in made.months for file in files]


def test_a_file_of_seven_days_ago_stays_and_one_of_eight_days_ago_goes() -> None:
    assert days_of(planned([TODAY - timedelta(days=age) for age in (0, 6, 7, 8)], [])) == [TODAY - timedelta(days=8)]


def test_files_are_grouped_by_the_month_of_their_own_date_oldest_first() -> None:
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 2, 1), TODAY]
    made = planned(days, [])
    assert [(str(month), [file.day.day for file in files]) for month, files in made.months] == [
        ("2026-02", [1, 28]),
        ("2026-03", [1]),
    ]


def test_an_archive_of_twelve_months_ago_stays_and_one_of_thirteen_goes() -> None:
    made = planned([TODAY], [Month(2025, 2), Month(2025, 3), Month(2025, 4)])
    assert [archive.month for archive in made.expired] == [Month(2025, 2)]
    assert made.waiting == ()


def test_an_archive_that_files_wait_for_does_not_expire_in_the_same_run() -> None:
    made = planned([TODAY, date(2025, 1, 5)], [Month(2025, 1), Month(2024, 12)])
    assert days_of(made) == [date(2025, 1, 5)]
    assert [archive.month for archive in made.expired] == [Month(2024, 12)]


@pytest.mark.parametrize(
    ("days", "months"),
    [
        ([TODAY + timedelta(days=2)], []),
        ([TODAY, date(2099, 12, 31)], []),
        ([TODAY], [Month(2026, 4)]),
        ([TODAY - timedelta(days=401)], []),
    ],
    ids=["a file of the day after tomorrow", "a mistyped year", "an archive of next month", "nothing new for 401 days"],
)
def test_a_date_that_cannot_be_is_refused(days: list[date], months: list[Month]) -> None:
    with pytest.raises(ContractError, match="2026-03-31 by the clock") as caught:
        planned(days, months)
    assert "Nothing was touched" in caught.value.advice


def test_dates_at_the_edge_of_the_possible_are_let_through() -> None:
    planned([TODAY + timedelta(days=1)], [Month(2026, 3)])
    assert days_of(planned([TODAY - timedelta(days=400)], [])) == [TODAY - timedelta(days=400)]


def test_a_clock_that_jumped_ahead_by_a_year_takes_no_archive_with_it() -> None:
    last_year = [Month(2026, 3).minus(age) for age in range(1, 13)]
    made = planned([TODAY], last_year, today=TODAY + timedelta(days=365))
    assert [archive.month for archive in made.expired] == [Month(2025, 3)]  # one early month: the slack
    assert len(made.waiting) == 11


def test_archives_wait_while_nothing_recent_is_there() -> None:
    made = planned([], [Month(2024, 1)])
    assert made.expired == ()
    assert [archive.month for archive in made.waiting] == [Month(2024, 1)]


@given(st.lists(DAYS, unique=True, max_size=20), st.lists(MONTHS, unique=True, max_size=20), DAYS)
def test_the_plan_takes_what_is_old_and_nothing_else(days: list[date], months: list[Month], today: date) -> None:
    try:
        made = planned(days, months, today)
    except ContractError:
        wrong = [day for day in days if day > today + timedelta(days=1)]
        wrong_months = [month for month in months if (month.year, month.number) > (today.year, today.month)]
        assert wrong or wrong_months or today - max(days) > timedelta(days=400)
        return
    assert sorted(days_of(made)) == sorted(day for day in days if (today - day).days > 7)
    assert all(file.day.strftime("%Y-%m") == str(month) for month, files in made.months for file in files)
    a_year_ago = f"{today.year - 1}-{today.month:02d}"
    assert all(str(archive.month) < a_year_ago for archive in (*made.expired, *made.waiting))
    assert not {archive.month for archive in made.expired} & {month for month, _ in made.months}


@given(st.lists(DAYS, unique=True, max_size=10), st.lists(MONTHS, unique=True, max_size=20), DAYS)
def test_no_date_whatever_removes_archives_eleven_months_or_less_before_the_newest_known_day(
    days: list[date], months: list[Month], today: date
) -> None:
    assume(days or months)
    newest = max([Month.of(day) for day in days] + months)
    try:
        made = planned(days, months, today)
    except ContractError:
        return
    assert all(archive.month < newest.minus(11) for archive in made.expired)


@given(st.integers(1, 9999), st.integers(1, 12))
def test_the_name_of_an_archive_gives_its_month_back(year: int, number: int) -> None:
    assert month_of(archive_path(Path("/x"), Month(year, number)).name) == Month(year, number)


@pytest.mark.parametrize(
    "name", ["commercial-logs-2025-13.zip", "commercial-logs-2025-00.zip", "commercial-logs-2025-01.zip.bak", "x.zip"]
)
def test_other_names_are_no_archives(name: str) -> None:
    assert month_of(name) is None


@given(MONTHS, st.integers(0, 40), st.integers(0, 40))
def test_months_are_taken_away_one_by_one_or_at_once(month: Month, some: int, more: int) -> None:
    assert month.minus(some).minus(more) == month.minus(some + more)
    assert month.minus(12) == Month(month.year - 1, month.number)
