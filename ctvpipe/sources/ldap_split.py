"""A search that is too large is split by the beginning of an attribute's values (facts 6, P30): rules, no input or output.

A partition is all values that begin with a prefix. Split, it becomes one partition for each sign that may follow, and
one for the rest: the value that ends there, and those that go on with another sign. Together they are what was split,
whatever the values are. They are read in one fixed order; ``ldap_plan`` says how many of them at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789-._"
RANK = {sign: rank for rank, sign in enumerate(SIGNS)}
_REST = len(SIGNS)
_LONGEST = 64

Key = tuple[int, ...]


@dataclass(frozen=True)
class Partition:
    """The values that begin with ``prefix``; ``rest``: only those of them that go on with none of ``SIGNS``."""

    prefix: str = ""
    rest: bool = False

    @property
    def lowest(self) -> Key:
        """Where it stands in the order: no value of it has a smaller ``key``, and all values before it have one."""
        return (*map(RANK.__getitem__, self.prefix), *([_REST] if self.rest else []))

    @property
    def can_be_split(self) -> bool:
        """Whether a longer prefix is left to try."""
        return not self.rest and len(self.prefix) < _LONGEST

    def split(self) -> list[Partition]:
        """Its parts, in order; together they are all of it."""
        return [*(Partition(self.prefix + sign) for sign in SIGNS), Partition(self.prefix, rest=True)]

    def filter(self, attribute: str) -> str:
        """The LDAP filter for it; empty for the partition of everything. No sign of a prefix needs to be escaped."""
        begins = f"({attribute}={self.prefix}*)" if self.prefix else ""
        if not self.rest:
            return begins
        others = "".join(f"({attribute}={self.prefix}{sign}*)" for sign in SIGNS)
        none_of_them = f"(!(|{others}))"
        return f"(&{begins}{none_of_them})" if begins else none_of_them


def combined(base: str, taken: Iterable[Partition], attribute: str) -> str:
    """The filter of one search for all of ``taken``, within the filter ``base``."""
    filters = [partition.filter(attribute) for partition in taken]
    if not all(filters):
        return base
    either = filters[0] if len(filters) == 1 else f"(|{''.join(filters)})"
    return f"(&{base}{either})"


def folded(value: bytes) -> str:
    """A value as a directory compares it: letter case and blanks do not count."""
    return " ".join(value.decode("utf-8", "replace").lower().split())


def key(value: bytes) -> Key:
    """Where a value stands in the order of the partitions."""
    return (*(RANK.get(sign, _REST) for sign in folded(value)), _REST)


def was_read_before(values: Sequence[bytes], taken: Sequence[Partition]) -> bool:
    """Whether an entry with several values has already come with a partition before ``taken``."""
    return len(values) > 1 and min(map(key, values)) < taken[0].lowest
