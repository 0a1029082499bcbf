"""Which customers are due, which are gone, and how many may be gone at once: rules without a database (facts 3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ctvpipe.pipelines.bdc.records import Customer

_ENOUGH_PERCENT = 80


class Known(NamedTuple):
    """What is stored of a customer, as far as it decides whether its detail is fetched."""

    row_hash: str | None
    last_updated: datetime | None
    detail_ok: bool | None
    removed_at: datetime | None


@dataclass(frozen=True)
class Age:
    """Who is due by age: whose detail was last read more than ``days`` before ``now``; ``force``: everybody."""

    now: datetime
    days: int = 7
    force: bool = False

    def is_due(self, customer: Customer, known: Known | None) -> bool:
        """Whether the detail of ``customer`` is to be fetched. Zero days: everybody is due."""
        if self.force or not self.days or known is None or known.last_updated is None:
            return True
        if known.row_hash != customer.row_hash or not known.detail_ok or known.removed_at is not None:
            return True
        return known.last_updated < self.now - timedelta(days=self.days)


def gone(reported: Collection[int], known: Mapping[int, Known]) -> list[int]:
    """The live customers that are stored and that the report does not have."""
    return [number for number, each in known.items() if each.removed_at is None and number not in reported]


def live(known: Mapping[int, Known]) -> int:
    """How many customers are stored and not gone."""
    return sum(each.removed_at is None for each in known.values())


def has_shrunk(now: int, before: int) -> bool:
    """Whether there are so few of something now that what is missing must not be taken for gone."""
    return now * 100 < before * _ENOUGH_PERCENT
