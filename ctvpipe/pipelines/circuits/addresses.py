"""IP addresses: which are valid, and which say something about who provides a line (facts 2.3, 2.6)."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

Address = IPv4Address | IPv6Address
_CGNAT = IPv4Network("100.64.0.0/10")  # RFC 6598


class Kind(StrEnum):
    """What an address is."""

    PUBLIC = "public"
    PRIVATE = "private"
    CGNAT = "cgnat"
    INVALID = "invalid"


def parse(text: str | None) -> Address | None:
    """The address in ``text``, whose ``/prefix`` is dropped; ``None`` where it is none."""
    try:
        found = ip_address((text or "").strip().partition("/")[0])
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


def valid_ip(text: str | None) -> str | None:
    """The address in ``text`` as it is stored; ``None`` where it is none."""
    found = parse(text)
    return None if found is None else str(found)


def classify(text: str | None) -> Kind:
    """What the address in ``text`` is. Only a public one is asked for at a registry, or compared with another."""
    found = parse(text)
    if found is None:
        return Kind.INVALID
    if isinstance(found, IPv4Address) and found in _CGNAT:
        return Kind.CGNAT
    return Kind.PUBLIC if found.is_global and not found.is_multicast else Kind.PRIVATE
