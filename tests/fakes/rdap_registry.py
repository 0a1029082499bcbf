"""Registries of addresses on loopback: real HTTP, invented networks, and every way not to answer.

A registry answers with the smallest of its networks that holds what is asked for, as the standard has it; it sends on
what another one holds. Every answer also names contacts who are no provider, the way real ones do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from typing import Any, Literal

PATH = "/registry/ip/"
Behaviour = (
    int | tuple[int, int] | Literal["html", "truncated", "loop", "astray", "elsewhere", "smaller", "close", "entity"]
)


@dataclass(frozen=True)
class Registered:
    """One network: ``block`` in CIDR form, or ``FIRST-LAST``; ``up``: its answer links to the one around it, or to what is written there."""

    block: str
    registrant: str | None = None
    name: str = "EXAMPLE-NET"
    type: str = "DIRECT ALLOCATION"
    kind: str = "org"
    up: bool | str = False

    @property
    def ends(self) -> tuple[Any, Any]:
        """Its first and its last address."""
        if "/" in self.block:
            network = ip_network(self.block)
            return network.network_address, network.broadcast_address
        first, _, last = self.block.partition("-")
        return ip_address(first), ip_address(last)

    def holds(self, first: Any, last: Any) -> bool:
        """Whether it holds the whole range."""
        start, end = self.ends
        return bool(first.version == start.version and start <= first and last <= end)


@dataclass
class Registry:
    """``behaviours``: what is done, instead of answering, with a request for an address (``""``: with any).

    ``elsewhere``: blocks that another registry at that address holds. ``requests``: what was asked for, in order.
    """

    url: str = ""
    networks: list[Registered] = field(default_factory=list)
    elsewhere: dict[str, str] = field(default_factory=dict)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def find(self, asked: str) -> Registered | None:
        """The smallest network that holds the address or block ``asked``."""
        block = ip_network(asked)
        holding = [one for one in self.networks if one.holds(block.network_address, block.broadcast_address)]
        return min(holding, key=lambda one: int(one.ends[1]) - int(one.ends[0]), default=None)

    def above(self, network: Registered) -> Registered | None:
        """The smallest network around ``network``."""
        start, end = network.ends
        holding = [one for one in self.networks if one.ends != (start, end) and one.holds(start, end)]
        return min(holding, key=lambda one: int(one.ends[1]) - int(one.ends[0]), default=None)

    def document(self, network: Registered) -> dict[str, Any]:
        """The answer about ``network``."""
        start, end = (str(address) for address in network.ends)
        above = self.above(network)
        found: dict[str, Any] = {
            "objectClassName": "ip network",
            "rdapConformance": ["rdap_level_0"],
            "handle": f"NET-{start.replace('.', '-')}-1",
            "startAddress": start,
            "endAddress": end,
            "ipVersion": "v6" if ":" in start else "v4",
            "name": network.name,
            "type": network.type,
            "links": [{"rel": "self", "href": f"{self.url}{start}"}],
            "entities": [_contact("Example Abuse Desk"), _contact("Example Installers LLC")],
        }
        if above is not None:
            found["parentHandle"] = f"NET-{str(above.ends[0]).replace('.', '-')}-0"
            if network.up:
                href = network.up if isinstance(network.up, str) else f"{self.url}{above.block}"
                found["links"].append({"rel": "up", "href": href})
        if network.registrant:
            holder = _entity(network.registrant, network.kind, ["registrant"], "2001-01-01T00:00:00Z")
            holder["entities"] = [_contact("Example Engineers Inc")]
            found["entities"].append(holder)
        return found


def _contact(name: str) -> dict[str, Any]:
    return _entity(name, "org", ["technical", "abuse", "noc"], "2026-01-01T00:00:00Z")


def _entity(name: str, kind: str, roles: list[str], changed: str) -> dict[str, Any]:
    card = [["version", {}, "text", "4.0"], ["fn", {}, "text", name], ["kind", {}, "text", kind]]
    card.append(["adr", {"label": "1 Example Street"}, "text", ["", "", "", "", "", "", ""]])
    events = [{"eventAction": "last changed", "eventDate": changed}]
    return {
        "objectClassName": "entity",
        "handle": "EX-1",
        "roles": roles,
        "vcardArray": ["vcard", card],
        "events": events,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def do_GET(self) -> None:
        asked = self.path.removeprefix(PATH)
        self.registry.requests.append(asked)
        behaviours = self.registry.behaviours
        match behaviours.get(asked, behaviours.get("")):
            case None:
                self._look_up(asked)
            case (int(status), int(seconds)):
                self._send(status, {"errorCode": status}, {"Retry-After": str(seconds)})
            case int(status):
                self._send(status, {"errorCode": status})
            case "html":
                self._send_bytes(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
            case "truncated":
                self._send_bytes(200, b'{"objectClassName": "ip network", "startAddress": "1', {})
            case "loop" | "astray" as which:
                self._send(302, {}, {"Location": f"{self.registry.url}{asked}" if which == "loop" else "http://[x/"})
            case "elsewhere" | "smaller" as which:
                block = "11.0.0.0/24" if which == "elsewhere" else f"{ip_network(asked)[0]}/30"
                self._send(200, self.registry.document(Registered(block, "Somebody Else")))
            case "entity":
                self._send(200, {"objectClassName": "entity", "handle": "EX-1"})
            case "close":
                self.close_connection = True

    def _look_up(self, asked: str) -> None:
        block = ip_network(asked)
        for held, url in self.registry.elsewhere.items():
            other = ip_network(held)
            if block.version == other.version and block.subnet_of(other):  # type: ignore[arg-type]
                self._send(302, {}, {"Location": f"{url}{asked}"})
                return
        network = self.registry.find(asked)
        if network is None:
            self._send(404, {"errorCode": 404, "title": "Object not found"})
        else:
            self._send(200, self.registry.document(network))

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send_bytes(
            status, json.dumps(body).encode(), {"Content-Type": "application/rdap+json", **(headers or {})}
        )

    def _send_bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def serving(*networks: Registered) -> Iterator[Registry]:
    """A registry of ``networks`` on a free loopback port inside the block."""
    registry = Registry(networks=list(networks))
    server = _Server(("127.0.0.1", 0), type("_RegistryHandler", (_Handler,), {"registry": registry}))
    registry.url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
