"""New markets: their code, name and programming grid (facts 3.9). Pure rules, no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NAMES = {
    "NYC": "NEW YORK",
    "LAX": "LOS ANGELES",
    "SFO": "SAN FRANCISCO",
    "SEA": "SEATTLE",
    "CHI": "CHICAGO",
    "MSP": "MINNEAPOLIS",
    "DAL": "DALLAS",
    "HOU": "HOUSTON",
    "WDC": "WASHINGTON DC",
    "CVC": "CENTRAL VALLEY",
    "CMP": "CHI MSP",
    "MMT": "MAMMOTH",
    "ADMIN": "ADMINISTRATIVE",
}
_LONGEST = 50
_NEVER_IN_A_CODE = (";", "--", "/*")
_STANDARD_GRID, _DALLAS_GRID = 1, 2
_DALLAS = "DAL"


@dataclass(frozen=True)
class NewMarket:
    """A market to set up: effective from its earliest air date (``YYYY-MM-DD``)."""

    code: str
    name: str
    schedule_id: int
    earliest: str


def is_sound(text: str) -> bool:
    """Whether a market's text may become a code."""
    return len(text) <= _LONGEST and not any(mark in text for mark in _NEVER_IN_A_CODE)


def name_of(code: str) -> str:
    """The generated name of a market code."""
    return NAMES.get(code.upper(), code.upper().replace("_", " "))


def plan(seen: Iterable[tuple[str, str]], known: Mapping[str, str]) -> list[NewMarket]:
    """The markets to set up, sorted by code.

    ``seen``: (market text, air date) of the rows; ``known``: the existing markets, code -> name. Codes and names are
    compared without regard to case.
    """
    taken = {text.casefold() for pair in known.items() for text in pair}
    earliest: dict[str, str] = {}
    for text, air_date in seen:
        code = text.upper()
        if text.casefold() in taken or not is_sound(text):
            continue
        earliest[code] = min(air_date, earliest.get(code, air_date))
    new = []
    for code in sorted(earliest):
        name = name_of(code)
        if name.casefold() in taken:
            name = f"{name} ({code})"
        taken.add(name.casefold())
        schedule = _DALLAS_GRID if code == _DALLAS else _STANDARD_GRID
        new.append(NewMarket(code, name, schedule, earliest[code]))
    return new
