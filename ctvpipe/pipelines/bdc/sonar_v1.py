"""Sonar's REST API, v1, with HTTP Basic (facts 1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from requests.auth import HTTPBasicAuth

from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.bdc import paging, values
from ctvpipe.pipelines.bdc.access import Access
from ctvpipe.sources.clients import Clients, Traffic
from ctvpipe.sources.gate import Gate
from ctvpipe.sources.http import Answer, Client, StatusError

_CONNECT_SECONDS, _READ_SECONDS = 10.0, 60.0


class V1:
    """The API, for several threads at a time; to be closed.

    Errors are those of ``Client.request``; ``PermanentError`` where user and password are refused, ``StatusError`` 403
    for what the user may not see, 404 for what there is not.
    """

    def __init__(self, access: Access, gate: Gate) -> None:
        self._url, self._workers = f"{access.url}/api/v1", access.workers
        auth = HTTPBasicAuth(access.username.encode(), access.password.encode())
        self._clients = Clients(
            lambda: Client(
                headers={"Accept": "application/json"},
                auth=auth,
                gate=gate,
                patience=access.patience,
                connect=_CONNECT_SECONDS,
                timeout=_READ_SECONDS,
                called="Sonar's API",
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    @property
    def traffic(self) -> Traffic:
        """What it was asked."""
        return self._clients.traffic

    def items(self, path: str) -> Iterator[paging.Item]:
        """Every item of the list at ``path``; see ``paging.items``."""
        return paging.items(partial(self._page, path), self._workers, _named(path))

    def version(self) -> str | None:
        """Sonar's version, where it tells."""
        answer = self._asked("_data/version", {}).json()
        found = values.part(answer, "data") if isinstance(answer, dict) else {}
        return values.text(found.get("version"))

    def _page(self, path: str, number: int) -> paging.Page:
        found: list[paging.Page] = []

        def check(answer: Answer) -> None:
            found[:] = [paging.page_of(answer.json(), _named(path))]

        self._asked(path, {"limit": paging.LIMIT, "page": number}, check)
        return found[0]

    def _asked(self, path: str, query: dict[str, Any], check: Any = None) -> Answer:
        try:
            with self._clients.lent() as client:
                return client.request("GET", f"{self._url}/{quote(path)}", params=query, check=check)
        except StatusError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise PermanentError(
                    "Sonar's API refuses the user and the password (401)", "Check SONAR_USERNAME and SONAR_PASSWORD."
                ) from None
            raise


def _named(path: str) -> str:
    """What a list is called in messages: by the last word of its path."""
    return path.rpartition("/")[2].replace("_", " ")
