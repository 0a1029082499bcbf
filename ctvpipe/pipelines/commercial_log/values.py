"""From a cell to a value of a spot: one pure function a kind of column (facts 3.4).

A cell is what the workbook reader gives: ``str``, ``float``, ``bool``, ``date``, ``datetime``, ``time``, ``timedelta``
or ``""`` for blank. A value is ``str``, ``int``, ``float`` or ``None`` for empty, ready for either database: dates as
``YYYY-MM-DD``, times and lengths as ``HH:MM:SS`` with 24:00:00 for the end of the day, months as ``Mmm-YY``.
A cell that cannot be read raises ``Unreadable``; one outside its column's domain raises ``OutsideDomain``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from ctvpipe.pipelines.commercial_log import months

Value = str | int | float | None
SPOT_TYPES = frozenset({"AV", "BB", "BNS", "COM", "CRD", "PKG", "PRD", "PRG", "SVC"})
SPOT_TYPE_ALIASES = {
    "SPOT": "COM",
    "COMMERCIAL": "COM",
    "BONUS": "BNS",
    "PROD": "PRD",
    "PROGRAM": "PRG",
    "SERVICE": "SVC",
}
BILLING_TYPES = {"calendar": "Calendar", "broadcast": "Broadcast"}
INTERNAL_AD_SALES = "Internal Ad Sales"

_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  (spreadsheet serials have no zone)
_PHANTOM_LEAP_DAY = datetime(1900, 3, 1)  # noqa: DTZ001  (serials before it count from one day later)
_DAY = 86_400
_LATEST_SECOND = 2 * _DAY  # windows may run past midnight, but not for two days
_EARLIEST_YEAR, _LATEST_YEAR = 1990, 2100
_CLOCK = re.compile(r"(?:(\d+) days?, )?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp])?\.?[Mm]?\.?")
# A comma parts thousands and nothing else: "12,50" is not 1250.
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+"
_MONEY = re.compile(rf"\(?\s*-?\s*\$?\s*-?\s*({_NUMBER})\s*\)?\s*-?")
_INTEGER = re.compile(rf"[-+]?(?:{_NUMBER})")
_LONGEST_BILL_CODE = 255  # the traffic system cuts them at 49 characters; a database cannot index any length


class Unreadable(ValueError):  # noqa: N818
    """The cell holds something, but not what its column is for; ``kept`` is what may be stored all the same."""

    def __init__(self, kept: Value = None) -> None:
        super().__init__()
        self.kept = kept


class OutsideDomain(ValueError):  # noqa: N818
    """The value is none of those the column allows; it is stored as empty."""


def text(cell: object) -> Value:
    """Trimmed text; whole numbers without a decimal point, dates as ISO.

    NUL characters are left out, which a workbook may hold and PostgreSQL may not.
    """
    if isinstance(cell, str):
        return cell.replace("\0", "").strip() or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, timedelta):
        return _clock(round(cell.total_seconds()))
    return str(cell)


def bill_code(cell: object) -> Value:
    """A bill code; a text too long to be one was put into the wrong cell, and is not kept."""
    code = text(cell)
    if len(str(code)) > _LONGEST_BILL_CODE:
        raise Unreadable
    return code


def day(cell: object) -> Value:
    """A date as ``YYYY-MM-DD``: from a date cell, a text, or a bare serial number."""
    found: date | None = None
    if isinstance(cell, datetime):
        found = cell.date()
    elif isinstance(cell, date):
        found = cell
    elif isinstance(cell, str):
        if not cell.strip():
            return None
        found = months.parse_date(cell)
    elif isinstance(cell, int | float) and not isinstance(cell, bool) and 0 < cell < 100_000:  # noqa: PLR2004  (up to the year 2173)
        found = (_SERIAL_ZERO + timedelta(days=int(cell))).date()
    if found is None or not _EARLIEST_YEAR <= found.year <= _LATEST_YEAR:
        raise Unreadable
    return found.isoformat()


def clock_time(cell: object) -> Value:
    """A time of day or a length as ``HH:MM:SS``; one whole day is ``24:00:00``, never ``00:00:00``.

    The columns are text in the database, so an unreadable text is kept as it is, and reported.
    """
    if isinstance(cell, time):
        return _clock(round(cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6))
    if isinstance(cell, timedelta):
        return _clock(round(cell.total_seconds()))
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not 0 <= cell * _DAY <= _LATEST_SECOND:
            raise Unreadable(text(cell))
        return _clock(round(cell * _DAY))
    if isinstance(cell, date):
        moment = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
        serial = moment - _SERIAL_ZERO
        if moment < _PHANTOM_LEAP_DAY:
            serial -= timedelta(days=1)
        seconds = round(serial.total_seconds())
        return _clock(seconds if seconds <= _LATEST_SECOND else seconds % _DAY)
    if isinstance(cell, str):
        return _clock_text(cell)
    raise Unreadable(str(cell))


def _clock_text(cell: str) -> Value:
    stripped = str(text(cell) or "")
    if not stripped:
        return None
    match = _CLOCK.fullmatch(stripped)
    if match is None:
        raise Unreadable(stripped)
    days, hours, minutes, seconds, half = match.groups()
    hour = int(hours)
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004  (a 12-hour clock)
            raise Unreadable(stripped)
        hour = hour % 12 + (12 if half in "Pp" else 0)
    total = int(days or 0) * _DAY + hour * 3600 + int(minutes) * 60 + int(seconds or 0)
    if int(minutes) > 59 or int(seconds or 0) > 59:  # noqa: PLR2004
        raise Unreadable(stripped)
    try:
        return _clock(total)
    except Unreadable:
        raise Unreadable(stripped) from None


def _clock(seconds: int) -> str:
    if not 0 <= seconds <= _LATEST_SECOND:
        raise Unreadable(f"{seconds} s")
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def integer(cell: object) -> Value:
    """A whole number."""
    if isinstance(cell, str):
        if not cell.strip():
            return None
        if _INTEGER.fullmatch(cell.strip()) is None:
            raise Unreadable
        cell = float(cell.replace(",", ""))
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise Unreadable
    if not math.isfinite(cell) or not float(cell).is_integer():
        raise Unreadable
    if abs(cell) > 2**31 - 1:
        raise Unreadable
    return int(cell)


def money(cell: object) -> Value:
    """An amount as the workbook has it, unrounded: ``$1,234.50`` and ``(50.00)`` (negative) as text too."""
    if isinstance(cell, bool):
        raise Unreadable
    if isinstance(cell, int | float):
        if not math.isfinite(cell):
            raise Unreadable
        return float(cell) + 0.0
    if not isinstance(cell, str):
        raise Unreadable
    stripped = cell.strip()
    if not stripped:
        return None
    match = _MONEY.fullmatch(stripped)
    if match is None or stripped.startswith("(") != stripped.endswith(")"):
        raise Unreadable
    negative = stripped.startswith("(") or "-" in stripped
    amount = float(match[1].replace(",", ""))
    if not math.isfinite(amount):
        raise Unreadable
    return (-amount if negative else amount) + 0.0


def month(cell: object) -> Value:
    """The broadcast month as ``Mmm-YY``, whatever the day of the date cell; never computed (facts 3.5)."""
    if isinstance(cell, str):
        if not cell.strip():
            return None
        found = months.parse(cell)
        if found is None:
            raise Unreadable
        return found
    first = date.fromisoformat(str(day(cell)))
    if not months.has_stored_form(first.year):
        raise Unreadable
    return months.of_date(first)


def spot_type(cell: object) -> Value:
    """One of the nine types, or empty."""
    code = str(text(cell) or "").upper()
    code = SPOT_TYPE_ALIASES.get(code, code)
    if code and code not in SPOT_TYPES:
        raise OutsideDomain
    return code


def revenue_type(cell: object) -> Value:
    """The revenue type as written, with every spelling of "A&O" brought to its name."""
    written = text(cell)
    squeezed = re.sub(r"[\s./-]", "", str(written or "")).lower().replace("&", "and")
    return INTERNAL_AD_SALES if squeezed in {"ao", "aando"} else written


def is_trade(revenue: Value) -> bool:
    """Whether rows of this revenue type are kept out of the database (facts 3.4)."""
    return isinstance(revenue, str) and revenue.strip().casefold() == "trade"


def billing_type(cell: object) -> Value:
    """``Calendar``, ``Broadcast`` or empty."""
    written = text(cell)
    if written is None:
        return None
    known = BILLING_TYPES.get(str(written).casefold())
    if known is None:
        raise OutsideDomain
    return known


def flag(cell: object) -> Value:
    """``Y``, ``N`` or empty."""
    written = text(cell)
    if written is None:
        return None
    if str(written).upper() not in {"Y", "N"}:
        raise OutsideDomain
    return str(written).upper()


KINDS: dict[str, Callable[[object], Value]] = {
    "text": text,
    "bill_code": bill_code,
    "date": day,
    "time": clock_time,
    "integer": integer,
    "money": money,
    "month": month,
    "spot_type": spot_type,
    "revenue_type": revenue_type,
    "billing_type": billing_type,
    "flag": flag,
}
EMPTY: dict[str, Value] = {"spot_type": ""}
