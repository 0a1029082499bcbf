"""Rows of one file that claim the same circuit: which one is stored, whatever their order (facts 3.3, 5 and 10.1).

Typically a live circuit and the order of its replacement. Without a fixed ranking the stored row would flip from
night to night with the file's order, and fake a history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from ctvpipe.pipelines.circuits.tracking_reading import Record

K = TypeVar("K", str, tuple[str, str])

# From the best to the worst, case-folded. A status that is not here is an order under way.
_UNDER_WAY = "…"
STATUS_RANKING = (
    ("enabled",),
    ("enabled using existing broadband", "service activated"),
    ("enabled/disconnect pending",),
    ("ready for enablement",),
    (_UNDER_WAY,),
    ("order cancellation pending",),
    ("enabled/disconnected",),
    ("order canceled", "order cancelled", "no service available", ""),
)
_RANKS = {status: rank for rank, statuses in enumerate(STATUS_RANKING) for status in statuses}


class Choice(NamedTuple):
    """The record that is stored, and those that lost to it, the best of them first; identical ones are left out."""

    winner: Record
    losers: tuple[Record, ...]
    identical: int


def status_rank(status: str | None) -> int:
    """How far down a status is: 0 is the best."""
    return _RANKS.get((status or "").casefold(), _RANKS[_UNDER_WAY])


def merit(record: Record) -> tuple[Any, ...]:
    """What records are ranked by, the highest first: status, last update, record number, then every value."""
    return (
        -status_rank(record["status"]),
        record["date_record_updated"] or datetime.min,  # noqa: DTZ901  (the broker's own clock)
        record["record_number"] or "",
        repr(record.values),
    )


def resolved(records: Iterable[Record], key: Callable[[Record], K]) -> dict[K, Choice]:
    """One choice for each ``key``, in the order of the keys."""
    groups: dict[K, list[Record]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return {found: _choice(groups[found]) for found in sorted(groups)}


def _choice(records: list[Record]) -> Choice:
    if len(records) == 1:
        return Choice(records[0], (), 0)
    ranked = sorted(records, key=merit, reverse=True)
    distinct = [ranked[0], *(record for before, record in pairwise(ranked) if before.values != record.values)]
    return Choice(distinct[0], tuple(distinct[1:]), len(records) - len(distinct))
