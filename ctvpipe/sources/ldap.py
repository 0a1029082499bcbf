"""Reading everything that a search in an LDAP directory matches, or failing: a part is never taken for the whole.

Results come page by page. Where the server returns only so many of them, the search is split (``ldap_split``); where
it counts them over a whole connection, each search has its own. That everything came is verified (facts 6, P5, P30):
no search that is taken for complete ended at a limit; what a search that hit one did return came again with its parts;
and the server's own count of the entries, where it keeps one, is reached.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from ctvpipe.sources.ldap_errors import SUCCESS, failure
from ctvpipe.sources.ldap_session import Session
from ctvpipe.sources.ldap_splitting import Splitting
from ctvpipe.sources.ldap_types import Entry, Query, Server
from ctvpipe.sources.pacing import Patience

_log = logging.getLogger(__name__)
PATIENCE = Patience(tries=3, seconds=120)


def read(
    server: Server, query: Query, *, patience: Patience = PATIENCE, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Entry]:
    """Every entry that ``query`` matches, each once. Its normal end says that all of them came.

    Raises the errors of ``ldap_errors``: ``SizeLimit`` where the server does not return all and the search cannot be
    split, ``Incomplete`` where what came is not all; ``ConfigurationError``. Memory holds a page of entries, or, where
    the search may be split, up to some thousands.
    """
    with Session(server, patience, sleep) as session:
        count = 0
        for entry in Splitting(session, query).entries() if query.split_by else _whole(session, query):
            count += 1
            yield entry
        _log.info(
            "%s: %s entries in %s searches on %s connections",
            server.called, f"{count:,}", f"{session.searches:,}", f"{session.connections:,}",
        )  # fmt: skip


def _whole(session: Session, query: Query) -> Iterator[Entry]:
    """One search, page by page as they come, on one connection: a page is asked for by it alone."""
    page = session.tried(lambda: session.page(query, query.filter))
    while True:
        if page.code != SUCCESS:
            raise failure(session.server.called, page.code)
        yield from page.entries
        if not page.cookie:
            return
        page = session.page(query, query.filter, page.cookie)
