"""Attributes that Active Directory returns in parts: ``member;range=0-1499`` (facts 4.4). Rules, no input or output."""

from __future__ import annotations

import re
from typing import NamedTuple

from ctvpipe.sources.ldap_types import Attributes

_RANGED = re.compile(r"(?P<name>[^;]+(?:;[^;]+)*?);range=(?P<first>\d+)-(?P<last>\d+|\*)", re.IGNORECASE)


class Part(NamedTuple):
    """A part of an attribute's values, which begin with number ``first``; ``is_last``: none follow."""

    name: str
    first: int
    is_last: bool
    values: list[bytes]

    @property
    def next(self) -> str:
        """What to ask for to get the values that follow."""
        return f"{self.name};range={self.first + len(self.values)}-*"


def parts(attributes: Attributes) -> list[Part]:
    """The attributes of an entry that were returned in part."""
    found = []
    for option, values in attributes.items():
        if ranged := _RANGED.fullmatch(option):
            found.append(Part(ranged["name"], int(ranged["first"]), ranged["last"] == "*", values))
    return found


def whole(attributes: Attributes, completed: dict[str, list[bytes]]) -> Attributes:
    """``attributes`` with the ``completed`` values in the place of their parts."""
    plain = [(name, values) for name, values in attributes.items() if not _RANGED.fullmatch(name)]
    return Attributes([*plain, *completed.items()])
