"""What is shown of a line: the broker's word where there is a circuit, else the notes' or the registry's (facts 6.4).

Provider and speed are settled one after the other and never parsed out of each other (facts 11, 18).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ctvpipe.pipelines.circuits import providers, speeds

_STARLINK = "Starlink"
_NO_MATCH = "No match"  # meraki_inventory: the notes and the registry name different providers
_CELLULAR = frozenset({"digi", "vzw cell", "verizon cell", "inseego", "cell"})
_USUAL_ROLES = {1: "Primary", 2: "Secondary"}


class Shown(NamedTuple):
    """Provider, speed and role of a line as they are shown."""

    provider: str | None
    speed: str | None
    role: str | None


class Observed(NamedTuple):
    """What the inventory knows of an uplink; the columns of ``meraki_inventory`` behind ``wan1_`` and ``wan2_``."""

    ip: str | None = None
    public_ip: str | None = None
    status: str | None = None
    assignment: str | None = None
    arin_provider: str | None = None
    provider_label: str | None = None
    speed_label: str | None = None
    provider_comparison: str | None = None


def of_circuit(provider: str | None, speed: str | None, notes_speed: str | None, role: str) -> Shown:
    """A circuit: its provider as the broker spells it, and its ordered speed.

    A speed that lost its other half is looked up in the notes; it stays where they have none (facts 2.3).
    """
    whole = _whole(speed) or notes_speed or speed or None
    return Shown(provider or None, _speed_of(provider, whole), role)


def of_uplink(uplink: Observed, slot: int) -> Shown:
    """An uplink without a circuit."""
    said, registered = _name(uplink.provider_label), _name(uplink.arin_provider)
    provider = said if uplink.provider_comparison == _NO_MATCH else registered or said
    speed = _speed_of(provider, uplink.speed_label)
    if speed == speeds.SATELLITE:
        provider = _STARLINK
    return Shown(provider, speed, _USUAL_ROLES[slot])


@lru_cache(maxsize=4096)
def _whole(speed: str | None) -> str | None:
    return speeds.normal(speed)


@lru_cache(maxsize=4096)
def _name(label: str | None) -> str | None:
    return None if providers.says_nothing(label) else providers.canonical(label)


def _speed_of(provider: str | None, speed: str | None) -> str | None:
    """Cellular and satellite lines have no speed of their own; a line whose provider is unknown may have one."""
    name = (provider or "").casefold()
    if name in _CELLULAR:
        return speeds.CELL
    return speeds.SATELLITE if name == _STARLINK.casefold() else speed
