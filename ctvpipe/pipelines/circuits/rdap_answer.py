"""What a registry says about an address: the part of its answer that matters, checked (facts 2.6).

An answer that is not about the address it was asked for would give a whole range the wrong provider: it is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from ctvpipe.core.errors import TransientError
from ctvpipe.pipelines.circuits.addresses import Address, parse

_PERSON = "individual"


class OddError(TransientError):
    """What a registry answered is not the answer to the question; another night it may be."""


@dataclass(frozen=True)
class Network:
    """A range of addresses and whom it is registered for; ``registrant`` is never a person's name.

    ``up``: address of the answer about the network around it, where the registry names one.
    """

    start: Address
    end: Address
    name: str = ""
    type: str = ""
    registrant: str | None = None
    up: str | None = None

    def around(self) -> IPv4Network | IPv6Network | None:
        """The smallest block that is larger than this range and holds it; asking for that gives its parent."""
        length = self.start.max_prefixlen - (int(self.start) ^ int(self.end)).bit_length()
        block = ip_network((self.start, length), strict=False)
        if (block.network_address, block.broadcast_address) != (self.start, self.end):
            return block
        return block.supernet() if length else None


def network(body: Any, asked: Address) -> Network:
    """The network in the JSON document ``body``, which must hold ``asked``. Raises ``OddError`` where not."""
    if not isinstance(body, dict) or body.get("objectClassName", "ip network") != "ip network":
        raise OddError("answered something that is no network")
    start, end = parse(_text(body, "startAddress")), parse(_text(body, "endAddress"))
    if start is None or end is None or not start.version == end.version == asked.version:
        raise OddError("answered without a range of addresses")
    if not int(start) <= int(asked) <= int(end):
        raise OddError("answered about other addresses than the one asked for")
    return Network(
        start,
        end,
        name=_text(body, "name"),
        type=_text(body, "type"),
        registrant=next(_registrants(body), None),
        up=_up(body),
    )


def _registrants(body: dict[str, Any]) -> Iterator[str]:
    """Names of the organisations whom the network itself is registered for; those of its contacts are not looked at."""
    for entity in _dicts(body, "entities"):
        roles = entity.get("roles")
        if isinstance(roles, list) and "registrant" in roles:
            card = dict(_card(entity))
            if card.get("kind", "").casefold() != _PERSON and card.get("fn"):
                yield card["fn"]


def _card(entity: dict[str, Any]) -> Iterator[tuple[str, str]]:
    card = entity.get("vcardArray")
    properties = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else []
    for item in properties:
        match item:
            case [str(name), _, _, str(value)]:
                yield name, " ".join(value.split())


def _up(body: dict[str, Any]) -> str | None:
    links = (link.get("href") for link in _dicts(body, "links") if link.get("rel") == "up")
    return next((href for href in links if isinstance(href, str) and href), None)


def _dicts(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _text(body: dict[str, Any], name: str) -> str:
    found = body.get(name)
    return " ".join(found.split()) if isinstance(found, str) else ""
