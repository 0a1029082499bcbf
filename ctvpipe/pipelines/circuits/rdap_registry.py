"""Asking the registries of addresses, gently: one request a second each, and none after they have had enough (facts 2.6).

The first registry sends on, by a redirect, what another one knows. Addresses stay out of what is said about failures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from ctvpipe.core.errors import ConfigurationError, ContractError, PermanentError, TransientError
from ctvpipe.pipelines.circuits import rdap_answer
from ctvpipe.pipelines.circuits.addresses import Address
from ctvpipe.pipelines.circuits.rdap_answer import Network
from ctvpipe.sources.http import BusyError, Client, StatusError
from ctvpipe.sources.pacing import Patience, TokenBucket

_ENOUGH = 3  # failures of one registry in a row
_PATIENCE = Patience(tries=3, seconds=90)
_JSON = {"Accept": "application/rdap+json, application/json"}
_MAX_BYTES = 1 << 20
_NOT_THERE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class UnansweredError(PermanentError):
    """A registry gave no answer that counts; it may give one another night."""


class Registry:
    """Asks for networks, beginning at ``url``, to which an address is appended.

    ``rate``: requests a second to one registry. ``client``, ``bucket``: for tests. ``asked`` counts the requests.
    """

    def __init__(
        self,
        url: str,
        rate: float,
        *,
        client: Client | None = None,
        bucket: Callable[[float], TokenBucket] = TokenBucket,
    ) -> None:
        self._url = url.rstrip("/") + "/"
        self._rate, self._bucket = rate, bucket
        self._client = client or Client(
            headers=_JSON, patience=_PATIENCE, timeout=10.0, seconds=20.0, max_bytes=_MAX_BYTES
        )
        self._paces: dict[str, TokenBucket] = {}
        self._failed: Counter[str] = Counter()
        self._networks: dict[str, Network | None] = {}
        self._host = ""

    @property
    def asked(self) -> int:
        """How many requests went out, redirected ones not counted."""
        return self._client.sent

    def find(self, address: Address) -> Network | None:
        """The smallest registered network that holds ``address``; ``None``: the registry knows none.

        Raises ``UnansweredError`` where it does not say, or says something else.
        """
        return self._get(f"{self._url}{address}", address)

    def around(self, network: Network) -> Network | None:
        """The network around ``network``, ``None`` where there is none. Errors as of ``find``."""
        block = network.around()
        url = self._linked(network) or (f"{self._url}{block}" if block else None)
        found = self._get(url, network.start) if url else None
        if found is None or not _is_larger(found, network):
            return None
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _linked(self, network: Network) -> str | None:
        """Where the answer about ``network`` says that the one around it is; a link that is less safe counts for nothing."""
        try:
            url = urljoin(self._url, network.up or "")
        except ValueError:
            return None
        return url if network.up and urlsplit(url).scheme == urlsplit(self._url).scheme else None

    def _get(self, url: str, address: Address) -> Network | None:
        if url not in self._networks:
            self._networks[url] = self._asked(url, address)
        return self._networks[url]

    def _asked(self, url: str, address: Address) -> Network | None:
        self._turn_to(url)
        try:
            answer = self._client.request("GET", url, pace=self._pace(), hooks={"response": self._redirected})
            found = rdap_answer.network(answer.json(), address)
        except StatusError as error:
            if error.status not in _NOT_THERE:
                raise self._failure(f"answered {error.status}") from None
            found = None
        except BusyError as error:
            raise self._failure(f"answered {error.status}") from None
        except rdap_answer.OddError as error:
            raise self._failure(str(error)) from None
        except ContractError:
            raise self._failure("answered something that is no JSON") from None
        except ConfigurationError:
            raise self._failure("sends on to an address that is none") from None
        except TransientError:
            raise self._failure("did not answer") from None
        self._failed[self._host] = 0
        return found

    def _turn_to(self, url: str) -> None:
        """From here on the host of ``url`` is the one that is asked. Raises ``UnansweredError`` if it had enough."""
        self._host = urlsplit(url).netloc
        if self._has_failed(self._host):
            raise UnansweredError(f"{self._host} has failed {_ENOUGH} times in a row and is not asked again")

    def _redirected(self, response: requests.Response, **_: Any) -> None:
        """Pace a request that a redirect is about to cause, as any other to that registry."""
        if not response.is_redirect:
            return
        target = urljoin(response.url, response.headers["location"])
        if urlsplit(response.url).scheme == "https" != urlsplit(target).scheme:
            raise self._failure("redirects to an address that is not secure")
        self._turn_to(target)
        self._pace().take()

    def _pace(self) -> TokenBucket:
        return self._paces.setdefault(self._host, self._bucket(self._rate))

    def _failure(self, what: str) -> UnansweredError:
        self._failed[self._host] += 1
        return UnansweredError(f"{self._host} {what}")

    def _has_failed(self, host: str) -> bool:
        return self._failed[host] >= _ENOUGH


def _is_larger(around: Network, network: Network) -> bool:
    inside = int(around.start) <= int(network.start) and int(network.end) <= int(around.end)
    return inside and (around.start, around.end) != (network.start, network.end)
