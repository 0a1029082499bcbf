"""Broadcast months: ``Mmm-YY`` as stored, and every way in which they arrive (facts 3.5)."""

from __future__ import annotations

import re
from datetime import date

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STORED = re.compile(r"([A-Za-z]{3})[-\s]?'?(\d{2}|\d{4})")
_TIME = r"(?:[T\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp][Mm])?)?"
_ISO = re.compile(rf"(\d{{4}})[-/](\d{{1,2}})[-/](\d{{1,2}}){_TIME}")
_NUMERIC = re.compile(rf"(\d{{1,2}})[-/](\d{{1,2}})[-/](\d{{4}}|\d{{2}}){_TIME}")
_CENTURY = 2000


def of_date(day: date) -> str:
    """The stored form of a date's calendar month: ``Nov-24``."""
    return f"{_NAMES[day.month - 1]}-{day.year % 100:02d}"


def parse(text: str) -> str | None:
    """The stored form of a month written as text, or ``None``.

    Accepts ``Nov-24`` (any case, four-digit years too), ISO dates with or without a time, and ``MM/DD/YYYY`` with
    slashes or dashes and two- or four-digit years; ``DD/MM/YYYY`` where the first number cannot be a month.
    """
    text = text.strip()
    if match := _STORED.fullmatch(text):
        name, year = match[1].title(), int(match[2])
        year += _CENTURY if year < 100 else 0  # noqa: PLR2004  (a two-digit year)
        return f"{name}-{year % 100:02d}" if name in _NAMES and has_stored_form(year) else None
    day = parse_date(text)
    return of_date(day) if day and has_stored_form(day.year) else None


def has_stored_form(year: int) -> bool:
    """Whether the two digits of the stored form can mean ``year``."""
    return _CENTURY <= year < _CENTURY + 100


def parse_date(text: str) -> date | None:
    """A date written as text: ISO, or ``M/D/Y`` as American offices write it; ``D/M/Y`` where that cannot be."""
    text = text.strip()
    if match := _ISO.fullmatch(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _NUMERIC.fullmatch(text):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        year += _CENTURY if year < 100 else 0  # noqa: PLR2004  (a two-digit year)
        return _date(year, first, second) or _date(year, second, first)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def order(month: str) -> tuple[int, int]:
    """(year, month from 0) of a stored month, by which months sort; as text they do not."""
    return _CENTURY + int(month[4:6]), _NAMES.index(month[:3])


def first_day(month: str) -> date:
    """The first calendar day of a stored month."""
    year, index = order(month)
    return date(year, index + 1, 1)
