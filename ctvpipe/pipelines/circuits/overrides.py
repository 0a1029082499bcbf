"""Circuits that a person has taken out of the import's hands, and giving them back (facts 3.3, 1 to 3).

An override protects one row: that of a site and a purpose. While it is set the status may be edited; taken off, the
broker's values flow again with the next import.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.circuits import assignments
from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS

_COLUMNS = (
    CIRCUITS.c.id,
    CIRCUITS.c.site_name,
    CIRCUITS.c.circuit_purpose,
    CIRCUITS.c.status,
    CIRCUITS.c.manual_override.is_(sa.true()),
    CIRCUITS.c.manual_override_by,
    CIRCUITS.c.manual_override_date,
)


@dataclass(frozen=True)
class Circuit:
    """A circuit as far as its override goes; ``by`` and ``since``: who set it, and when."""

    id: int
    site_name: str
    purpose: str
    status: str | None
    overridden: bool
    by: str | None
    since: datetime | None

    def __str__(self) -> str:
        return f"{self.site_name} {self.purpose}"


def overview(connection: sa.Connection) -> list[Circuit]:
    """The overridden circuits, by site."""
    set_ = CIRCUITS.c.manual_override.is_(sa.true())
    return _read(connection, sa.select(*_COLUMNS).where(set_))


def find(connection: sa.Connection, site: str, purpose: str) -> Circuit:
    """The circuit that ``site`` and ``purpose`` name; blanks and case do not count.

    Raises ``ConfigurationError`` with what there is when there is no such circuit.
    """
    if not purpose.strip():
        raise ConfigurationError("one circuit of the site is wanted", "Name its purpose: Primary, Secondary.")
    named = assignments.target(connection, site, purpose)
    this = sa.and_(CIRCUITS.c.site_name == named.site_name, CIRCUITS.c.circuit_purpose == named.circuit_purpose)
    (found,) = _read(connection, sa.select(*_COLUMNS).where(this))
    return found


def protect(connection: sa.Connection, circuit: Circuit, *, by: str, status: str | None = None) -> bool:
    """Set the override, and edit the status where one is given. Returns whether that changed anything."""
    if circuit.overridden and circuit.by == by and status in {None, circuit.status}:
        return False
    now = clock.now()
    values = {"manual_override": True, "manual_override_by": by, "updated_at": now}
    if not circuit.overridden:
        values["manual_override_date"] = now
    if status is not None:
        values["status"] = status
    connection.execute(sa.update(CIRCUITS).where(CIRCUITS.c.id == circuit.id).values(values))
    return True


def release(connection: sa.Connection, circuit: Circuit) -> bool:
    """Take the override off, with its date and author. Returns whether there was one."""
    if not circuit.overridden:
        return False
    nothing = {"manual_override": False, "manual_override_by": None, "manual_override_date": None}
    update = sa.update(CIRCUITS).where(CIRCUITS.c.id == circuit.id)
    connection.execute(update.values(**nothing, updated_at=clock.now()))
    return True


def _read(connection: sa.Connection, query: sa.Select[Any]) -> list[Circuit]:
    rows = connection.execute(query.order_by(CIRCUITS.c.site_name, CIRCUITS.c.circuit_purpose))
    return [Circuit(*row) for row in rows]
