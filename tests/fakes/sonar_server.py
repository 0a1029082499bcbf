"""Sonar of an invented provider, on loopback: REST v1 with Basic, the web application's JSON behind its login, and every
way not to answer (facts of BDC 1).

``python -m tests.fakes.sonar_server CUSTOMERS LATENCY`` serves it in a process of its own and prints its address.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tests.fakes import loop_server, sonar_payloads
from tests.fakes.loop_server import Request, Response
from tests.fakes.sonar_login import PASSWORD, USER, Logins
from tests.fakes.sonar_people import Spec, Subscriber, equipment, equipment_of, pieces, subscriber

_REPORT = "/reports/accounts/contact_information/json"
_V1 = "/api/v1/"
_BASIC = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
# "held": 429 with Retry-After; "labelled": data that is said to be a page; "short": a page without its last item; "moved": a page that says another total.
Fault = Literal[
    "held",
    "429",
    "500",
    "503",
    "html",
    "labelled",
    "empty",
    "cut",
    "401",
    "403",
    "404",
    "419",
    "short",
    "moved",
    "null",
]


@dataclass
class _Broken:
    part: str
    fault: Fault
    times: int
    after: int


@dataclass
class Sonar:
    """The fake while it serves. ``changed``: accounts that are not as they were made; ``absent``: ids that the report
    has no row of; ``vanished``: ids that the report has, and of which there is no account.

    ``asked``: all requests, ``counts``: how many of each kind; ``latency``: seconds before an answer;
    ``retry_after``: what a busy server says; ``edit``: called with the rows of the report before they are sent.
    """

    spec: Spec
    url: str = ""
    latency: float = 0.0
    retry_after: str = "1"
    logins: Logins = field(default_factory=Logins)
    changed: dict[int, Subscriber] = field(default_factory=dict)
    absent: set[int] = field(default_factory=set)
    vanished: set[int] = field(default_factory=set)
    bare: bool = False
    asked: list[Request] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    keep_asked: bool = True
    rows: list[list[Any]] | None = None
    _broken: list[_Broken] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a job that asks it."""
        return {
            "SONAR_HOST": self.url.removeprefix("http://"), "SONAR_PROTOCOL": "http", "SONAR_USERNAME": USER,
            "SONAR_PASSWORD": PASSWORD,
        }  # fmt: skip

    def fail(self, part: str, fault: Fault, times: int = 1_000_000, *, after: int = 0) -> None:
        """Answer ``times`` requests whose path holds ``part`` with ``fault``, after ``after`` that are answered.

        A path is told with its page: ``inventory/items?page=2``.
        """
        self._broken.append(_Broken(part, fault, times, after))

    def heal(self) -> None:
        """Answer everything again."""
        self._broken.clear()

    def paths(self, part: str = "") -> list[str]:
        """The paths that were asked for, in order, that hold ``part``."""
        return [one.path for one in self.asked if part in one.path]

    def account(self, id_: int) -> Subscriber:
        """The account as it is."""
        return self.changed.get(id_) or subscriber(id_, odd=self.spec.odd)

    def report(self) -> list[list[Any]]:
        """The rows of the contact report."""
        if self.rows is not None:
            return self.rows
        found = []
        for n, id_ in enumerate(one for one in self.spec.ids if one not in self.absent):
            one = self.account(id_)
            found.append(sonar_payloads.row(one, self.spec.layout))
            if n < self.spec.repeated:
                again = replace(one, line2=None, latitude=None) if n % 2 else one
                found.append(sonar_payloads.row(again, self.spec.layout))
        return found

    def answer(self, request: Request) -> Response:
        """The answer to a request."""
        kind = request.path.rpartition("/")[2] if not request.path.endswith("/json") else "json"
        self.counts["report" if request.path == _REPORT else kind] += 1
        if self.keep_asked:
            self.asked.append(request)
        fault = self._fault(f"{request.path}?page={request.query.get('page', '')}")
        if fault is not None and fault not in {"cut", "short", "moved"}:
            return self._failure(fault)
        signing = self.logins.answer(request)
        if signing is not None:
            return signing
        found = self._v1(request, fault) if request.path.startswith(_V1) else self._web(request)
        return replace(found, cut=fault == "cut")

    def _web(self, request: Request) -> Response:
        refusal = self.logins.refusal(request)
        if refusal is not None:
            return refusal
        if request.path == _REPORT:
            rows = self.report()
            return _json(rows if self.bare else {"data": rows})
        match request.path.strip("/").split("/"):
            case ["accounts", id_, "json"] if id_.isdecimal() and int(id_) in self.spec.ids:
                if int(id_) in self.vanished:
                    return _error(404, "No item with that ID")
                return _json(sonar_payloads.account(self.account(int(id_)), self.spec.padding))
        return _error(404, "Not found")

    def _v1(self, request: Request, fault: Fault | None) -> Response:
        if request.headers.get("authorization") != _BASIC:
            return _error(401, f"No: {request.headers.get('authorization')}")
        path = request.path.removeprefix(_V1)
        if path == "_data/version":
            return _json({"data": {"version": "0.8.14"}})
        limit, page = int(request.query.get("limit", "100")), int(request.query.get("page", "1"))
        found = self._list(path, (page - 1) * limit, limit)
        if found is None:
            return _error(404, {"id": "No item with that ID"})
        items, total = found
        if fault == "short":
            items = items[:-1]
        total += fault == "moved"
        paginator = {
            "total_count": total,
            "total_pages": max(1, -(-total // limit)),
            "current_page": page,
            "limit": limit,
        }
        return _json(items if self.bare else {"data": items, "paginator": paginator})

    def _list(self, path: str, start: int, size: int) -> tuple[list[Any], int] | None:
        """The items of a page, and how many there are on all pages."""
        match path.split("/"):
            case ["inventory", "items"]:
                total = pieces(self.spec)
                some = (equipment(self.spec, index) for index in range(start, min(start + size, total)))
                return [sonar_payloads.item(one, owned=True) for one in some], total
            case ["accounts"]:
                ids = self.spec.ids[start : start + size]
                return [{"id": id_, "name": self.account(id_).name} for id_ in ids], len(self.spec.ids)
            case ["accounts", id_, "inventory_items"] if id_.isdecimal() and int(id_) in self.spec.ids:
                found = [sonar_payloads.item(one, owned=False) for one in equipment_of(self.spec, int(id_))]
                return found[start : start + size], len(found)
        some_list = sonar_payloads.lists().get(path)
        return None if some_list is None else (some_list[start : start + size], len(some_list))

    def _fault(self, target: str) -> Fault | None:
        for broken in self._broken:
            if broken.part in target and broken.times > 0:
                if broken.after > 0:
                    broken.after -= 1
                    return None
                broken.times -= 1
                return broken.fault
        return None

    def _failure(self, fault: Fault) -> Response:
        match fault:
            case "held":
                return replace(_error(429, "Slow down"), headers={"Retry-After": self.retry_after})
            case "html":
                return Response(b"<html><body>One moment</body></html>", kind="text/html")
            case "labelled":
                return Response(b'{"account": null}', kind="text/html")
            case "empty" | "null":
                return Response(b"" if fault == "empty" else b"null")
        return _error(int(fault), "No")


def _json(body: Any) -> Response:
    return Response(json.dumps(body).encode())


def _error(status: int, message: Any) -> Response:
    return replace(_json({"error": {"message": message, "status_code": status}}), status=status)


@contextmanager
def serving(spec: Spec | None = None, *, latency: float = 0.0) -> Iterator[Sonar]:
    """Serve the provider of ``spec`` on a free loopback port inside the block."""
    fake = Sonar(spec or Spec(), latency=latency)
    with loop_server.serving(fake.answer, lambda: fake.latency) as url:
        fake.url = url
        yield fake


def main(customers: str, latency: str) -> None:
    """Serve until standard input ends; then print how many requests of each kind there were."""
    with serving(Spec(customers=int(customers), padding=20_000), latency=float(latency)) as fake:
        fake.keep_asked = False
        print(fake.url, flush=True)
        sys.stdin.read()
        print(json.dumps(fake.counts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
