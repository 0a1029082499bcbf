"""Who is to enable a site's circuits: assignments that people make and close (facts 7.4).

One row a site, purpose and task; assigning it again replaces who it is, closing it keeps the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.circuits import site_names
from ctvpipe.pipelines.circuits.schema.tables import ASSIGNMENTS, CIRCUITS

ACTIVE, CLOSED = "active", "closed"
_SITE_COLUMNS = (CIRCUITS.c.site_name, CIRCUITS.c.circuit_purpose, CIRCUITS.c.site_id)


@dataclass(frozen=True)
class Assigned:
    """An assignment as it is listed; without a purpose it is the whole site's."""

    site_name: str
    circuit_purpose: str
    site_id: str | None
    sctask: str
    assigned_to: str
    assignment_date: date
    status: str
    created_by: str | None
    updated_by: str | None


@dataclass(frozen=True)
class Target:
    """What a person names: a site or one circuit of it, as the database spells them."""

    site_name: str
    circuit_purpose: str
    site_id: str | None

    def __str__(self) -> str:
        return f"{self.site_name} {self.circuit_purpose}".strip()


def overview(connection: sa.Connection, *, closed: bool = False) -> list[Assigned]:
    """The active assignments by site, with ``closed`` all of them."""
    names = Assigned.__dataclass_fields__
    columns = ASSIGNMENTS.c
    found = sa.select(*(columns[name] for name in names))
    found = found.order_by(columns.site_name, columns.circuit_purpose, columns.sctask)
    return [Assigned(*row) for row in connection.execute(found if closed else found.where(columns.status == ACTIVE))]


def target(connection: sa.Connection, site: str, purpose: str) -> Target:
    """What ``site`` and ``purpose`` (empty: the whole site) mean; blanks and case do not count.

    Raises ``ConfigurationError`` when there is no such circuit.
    """
    wanted = site_names.comparable_site(site)
    rows = connection.execute(sa.select(*_SITE_COLUMNS).order_by(*_SITE_COLUMNS[:2])).all()
    same = [row for row in rows if site_names.comparable_site(row.site_name) == wanted]
    if not same:
        raise ConfigurationError(f"there is no circuit of the site {site!r}", "Write the site as the circuits have it.")
    if not purpose.strip():
        return Target(same[0].site_name, "", None)
    for row in same:
        if row.circuit_purpose.casefold() == purpose.strip().casefold():
            return Target(*row)
    purposes = ", ".join(dict.fromkeys(row.circuit_purpose for row in same))
    raise ConfigurationError(f"{same[0].site_name} has no circuit {purpose!r}", f"It has: {purposes}.")


def assign(connection: sa.Connection, to: Target, *, person: str, sctask: str, by: str, today: date) -> str | None:
    """Assign ``to`` to ``person``. Returns whom that replaces, which may be the same."""
    columns = ASSIGNMENTS.c
    this = _this(to, sctask)
    before = connection.execute(sa.select(columns.id, columns.assigned_to, columns.status).where(this)).first()
    active = before is not None and before.status == ACTIVE
    if before is not None and active and before.assigned_to == person:
        return person
    now = clock.now()
    changed = {"assigned_to": person, "assignment_date": today, "status": ACTIVE, "updated_by": by, "updated_at": now}
    if before is None:
        key = {"site_name": to.site_name, "circuit_purpose": to.circuit_purpose, "sctask": sctask}
        new = {**key, **changed, "site_id": to.site_id, "created_by": by, "created_at": now}
        connection.execute(sa.insert(ASSIGNMENTS).values(new))
    else:
        connection.execute(sa.update(ASSIGNMENTS).where(columns.id == before.id).values(changed))
    return before.assigned_to if before is not None and active else None


def close(connection: sa.Connection, of: Target, *, sctask: str, by: str) -> list[str]:
    """Close the active assignments ``of`` the site or circuit, or that of one task. Returns whose they were.

    Raises ``ConfigurationError`` when there is none.
    """
    columns = ASSIGNMENTS.c
    same = sa.and_(columns.site_name == of.site_name, columns.circuit_purpose == of.circuit_purpose)
    active = sa.and_(_this(of, sctask) if sctask else same, columns.status == ACTIVE)
    people = list(connection.execute(sa.select(columns.assigned_to).where(active).order_by(columns.id)).scalars())
    if not people:
        raise ConfigurationError(f"{of} is not assigned", "'ctvpipe circuits assignments' lists what is.")
    closed = {"status": CLOSED, "updated_by": by, "updated_at": clock.now()}
    connection.execute(sa.update(ASSIGNMENTS).where(active).values(closed))
    return people


def _this(of: Target, sctask: str) -> sa.ColumnElement[bool]:
    columns = ASSIGNMENTS.c
    return sa.and_(
        columns.site_name == of.site_name, columns.circuit_purpose == of.circuit_purpose, columns.sctask == sctask
    )
