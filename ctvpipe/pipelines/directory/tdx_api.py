"""TDX: accounts, which are departments, the people in them, and what only a call for one of them tells (facts 4.0, 4.5 to 4.7)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Any, Self
from urllib.parse import quote

from ctvpipe.core.errors import ContractError, CtvpipeError, PermanentError, Skipped, TransientError
from ctvpipe.pipelines.directory import canonical, streams, tdx_signin
from ctvpipe.pipelines.directory.records import Failed, Record, Stream
from ctvpipe.pipelines.directory.settings import TdxSettings
from ctvpipe.sources.http import Client, StatusError
from ctvpipe.sources.pacing import Patience, TokenBucket

Item = dict[str, Any]
CALLED = "TDX"
_ACCOUNTS_A_SEARCH = 200  # the API's limit
_FAILURES_IN_A_ROW = 5
_UNAUTHORIZED = 401
# A search finds thousands of people, and takes its time.
_SEARCH_SECONDS = 300.0
_PATHS = {streams.DEPARTMENT_DETAIL: "accounts", streams.USER_DETAIL: "people"}


class Api:
    """The API, to be closed; all its calls have one pace. ``until``: as of ``Client``.

    Raises ``Skipped`` where it is not configured, ``ConfigurationError`` where one cannot sign in. A list that is
    read to its end is complete; errors are those of ``Client.get_json``, ``PermanentError`` where the sign-in is
    refused, and ``ContractError`` for what is no list, or empty (P5).
    """

    def __init__(
        self,
        settings: TdxSettings,
        *,
        patience: Patience | None = None,
        pace: TokenBucket | None = None,
        until: float = math.inf,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not settings.tdx_base_url:
            raise Skipped(f"{CALLED} is not configured (TDX_BASE_URL)")
        self._url = settings.tdx_base_url
        pace, patience = pace or TokenBucket(1 / settings.rate_limit_delay), patience or Patience()
        client = partial(Client, called=CALLED, pace=pace, patience=patience, until=until, sleep=sleep)
        self._signing_in = client(called=f"the sign-in of {CALLED}")
        auth = tdx_signin.auth(settings, self._signing_in)
        self._asking = client(auth=auth)
        self._searching = client(auth=auth, timeout=_SEARCH_SECONDS, seconds=_SEARCH_SECONDS)
        self._clients = (self._signing_in, self._asking, self._searching)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()

    @property
    def requests(self) -> int:
        """How many requests went out."""
        return sum(client.sent for client in self._clients)

    @property
    def rate_limited(self) -> int:
        """How many of them were answered 429."""
        return sum(client.limited for client in self._clients)

    def accounts(self) -> Iterator[Record | Failed]:
        """Every active account that the caller may see, without ``Attributes``."""
        found = _items(self._asking.get_json(f"{self._url}/accounts"), "accounts")
        if not found:
            raise ContractError(f"{CALLED} shows no account", "Check what the account that signs in may see.")
        return canonical.records(streams.TDX_ACCOUNTS, found)

    def people(self, account_ids: Iterable[str]) -> Iterator[Record | Failed]:
        """Every active person in the accounts with these ids, once, however many of them the person is in (P13)."""
        return canonical.records(streams.TDX_USERS, self._people(account_ids))

    def details(
        self, stream: Stream, external_ids: Iterable[str], *, known_to_fail: Collection[str] = ()
    ) -> Iterator[Record | Failed]:
        """All that TDX tells of each of the accounts or people with these ids, in this order (P11).

        One that fails is ``Failed``, and the others go on. Raises ``TransientError`` after five failures in a row,
        without those ``known_to_fail``: they say nothing new about TDX.
        """
        failures = 0
        for external_id in external_ids:
            try:
                record = self._detail(stream, external_id)
            except CtvpipeError as error:
                if isinstance(error, PermanentError) and not _is_of_one(error):
                    raise
                failures += external_id not in known_to_fail
                yield Failed(external_id, str(error))
                if failures >= _FAILURES_IN_A_ROW:
                    raise TransientError(f"{CALLED} failed {failures} times in a row: {error}", error.advice) from None
            else:
                failures = 0
                yield record

    def _people(self, account_ids: Iterable[str]) -> Iterator[Item]:
        ids = [int(one) for one in dict.fromkeys(account_ids)]
        if not ids:
            raise PermanentError("no account of TDX is known", "Run: ctvpipe directory ingest tdx-accounts")
        seen: set[str] = set()
        for start in range(0, len(ids), _ACCOUNTS_A_SEARCH):
            body = {"AccountIDs": ids[start : start + _ACCOUNTS_A_SEARCH], "IsActive": True}
            for item in _items(self._searching.post_json(f"{self._url}/people/search", body), "people"):
                uid = str(item.get("UID") or "")
                if not uid or uid not in seen:
                    yield item
                seen.add(uid)
        if not seen:
            raise ContractError(f"{CALLED} shows nobody", "Check what the account that signs in may see.")

    def _detail(self, stream: Stream, external_id: str) -> Record:
        found = self._asking.get_json(f"{self._url}/{_PATHS[stream.entity_type]}/{quote(external_id, safe='')}")
        if not isinstance(found, dict):
            raise ContractError(f"{CALLED} answered something that is no object")
        (record,) = canonical.records(stream, [found])
        if not isinstance(record, Record) or record.external_id != external_id:
            raise ContractError(f"{CALLED} answered with another one than was asked for")
        return record


def _is_of_one(error: PermanentError) -> bool:
    """Whether a failure says something about the one that was asked for, and not about who asks."""
    return isinstance(error, StatusError) and error.status != _UNAUTHORIZED


def _items(answer: Any, what: str) -> list[Item]:
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise ContractError(f"{CALLED}'s {what} are not a list of objects")
    return answer
