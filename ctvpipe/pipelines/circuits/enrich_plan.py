"""The plan of the enrichment: from circuits and appliances to the rows that are stored; pure (facts 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ctvpipe.pipelines.circuits import enrich_values, matching, site_names
from ctvpipe.pipelines.circuits.enrich_reading import SLOTS, Appliance, Confirmation, Facts, StoredCircuit
from ctvpipe.pipelines.circuits.enrich_values import Observed, Shown
from ctvpipe.pipelines.circuits.exclusions import Exclusions
from ctvpipe.pipelines.circuits.matching import Match, Wan

CIRCUIT_COLUMNS = (
    "circuit_id", "site_name", "circuit_purpose", "wan_slot", "match_method", "match_score", "provider", "speed",
    "status", "serial", "model", "network_id", "network_name", "device_tags", "device_notes", "wan_ip", "public_ip",
    "arin_provider", "uplink_status", "ip_assignment", "wan_flipped", "confirmed",
)  # fmt: skip
WAN_COLUMNS = (
    "network_id", "wan_slot", "network_name", "serial", "provider", "speed", "circuit_role", "wan_ip", "public_ip",
    "arin_provider", "uplink_status", "confirmed", "circuit_id",
)  # fmt: skip
_NOTHING: tuple[None, ...] = (None,) * 11
_NOBODY = Confirmation()

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Plan:
    """The rows of both tables, in the order of their columns, and what there is to say of them."""

    circuits: list[Row]
    wans: list[Row]
    counts: dict[str, int]


def plan(facts: Facts, *, enabled: Iterable[str], excluded: Exclusions) -> Plan:
    """One row a circuit, and one a WAN of which anything is known; ``enabled``: statuses in lower case."""
    chosen, left_out = _chosen(facts.appliances, excluded)
    uplinks = {
        (device.network_id, slot): (device, uplink)
        for device in chosen
        for slot, uplink in zip(SLOTS, device.uplinks, strict=True)
    }
    wans = [_wan(device, slot, uplink) for (_, slot), (device, uplink) in uplinks.items()]
    statuses = frozenset(enabled)
    matches = matching.match(
        (_circuit(circuit, facts.confirmations.get(circuit.key, _NOBODY), statuses) for circuit in facts.circuits), wans
    )
    rows: list[Row] = []
    on_wan: dict[tuple[str, int], tuple[int, Shown]] = {}
    for circuit in facts.circuits:
        confirmation = facts.confirmations.get(circuit.key)
        match = matches.get(circuit.id)
        end = None if match is None else (match.wan.network_id, match.wan.slot)
        seen = None if end is None else uplinks[end]
        shown = _shown(circuit, confirmation or _NOBODY, seen[1].speed_label if seen else None)
        if end is not None:
            on_wan[end] = circuit.id, shown
        rows.append(_circuit_row(circuit, confirmation, match, seen, shown))
    confirmed = sum(circuit.key in facts.confirmations for circuit in facts.circuits)
    counts = {
        "processed": len(facts.circuits),
        **_counts(matches),
        "confirmed": confirmed,
        "confirmed_without_circuit": len(facts.confirmations) - confirmed,  # kept: the circuit may come back
        "networks": len(chosen),
        "excluded": left_out,
    }
    return Plan(rows, list(_wan_rows(uplinks, on_wan)), counts)


def _chosen(appliances: Iterable[Appliance], excluded: Exclusions) -> tuple[list[Appliance], int]:
    """One device for each network that is a store's, and how many networks are not."""
    networks: dict[str, list[Appliance]] = {}
    for device in appliances:
        networks.setdefault(device.network_id, []).append(device)
    chosen = []
    for devices in networks.values():
        best = min(devices, key=_precedence)
        tags = [tag for device in devices for tag in device.device_tags or ()]
        notes = "\n".join(device.device_notes for device in devices if device.device_notes)
        if excluded.reason(name=best.network_name, tags=tags, notes=notes) is None:
            chosen.append(best)
    return chosen, len(networks) - len(chosen)


def _precedence(device: Appliance) -> tuple[bool, bool, str]:
    """Of a pair the one that is in charge, a store's appliance rather than a teleworker's, the lowest serial."""
    return (device.ha_role or "").casefold() != "primary", not (device.model or "").startswith("MX"), device.serial


def _wan(device: Appliance, slot: int, uplink: Observed) -> Wan:
    site = site_names.comparable_site(device.network_name)
    said = uplink.provider_label, uplink.arin_provider
    return Wan(device.network_id, site, slot, uplink.ip, uplink.public_ip, *said)


def _circuit(circuit: StoredCircuit, said: Confirmation, enabled: frozenset[str]) -> matching.Circuit:
    return matching.Circuit(
        number=circuit.id,
        site=site_names.comparable_site(circuit.site_name),
        site_name=circuit.site_name,
        purpose=circuit.circuit_purpose,
        is_enabled=(circuit.status or "").strip().casefold() in enabled,
        provider=said.provider or circuit.provider,
        ip=circuit.ip_address,
        slot=said.wan_slot,
    )


def _shown(circuit: StoredCircuit, said: Confirmation, notes_speed: str | None) -> Shown:
    shown = enrich_values.of_circuit(
        said.provider or circuit.provider, circuit.speed, notes_speed, circuit.circuit_purpose
    )
    return shown._replace(speed=said.speed) if said.speed else shown


def _circuit_row(
    circuit: StoredCircuit,
    said: Confirmation | None,
    match: Match | None,
    seen: tuple[Appliance, Observed] | None,
    shown: Shown,
) -> Row:
    slot = match.wan.slot if match else said.wan_slot if said else None
    score = None if match is None or match.score is None else round(match.score, 1)
    return (
        *(circuit.id, *circuit.key, slot),
        *(match.method if match else matching.NONE, score),
        *(shown.provider, shown.speed, circuit.status),
        *(_observed(*seen) if seen else _NOTHING),
        *(match is not None and match.is_flipped, match is not None or said is not None),
    )


def _observed(device: Appliance, uplink: Observed) -> Row:
    return (
        *(device.serial, device.model, device.network_id, device.network_name, device.device_tags, device.device_notes),
        *(uplink.ip, uplink.public_ip, uplink.arin_provider, uplink.status, uplink.assignment),
    )


def _wan_rows(
    uplinks: Mapping[tuple[str, int], tuple[Appliance, Observed]], on_wan: Mapping[tuple[str, int], tuple[int, Shown]]
) -> Iterator[Row]:
    for (network, slot), (device, uplink) in uplinks.items():
        taken = on_wan.get((network, slot))
        if taken is None and not any(uplink):
            continue  # nothing is plugged in, nor written down
        number, shown = taken or (None, enrich_values.of_uplink(uplink, slot))
        seen = (uplink.ip, uplink.public_ip, uplink.arin_provider, uplink.status)
        yield network, slot, device.network_name, device.serial, *shown, *seen, taken is not None, number


def _counts(matches: Mapping[int, Match]) -> dict[str, int]:
    methods = Counter(match.method for match in matches.values())
    slots = Counter(match.wan.slot for match in matches.values())
    return {
        **{f"by_{method}": methods[method] for method in (matching.IP, matching.PROVIDER, matching.PERSON)},
        **{f"wan{slot}": slots[slot] for slot in SLOTS},
        "flips": len({match.wan.network_id for match in matches.values() if match.is_flipped}),
    }
