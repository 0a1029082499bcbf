"""Speeds of a line: ``300.0M x 30.0M`` (down, up, megabits a second), ``Cell`` or ``Satellite`` (facts 2.3)."""

from __future__ import annotations

import re

CELL, SATELLITE = "Cell", "Satellite"
_NUMBER = r"(\d+(?:\.\d+)?)\s*(M|MB|MBPS|G|GB|GBPS)"
PAIR = re.compile(rf"(?<![\d.]){_NUMBER}\s*[x×]\s*{_NUMBER}(?![A-Z\d])", re.IGNORECASE)
_WORDS = {word.casefold(): word for word in (CELL, SATELLITE)}


def normal(text: str | None) -> str | None:
    """``text`` in the one spelling; ``None`` where it is no whole speed.

    Half a speed (``300.0 M``) and one without units (``300 x 30``) are none: they were cut from something longer.
    """
    stripped = (text or "").strip()
    if found := PAIR.fullmatch(stripped):
        return shown(found)
    return _WORDS.get(stripped.casefold())


def shown(found: re.Match[str]) -> str:
    """A match of ``PAIR`` in the one spelling."""
    down, down_unit, up, up_unit = found.groups()
    return f"{_mega(down, down_unit)} x {_mega(up, up_unit)}"


def _mega(number: str, unit: str) -> str:
    return f"{float(number) * (1000 if unit[0] in 'Gg' else 1):.1f}M"
