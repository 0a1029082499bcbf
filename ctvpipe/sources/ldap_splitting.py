"""A search in as many parts as the server's limits make it take, and the proof that together they are all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ctvpipe.sources.ldap_errors import SIZE_LIMIT, SUCCESS, Incomplete, SizeLimit, failure
from ctvpipe.sources.ldap_plan import Plan
from ctvpipe.sources.ldap_session import Session
from ctvpipe.sources.ldap_split import Partition, combined, was_read_before
from ctvpipe.sources.ldap_types import Entry, Query

# Limits that servers have without saying so (facts 4.0): so many results and no more are taken for a limit.
_ROUND = frozenset({350, 500, 1000, 2000, 5000})
_GUESSED_LIMIT = 350
# Results are held back until their search is complete; a server that returns more of them has no small limit.
_HELD = 5000
_MOST_SEARCHES = 100_000
_MOST_LOOKED_UP = 100
# How long a prefix may get under a server that returns nothing but its limit.
_DEEP = 3
_COUNT = "numSubordinates"
_LOOK = "Look at the server, and at the limits of the account that reads."


class _Held(NamedTuple):
    """What a search returned: all of it if ``code`` is success; with a ``cookie`` there is more."""

    entries: list[Entry]
    code: int
    cookie: bytes


class Splitting:
    """One search; ``entries()`` may be called once."""

    def __init__(self, session: Session, query: Query) -> None:
        self._session, self._query = session, query
        self._cap = query.max_results
        self._plan = Plan()
        self._one_search_a_connection = False
        self._count = 0
        # The names of what incomplete searches have returned, until their parts return it again.
        self._awaited: set[str] = set()

    def entries(self) -> Iterator[Entry]:
        """Every entry, each once; see ``ldap.read``."""
        session, query = self._session, self._query
        told = session.tried(self._told)
        while taken := self._plan.next(self._cap or _GUESSED_LIMIT):
            if session.searches >= _MOST_SEARCHES:
                raise SizeLimit(
                    f"{session.server.called} was searched {session.searches:,} times without an end", _LOOK
                )
            # What it counts over a connection, the look at the base included, is not to cut the next search short.
            if session.results and (self._one_search_a_connection or not self._count):
                session.hang_up()
            before, search_filter = session.results, combined(query.filter, taken, query.split_by)
            held = session.tried(lambda: self._held(search_filter))  # noqa: B023  (called at once)
            size = len(held.entries)
            if not self._is_cut(held, before):
                yield from self._new(held.entries, taken)
                yield from self._new(self._more(held.cookie, search_filter), taken)
                self._plan.read(size)
            elif before and size < self._cap:
                # Less than on a new connection: the limit is of connections, not of searches.
                self._one_search_a_connection = True
            else:
                self._split(held, taken)
        self._require_awaited()
        self._require_count(told)

    def _held(self, search_filter: str) -> _Held:
        entries: list[Entry] = []
        cookie = b""
        while True:
            page = self._session.page(self._query, search_filter, cookie)
            entries += page.entries
            cookie = page.cookie if page.code == SUCCESS else b""
            if not cookie or len(entries) > _HELD:
                return _Held(entries, page.code, cookie)

    def _more(self, cookie: bytes, search_filter: str) -> Iterator[Entry]:
        """What follows results that were too many to be held back."""
        while cookie:
            page = self._session.page(self._query, search_filter, cookie)
            if page.code != SUCCESS:
                raise failure(self._session.server.called, page.code)
            yield from page.entries
            cookie = page.cookie

    def _is_cut(self, held: _Held, before: int) -> bool:
        """Whether a limit ended the search, told by the server, or by as many results as the limit is."""
        size = len(held.entries)
        return held.code != SUCCESS or (not held.cookie and size in _ROUND | {self._cap, self._cap - before} - {0})

    def _split(self, held: _Held, taken: Sequence[Partition]) -> None:
        size, called = len(held.entries), self._session.server.called
        if size and held.code in {SUCCESS, SIZE_LIMIT}:
            self._cap = min(self._cap or size, size)
        for entry in held.entries:
            self._plan.learn(self._split_values(entry))
        is_hopeless = not size and len(taken[0].prefix) >= _DEEP
        if is_hopeless or not self._plan.split(self._cap or _GUESSED_LIMIT):
            raise SizeLimit(f"{called} returns {size:,} entries, and not the rest of them, however it is asked", _LOOK)
        self._awaited.update(entry.dn for entry in held.entries if not self._was_read_before(entry, taken))

    def _new(self, entries: Iterable[Entry], taken: Sequence[Partition]) -> Iterator[Entry]:
        for entry in entries:
            if not self._was_read_before(entry, taken):
                self._awaited.discard(entry.dn)
                self._plan.learn(self._split_values(entry))
                self._count += 1
                yield entry

    def _was_read_before(self, entry: Entry, taken: Sequence[Partition]) -> bool:
        return was_read_before(self._split_values(entry), taken)

    def _split_values(self, entry: Entry) -> list[bytes]:
        return entry.attributes.get(self._query.split_by, [])

    def _told(self) -> int | None:
        """How many entries the server itself counts below the base, if it does and the search is for all of them."""
        if self._query.filter != f"({self._query.split_by}=*)":
            return None
        base = self._session.entry(self._query.base, (_COUNT,))
        values = base.attributes.get(_COUNT, []) if base is not None else []
        return int(values[0]) if len(values) == 1 and values[0].isdigit() else None

    def _require_awaited(self) -> None:
        """Raise ``Incomplete`` where something was returned once, is still there, and did not come again."""
        session, query = self._session, self._query
        session.hang_up()
        if len(self._awaited) > _MOST_LOOKED_UP or any(
            session.tried(lambda: session.entry(dn, ("1.1",), query.filter)) is not None  # noqa: B023
            for dn in sorted(self._awaited)
        ):
            raise Incomplete(f"{session.server.called} did not return again what it had returned before", _LOOK)

    def _require_count(self, told: int | None) -> None:
        """Raise ``Incomplete`` where the server counts more than came; a few come and go while they are read."""
        if told is not None and self._count < told - max(5, told // 1000):
            raise Incomplete(
                f"{self._session.server.called} returned {self._count:,} entries and says that it has {told:,}", _LOOK
            )
