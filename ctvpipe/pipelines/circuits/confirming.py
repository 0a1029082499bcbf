"""What people confirmed of a circuit: provider, speed, WAN; kept by site and purpose, apart from what a night rebuilds
(facts 6.5), and joined in by the enrichment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.circuits import assignments, site_names, speeds
from ctvpipe.pipelines.circuits.assignments import Target
from ctvpipe.pipelines.circuits.schema.tables import CONFIRMATIONS
from ctvpipe.stores.merge import merge

_KEY = ("site_name", "circuit_purpose")


@dataclass(frozen=True)
class Confirmed:
    """What is confirmed of a circuit; ``None``: nothing of that."""

    site_name: str
    circuit_purpose: str
    provider: str | None
    speed: str | None
    wan_slot: int | None
    confirmed_by: str
    updated_at: datetime

    def __str__(self) -> str:
        said = (self.provider, self.speed, f"WAN {self.wan_slot}" if self.wan_slot else None)
        return ", ".join(part for part in said if part)


def overview(connection: sa.Connection) -> list[Confirmed]:
    """All of them, by site."""
    columns = [CONFIRMATIONS.c[name] for name in Confirmed.__dataclass_fields__]
    return [Confirmed(*row) for row in connection.execute(sa.select(*columns).order_by(*columns[:2]))]


def circuit(connection: sa.Connection, site: str, purpose: str) -> Target:
    """The circuit that ``site`` and ``purpose`` mean; one of a confirmation that has outlived it counts as well.

    Raises ``ConfigurationError`` when there is no such circuit.
    """
    if not purpose.strip():
        raise ConfigurationError("one circuit of the site is wanted", "Name its purpose: Primary, Secondary.")
    wanted = site_names.comparable_site(site), purpose.strip().casefold()
    for one in overview(connection):
        if (site_names.comparable_site(one.site_name), one.circuit_purpose.casefold()) == wanted:
            return Target(one.site_name, one.circuit_purpose, None)
    return assignments.target(connection, site, purpose)


def normal_speed(text: str) -> str | None:
    """A speed as people write it, in the one spelling. Raises ``ConfigurationError`` for what is none."""
    if not text.strip():
        return None
    found = speeds.normal(text)
    if found is None:
        raise ConfigurationError(f"--speed: {text!r} is no speed", "Such as '300M x 30M', Cell or Satellite.")
    return found


def confirm(
    connection: sa.Connection,
    of: Target,
    *,
    provider: str | None,
    speed: str | None,
    slot: int | None,
    note: str | None,
    by: str,
) -> tuple[Confirmed, bool]:
    """Confirm what is given and leave what else was confirmed. Returns all that is confirmed, and whether it changed.

    Raises ``ContractError`` when another circuit of the site is confirmed to be on that WAN.
    """
    stored = connection.execute(sa.select(CONFIRMATIONS).where(_this(of))).mappings().first()
    before: dict[str, Any] = dict(stored) if stored else {}
    given = {"provider": provider, "speed": speed, "wan_slot": slot, "notes": note}
    values = {name: before.get(name) if value is None else value for name, value in given.items()}
    if slot is not None:
        _require_free(connection, of, slot)
    now = clock.now()
    done = merge(
        connection,
        CONFIRMATIONS,
        (*_KEY, *values),
        [(of.site_name, of.circuit_purpose, *values.values())],
        key=_KEY,
        on_insert={"confirmed_by": by, "created_at": now, "updated_at": now},
        on_update={"confirmed_by": by, "updated_at": now},
    )
    key = (of.site_name, of.circuit_purpose)
    (found,) = (one for one in overview(connection) if (one.site_name, one.circuit_purpose) == key)
    return found, bool(done.written)


def clear(connection: sa.Connection, of: Target) -> bool:
    """Take back what was confirmed. Returns whether anything was."""
    return bool(connection.execute(sa.delete(CONFIRMATIONS).where(_this(of))).rowcount)


def _require_free(connection: sa.Connection, of: Target, slot: int) -> None:
    site = site_names.comparable_site(of.site_name)
    for one in overview(connection):
        if site_names.comparable_site(one.site_name) != site or one.wan_slot != slot:
            continue
        if one.circuit_purpose != of.circuit_purpose:
            raise ContractError(
                f"{one.site_name} {one.circuit_purpose} is confirmed to be on WAN {slot} by {one.confirmed_by}",
                f"If it is not, first: ctvpipe circuits confirm '{one.site_name}' {one.circuit_purpose} --clear",
            )


def _this(of: Target) -> sa.ColumnElement[bool]:
    columns = CONFIRMATIONS.c
    return sa.and_(columns.site_name == of.site_name, columns.circuit_purpose == of.circuit_purpose)
