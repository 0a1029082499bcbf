"""Orders that the newest file has besides the one that is stored of their circuit (facts 10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from ctvpipe.pipelines.circuits.schema.tables import CONFLICTS


@dataclass(frozen=True)
class Conflict:
    """An order that lost to another of its site and purpose; ``position`` 1 is the best of those."""

    site_name: str
    circuit_purpose: str
    position: int
    status: str | None
    record_number: str | None
    provider: str | None
    winner_status: str | None
    winner_record_number: str | None
    csv_file: str | None
    details: Mapping[str, str]


def overview(connection: sa.Connection) -> list[Conflict]:
    """All of them, by site, purpose and position."""
    columns = CONFLICTS.c
    found = sa.select(*(columns[name] for name in Conflict.__dataclass_fields__))
    found = found.order_by(columns.site_name, columns.circuit_purpose, columns.position)
    return [Conflict(*row) for row in connection.execute(found)]
