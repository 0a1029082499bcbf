"""Values as Sonar writes them, read tolerantly: numbers come as numbers or as texts, texts with entities in them (facts 1.2, 5)."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_DIGITS = re.compile(r"\d{1,18}", re.ASCII)
_WHOLE = re.compile(r"(-?\d{1,18})(?:\.0*)?", re.ASCII)
_CENT, _TOO_MUCH = Decimal("0.01"), Decimal(10) ** 10
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


def text(value: object) -> str | None:
    """A text without blanks around it, entities resolved, and fit for a database; ``None`` for nothing and for what is
    no text or number.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = str(value)
    if "&" in found:
        found = html.unescape(found)
    if not found.isascii():
        found = found.encode("utf-8", "replace").decode()
    return found.replace("\0", "").strip() or None


def identifier(value: object) -> int | None:
    """An id: a whole number above zero, as a number or in digits; ``None`` for anything else."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    ok = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 63
    return value if ok else None  # type: ignore[return-value]


def whole(value: object, bits: int = 31) -> int | None:
    """A whole number of that many bits, and a sign; ``None`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = _WHOLE.fullmatch(str(value).strip())
    number = int(found[1]) if found else None
    return number if number is not None and -(1 << bits) <= number < 1 << bits else None


def flag(value: object) -> bool | None:
    """True or false, as such, as 0 and 1, or in words; ``None`` for anything else."""
    said = str(value).strip().casefold()
    return True if said in _TRUE else False if said in _FALSE else None


def money(value: object) -> Decimal | None:
    """An amount, to the cent; ``None`` for what is no amount, or too large a one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = Decimal(str(value).strip()).quantize(_CENT)
        return found if abs(found) < _TOO_MUCH else None
    except InvalidOperation:
        return None


def decimal(value: object) -> float | None:
    """A finite number in digits, with a point; ``None`` for anything else, decimal commas among it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    said = str(value).strip()
    try:
        found = float(said)
    except ValueError:
        return None
    return found if "_" not in said and said.isascii() and abs(found) < float("inf") else None


def is_blank(value: object) -> bool:
    """Whether a cell has nothing in it."""
    return value is None or (isinstance(value, str) and not value.strip())


def part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within ``item``; empty where there is none."""
    found = item.get(name)
    return found if isinstance(found, dict) else {}
