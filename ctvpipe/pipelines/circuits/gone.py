"""Devices that are no longer there: marked, never deleted, and never too many at once (facts 4.3, 5, 11, 3)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from ctvpipe.core.errors import ContractError

_A_STATEMENT = 500


def require_few(active: Collection[str], found: Collection[str], *, most_percent: float, of: str, force: bool) -> None:
    """Raise ``ContractError`` when too many of the devices stored as ``active`` are not ``found``, unless forced."""
    lost = len(set(active) - set(found))
    if not force and 100 * lost > most_percent * len(active):
        raise ContractError(
            f"{lost:,} of {len(active):,} {of} would be gone, at most {most_percent:g} % may be",
            "If that is right, --force stores it; MERAKI_MAX_LOSS_PERCENT is the limit.",
        )


def mark(connection: sa.Connection, table: sa.Table, serials: Collection[str], *, day: date, now: datetime) -> int:
    """Mark the devices with these ``serials`` as gone since ``day``; returns how many were active."""
    ordered = sorted(serials)
    marked = 0
    for start in range(0, len(ordered), _A_STATEMENT):
        some = table.c.serial.in_(ordered[start : start + _A_STATEMENT])
        gone = sa.update(table).where(some, table.c.is_active).values(is_active=False, gone_since=day, updated_at=now)
        marked += connection.execute(gone).rowcount
    return marked
