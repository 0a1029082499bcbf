"""What the device API says of an appliance and its two WANs, as it is stored: pure rules (facts 4.1 to 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ctvpipe.pipelines.circuits import addresses, notes, providers
from ctvpipe.pipelines.circuits.meraki_api import Item, Organization, part, parts, text, texts

_WANS = {"wan1": 1, "wan2": 2}
_ONLINE = "online"
_VERDICTS = {True: "Match", False: "No match", None: None}
_WAN_COLUMNS = (
    *("ip", "public_ip", "status", "assignment", "arin_provider"),
    *("provider_label", "speed_label", "provider_comparison"),
)
COLUMNS = (
    *("serial", "organization_id", "organization_name", "network_id", "network_name", "model", "mac", "device_name"),
    *("firmware", "product_type", "device_tags", "network_tags", "device_notes"),
    *(f"wan{number}_{name}" for number in (1, 2) for name in _WAN_COLUMNS),
    *("ha_role", "availability", "last_reported_at"),
)
Row = dict[str, Any]
# The provider of an address; ``None`` where none is known.
ProviderOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Collected:
    """What was collected of one organisation, each list whole."""

    organization: Organization
    networks: list[Item]
    devices: list[Item]
    uplinks: list[Item]
    availabilities: list[Item]


def rows(collected: Collected) -> list[Row]:
    """The rows of its appliances in the order of their serials, all but who provides the addresses."""
    networks = {item["id"]: item for item in collected.networks}
    uplinks = {item["serial"]: item for item in collected.uplinks}
    online = {item["serial"]: text(item, "status") for item in collected.availabilities}
    made = [
        _row(collected.organization, item, networks, uplinks.get(item["serial"], {}), online.get(item["serial"]))
        for item in collected.devices
    ]
    return sorted(made, key=lambda row: str(row["serial"]))


def _row(
    organization: Organization, device: Item, networks: Mapping[str, Item], uplink: Item, availability: str | None
) -> Row:
    network = networks.get(text(device, "networkId") or "", {})
    said = text(device, "notes")
    row: Row = dict.fromkeys(COLUMNS)
    row.update(
        serial=device["serial"],
        organization_id=organization.id,
        organization_name=organization.name,
        network_id=text(device, "networkId"),
        network_name=text(network, "name"),
        model=(text(device, "model") or "").strip().upper() or None,
        mac=text(device, "mac"),
        device_name=text(device, "name"),
        firmware=text(device, "firmware"),
        product_type=text(device, "productType"),
        device_tags=texts(device, "tags"),
        network_tags=texts(network, "tags"),
        device_notes=said,  # as received (facts 11, 16)
        ha_role=text(part(uplink, "highAvailability"), "role"),
        availability=availability,
        last_reported_at=None if availability == _ONLINE else _instant(text(uplink, "lastReportedAt")),
    )
    found = notes.parse(said or "")
    for number, line in ((1, found.wan1), (2, found.wan2)):
        row[f"wan{number}_provider_label"], row[f"wan{number}_speed_label"] = line.provider, line.speed
    for item in parts(uplink, "uplinks"):
        if number := _WANS.get(text(item, "interface") or "", 0):
            row[f"wan{number}_ip"] = addresses.valid_ip(text(item, "ip"))
            row[f"wan{number}_public_ip"] = addresses.valid_ip(text(item, "publicIp"))
            row[f"wan{number}_status"] = text(item, "status")
            row[f"wan{number}_assignment"] = text(item, "ipAssignedBy")
    return row


def address(row: Row, number: int) -> str | None:
    """The address that tells who provides a WAN: the public one first (facts 2.6)."""
    found = row[f"wan{number}_public_ip"] or row[f"wan{number}_ip"]
    return None if found is None else str(found)


def all_addresses(made: Iterable[Row]) -> list[str]:
    """The addresses of all WANs, each once, in order."""
    found = (address(row, number) for row in made for number in (1, 2))
    return list(dict.fromkeys(one for one in found if one))


def with_providers(made: Iterable[Row], provider_of: ProviderOf) -> list[Row]:
    """The rows with the provider of each WAN's address, and whether the notes agree with it (facts 4.3, 1)."""
    return [_with_providers(row, provider_of) for row in made]


def _with_providers(row: Row, provider_of: ProviderOf) -> Row:
    filled = dict(row)
    for number in (1, 2):
        asked = address(row, number)
        provider = provider_of(asked) if asked else None
        filled[f"wan{number}_arin_provider"] = provider
        verdict = providers.agrees(row[f"wan{number}_provider_label"], provider)
        filled[f"wan{number}_provider_comparison"] = _VERDICTS[verdict]
    return filled


def _instant(value: str | None) -> datetime | None:
    """An instant of the API; ``None`` for one that cannot be read, as it is only shown."""
    try:
        found = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
