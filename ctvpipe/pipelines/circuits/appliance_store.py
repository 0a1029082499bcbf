"""What the appliances' inventory reads from the database and writes there; every statement in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import sqlalchemy as sa

from ctvpipe.pipelines.circuits import gone
from ctvpipe.pipelines.circuits.appliances import COLUMNS, Row, address
from ctvpipe.pipelines.circuits.schema.tables import MERAKI_INVENTORY
from ctvpipe.stores.merge import Merged, merge


@dataclass(frozen=True)
class Stored:
    """The serials of what is stored as ``active``, those of them ``with_uplinks``, and the provider by address."""

    active: frozenset[str] = frozenset()
    with_uplinks: frozenset[str] = frozenset()
    providers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What was written: appliances that are there, and how many are newly gone."""

    merged: Merged
    gone: int

    @property
    def anything(self) -> bool:
        return bool(self.merged.written or self.gone)


def stored(connection: sa.Connection | None) -> Stored:
    """What is stored; nothing where there is no database yet."""
    if connection is None:
        return Stored()
    names = (
        *("serial", "wan1_status", "wan2_status"),
        *(f"wan{number}_{name}" for number in (1, 2) for name in ("ip", "public_ip", "arin_provider")),
    )
    columns = MERAKI_INVENTORY.c
    rows = connection.execute(sa.select(*(columns[name] for name in names)).where(columns.is_active))
    found = [dict(row) for row in rows.mappings()]
    known: dict[str, str] = {}
    for row in found:
        for number in (1, 2):
            at, provider = address(row, number), row[f"wan{number}_arin_provider"]
            if at and provider:
                known[at] = provider
    return Stored(
        frozenset(row["serial"] for row in found),
        frozenset(row["serial"] for row in found if row["wan1_status"] or row["wan2_status"]),
        known,
    )


def write(connection: sa.Connection, rows: Sequence[Row], before: Stored, *, day: date, now: datetime) -> Written:
    """Make the table hold ``rows`` as active; what was active ``before`` and is not among them is gone."""
    merged = merge(
        connection,
        MERAKI_INVENTORY,
        (*COLUMNS, "is_active", "gone_since"),
        [(*(row[name] for name in COLUMNS), True, None) for row in rows],
        key=("serial",),
        on_insert={"created_at": now, "updated_at": now},
        on_update={"updated_at": now},
    )
    lost = before.active - {row["serial"] for row in rows}
    return Written(merged, gone.mark(connection, MERAKI_INVENTORY, lost, day=day, now=now))
