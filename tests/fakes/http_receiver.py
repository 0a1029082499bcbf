"""A real HTTP server on loopback that stands for ntfy, a Slack-shaped webhook and a healthchecks server.

It records every request. How it answers is decided by path prefix: a status, silence, one byte a second, or a
connection that is closed without a word.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Behaviour = int | Literal["hang", "drip", "close"]


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """``behaviours`` maps path prefixes to what is done there; the default is 200 with a body fit for ntfy."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        """``HOST:PORT``."""
        return self.url.removeprefix("http://")

    def on(self, prefix: str) -> list[Request]:
        """The requests whose path begins with ``prefix``, in order of arrival."""
        return [request for request in self.requests if request.path.startswith(prefix)]

    def behaviour(self, path: str) -> Behaviour:
        """What is to be done with a request for ``path``; the longest prefix counts."""
        prefixes = [prefix for prefix in self.behaviours if path.startswith(prefix)]
        return self.behaviours[max(prefixes, key=len)] if prefixes else 200

    def wait_for(self, prefix: str, count: int = 1, *, seconds: float = 20) -> list[Request]:
        """The requests below ``prefix`` as soon as there are ``count``; AssertionError when they do not come."""
        deadline = time.monotonic() + seconds
        while len(found := self.on(prefix)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} requests for {prefix} arrived"
            time.sleep(0.02)
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        receiver = self.receiver
        receiver.requests.append(Request(self.command, self.path, dict(self.headers), body))
        match receiver.behaviour(self.path):
            case "hang":
                receiver.stopping.wait()
                self.close_connection = True
            case "drip":
                self._drip()
            case "close":
                self.close_connection = True
            case int(status):
                self._answer(status)

    do_GET = do_POST = do_PUT = do_HEAD = _serve  # noqa: N815  (the names the base class looks for)

    def _answer(self, status: int) -> None:
        answer = json.dumps({"id": "1", "event": "message"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.close_connection = True
        while not self.receiver.stopping.wait(1):
            try:
                self.wfile.write(b".")
                self.wfile.flush()
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        return  # a client that was killed while it waited is what is being tested


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve on a free loopback port inside the block."""
    receiver = Receiver()
    handler = type("_ReceiverHandler", (_Handler,), {"receiver": receiver})
    server = _Server(("127.0.0.1", 0), handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
