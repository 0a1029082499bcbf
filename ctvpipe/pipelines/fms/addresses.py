"""The partners' addresses as texts: which can be looked up, which are the same, what they are made of (facts 2)."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

_NONE = "n/a"
_STATE_AND_ZIP = re.compile(r"([A-Za-z]{2}) (\d{5}(?:-\d{4})?)")


class Parts(NamedTuple):
    """What the Census wants of an address; ``zip`` is empty where the address has none, as those of FMS."""

    street: str
    city: str
    state: str
    zip: str = ""


def usable(text: str | None) -> str | None:
    """The address trimmed and with single spaces; ``None`` where there is none: empty, blank, or the literal N/A."""
    collapsed = " ".join((text or "").split())
    return None if collapsed.casefold() in {"", _NONE} else collapsed


def hashed(address: str) -> str:
    """By what an address is known: the SHA-256, in hexadecimal, of its text in lower case with single spaces."""
    return sha256(" ".join(address.lower().split()).encode()).hexdigest()


def split(address: str) -> Parts | None:
    """An address taken apart from the right: last the state, before it the city, the rest is the street and the unit.

    ``None`` for one that does not have these three parts.
    """
    pieces = [" ".join(piece.split()) for piece in address.split(",")]
    if len(pieces) < 3 or not all((pieces[0], pieces[-2], pieces[-1])):  # noqa: PLR2004
        return None
    street = ", ".join(piece for piece in pieces[:-2] if piece)
    with_zip = _STATE_AND_ZIP.fullmatch(pieces[-1])
    return Parts(street, pieces[-2], *(with_zip.groups() if with_zip else (pieces[-1],)))
