"""What the text of a cell means, by the kind of its column (facts 1.0 to 1.5). Reasons never hold the text itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from ctvpipe.pipelines.fms.feeds import Kind

Value = str | int | date | None

RANKS = frozenset({"A+", "A", "B", "C", "Pending"})
_LATEST_TWO_DIGIT_YEAR = 68  # 00 to 68 are of this century (POSIX strptime, %y)
_MOST = 2**31 - 1
_DIGITS = len(str(_MOST))
_NUMBER = re.compile(r"-?[0-9][0-9,]*(?:\.0+)?")
_VIN = re.compile(r"[A-Z0-9-]{1,17}")
_DATE = re.compile(r"([0-9]{1,2})([-/])([0-9]{1,2})\2([0-9]{2}|[0-9]{4})")
_MONTH = re.compile(r"([0-9]{1,2})/([0-9]{4})")
_NO_ADDRESS = "n/a"
_NO_CLIPS = frozenset({"none", "null"})
_WORDS_FOR_CLIPS = {"false": 0, "no": 0, "true": 1, "yes": 1}


class NotReadable(ValueError):  # noqa: N818  (says what the text is not)
    """The text is not what its column should hold."""


def read(kind: Kind, text: str) -> Value:
    """The value of a cell that holds ``text``; ``None`` for a blank one. Raises ``NotReadable``."""
    text = text.strip()
    return _READERS[kind](text) if text else None


def _text(text: str) -> str:
    return text


def _address(text: str) -> str | None:
    return None if text.casefold() == _NO_ADDRESS else text


def _identifier(text: str) -> str:
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) < _DIGITS:
        return text
    number = _integer(text)
    if number < 0:
        raise NotReadable
    return str(number)


def _integer(text: str) -> int:
    """A whole number, with thousands commas, or with a fraction of zeros as spreadsheets leave it."""
    if not (text.isascii() and text.isdigit()):
        if not _NUMBER.fullmatch(text):
            raise NotReadable
        text = text.partition(".")[0].replace(",", "")
    number = int(text)
    if abs(number) > _MOST:
        raise NotReadable
    return number


def _vin(text: str) -> str:
    vin = text.upper()
    if not _VIN.fullmatch(vin):
        raise NotReadable
    return vin


def _slash_date(text: str) -> date:
    return _date(text, "/")


def _dash_date(text: str) -> date:
    return _date(text, "-/")


def _date(text: str, separators: str) -> date:
    match = _DATE.fullmatch(text)
    if match is None or match[2] not in separators:
        raise NotReadable
    year = int(match[4])
    if len(match[4]) == 2:  # noqa: PLR2004  (digits of a short year)
        year += 2000 if year <= _LATEST_TWO_DIGIT_YEAR else 1900
    return _day(year, int(match[1]), int(match[3]))


def _month(text: str) -> date:
    match = _MONTH.fullmatch(text)
    if match is None:
        raise NotReadable
    return _day(int(match[2]), int(match[1]), 1)


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise NotReadable from None


def _rank(text: str) -> str:
    if text not in RANKS:
        raise NotReadable
    return text


def _clips(text: str) -> int | None:
    """How many clips were published; none where that is not known (facts 1.3)."""
    word = text.casefold()
    if word in _NO_CLIPS:
        return None
    return _WORDS_FOR_CLIPS[word] if word in _WORDS_FOR_CLIPS else _integer(text)


_READERS: dict[Kind, Callable[[str], Value]] = {
    Kind.TEXT: _text,
    Kind.OFFICE: _text,
    Kind.ADDRESS: _address,
    Kind.IDENTIFIER: _identifier,
    Kind.INTEGER: _integer,
    Kind.VIN: _vin,
    Kind.SLASH_DATE: _slash_date,
    Kind.DASH_DATE: _dash_date,
    Kind.MONTH: _month,
    Kind.RANK: _rank,
    Kind.CLIPS: _clips,
}
