"""The report server of FMS on loopback: five CSV reports over plain HTTP, and every way not to send one (facts 1.0).

Its addresses hold a key, as the real ones do; without it the server answers like the real thing: 200, and a login page.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlencode, urlsplit

KEY = "plover-Quartz-93"
ERROR_PAGE = b"<html><head><title>Error</title></head><body>The report could not be executed.</body></html>"
REPORTS = {
    "vehicles": ("active_vehicles.rpt", "FMS_VEHICLES_CSV_URL"),
    "media_partners": ("media_partners.rpt", "FMS_PARTNERS_CSV_URL"),
    "loan_history": ("loan_history.rpt", "FMS_LOAN_HISTORY_CSV_URL"),
    "current_activity": ("current_vehicle_activity.rpt", "FMS_CURRENT_ACTIVITY_CSV_URL"),
    "approved_makes": ("approved_makes.rpt", "FMS_APPROVED_MAKES_CSV_URL"),
}
_FOLDER = "/example fleet/exports"
_PATIENCE = 30.0


@dataclass
class Report:
    """One report and how it is sent.

    ``failing``: the statuses of its next answers, one a request, each with ``retry_after`` if that is set.
    ``status``: of every other one. ``cut``: half the body is sent, and the connection closed. ``drip``: seconds between
    its pieces of ``piece`` bytes. ``moved``: where every request for it is sent on to.
    """

    body: bytes = b""
    kind: str = "text/csv; charset=UTF-8"
    status: int = 200
    failing: list[int] = field(default_factory=list)
    retry_after: str = ""
    cut: bool = False
    drip: float = 0.0
    piece: int = 1 << 10
    moved: str = ""

    def break_down(self) -> None:
        """From now on answer 200 with a page that says that something went wrong."""
        self.body, self.kind = ERROR_PAGE, "text/html"


@dataclass(frozen=True)
class Request:
    """What was asked for: the report's table, the path with its query, and the headers that came with it."""

    table: str
    path: str
    headers: Mapping[str, str]

    @property
    def user_agent(self) -> str:
        return self.headers.get("User-Agent", "")


@dataclass
class ReportServer:
    """``reports`` by table; ``most``: how many requests were being answered at one time, at the most."""

    reports: dict[str, Report]
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    most: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    _in_flight: int = 0
    _wanted: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def address(self, table: str) -> str:
        """Where the report of ``table`` is; its query holds the key."""
        query = {"report": f"{_FOLDER}/{REPORTS[table][0]}", "init": "csv", "key": KEY}
        return f"{self.url}/?{urlencode(query, quote_via=quote, safe='/')}"

    @property
    def settings(self) -> dict[str, str]:
        """The five addresses, by the names of the settings."""
        return {variable: self.address(table) for table, (_, variable) in REPORTS.items()}

    @property
    def asked(self) -> list[str]:
        """The tables whose reports were asked for, in the order of arrival."""
        return [request.table for request in self.requests]

    def gather(self, number: int) -> None:
        """Answer nobody until so many requests are there at one time; then all, and from then on as usual."""
        self._wanted = number

    def table_of(self, path: str) -> str:
        """The table of whose report ``path`` speaks; empty where the key is wrong, or there is no such report."""
        query = parse_qs(urlsplit(path).query)
        name = query.get("report", [""])[0].removeprefix(f"{_FOLDER}/")
        found = [table for table, (report, _) in REPORTS.items() if report == name]
        return found[0] if found and query.get("init") == ["csv"] and query.get("key") == [KEY] else ""

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """While a request is being answered."""
        with self._changed:
            self._in_flight += 1
            self.most = max(self.most, self._in_flight)
            if self._in_flight >= self._wanted:
                self._wanted = 0
                self._changed.notify_all()
            self._changed.wait_for(lambda: not self._wanted, _PATIENCE)
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ReportServer

    def do_GET(self) -> None:
        state = self.server_state
        table = state.table_of(self.path)
        state.requests.append(Request(table, self.path, dict(self.headers)))
        with state.in_flight():
            if table:
                self._report(state.reports[table])
            else:
                self._send(200, Report(b"<html><body>Please log in</body></html>", kind="text/html"))

    def _report(self, report: Report) -> None:
        if report.failing:
            self._send(report.failing.pop(0), Report(ERROR_PAGE, "text/html", retry_after=report.retry_after))
        elif report.moved:
            self._send(302, Report(moved=report.moved))
        else:
            self._send(report.status, report)

    def _send(self, status: int, report: Report) -> None:
        headers = {"Content-Type": report.kind, "Retry-After": report.retry_after, "Location": report.moved}
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(report.body)))
        self.end_headers()
        body = report.body[: len(report.body) // 2] if report.cut else report.body
        self.close_connection = report.cut
        if not report.drip:
            self.wfile.write(body)
            return
        for start in range(0, len(body), report.piece):
            self.wfile.write(body[start : start + report.piece])
            if self.server_state.stopping.wait(report.drip):
                break

    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that hangs up in the middle of a report is no trouble of the server's."""


@contextmanager
def serving(bodies: Mapping[str, bytes]) -> Iterator[ReportServer]:
    """Serve the bodies, by table, on a free loopback port inside the block; a report without one is empty."""
    state = ReportServer({table: Report(bodies.get(table, b"")) for table in REPORTS})
    server = _Server(("127.0.0.1", 0), type("_ReportHandler", (_Handler,), {"server_state": state}))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
