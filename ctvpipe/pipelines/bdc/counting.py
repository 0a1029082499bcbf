"""Connections by census tract, as the filing wants them: rules without a database (facts 6).

Whoever cannot be counted is told, with the reason, and never left out in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ctvpipe.pipelines.bdc.technologies import Subject, Technologies

_BLOCK = re.compile(r"[0-9]{15}")
_TRACT_DIGITS = 11
_SLOW_KBPS = 200
_CONSUMER, _BUSINESS = "residential", "commercial"


class Policy(StrEnum):
    """What a connection is: a service as often as it was sold, a service once, or an account once for a technology."""

    QUANTITY = "quantity"
    LINE = "line"
    ACCOUNT = "account"


class Line(NamedTuple):
    """A service of a customer who counts, as it stands in the tables."""

    customer_id: int
    relationship_id: int
    subject: Subject
    block_fips: str | None
    account_type: str | None
    quantity: int | None
    download_kbps: int | None = None
    upload_kbps: int | None = None


class Uncounted(NamedTuple):
    """A service that cannot be counted, and why."""

    customer_id: int
    relationship_id: int
    reason: str


class Key(NamedTuple):
    """What a row of the filing is about; ``kind`` is a technology, or a type of voice service, which has no speeds."""

    tract: str
    kind: int
    download_kbps: int = 0
    upload_kbps: int = 0


@dataclass
class Count:
    """The rows of a filing, each with all connections and those of consumers; who is in none; ``slow``: no broadband."""

    rows: dict[Key, tuple[int, int]] = field(default_factory=dict)
    uncounted: list[Uncounted] = field(default_factory=list)
    slow: int = 0

    @property
    def total(self) -> int:
        """All connections."""
        return sum(total for total, _ in self.rows.values())

    @property
    def reasons(self) -> dict[str, int]:
        """How many services cannot be counted, by the reason, the commonest first."""
        found: dict[str, int] = {}
        for each in self.uncounted:
            found[each.reason] = found.get(each.reason, 0) + 1
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


@dataclass(frozen=True)
class Rules:
    """How it is counted: what the services are, what a connection is, and which tracts there are (empty: any)."""

    technologies: Technologies
    policy: Policy = Policy.QUANTITY
    tracts: Collection[str] = frozenset()

    def subscription(self, lines: Iterable[Line]) -> Count:
        """Broadband connections by tract, technology and the two speeds."""
        made = Count()
        countable = []
        for line in lines:
            speeds = line.download_kbps, line.upload_kbps
            if None not in speeds and max(each or 0 for each in speeds) <= _SLOW_KBPS:
                made.slow += 1
                continue
            kind = self.technologies.technology(line.subject)
            reason = kind if isinstance(kind, str) else ("" if None not in speeds else "its speed is not known")
            countable.append((line, kind, reason))
        self._add(made, countable)
        return made

    def voice(self, lines: Iterable[Line]) -> Count:
        """Voice subscriptions by tract and type of service."""
        made = Count()
        kinds = ((line, self.technologies.voice(line.subject)) for line in lines)
        self._add(made, ((line, kind, kind if isinstance(kind, str) else "") for line, kind in kinds))
        return made

    def _add(self, made: Count, lines: Iterable[tuple[Line, int | str, str]]) -> None:
        """Count the lines for which there is no reason not to."""
        counted = []
        for line, kind, said in lines:
            tract = tract_of(line.block_fips)
            if reason := said or self._reason(line, tract):
                made.uncounted.append(Uncounted(line.customer_id, line.relationship_id, reason))
            elif isinstance(kind, int):
                key = Key(tract, kind, line.download_kbps or 0, line.upload_kbps or 0)
                counted.append((line, key))
        for line, key, times in self._connections(counted):
            total, consumers = made.rows.get(key, (0, 0))
            made.rows[key] = (total + times, consumers + times * (line.account_type == _CONSUMER))
        made.rows = dict(sorted(made.rows.items()))

    def _reason(self, line: Line, tract: str) -> str:
        if not tract:
            return "its customer has no census block"
        if self.tracts and tract not in self.tracts:
            return "its customer's tract is not among those of the list"
        if line.account_type not in {_CONSUMER, _BUSINESS}:
            return "its customer is neither residential nor commercial"
        if self.policy is Policy.QUANTITY and (line.quantity or 0) < 1:
            return "its quantity is not a number of connections"
        return ""

    def _connections(self, counted: list[tuple[Line, Key]]) -> Iterator[tuple[Line, Key, int]]:
        """What is counted, and how often. Of an account's services of one technology the fastest stands for all."""
        if self.policy is not Policy.ACCOUNT:
            for line, key in counted:
                yield line, key, (line.quantity or 0) if self.policy is Policy.QUANTITY else 1
            return
        fastest: dict[tuple[int, int], tuple[Line, Key]] = {}
        for line, key in counted:
            account = (line.customer_id, key.kind)
            if account not in fastest or key > fastest[account][1]:
                fastest[account] = (line, key)
        for line, key in fastest.values():
            yield line, key, 1


def tract_of(block_fips: str | None) -> str:
    """The census tract of a block: its first 11 digits of 15; empty where it is no block."""
    return block_fips[:_TRACT_DIGITS] if block_fips and _BLOCK.fullmatch(block_fips) else ""


def megabits(kbps: int) -> str:
    """A speed in Mbps as the filing writes it: up to three decimals, none that says nothing."""
    whole, rest = divmod(kbps, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".") if rest else str(whole)
