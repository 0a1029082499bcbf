"""The people of the FMS exports, invented: media partners, their offices and their addresses (facts 1.2 and 2).

Everything about a partner follows from its number, so that every export says the same of the same person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The offices that occur in the exports, and a town near each with its state.
OFFICES = {
    "Atlanta": ("Roswell", "GA"), "Charlotte": ("Concord", "NC"), "Chicago": ("Evanston", "IL"),
    "Dallas": ("Plano", "TX"), "Denver": ("Boulder", "CO"), "Detroit": ("Troy", "MI"), "Houston": ("Katy", "TX"),
    "Los Angeles": ("Burbank", "CA"), "Miami": ("Hialeah", "FL"), "New York": ("Yonkers", "NY"),
    "Phoenix": ("Mesa", "AZ"), "Portland": ("Salem", "OR"), "San Francisco": ("Oakland", "CA"),
    "Seattle": ("Everett", "WA"), "Washington D.C.": ("Fairfax", "VA"),
}  # fmt: skip
_NAMES = list(OFFICES)
_FIRST = (
    "Alex", "Bo", "Casey", "Dana", "Eli", "Fran", "Gail", "Hana", "Ira", "José", "Kim", "Lee", "Max", "Noor", "Ola",
    "Pat", "Quinn", "Renée",
)  # fmt: skip
_LAST = ("Sample", "Testwell", "Placeholder", "Muñoz-Demo", "Fictum", "Mockley", "Draftson", "O'Stub", "Inventor")
_STREETS = ("Sample Oak", "Test Maple", "Draft Elm", "Mock Cedar", "Model Birch", "Demo Pine", "Specimen Ash")
_KINDS = ("Dr", "St", "Ave", "Blvd", "Ln", "Ct")
_UNCHARTED = "Uncharted Way"
_USABLE = re.compile(r"\d+ .+, ?[^,]+, ?[A-Z]{2}")


@dataclass(frozen=True)
class Partner:
    """A person with an office, as the exports have both; ``address`` may be blank or ``N/A``."""

    number: int
    person_id: str
    name: str
    office: str
    address: str

    def elsewhere(self) -> Partner:
        """The same person at another office."""
        place = _NAMES.index(self.office)
        return Partner(self.number, self.person_id, self.name, _NAMES[(place + 4) % len(_NAMES)], self.address)


def partner(number: int) -> Partner:
    """The partner ``number``, from 0 on. One in two hundred is the one before, at another office."""
    if number % 197 == 100:
        return partner(number - 1).elsewhere()
    office = _NAMES[number * 7 % len(_NAMES)]
    return Partner(number, str(40 + number * 3), _name(number), office, _address(number, office))


def is_usable(address: str) -> bool:
    """Whether a text is an address at all."""
    return _USABLE.fullmatch(" ".join(address.split()).replace(" ,", ",")) is not None


def is_found(address: str) -> bool:
    """Whether a geocoder finds the address: any of a street that is on its map, in whatever case and spacing."""
    return is_usable(address.upper()) and _UNCHARTED.upper() not in " ".join(address.upper().split())


def _name(number: int) -> str:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    match number % 40:
        case 9:
            return f'{first} "Skip" {last}'
        case 19:
            return f"{first} ({first[0]}.) {last}"
        case 29:
            return f"{first} {last}, Jr."
        case _:
            return f"{first} {last}"


def _address(number: int, office: str) -> str:
    """``street, city, ST`` or ``street, unit, city, ST``. Of 592, 12 are none, and 18 are not on the map."""
    if number % 49 == 11:
        return "N/A" if number // 49 % 2 else ""
    town, state = OFFICES[office]
    street = f"{_STREETS[number % len(_STREETS)]} {_KINDS[number // 7 % len(_KINDS)]}"
    if number % 33 == 5:
        street = _UNCHARTED
    if number % 8 == 1:
        street += f" #{number % 90 + 1}"
    unit = f"Suite {number % 400 + 100}, " if number % 11 == 3 else ""
    made = f"{100 + number * 13 % 9800} {street}, {unit}{town}, {state}"
    return f" {made.replace(', ', ' ,  ', 1)} " if number % 45 == 7 else made
