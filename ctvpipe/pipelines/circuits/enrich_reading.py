"""What the enrichment reads: circuits, what people confirmed of them, and the appliances of the networks."""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from ctvpipe.pipelines.circuits.enrich_values import Observed
from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS, CONFIRMATIONS, ENRICHED_CIRCUITS, MERAKI_INVENTORY

SLOTS = (1, 2)
_APPLIANCE = ("serial", "model", "network_id", "network_name", "ha_role", "device_tags", "device_notes")


class StoredCircuit(NamedTuple):
    """A circuit; costs are not among what is read, let alone written (facts 1.1)."""

    id: int
    site_name: str
    circuit_purpose: str
    status: str | None
    provider: str | None
    speed: str | None
    ip_address: str | None

    @property
    def key(self) -> tuple[str, str]:
        return self.site_name, self.circuit_purpose


class Confirmation(NamedTuple):
    """What a person said of a circuit; ``None`` where nothing."""

    provider: str | None = None
    speed: str | None = None
    wan_slot: int | None = None


class Appliance(NamedTuple):
    """A device of a network, with its two uplinks."""

    serial: str
    model: str | None
    network_id: str
    network_name: str
    ha_role: str | None
    device_tags: list[str] | None
    device_notes: str | None
    uplinks: tuple[Observed, Observed]


class Facts(NamedTuple):
    """All of it, and how many circuits had a WAN before."""

    circuits: list[StoredCircuit]
    confirmations: dict[tuple[str, str], Confirmation]
    appliances: list[Appliance]
    matched_before: int


def read(connection: sa.Connection) -> Facts:
    """Everything that is worked on, in the caller's transaction."""
    circuits = connection.execute(sa.select(*(CIRCUITS.c[name] for name in StoredCircuit._fields)))
    said = connection.execute(
        sa.select(
            CONFIRMATIONS.c.site_name,
            CONFIRMATIONS.c.circuit_purpose,
            *(CONFIRMATIONS.c[name] for name in Confirmation._fields),
        )
    )
    matched = sa.select(sa.func.count()).where(ENRICHED_CIRCUITS.c.serial.is_not(None))
    return Facts(
        [StoredCircuit(*row) for row in circuits],
        {(site, purpose): Confirmation(*values) for site, purpose, *values in said},
        _appliances(connection),
        int(connection.execute(matched).scalar_one()),
    )


def _appliances(connection: sa.Connection) -> list[Appliance]:
    """The appliances that are there and belong to a network."""
    columns = MERAKI_INVENTORY.c
    uplinks = [columns[f"wan{slot}_{name}"] for slot in SLOTS for name in Observed._fields]
    here = sa.select(*(columns[name] for name in _APPLIANCE), *uplinks).where(
        columns.is_active.is_(sa.true()), columns.network_id.is_not(None), columns.network_name.is_not(None)
    )
    first, width = len(_APPLIANCE), len(Observed._fields)
    found = []
    for row in connection.execute(here):
        values: tuple[Any, ...] = tuple(row)
        both = Observed._make(values[first : first + width]), Observed._make(values[first + width :])
        found.append(Appliance._make((*values[:first], both)))
    return found
