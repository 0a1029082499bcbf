"""Workbooks as people upload them: operations data and budgets, with invented offices, makes and amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl

Rows = Sequence[Sequence[Any]]

# Headers as the source has them, misspelt.
CAPACITY_HEADER = ("Office", "Drivers Per Day", "Notes")
HOLIDAY_HEADER = ("Office", "Date", "Holiday Name", "Type", "All_Day", "Start_Time", "End_Time", "Notea")
RULES_HEADER = (
    "Make", "Rank", "Loan Cap Per Year", ":ub Rate Requirement", "Cooldown Period", "Soft vs. Hard Contraint",
    "Rule Description", "Notes",
)  # fmt: skip
BUDGET_HEADER = ("Office", "Fleet", "Year", "Quarter", "Budget", "Amount Used")

CAPACITY: Rows = (("Dallas", 5, "two vans"), ("Los Angeles", 12, None), ("Reno", None, None))
HOLIDAYS: Rows = (
    ("Dallas", datetime(2026, 12, 25), "Christmas Day", "Federal", True, None, None, "closed"),
    ("Dallas", "2026-07-03", "Eve of the Fourth", "Office", "no", time(12, 30), "5:00 PM", None),
    ("Reno", "11/26/2026", "Thanksgiving", None, "Y", None, None, None),
    ("Reno", "12-31-26", "New Year's Eve", None, None, "15:00", time(23, 59), None),
)
RULES: Rows = (
    ("Toyota", "A+", 12, 0.5, 60, "Soft", "No more than one a month", None),
    ("Mazda", "B", None, None, None, "Hard", None, "to be agreed"),
    ("Mazda", "C", 1.0, "one in three", "30", None, None, None),
)
BUDGET_ROWS: Rows = (
    ("Dallas", "TOYOTA", 2026, "Q1", 12500, 4000.5),
    ("Dallas", "vw", "2,026", "q2", "$1,234.50", None),
    ("Los Angeles", " Chevy ", 2026.0, "Q3 ", None, 0),
)


def write(path: Path, sheets: Mapping[str, tuple[Sequence[str], Rows]]) -> Path:
    """Write a workbook of ``sheets``: by name, the header and the rows, typed as the values are."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        for row in (header, *rows):
            sheet.append(list(row))
    book.save(path)
    return path


def operations(
    path: Path,
    *,
    capacity: Rows = CAPACITY,
    holidays: Rows = HOLIDAYS,
    rules: Rows = RULES,
    without: Sequence[str] = (),
    also: Mapping[str, tuple[Sequence[str], Rows]] | None = None,
) -> Path:
    """Write operations data, the sheets of ``without`` left out, and those of ``also`` put behind."""
    made = {
        "ops_capacity": (CAPACITY_HEADER, capacity),
        "holiday_blackout_dates": (HOLIDAY_HEADER, holidays),
        "rules": (RULES_HEADER, rules),
    }
    kept = {name: content for name, content in made.items() if name not in without}
    return write(path, {**kept, **(also or {})})


def budgets(path: Path, rows: Rows = BUDGET_ROWS, *, header: Sequence[str] = BUDGET_HEADER) -> Path:
    """Write budgets; the sheet's name is nobody's business."""
    return write(path, {"Budgets by quarter": (header, [row[: len(header)] for row in rows])})


def many_budgets(count: int = 749) -> list[tuple[Any, ...]]:
    """Budgets with ``count`` different keys."""
    offices, fleets = ("Dallas", "Los Angeles", "Reno", "Seattle"), ("Toyota", "Mazda", "VW", "Kia", "Volvo", "Audi")
    keys = [
        (office, fleet, year, f"Q{quarter}")
        for year in range(2020, 2030)
        for quarter in range(1, 5)
        for office in offices
        for fleet in fleets
    ]
    return [(*key, 1000 + number / 8, number) for number, key in enumerate(keys[:count])]


def repackaged(path: Path, *, replaced: Mapping[str, tuple[str, str]] = {}, added: Mapping[str, bytes] = {}) -> Path:
    """Rewrite the workbook's package: texts in its parts ``replaced``, by the part's name, and parts ``added``."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, (before, after) in replaced.items():
        assert before.encode() in parts[name]
        parts[name] = parts[name].replace(before.encode(), after.encode())
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, body in {**parts, **added}.items():
            archive.writestr(name, body)
    return path
