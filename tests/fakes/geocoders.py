"""Geocoders on loopback: the Census batch, Google and Nominatim, with real HTTP, invented coordinates, and faults.

Each finds the addresses that ``found`` says it finds, at coordinates that are made from the address. ``fail`` makes one
of them busy, broken, silent or odd.
"""

from __future__ import annotations

import csv
import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

KEY = "invented-key-Garnet-Plover-41"
CENSUS, GOOGLE, NOMINATIM = "census", "google", "nominatim"
_PATHS = {
    "/geocoder/locations/addressbatch": CENSUS,
    "/maps/api/geocode/json": GOOGLE,
    "/search": NOMINATIM,
}
Fault = Literal[
    # of any of them
    "500", "503", "429", "429 for hours", "400", "403", "html", "empty", "cut", "slow", "odd headers",
    # of the Census: of its answer's rows
    "unknown id", "twice", "half",
    # of Google: its statuses
    "REQUEST_DENIED", "OVER_DAILY_LIMIT", "OVER_QUERY_LIMIT", "UNKNOWN_ERROR", "INVALID_REQUEST",
]  # fmt: skip
_GOOGLE_STATUSES = {"REQUEST_DENIED", "OVER_DAILY_LIMIT", "OVER_QUERY_LIMIT", "UNKNOWN_ERROR", "INVALID_REQUEST"}
Predicate = Callable[[str], bool]


def always(_: str) -> bool:
    return True


def never(_: str) -> bool:
    return False


def coordinates(address: str) -> tuple[float, float]:
    """Latitude and longitude of an address, somewhere in the middle of the country, to six places."""
    random = Random(sha256(" ".join(address.lower().split()).encode()).hexdigest())
    return round(random.uniform(30, 45), 6), round(random.uniform(-120, -75), 6)


@dataclass
class _Broken:
    endpoint: str
    fault: Fault
    times: int


@dataclass
class Geocoders:
    """The servers while they serve. What an address is for them: ``found``, one of several (``tie``), left out of the
    Census's answer (``missing``), found in part by Google (``partial``), or found by it as its state only (``vague``).

    ``fallback_found``: what Google and Nominatim find. ``requests``: how many came, by endpoint; ``asked``: the
    addresses in the order of arrival; ``agents``: the User-Agents; ``shuffled``: the Census answers in any order.
    """

    found: Predicate = always
    fallback_found: Predicate = always
    tie: Predicate = never
    missing: Predicate = never
    partial: Predicate = never
    vague: Predicate = never
    shuffled: bool = True
    root: str = ""
    key: str = KEY
    requests: Counter[str] = field(default_factory=Counter)
    asked: dict[str, list[str]] = field(default_factory=lambda: {CENSUS: [], GOOGLE: [], NOMINATIM: []})
    agents: set[str] = field(default_factory=set)
    broken: list[_Broken] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a job that asks the Census only; ``GEOCODER_FALLBACK`` and a key are for the test to add."""
        urls = {name: f"{self.root}{path}" for path, name in _PATHS.items()}
        return {
            "CENSUS_GEOCODER_URL": urls[CENSUS],
            "GOOGLE_GEOCODER_URL": urls[GOOGLE],
            "NOMINATIM_URL": urls[NOMINATIM],
        }

    def fail(self, endpoint: str, fault: Fault, times: int = 1_000_000) -> None:
        """Do ``fault`` with the next ``times`` requests of ``endpoint``."""
        self.broken.append(_Broken(endpoint, fault, times))

    def mend(self) -> None:
        """From here on nothing fails."""
        self.broken.clear()

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests.clear()
        for asked in self.asked.values():
            asked.clear()

    def takes(self, endpoint: str) -> Fault | None:
        """The fault that is due."""
        with self.lock:
            self.requests[endpoint] += 1
            for broken in self.broken:
                if broken.endpoint == endpoint and broken.times > 0:
                    broken.times -= 1
                    return broken.fault
        return None

    def batch(self, document: str, fault: Fault | None) -> bytes:
        """The Census's answer to the rows of ``document``."""
        made: list[tuple[str, ...]] = []
        for number, street, city, state, zip_code in csv.reader(io.StringIO(document)):
            address = f"{street}, {city}, {state}" + (f" {zip_code}" if zip_code else "")
            self.asked[CENSUS].append(address)
            given = (number, f"{street}, {city}, {state}, {zip_code}")
            if self.tie(address):
                made.append((*given, "Tie"))
            elif not self.found(address):
                made.append((*given, "No_Match"))
            elif not self.missing(address):
                latitude, longitude = coordinates(address)
                matched = f"{street.upper()}, {city.upper()}, {state}, 00000"
                made.append((*given, "Match", "Exact", matched, f"{longitude},{latitude}", "123456789", "L"))
        if self.shuffled:
            Random(len(made)).shuffle(made)
        match fault:
            case "unknown id":
                made.append(("4711", "9 Elsewhere St, Nowhere, ZZ, ", "No_Match"))
            case "twice":
                made.append(made[0])
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(made)
        body = text.getvalue().encode()
        return body[: len(body) // 2] if fault == "half" else body

    def google(self, query: dict[str, list[str]], fault: Fault | None) -> dict[str, Any]:
        """Google's answer."""
        address = query["address"][0]
        self.asked[GOOGLE].append(address)
        if fault in _GOOGLE_STATUSES or query["key"] != [self.key]:
            said = fault or "REQUEST_DENIED"
            return {"status": said, "results": [], "error_message": f"No luck with {query['key'][0]} and {address}"}
        if not self.fallback_found(address):
            return {"status": "ZERO_RESULTS", "results": []}
        latitude, longitude = coordinates(address)
        kinds = ["administrative_area_level_1", "political"] if self.vague(address) else ["street_address"]
        result: dict[str, Any] = {
            "formatted_address": f"{address}, USA",
            "geometry": {"location": {"lat": latitude, "lng": longitude}, "location_type": "ROOFTOP"},
            "place_id": f"invented-{sha256(address.encode()).hexdigest()[:12]}",
            "types": kinds,
        }
        if self.partial(address) or self.vague(address):
            result["partial_match"] = True
        return {"status": "OK", "results": [result]}

    def nominatim(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Nominatim's answer."""
        address = query["q"][0]
        self.asked[NOMINATIM].append(address)
        if query["format"] != ["jsonv2"] or query["countrycodes"] != ["us"] or not self.fallback_found(address):
            return []
        latitude, longitude = (str(each) for each in coordinates(address))
        place = {"place_id": 1, "osm_type": "way", "osm_id": 4711, "lat": latitude, "lon": longitude}
        return [{**place, "category": "building", "type": "yes", "addresstype": "building", "display_name": address}]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    geocoders: Geocoders
    _headers_buffer: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self._begin(CENSUS)
        if fault is not None and self._failed(fault):
            return
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts: dict[Any, Any] = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        }
        if parts.get("benchmark") != b"Public_AR_Current" or not parts.get("addressFile"):
            self._send(400, b"no benchmark or no file", "text/plain")
            return
        self._send(200, self.geocoders.batch(parts["addressFile"].decode(), fault), "text/csv", cut=fault == "cut")

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        endpoint = _PATHS[address.path]
        fault = self._begin(endpoint)
        if fault is not None and self._failed(fault):
            return
        query = parse_qs(address.query)
        found: Any = self.geocoders.google(query, fault) if endpoint == GOOGLE else self.geocoders.nominatim(query)
        self._send(200, json.dumps(found).encode(), "application/json", cut=fault == "cut", odd=fault == "odd headers")

    def _begin(self, endpoint: str) -> Fault | None:
        assert _PATHS[urlsplit(self.path).path] == endpoint
        self.geocoders.agents.add(self.headers["User-Agent"])
        return self.geocoders.takes(endpoint)

    def _failed(self, fault: Fault) -> bool:
        """Whether ``fault`` was the whole answer."""
        match fault:
            case "html":
                self._send(200, b"\n<html><body>Please log in</body></html>", "text/html; charset=utf-8")
            case "empty":
                self._send(200, b"", "text/csv")
            case "429":
                self._send(429, b"{}", "application/json", after=1)
            case "429 for hours":
                self._send(429, b"{}", "application/json", after=7200)
            case "500" | "503" | "400" | "403":
                self._send(int(fault), b"{}", "application/json")
            case "slow":
                self.geocoders.ended.wait()
                self.close_connection = True
            case _:
                return False
        return True

    def _send(
        self, status: int, body: bytes, kind: str, *, after: int | None = None, cut: bool = False, odd: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if after is not None:
            self.send_header("Retry-After", str(after))
        if odd:
            self.wfile.write(b"".join(self._headers_buffer) + b"this is no header\r\n")
            self._headers_buffer = []
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut

    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def serving(**what: Any) -> Iterator[Geocoders]:
    """The three on a free loopback port inside the block; ``what``: fields of ``Geocoders``."""
    geocoders = Geocoders(**what)
    server = _Server(("127.0.0.1", 0), type("_GeocodersHandler", (_Handler,), {"geocoders": geocoders}))
    geocoders.root = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield geocoders
    finally:
        geocoders.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
