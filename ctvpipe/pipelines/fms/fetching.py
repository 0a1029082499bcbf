"""Fetching the exports: a few at a time, each with its own patience, while those that have come are worked on.

An address is a secret, for it signs in (facts 4.1): messages name the table, never the address.
"""

from __future__ import annotations

import hashlib
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

import requests

from ctvpipe.pipelines.fms.feeds import Feed
from ctvpipe.pipelines.fms.settings import SyncSettings
from ctvpipe.sources import http
from ctvpipe.sources.http import Answer, Client, WrongBodyError
from ctvpipe.sources.pacing import Patience

_LONGEST_WAIT = 600.0
_LOOK_BYTES = 1 << 12  # of a report that is only looked at: a page or an export is told by its first bytes


T = TypeVar("T")


@dataclass(frozen=True)
class Export:
    """The body of an export as it came, its SHA-256 in hexadecimal digits, and how often it was asked for."""

    body: bytes
    sha256: str
    attempts: int


def fetch(feed: Feed, settings: SyncSettings, session: requests.Session | None = None) -> Export:
    """The export of ``feed``, asked for again where that may help (facts 5.4); ``session``: that of the one before it.

    Raises ``TransientError`` for a server that does not answer, is busy or broken, ``StatusError`` for one that
    refuses, ``ContractError`` for a page instead of a CSV, or a body that is too large.
    """
    client = _client(feed, settings, settings.tries, settings.table_seconds, session)
    try:
        body = client.request("GET", settings.url(feed.table), check=_require_csv(feed)).body
    finally:
        if session is None:
            client.close()
    return Export(body, hashlib.sha256(body).hexdigest(), client.sent)


def look(feed: Feed, settings: SyncSettings) -> None:
    """Ask for the export once, and read its beginning; errors as of ``fetch``, that of a server that takes longer for it
    than a look may among them.
    """
    client = _client(feed, settings, 1, min(settings.table_seconds, http.LOOK_SECONDS))
    client.enough = _LOOK_BYTES
    try:
        client.request("GET", settings.url(feed.table), check=_require_csv(feed))
    finally:
        client.close()


class Fetching(Generic[T]):
    """The exports of ``feeds`` on their way, ``settings.parallel`` at a time, and what ``then`` makes of each.

    ``then`` is called in a thread of its own, and keeps no fetch waiting. The threads end with the process: one that
    waits for a server does not keep a run that is stopped.
    """

    def __init__(self, feeds: Iterable[Feed], settings: SyncSettings, then: Callable[[Feed, Export], T]) -> None:
        self._settings, self._then = settings, then
        self._waiting: queue.SimpleQueue[Feed] = queue.SimpleQueue()
        self._come: queue.SimpleQueue[tuple[Feed, Export | None]] = queue.SimpleQueue()
        self._made: dict[str, Future[T]] = {}
        for feed in feeds:
            self._made[feed.table] = Future()
            self._waiting.put(feed)
        for _ in range(min(settings.parallel, len(self._made))):
            threading.Thread(target=self._fetch, daemon=True).start()
        threading.Thread(target=self._make, daemon=True).start()

    def result(self, table: str) -> T:
        """What was made of the export of ``table``, waited for; raises what its fetch, or ``then``, has raised."""
        return self._made[table].result()

    def _fetch(self) -> None:
        session = requests.Session()
        while True:
            try:
                feed = self._waiting.get_nowait()
            except queue.Empty:
                session.close()
                return
            try:
                self._come.put((feed, fetch(feed, self._settings, session)))
            except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
                self._made[feed.table].set_exception(error)
                self._come.put((feed, None))

    def _make(self) -> None:
        for _ in range(len(self._made)):
            feed, export = self._come.get()
            if export is None:
                continue
            made = self._made[feed.table]
            try:
                made.set_result(self._then(feed, export))
            except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
                made.set_exception(error)


def _client(
    feed: Feed, settings: SyncSettings, tries: int, seconds: float, session: requests.Session | None = None
) -> Client:
    """A client that has ``seconds`` for everything."""
    return Client(
        session=session,
        headers={"User-Agent": settings.user_agent, "Accept": "*/*"},
        patience=Patience(tries, seconds, settings.retry_seconds, _LONGEST_WAIT),
        timeout=feed.seconds,
        seconds=seconds,
        until=time.monotonic() + seconds,
        max_bytes=settings.max_file_mib << 20,
        called=f"the export of {feed.table}",
    )


def _require_csv(feed: Feed) -> Callable[[Answer], None]:
    def check(answer: Answer) -> None:
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
        if kind == "text/html" or answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            raise WrongBodyError(
                f"{feed.table}: the report server answered a page instead of the export",
                "Look at the report server; what was stored before stays.",
            )
        if not answer.body.strip():
            raise WrongBodyError(
                f"{feed.table}: the export is empty", "Look at the report server; what was stored before stays."
            )

    return check


def reason(error: Exception) -> str:
    """An error of a fetch as the result tells it: ``HTTP 404: Report not found`` where the server has answered so."""
    status = getattr(error, "status", None)
    if status is None:
        return str(error)
    said = getattr(error, "said", "") or str(error).partition(f" {status} ")[2]
    return f"HTTP {status}: {said}".rstrip(": ")
