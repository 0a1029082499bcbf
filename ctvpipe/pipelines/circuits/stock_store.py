"""What the inventory of all organisations reads from the database and writes there; in the caller's transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from ctvpipe.pipelines.circuits import gone, lifecycle
from ctvpipe.pipelines.circuits.lifecycle import Dates
from ctvpipe.pipelines.circuits.schema.tables import INVENTORY_DEVICES, INVENTORY_SUMMARY
from ctvpipe.pipelines.circuits.stock import COLUMNS, Row
from ctvpipe.stores.merge import Merged, merge

_UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Device:
    """An active device that is stored."""

    organization_id: str | None
    network_id: str | None


@dataclass(frozen=True)
class Written:
    """What was written: devices, how many are newly gone, and the summary by model."""

    merged: Merged
    gone: int
    summary: Merged

    @property
    def anything(self) -> bool:
        return bool(self.merged.written or self.gone or self.summary.written)


def active(connection: sa.Connection | None) -> dict[str, Device]:
    """The active devices by serial; none where there is no database yet."""
    if connection is None:
        return {}
    columns = INVENTORY_DEVICES.c
    stored = sa.select(columns.serial, columns.organization_id, columns.network_id).where(columns.is_active)
    return {serial: Device(*rest) for serial, *rest in connection.execute(stored)}


def write(
    connection: sa.Connection,
    rows: Sequence[Row],
    lost: Collection[str],
    *,
    dates: Mapping[str, Dates],
    day: date,
    now: datetime,
) -> Written:
    """Store ``rows`` as active devices, mark ``lost`` as gone, and bring the summary by model up to date.

    ``dates``: of people's own file; where it has none, those that the devices came with count.
    """
    merged = merge(
        connection,
        INVENTORY_DEVICES,
        (*COLUMNS, "is_active", "gone_since"),
        [(*(row[name] for name in COLUMNS), True, None) for row in rows],
        key=("serial",),
        on_insert={"created_at": now, "updated_at": now},
        on_update={"updated_at": now},
    )
    marked = gone.mark(connection, INVENTORY_DEVICES, lost, day=day, now=now)
    return Written(merged, marked, _summarise(connection, dates, day, now))


def _summarise(connection: sa.Connection, dates: Mapping[str, Dates], day: date, now: datetime) -> Merged:
    columns = INVENTORY_DEVICES.c
    stored = sa.select(columns.model, columns.organization, columns.details).where(columns.is_active)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    told = []
    for model, organization, details in connection.execute(stored.order_by(columns.serial)):
        counts[model or _UNKNOWN][organization or _UNKNOWN] += 1
        told.append((model or _UNKNOWN, details))
    said = lifecycle.said(told)
    rows = []
    for model, per_organization in sorted(counts.items()):
        known = lifecycle.dates_of(model, dates) or said.get(model) or Dates()
        rows.append(
            (
                *(model, per_organization.total(), dict(sorted(per_organization.items()))),
                *(known.announced, known.end_of_sale, known.end_of_support, known.highlight(day)),
            )
        )
    return merge(
        connection,
        INVENTORY_SUMMARY,
        ("model", "total_count", "org_counts", "announcement_date", "end_of_sale", "end_of_support", "highlight"),
        rows,
        key=("model",),
        on_insert={"created_at": now, "updated_at": now},
        on_update={"updated_at": now},
        delete=sa.true(),
    )
