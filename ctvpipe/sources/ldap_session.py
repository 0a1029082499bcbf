"""Asking an LDAP server over as many connections as it takes, with patience for what may go away by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Self, TypeVar

from ctvpipe.core.errors import TransientError
from ctvpipe.sources import ldap_ranges
from ctvpipe.sources.ldap_connection import Connection
from ctvpipe.sources.ldap_errors import ADMIN_LIMIT, Elsewhere, Incomplete
from ctvpipe.sources.ldap_types import Entry, Page, Query, Server
from ctvpipe.sources.pacing import Patience

T = TypeVar("T")
_SMALLEST_PAGE = 50


class Session:
    """A conversation with a server, to be closed; ``connections``: how many it has taken, ``searches``: how many pages.

    Every method raises the errors of ``ldap_errors``, transient ones once patience has run out.
    """

    def __init__(self, server: Server, patience: Patience, sleep: Callable[[float], None] = time.sleep) -> None:
        self.server = server
        self.connections = 0
        self.searches = 0
        self._patience, self._sleep = patience, sleep
        self._connection: Connection | None = None
        self._most_a_page = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    @property
    def results(self) -> int:
        """How many entries the connection that stands has returned."""
        return 0 if self._connection is None else self._connection.results

    def hang_up(self) -> None:
        """Close the connection; the next question opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def tried(self, ask: Callable[[], T]) -> T:
        """What ``ask`` gives; asked again, on a new connection, while that may help and patience lasts."""
        failed, waited = 0, 0.0
        while True:
            try:
                return ask()
            except TransientError as error:
                self.hang_up()
                failed += 1
                wait = self._patience.wait(failed)
                waited += wait
                if failed >= self._patience.tries or waited > self._patience.seconds:
                    error.message += f" ({failed} tries)" if failed > 1 else ""
                    raise
                self._sleep(wait)

    def page(self, query: Query, search_filter: str, cookie: bytes = b"") -> Page:
        """One page, on the connection that stands, or a new one. Its entries are whole."""
        page = self._asked(query, search_filter, cookie)
        while page.code == ADMIN_LIMIT and not page.entries and self._largest_page(query) > _SMALLEST_PAGE:
            self._most_a_page = self._largest_page(query) // 2
            page = self._asked(query, search_filter, cookie)
        if page.elsewhere:
            raise Elsewhere(
                f"{self.server.called} refers to other servers for a part of what was asked for",
                "Set a search base that this server holds as a whole.",
            )
        return page._replace(entries=[self._whole(entry) for entry in page.entries])

    def entry(self, dn: str, attributes: tuple[str, ...], search_filter: str = "(objectClass=*)") -> Entry | None:
        """The entry with this name, if there is one that ``search_filter`` matches."""
        return self._connected().entry(dn, attributes, search_filter)

    def _asked(self, query: Query, search_filter: str, cookie: bytes) -> Page:
        self.searches += 1
        return self._connected().page(replace(query, page_size=self._largest_page(query)), search_filter, cookie)

    def _largest_page(self, query: Query) -> int:
        """How many results to ask for at a time. A server that allows fewer says only that its limit is passed."""
        return min(query.page_size, self._most_a_page or query.page_size)

    def _whole(self, entry: Entry) -> Entry:
        """``entry`` with all values of the attributes that were returned in part."""
        begun = ldap_ranges.parts(entry.attributes)
        if not begun:
            return entry
        completed = {}
        for part in begun:
            values = list(part.values) if part.first == 0 else []
            while not part.is_last:
                part = self._next(entry, part, len(values))  # noqa: PLW2901  (that is what following a range is)
                values += part.values
            completed[part.name] = values
        return entry._replace(attributes=ldap_ranges.whole(entry.attributes, completed))

    def _next(self, entry: Entry, part: ldap_ranges.Part, so_far: int) -> ldap_ranges.Part:
        found = self._connected().entry(entry.dn, (part.next,))
        if found is not None:
            for more in ldap_ranges.parts(found.attributes):
                if more.name.lower() == part.name.lower() and more.first == so_far and more.values:
                    return more
        raise Incomplete(
            f"{self.server.called} returned the first {so_far:,} values of an attribute, and then no more",
            "Was it changed meanwhile? The next run asks again.",
        )

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self.server)
            self.connections += 1
        return self._connection
