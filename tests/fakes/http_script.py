"""A real HTTP server on loopback that answers by a script: each request takes the next reply, the last one stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """One answer. ``cut``: the connection is closed when half the body is out. ``{url}`` in a header: the server's."""

    body: bytes | str = b"[]"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    cut: bool = False


@dataclass
class Script:
    """``asked``: the paths, with their queries, in the order of arrival; ``seen``: the headers of each; ``bodies``: what was
    sent with them; ``connections``: from where.
    """

    replies: list[Reply]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: set[tuple[str, int]] = field(default_factory=set)


@contextmanager
def answering(*replies: Reply) -> Iterator[Script]:
    """Serve on a free loopback port inside the block."""
    script = Script(list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = script.replies[min(len(script.asked), len(script.replies) - 1)]
            script.asked.append(self.path)
            script.seen.append(dict(self.headers))
            script.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            script.connections.add(self.client_address)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in reply.headers.items():
                self.send_header(name, value.replace("{url}", script.url))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if reply.cut else body)
            self.close_connection = reply.cut

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
