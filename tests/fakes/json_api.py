"""What the invented REST APIs have in common: real HTTP on loopback, tokens that expire, and every way not to answer."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, urlsplit

Item = dict[str, Any]
Query = Mapping[str, str]
# "429": with both headers that say how long; "reset": with a date only; "mute": with none.
Fault = Literal["429", "reset", "mute", "500", "503", "html", "cut", "half", "401", "403", "404", "204", "null", "list"]
_BODIES = {"html": b"<html><body>Sign in</body></html>", "null": b"null", "list": b"[]", "204": b""}
_KINDS = {"html": "text/html"}


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; ``body`` is the text of it, ``at`` the ``time.monotonic`` of its arrival."""

    method: str
    path: str
    query: Query
    body: str
    token: str
    at: float


@dataclass(frozen=True)
class Reply:
    """An answer, JSON unless ``body`` is bytes."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Broken:
    part: str
    fault: Fault
    times: int
    after: int


@dataclass
class JsonApi:
    """An API while it serves. ``life``: how many seconds a token is said to be good for; ``calls_a_token``: after how
    many calls it is refused all the same; ``revoked``: nobody is let in any more.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    life: float = 3600.0
    calls_a_token: int = 1_000_000
    revoked: bool = False
    tokens: dict[str, int] = field(default_factory=dict)
    _broken: list[_Broken] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, part: str, fault: Fault, times: int = 1_000_000, *, after: int = 0) -> None:
        """Answer ``times`` requests whose path holds ``part`` with ``fault``, after ``after`` that are answered."""
        self._broken.append(_Broken(part, fault, times, after))

    def heal(self) -> None:
        """Answer everything again."""
        self._broken.clear()

    def paths(self, part: str = "") -> list[str]:
        """The paths that were asked for, in order, that hold ``part``."""
        return [one.path for one in self.asked if part in one.path]

    def issue(self) -> str:
        """A new token, of three parts, with when it expires."""
        with self._lock:
            claims = {"exp": int(time.time() + self.life), "unique_name": f"caller {len(self.tokens)}"}
            middle = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
            token = f"eyJhbGciOiJIUzI1NiJ9.{middle}.invented-signature-{len(self.tokens)}"
            self.tokens[token] = 0
        return token

    def lets_in(self, token: str) -> bool:
        """Whether a call with this token is answered; counted."""
        with self._lock:
            if self.revoked or token not in self.tokens or self.tokens[token] >= self.calls_a_token:
                return False
            self.tokens[token] += 1
            return True

    def fault(self, path: str) -> Fault | None:
        """The fault that is due for ``path``."""
        with self._lock:
            for broken in self._broken:
                if broken.part in path and broken.times > 0:
                    if broken.after > 0:
                        broken.after -= 1
                        return None
                    broken.times -= 1
                    return broken.fault
        return None

    def sign_in(self, asked: Asked) -> Reply | None:
        """The answer to a request that signs in; ``None`` for any other."""
        raise NotImplementedError

    def answer(self, asked: Asked) -> Reply:
        """The answer to a call that is let in."""
        raise NotImplementedError


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    api: JsonApi

    def do_GET(self) -> None:
        at = time.monotonic()
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = Asked(self.command, parts.path, query, body, token, at)
        self.api.asked.append(asked)
        fault = self.api.fault(parts.path)
        if fault is not None and fault not in {"cut", "half"}:
            self._fail(fault)
            return
        reply = self.api.sign_in(asked)
        if reply is None:
            reply = self.api.answer(asked) if self.api.lets_in(token) else Reply({"Message": f"No: {token}"}, 401)
        data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        sent = data[: len(data) // 2] if fault else data
        self._send(reply.status, sent, reply.headers, length=len(data) if fault == "cut" else len(sent))

    def do_POST(self) -> None:
        self.do_GET()

    def _fail(self, fault: Fault) -> None:
        headers: dict[str, str] = {}
        if fault in {"429", "reset", "mute"}:
            if fault != "mute":
                headers["X-RateLimit-Reset"] = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
            if fault == "429":
                headers["Retry-After"] = "7"
            self._send(429, b"{}", headers)
        elif fault in _BODIES:
            self._send(204 if fault == "204" else 200, _BODIES[fault], headers, kind=_KINDS.get(fault, ""))
        else:
            self._send(int(fault), b'{"Message": "No"}', headers)

    def _send(
        self, status: int, data: bytes, headers: Mapping[str, str], *, kind: str = "", length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
        self.close_connection = length not in {None, len(data)}

    def log_message(self, *_: object) -> None:
        return


A = TypeVar("A", bound=JsonApi)


@contextmanager
def serving(api: A) -> Iterator[A]:
    """Serve ``api`` on a free loopback port inside the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_ApiHandler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
