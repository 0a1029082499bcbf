"""What the cells of a column must look like to be what they are taken for (facts 3.7), and their shapes without the data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ctvpipe.pipelines.bdc import values

Test = Callable[[str], bool]
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
ZIP = re.compile(r"\d{5}(?:-?\d{4})?", re.ASCII)
_PLUS4 = re.compile(r"\d{4}", re.ASCII)
_WORDS = re.compile(r"[^\W\d_][^\d_]*")
LINK = re.compile(r"/accounts/(\d{1,18})(?!\d)", re.ASCII)
_MOST_LATITUDE, _MOST_LONGITUDE = 90.0, 180.0
_SHAPE_LENGTH = 20

# Of the USPS: states, the district, territories; both spellings occur in the API.
STATES = {
    "AL": "ALABAMA", "AK": "ALASKA", "AZ": "ARIZONA", "AR": "ARKANSAS", "CA": "CALIFORNIA", "CO": "COLORADO",
    "CT": "CONNECTICUT", "DE": "DELAWARE", "DC": "DISTRICT OF COLUMBIA", "FL": "FLORIDA", "GA": "GEORGIA",
    "HI": "HAWAII", "ID": "IDAHO", "IL": "ILLINOIS", "IN": "INDIANA", "IA": "IOWA", "KS": "KANSAS", "KY": "KENTUCKY",
    "LA": "LOUISIANA", "ME": "MAINE", "MD": "MARYLAND", "MA": "MASSACHUSETTS", "MI": "MICHIGAN", "MN": "MINNESOTA",
    "MS": "MISSISSIPPI", "MO": "MISSOURI", "MT": "MONTANA", "NE": "NEBRASKA", "NV": "NEVADA", "NH": "NEW HAMPSHIRE",
    "NJ": "NEW JERSEY", "NM": "NEW MEXICO", "NY": "NEW YORK", "NC": "NORTH CAROLINA", "ND": "NORTH DAKOTA",
    "OH": "OHIO", "OK": "OKLAHOMA", "OR": "OREGON", "PA": "PENNSYLVANIA", "RI": "RHODE ISLAND",
    "SC": "SOUTH CAROLINA", "SD": "SOUTH DAKOTA", "TN": "TENNESSEE", "TX": "TEXAS", "UT": "UTAH", "VT": "VERMONT",
    "VA": "VIRGINIA", "WA": "WASHINGTON", "WV": "WEST VIRGINIA", "WI": "WISCONSIN", "WY": "WYOMING",
    "AS": "AMERICAN SAMOA", "GU": "GUAM", "MP": "NORTHERN MARIANA ISLANDS", "PR": "PUERTO RICO",
    "VI": "VIRGIN ISLANDS",
}  # fmt: skip
STATE_CODES = {name: code for code, name in STATES.items()} | {code: code for code in STATES}


@dataclass(frozen=True)
class Kind:
    """What is demanded of a column: of its cells that are not empty, at least such a share passes each test.

    ``distinct``: the most different values there may be.
    """

    tests: tuple[tuple[float, Test], ...]
    distinct: int | None = None


def _has_letter(cell: str) -> bool:
    return _LETTER.search(cell) is not None


def _has_digit(cell: str) -> bool:
    return _DIGIT.search(cell) is not None


def _is_within(most: float) -> Test:
    def test(cell: str) -> bool:
        number = values.decimal(cell)
        return number is not None and abs(number) <= most

    return test


def _has_point(cell: str) -> bool:
    return "." in cell


KINDS = {
    "id": Kind(((0.99, lambda cell: values.identifier(cell) is not None),)),
    "link": Kind(((0.99, lambda cell: LINK.search(cell) is not None),)),
    "status": Kind(((0.95, lambda cell: not _has_digit(cell)),), distinct=50),
    "name": Kind(((0.8, _has_letter), (0.95, lambda cell: "@" not in cell))),
    "address": Kind(((0.8, _has_letter), (0.6, _has_digit))),
    "city": Kind(((0.8, lambda cell: _has_letter(cell) and not _has_digit(cell)),)),
    "state": Kind(((0.9, lambda cell: cell.upper() in STATE_CODES),)),
    "zip": Kind(((0.9, lambda cell: ZIP.fullmatch(cell) is not None),)),
    "plus4": Kind(((0.9, lambda cell: _PLUS4.fullmatch(cell) is not None),)),
    "country": Kind(((0.9, lambda cell: _WORDS.fullmatch(cell) is not None),), distinct=50),
    "latitude": Kind(((0.9, _is_within(_MOST_LATITUDE)), (0.95, _has_point))),
    "longitude": Kind(((0.9, _is_within(_MOST_LONGITUDE)), (0.95, _has_point))),
}
# How a column is called that looks like one of these, by the first that it looks like.
LOOKS = {
    "link": "link-like", "zip": "ZIP-like", "state": "state-like", "latitude": "latitude-like",
    "longitude": "longitude-like", "id": "id-like",
}  # fmt: skip
COORDINATES = frozenset({"latitude", "longitude"})


def is_zero(cell: str) -> bool:
    """Whether a coordinate is zero, which is how some say that there is none."""
    return values.decimal(cell) == 0


def shape(cell: object) -> str:
    """What a cell looks like, without what it says: ``9`` for a digit, ``A`` for a letter, ``?`` for the unusual."""
    if values.is_blank(cell):
        return "nothing"
    text = str(cell).strip()
    made = "".join(
        "A" if char.isalpha() else "9" if char.isdecimal() else char if char in " .,-/#'" else "?"
        for char in text[:_SHAPE_LENGTH]
    )
    return made + ("…" if len(text) > _SHAPE_LENGTH else "")
