"""Cells of the broker's CSV and the values they mean (facts 2.2, 2.3). Every function is pure.

A function returns ``None`` for a cell that holds nothing, and raises ``Unreadable`` for one that holds something
else than it should.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from ctvpipe.pipelines.circuits import addresses, speeds
from ctvpipe.pipelines.circuits.tracking_columns import Kind

KNOWN_PURPOSES = ("Primary", "Secondary", "Backup", "Guest")
_NOTHING = {"", "nan", "null", "none", "n/a"}
_LONGEST_NOTHING = max(map(len, _NOTHING))
_NO_SERVICE = "nsa"
_CENT = Decimal("0.01")
_TOO_MUCH = Decimal(100_000_000)  # numeric(10,2)
_AMOUNT = re.compile(r"(-?)\$?\s*(-?)((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)")
_CLOCK = r"(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})" + _CLOCK)
_YEAR_LAST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})" + _CLOCK)
_NO_DATE = "0000-"


class Unreadable(ValueError):  # noqa: N818  (a finding, counted; nothing goes wrong)
    """A cell that holds something else than its column should; the value stays empty."""


def text(cell: str) -> str | None:
    """A text without blanks around it; ``None`` where a program wrote a word for nothing, such as ``NaN``."""
    if "\x00" in cell:  # PostgreSQL has no such character
        cell = cell.replace("\x00", "")
    stripped = cell.strip()
    return None if len(stripped) <= _LONGEST_NOTHING and stripped.casefold() in _NOTHING else stripped


def name(cell: str) -> str | None:
    """A text with single blanks: what is compared by its spelling, such as a site."""
    found = text(cell)
    return " ".join(found.split()) if found else None


def purpose(cell: str) -> str | None:
    """A circuit's purpose: the known ones in title case, others as they are spelled."""
    found = name(cell)
    titled = found.title() if found else None
    return titled if titled in KNOWN_PURPOSES else found


def provider(cell: str) -> str | None:
    """A provider as the broker spells it (facts 2.4, rule of display); ``NSA`` means that there is none."""
    found = text(cell)
    return None if found is None or found.casefold() == _NO_SERVICE else found


def speed(cell: str) -> str | None:
    """A speed in the one spelling of ``speeds``."""
    found = text(cell)
    if found is None:
        return None
    return _required(speeds.normal(found))


def address(cell: str) -> str | None:
    """An IP address, without the length of its network."""
    found = text(cell)
    if found is None:
        return None
    return _required(addresses.valid_ip(found))


def money(cell: str) -> Decimal | None:
    """An amount in cents, with or without ``$`` and thousands separators."""
    found = text(cell)
    if found is None:
        return None
    match = _AMOUNT.fullmatch(found)
    if match is None or (match[1] and match[2]):
        raise Unreadable
    amount = Decimal(match[3].replace(",", "")).quantize(_CENT, ROUND_HALF_UP)
    if amount >= _TOO_MUCH:
        raise Unreadable
    return -amount if match[1] or match[2] else amount


def moment(cell: str) -> datetime | None:
    """A date, with its time of day where it has one. Month first; day first only where that is no date (facts 2.3)."""
    found = text(cell)
    if found is None or found.startswith(_NO_DATE):
        return None
    if match := _YEAR_FIRST.fullmatch(found):
        year, month, day_, hour, minute, second = map(int, match.groups("0"))
        orders = [(month, day_)]
    elif match := _YEAR_LAST.fullmatch(found):
        month, day_, year, hour, minute, second = map(int, match.groups("0"))
        orders = [(month, day_), (day_, month)]
    else:
        raise Unreadable
    for month, day_ in orders:
        try:
            return datetime(year, month, day_, hour, minute, second)  # noqa: DTZ001
        except ValueError:
            continue
    raise Unreadable


def day(cell: str) -> date | None:
    """The date of ``moment``."""
    found = moment(cell)
    return found.date() if found else None


def _required(value: str | None) -> str:
    if value is None:
        raise Unreadable
    return value


_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: text,
    Kind.NAME: name,
    Kind.PURPOSE: purpose,
    Kind.PROVIDER: provider,
    Kind.SPEED: speed,
    Kind.MONEY: money,
    Kind.ADDRESS: address,
    Kind.MOMENT: moment,
    Kind.DAY: day,
}


def reader(kind: Kind) -> Callable[[str], Any]:
    """The function that reads cells of ``kind``; it remembers what it has read, for columns repeat themselves."""
    return lru_cache(maxsize=4096)(_READERS[kind])
