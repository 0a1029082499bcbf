"""A small HTTP server on loopback that answers many clients at once, each as late as it is told, from one thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """One request; header names are small, ``at`` is the ``time.monotonic`` of its arrival."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True)
class Response:
    """One answer. ``cut``: half of it is sent, and the connection closed."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


Answer = Callable[[Request], Response]


class _Connection(asyncio.Protocol):
    """One client: its requests are answered one after the other."""

    def __init__(self, answer: Answer, latency: Callable[[], float], open_: set[asyncio.Transport]) -> None:
        self._answer, self._latency, self._open = answer, latency, open_
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(body) < int(headers.get("content-length", 0)):
            return
        self._got = b""
        method, target, _ = first.split(" ")
        parts = urlsplit(target)
        request = Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body, time.monotonic())
        asyncio.get_running_loop().call_later(self._latency(), self._send, self._answer(request))

    def _send(self, response: Response) -> None:
        if self._transport.is_closing():
            return
        headers = {"Content-Type": response.kind, "Content-Length": len(response.body), **response.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {response.status} Invented\r\n{lines}\r\n".encode("latin-1")
        self._transport.write(head + (response.body[: len(response.body) // 2] if response.cut else response.body))
        if response.cut:
            self._transport.close()


@contextmanager
def serving(answer: Answer, latency: Callable[[], float]) -> Iterator[str]:
    """Serve on a free loopback port inside the block, whose address it yields.

    ``answer`` is called at the arrival of a request; what it gives is sent ``latency`` seconds later.
    """
    loop = asyncio.new_event_loop()
    open_: set[asyncio.Transport] = set()
    server = loop.run_until_complete(
        loop.create_server(lambda: _Connection(answer, latency, open_), "127.0.0.1", 0, backlog=128)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, open_), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server, open_: set[asyncio.Transport]) -> None:
    server.close()
    for transport in list(open_):
        transport.abort()
    await server.wait_closed()
