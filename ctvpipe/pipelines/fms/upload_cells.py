"""What a cell of an uploaded workbook means, by the kind of its column (facts 6).

A cell is what the workbook reader gives: ``str``, ``float``, ``bool``, ``date``, ``datetime``, ``time``, ``timedelta``,
or ``""`` for a blank one. Dates and times are the office's own, without a time zone; amounts are rounded to cents.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from ctvpipe.pipelines.fms.upload_layouts import FLEET_ALIASES, Kind

Value = str | int | float | bool | date | time | None

_LONGEST_NAME = 255
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_LATEST_TWO_DIGIT_YEAR = 68  # 00 to 68 are of this century (POSIX strptime, %y)
_MOST = 2**31 - 1
_MOST_MONEY = Decimal("9999999999.99")  # what its column holds
_CENT = Decimal("0.01")
_DAY = 86_400
_SERIAL_ZERO = date(1899, 12, 30)  # a date cell without a date's format is a number of days since then
# A comma parts thousands and nothing else: "12,50" is not 1250.
_DIGITS = r"[0-9]{1,3}(?:,[0-9]{3}){1,5}|[0-9]{1,18}"
_WHOLE = re.compile(rf"({_DIGITS})(?:\.0*)?")
_MONEY = re.compile(rf"\$?\s*((?:{_DIGITS})(?:\.[0-9]*)?|\.[0-9]+)")
_DATES = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})(?:[ T]00:00(?::00)?)?"),
    re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4}|[0-9]{2})"),
    re.compile(r"(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})-(?P<year>[0-9]{4}|[0-9]{2})"),
)
_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2}))?)?\s*(?:([AaPp])\.?[Mm]\.?)?")
_FLAGS = {**dict.fromkeys(("true", "1", "yes", "y"), True), **dict.fromkeys(("false", "0", "no", "n"), False)}
_QUARTERS = frozenset({"Q1", "Q2", "Q3", "Q4"})


class Unreadable(ValueError):  # noqa: N818  (says that the cell is not what its column is for)
    """The cell holds something, but not what its column is for."""


def read(kind: Kind, cell: object) -> Value:
    """The value of a cell; ``None`` for a blank one, whatever the column. Raises ``Unreadable``."""
    if isinstance(cell, str):
        cell = cell.replace("\0", "").strip()  # a workbook may hold NUL characters, PostgreSQL may not
    return None if cell in {None, ""} else _READERS[kind](cell)


def _text(cell: object) -> str:
    """As a person sees it: whole numbers without a decimal point, dates as ISO."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return str(cell)


def _name(cell: object) -> str:
    """A part of a key: a database cannot index a text of any length."""
    name = _text(cell)
    if len(name) > _LONGEST_NAME:
        raise Unreadable
    return name


def _fleet(cell: object) -> str:
    fleet = _name(_text(cell).upper())
    return FLEET_ALIASES.get(fleet, fleet)


def _quarter(cell: object) -> str:
    quarter = _text(cell).upper()
    if quarter not in _QUARTERS:
        raise Unreadable
    return quarter


def _count(cell: object) -> int:
    """A whole number, which a spreadsheet keeps as ``2025.0``."""
    if isinstance(cell, str):
        match = _WHOLE.fullmatch(cell)
        if match is None:
            raise Unreadable
        number = int(match[1].replace(",", ""))
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell) and cell == int(cell):
        number = int(cell)
    else:
        raise Unreadable
    if not 0 <= number <= _MOST:
        raise Unreadable
    return number


def _year(cell: object) -> int:
    year = _count(cell)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise Unreadable
    return year


def _money(cell: object) -> float:
    if isinstance(cell, str):
        match = _MONEY.fullmatch(cell)
        if match is None:
            raise Unreadable
        amount = Decimal(match[1].replace(",", ""))
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell):
        amount = Decimal(repr(cell))
    else:
        raise Unreadable
    if not 0 <= amount <= _MOST_MONEY:
        raise Unreadable
    return float(abs(amount).quantize(_CENT, ROUND_HALF_UP))


def _date(cell: object) -> date:
    if isinstance(cell, str):
        found = _date_text(cell)
    elif isinstance(cell, datetime):
        found = cell.date()
    elif isinstance(cell, date):
        found = cell
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and 0 < cell < 100_000:  # noqa: PLR2004  (up to the year 2173)
        found = _SERIAL_ZERO + timedelta(days=int(cell))
    else:
        raise Unreadable
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Unreadable
    return found


def _date_text(text: str) -> date:
    match = next((match for pattern in _DATES if (match := pattern.fullmatch(text))), None)
    if match is None:
        raise Unreadable
    year = int(match["year"])
    if len(match["year"]) == 2:  # noqa: PLR2004  (digits of a short year)
        year += 2000 if year <= _LATEST_TWO_DIGIT_YEAR else 1900
    try:
        return date(year, int(match["month"]), int(match["day"]))
    except ValueError:
        raise Unreadable from None


def _time(cell: object) -> time:
    """A time of day; 24:00 is none, for no database's clock says it."""
    if isinstance(cell, str):
        return _time_text(cell)
    if isinstance(cell, datetime):
        cell = cell.time()
    if isinstance(cell, time):
        seconds = cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
    elif isinstance(cell, timedelta):
        seconds = cell.total_seconds()
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and 0 <= cell < 1:
        seconds = cell * _DAY  # a time without a time's format is a part of a day
    else:
        raise Unreadable
    return _clock(round(seconds))


def _time_text(text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None or not (match[2] or match[4]):
        raise Unreadable
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    if match[4]:
        if not 1 <= hour <= 12:  # noqa: PLR2004  (a 12-hour clock)
            raise Unreadable
        hour = hour % 12 + (12 if match[4] in "Pp" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        raise Unreadable from None


def _clock(seconds: int) -> time:
    if not 0 <= seconds < _DAY:
        raise Unreadable
    return time(seconds // 3600, seconds % 3600 // 60, seconds % 60)


def _flag(cell: object) -> bool:
    found = _FLAGS.get(_text(cell).casefold())
    if found is None:
        raise Unreadable
    return found


_READERS: dict[Kind, Callable[[object], Value]] = {
    Kind.TEXT: _text,
    Kind.NAME: _name,
    Kind.FLEET: _fleet,
    Kind.QUARTER: _quarter,
    Kind.YEAR: _year,
    Kind.COUNT: _count,
    Kind.MONEY: _money,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.FLAG: _flag,
}
