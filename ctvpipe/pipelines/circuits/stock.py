"""The devices of an organisation, those in its stock as well: pure rules (facts 5).

The list of devices knows notes, address and firmware of what is assigned to a network; the inventory knows all there
is. They are one device by its serial.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ctvpipe.pipelines.circuits.meraki_api import Item, Organization, text, texts

UNASSIGNED = "Unassigned"
COLUMNS = (
    *("serial", "model", "organization_id", "organization", "network_id", "network_name", "name", "mac", "lan_ip"),
    *("firmware", "product_type", "tags", "notes", "details"),
)
# What the inventory says besides, and is kept as it is said.
_DETAILS = ("orderNumber", "claimedAt", "licenseExpirationDate", "countryCode", "eox", "details")
Row = dict[str, Any]


@dataclass(frozen=True)
class Stock:
    """What was collected of one organisation, each list whole."""

    organization: Organization
    networks: list[Item]
    devices: list[Item]
    inventory: list[Item]


def rows(stock: Stock) -> list[Row]:
    """The rows of its devices."""
    networks = {item["id"]: text(item, "name") for item in stock.networks}
    assigned = {item["serial"]: item for item in stock.devices}
    listed = {item["serial"]: item for item in stock.inventory}
    return [
        _row(stock.organization, serial, listed.get(serial, {}), assigned.get(serial, {}), networks)
        for serial in {**listed, **assigned}
    ]


def _row(
    organization: Organization, serial: str, listed: Item, assigned: Item, networks: Mapping[str, str | None]
) -> Row:
    # The inventory may lag behind: what the list of devices says counts.
    both = {**listed, **{name: value for name, value in assigned.items() if value not in (None, "")}}
    network = text(both, "networkId")
    details = {name: listed[name] for name in _DETAILS if listed.get(name)}
    return {
        "serial": serial,
        "model": (text(both, "model") or "").strip().upper() or None,
        "organization_id": organization.id,
        "organization": organization.name,
        "network_id": network,
        "network_name": networks.get(network) if network else UNASSIGNED,
        "name": text(both, "name"),
        "mac": text(both, "mac"),
        "lan_ip": text(both, "lanIp"),
        "firmware": text(both, "firmware"),
        "product_type": text(both, "productType"),
        "tags": texts(both, "tags"),
        "notes": text(both, "notes"),
        "details": details or None,
    }


def united(per_organization: Iterable[list[Row]]) -> list[Row]:
    """All rows, each serial once: of a device that two organisations have, the one in a network counts, else the later.

    In the order of the serials.
    """
    found: dict[str, Row] = {}
    for made in per_organization:
        for row in made:
            other = found.get(row["serial"])
            if other is None or row["network_id"] or not other["network_id"]:
                found[row["serial"]] = row
    return [found[serial] for serial in sorted(found)]
