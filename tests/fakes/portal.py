"""The broker's portal on loopback: a login form with a token and a session cookie, an overview that can be CSV.

Like the real thing it answers 200 whatever happens: a wrong password, or no session, gets the login form again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "a@example.com", "plover-Quartz-93"
_TOKEN, _SESSION = "token-4711", "session-0815"
_QUERY = {"search_filter_term": ["none"], "search_display_term": ["all_orders"], "output": ["csvfile"]}
_FORM = """<!doctype html><html><head><title>Login</title></head><body>
<form action="/search" method="get"><input name="q" type="text"></form>
<form action="{action}" method="post"><input type="hidden" name="_token" value="{token}">
<input name="email" type="email"><input name="password" type="password"><button>Log in</button></form></body></html>"""


@dataclass
class Portal:
    """``export``: the CSV; ``status`` of its answer; ``action``: where the form leads; ``cut``: half the CSV is sent."""

    export: bytes
    url: str = ""
    action: str = "/login"
    form: str = _FORM
    status: int = 200
    cut: bool = False
    asked: list[str] = field(default_factory=list)

    def settings(self, password: str = PASSWORD) -> dict[str, str]:
        return {
            "TRACKING_PORTAL_URL": f"{self.url}/login",
            "TRACKING_PORTAL_EXPORT_URL": f"{self.url}/overview",
            "TRACKING_PORTAL_USERNAME": USER,
            "TRACKING_PORTAL_PASSWORD": password,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    portal: Portal

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.portal.asked.append(f"GET {parts.path}")
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        known = cookie is not None and cookie.value == _SESSION
        if parts.path == "/overview" and known and parse_qs(parts.query) == _QUERY:
            self._answer(self.portal.export, "text/csv", status=self.portal.status, cut=self.portal.cut)
        else:
            self._login_page()

    def do_POST(self) -> None:
        self.portal.asked.append(f"POST {self.path}")
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        right = {"_token": [_TOKEN], "email": [USER], "password": [PASSWORD]}
        if sent == right:
            self._answer(b"<html>Welcome</html>", "text/html", cookie=f"session={_SESSION}; HttpOnly")
        else:
            self._login_page()

    def _login_page(self) -> None:
        page = self.portal.form.format(action=self.portal.action, token=_TOKEN)
        self._answer(page.encode(), "text/html")

    def _answer(self, body: bytes, kind: str, *, status: int = 200, cookie: str = "", cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = cut

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def serving(export: bytes) -> Iterator[Portal]:
    """Serve on a free loopback port inside the block."""
    portal = Portal(export)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("_PortalHandler", (_Handler,), {"portal": portal}))
    server.daemon_threads = True
    portal.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
