"""The device API, invented and real on loopback: three organisations, their networks, devices, uplinks and stock.

The same ``Spec`` makes the same devices; stores are named as ``tracking_csv`` names them and have its circuits' lines.
The API pages by ``Link`` header, wants its key, counts requests and answers 429 above ten a second an organisation,
as the real one does (facts 2.7). ``Api.fail`` makes it busy, broken, cut off or half.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes import tracking_csv

Item = dict[str, Any]
Fault = Literal["429", "429 without a word", "500", "html", "cut", "half", "401", "400"]
KEY = "invented-key-Onyx-Quartz-77"
PREFIX = "/api/v1"
_RATE, _BURST = 10, 10
_STOCK_EVERY = 60  # one device in so many is not assigned to a network
_HA_EVERY = 100  # one appliance in so many is the second of a pair
_MODELS = {
    "appliance": ("MX67", "MX67C-NA", "MX68", "MX75", "MX84", "Z3"),
    "switch": tuple(f"MS{series}-{ports}{kind}" for series in (120, 125, 210, 220, 225, 250, 350)
                    for ports in (8, 24, 48) for kind in ("", "P", "LP")),
    "wireless": ("MR33", "MR36", "MR44", "MR46", "CW9162I"),
    "camera": ("MV12W", "MV2"),
}  # fmt: skip
_STATUSES = ("online",) * 40 + ("alerting", "offline", "dormant")


@dataclass(frozen=True)
class Spec:
    """How many of each there are; the first organisation has all stores, whose lines are those of ``tracking``."""

    appliances: int = 12
    networks: int = 18
    devices: int = 60
    organizations: int = 3
    tracking: tracking_csv.Spec = field(default_factory=lambda: tracking_csv.Spec(circuits=24, oddities=False))
    seed: int = 1


LARGE = Spec(1330, 1413, 13_100, tracking=tracking_csv.Spec(circuits=2800, oddities=False, addresses="198.18.0.0/16"))


@dataclass
class Organization:
    """What one organisation has, as the endpoints give it, by serial or id."""

    id: str
    name: str
    networks: list[Item] = field(default_factory=list)
    devices: dict[str, Item] = field(default_factory=dict)
    stock: dict[str, Item] = field(default_factory=dict)
    uplinks: dict[str, Item] = field(default_factory=dict)
    availabilities: dict[str, Item] = field(default_factory=dict)

    def remove(self, serial: str) -> None:
        """Take a device out of everything."""
        for table in (self.devices, self.stock, self.uplinks, self.availabilities):
            table.pop(serial, None)

    def items(self, path: str, query: dict[str, list[str]]) -> list[Item] | None:
        """All items of an endpoint; ``None`` where there is no such endpoint."""
        kinds = query.get("productTypes[]")
        match path:
            case "networks":
                return self.networks
            case "devices":
                return [item for item in self.devices.values() if not kinds or item["productType"] in kinds]
            case "inventory/devices":
                return list(self.stock.values())
            case "appliance/uplink/statuses":
                return list(self.uplinks.values())
            case "devices/availabilities":
                return [item for item in self.availabilities.values() if not kinds or item["productType"] in kinds]
        return None


_MOST = {"networks": 100_000, "devices": 5000, "organizations": 9000}


def world(spec: Spec) -> list[Organization]:
    """The organisations of ``spec``."""
    random = Random(spec.seed)
    made = [Organization(str(700100 + number), f"Example Stores {number + 1}") for number in range(spec.organizations)]
    extra = [
        _share(spec.networks - spec.appliances, spec.organizations, number) for number in range(spec.organizations)
    ]
    circuits = tracking_csv.rows(spec.tracking)
    serial = _serials()
    first = made[0]
    for number in range(spec.appliances):
        second = number % _HA_EVERY == _HA_EVERY - 1
        store = number - 1 if second else number
        if not second:
            _add_network(first, f"N_{store:06d}", tracking_csv.site(store))
        _add_appliance(first, next(serial), store, circuits[2 * store : 2 * store + 2], random, spare=second)
    spares = spec.appliances // _HA_EVERY
    for organization, count in zip(made, extra, strict=True):
        for number in range(count + (spares if organization is first else 0)):
            name = ("Phoenix Hub", "Test Lab", "Warehouse")[number % 3]
            _add_network(organization, f"N_{organization.id}_{number:03d}", f"{name} {number // 3 + 1}")
    left = spec.devices - spec.appliances
    for organization, share in zip(made, (0.8, 0.12, 0.08, *[0.0] * spec.organizations), strict=False):
        count = round(left * share) if organization is not made[-1] else spec.devices - sum(len(o.stock) for o in made)
        for number in range(count):
            _add_device(organization, next(serial), number, random)
    return made


def _share(total: int, parts: int, number: int) -> int:
    return total // parts + (number < total % parts)


def _serials() -> Iterator[str]:
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    number = 0
    while True:
        number += 1
        digits = "".join(alphabet[number * 7919 // 32**place % 32] for place in range(8))
        yield f"Q2XX-{digits[:4]}-{digits[4:]}"


def _add_network(organization: Organization, network: str, name: str) -> None:
    organization.networks.append({
        "id": network, "organizationId": organization.id, "name": name,
        "productTypes": ["appliance", "switch"], "timeZone": "America/Phoenix", "tags": ["stores"], "notes": "",
        "isBoundToConfigTemplate": False,
    })  # fmt: skip


def _device(serial: str, model: str, kind: str, network: str, name: str, number: int) -> Item:
    return {
        "serial": serial, "model": model, "mac": f"02:00:{number >> 24:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        "name": name, "networkId": network, "productType": kind, "tags": [], "notes": "", "lanIp": "10.0.0.2",
        "firmware": "wired-18-107-2", "address": "", "lat": 0.0, "lng": 0.0, "details": [], "url": "",
    }  # fmt: skip


def _stocked(device: Item, number: int) -> Item:
    """The same device as the inventory gives it: without notes, address and firmware."""
    names = ("serial", "model", "mac", "name", "networkId", "productType", "tags", "details")
    known = {name: device[name] for name in names}
    return {**known, "orderNumber": f"5S{number % 9000:06d}", "claimedAt": "2024-03-04T05:06:07Z",
            "licenseExpirationDate": None, "countryCode": "US"}  # fmt: skip


def _add_appliance(
    organization: Organization, serial: str, store: int, lines: list[tracking_csv.Row], random: Random, *, spare: bool
) -> None:
    number = len(organization.devices)
    model = random.choice(_MODELS["appliance"])
    device = _device(serial, model, "appliance", f"N_{store:06d}", f"{tracking_csv.site(store)} MX", number)
    said = [
        f"WAN{slot}: {line['provider_name']} {line['details_ordered_service_speed']}"
        for slot, line in enumerate(lines, 1)
    ]
    device.update(notes="\n".join(said), tags=["store", random.choice(("east", "west"))])
    organization.devices[serial] = device
    organization.stock[serial] = _stocked(device, number)
    organization.uplinks[serial] = {
        "networkId": device["networkId"], "serial": serial, "model": model,
        "highAvailability": {"enabled": spare, "role": "spare" if spare else "primary"},
        "lastReportedAt": "2026-11-22T08:09:10Z",
        "uplinks": [_uplink(slot, line, random) for slot, line in enumerate(lines, 1)],
    }  # fmt: skip
    organization.availabilities[serial] = {
        "serial": serial, "name": device["name"], "mac": device["mac"], "network": {"id": device["networkId"]},
        "productType": "appliance", "status": random.choice(_STATUSES), "tags": device["tags"],
    }  # fmt: skip


def _uplink(slot: int, line: tracking_csv.Row, random: Random) -> Item:
    """An uplink with the circuit's address, or one behind a cellular gateway where the circuit has none."""
    public = line["ip_address_start"]
    return {
        "interface": f"wan{slot}", "status": "active" if slot == 1 else random.choice(("ready", "active", "failed")),
        "ip": public or f"192.168.{slot}.2", "gateway": "192.0.2.1", "publicIp": public or "203.0.113.250",
        "primaryDns": "192.0.2.53", "secondaryDns": None, "ipAssignedBy": "static" if public else "dhcp",
    }  # fmt: skip


def _add_device(organization: Organization, serial: str, number: int, random: Random) -> None:
    kind = random.choice(("switch", "switch", "wireless", "camera"))
    stocked = number % _STOCK_EVERY == _STOCK_EVERY - 1 or not organization.networks
    network = None if stocked else organization.networks[number % len(organization.networks)]["id"]
    device = _device(serial, random.choice(_MODELS[kind]), kind, network or "", f"{kind} {number}", number)
    device["tags"] = [f"floor-{number % 3}"]
    if network is not None:
        organization.devices[serial] = device
    organization.stock[serial] = {**_stocked(device, number), "networkId": network}


@dataclass
class _Broken:
    part: str
    fault: Fault
    times: int


@dataclass
class Api:
    """The API while it serves. ``requests``: paths with their queries in the order of arrival; ``times``: of each
    request's arrival and of its answer, as ``time.monotonic`` has them; ``rate``: how many a second it bears."""

    organizations: list[Organization]
    url: str = ""
    requests: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    refused: int = 0
    broken: list[_Broken] = field(default_factory=list)
    key: str = KEY
    rate: float = _RATE
    lock: threading.Lock = field(default_factory=threading.Lock)
    buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    pages: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a job that asks it."""
        return {"MERAKI_API_URL": self.url, "MERAKI_API_KEY": KEY, "MERAKI_ORGANIZATION": self.organizations[0].id}

    def fail(self, part: str, fault: Fault, times: int = 1_000_000) -> None:
        """Answer the next ``times`` requests whose address holds ``part`` with ``fault``."""
        self.broken.append(_Broken(part, fault, times))

    def changed(self) -> None:
        """To be called after a change of ``organizations``, whose pages are kept."""
        self.pages.clear()

    def takes(self, path: str) -> Fault | None:
        """The fault that is due for ``path``."""
        with self.lock:
            for broken in self.broken:
                if broken.part in path and broken.times > 0:
                    broken.times -= 1
                    return broken.fault
        return None

    def is_over_budget(self, organization: str) -> bool:
        """Whether this request is one too many for the organisation."""
        with self.lock:
            now = time.monotonic()
            tokens, at = self.buckets.get(organization, (float(_BURST), now))
            tokens = min(float(_BURST), tokens + (now - at) * self.rate)
            self.buckets[organization] = (tokens - (tokens >= 1), now)
            self.refused += tokens < 1
            return tokens < 1

    def answer(self, path: str, query: dict[str, list[str]]) -> list[Item] | None:
        """All items that ``path`` has."""
        if path == "organizations":
            return [{"id": o.id, "name": o.name, "url": "", "api": {"enabled": True}} for o in self.organizations]
        _, _, rest = path.partition("/")
        wanted, _, endpoint = rest.partition("/")
        organization = next((o for o in self.organizations if o.id == wanted), None)
        return None if organization is None else organization.items(endpoint, query)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    api: Api

    def do_GET(self) -> None:
        self.api.times.append(time.monotonic())
        self._answer()
        self.api.times.append(time.monotonic())

    def _answer(self) -> None:
        api = self.api
        parts = urlsplit(self.path)
        path, query = parts.path.removeprefix(f"{PREFIX}/"), parse_qs(parts.query)
        api.requests.append(self.path.removeprefix(PREFIX))
        fault = api.takes(self.path)
        if fault is not None and fault not in {"cut", "half"}:
            self._fault(fault)
        elif self.headers.get("Authorization") != f"Bearer {api.key}":
            self._send(401, {"errors": ["Invalid API key"]})
        elif path != "organizations" and api.is_over_budget(path.split("/")[1]):
            self._send(429, {"errors": ["API rate limit exceeded for organization"]}, {"Retry-After": "1"})
        else:
            self._page(path, query, fault)

    def _page(self, path: str, query: dict[str, list[str]], fault: Fault | None) -> None:
        if self.path not in self.api.pages:
            items = self.api.answer(path, query)
            if items is None:
                self._send(404, {"errors": ["Not found"]})
                return
            most = _MOST.get(path.rpartition("/")[2] if path.count("/") < 3 else path, 1000)
            size = int(query.get("perPage", ["1000"])[0])
            if not 3 <= size <= most:
                self._send(400, {"errors": [f"perPage must be between 3 and {most}"]})
                return
            start = int(query.get("startingAfter", ["0"])[0])
            after = start + size if start + size < len(items) else 0
            self.api.pages[self.path] = (json.dumps(items[start : start + size]).encode(), after)
        body, after = self.api.pages[self.path]
        links = [f"<{self.api.url}/{path}?perPage=3>; rel=first"]
        if after:
            onward = urlencode({**query, "startingAfter": after}, doseq=True)
            links.append(f"<{self.api.url}/{path}?{onward}>; rel=next")
        headers = {"Link": ", ".join(links)}
        if fault == "half":
            body = body[: len(body) // 2]
        self._send(200, body, headers, cut=fault == "cut")

    def _fault(self, fault: Fault) -> None:
        answers: dict[str, Callable[[], None]] = {
            "429": lambda: self._send(429, {"errors": ["API rate limit exceeded"]}, {"Retry-After": "1"}),
            "html": lambda: self._send(200, b"<html><body>Sign in</body></html>", kind="text/html"),
        }
        answers.get(fault, lambda: self._send(int(fault[:3]), {"errors": ["No"]}))()

    def _send(
        self,
        status: int,
        body: Any,
        headers: dict[str, str] | None = None,
        *,
        kind: str = "application/json",
        cut: bool = False,
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        self.wfile.flush()
        self.close_connection = cut

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def serving(spec: Spec | None = None) -> Iterator[Api]:
    """Serve the world of ``spec`` on a free loopback port inside the block."""
    api = Api(world(spec or Spec()))
    handler = type("_MerakiHandler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_address[1]}{PREFIX}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
