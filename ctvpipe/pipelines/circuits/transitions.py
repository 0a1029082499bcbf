"""Enablements: circuits that went from ``Ready for Enablement`` to ``Enabled`` between two files (facts 7.1). Pure.

Only the exact transition counts. Every looser rule counts orders that were enabled long ago, were never ready, or
went to another status that has the word in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from ctvpipe.pipelines.circuits.statuses import State, States

_READY = "ready for enablement"
ENABLED = "enabled"


class Day(NamedTuple):
    """The state of every circuit on a day for which there is a file, by site key."""

    day: date
    states: States


class Enablement(NamedTuple):
    """One transition; ``gap_days``: from the file before to that of ``day``, 1 for files of consecutive days."""

    site_id: str
    day: date
    gap_days: int
    before: State
    after: State


@dataclass
class Found:
    """The enablements by day and site key, and how many circuits were ready on each day that could be compared."""

    enablements: list[Enablement] = field(default_factory=list)
    ready: dict[date, int] = field(default_factory=dict)


def folded(status: str | None) -> str:
    """A status as it is compared: case and the number of blanks do not count."""
    return " ".join((status or "").split()).casefold()


def find(days: Iterable[Day], since: date, *, enabled: Collection[str] = (ENABLED,)) -> Found:
    """The enablements from ``since`` on. ``days``: oldest first; the first of them is only what the next is compared with.

    ``enabled``: the statuses that count as enabled, folded. A day before which there is none is not in the result: of
    it nothing can be said, and what was found of it earlier stays (facts 7.5).
    """
    found = Found()
    for before, after in pairwise(days):
        if after.day < since:
            continue
        found.ready[after.day] = sum(_is_ready(state) for state in after.states.values())
        gap = (after.day - before.day).days
        for key in sorted(before.states):
            old, new = before.states[key], after.states.get(key)
            if new is not None and _is_ready(old) and folded(new.status) in enabled:
                found.enablements.append(Enablement(key, after.day, gap, old, new))
    return found


def _is_ready(state: State) -> bool:
    return folded(state.status) == _READY
