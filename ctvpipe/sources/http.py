"""The HTTP client of the jobs: paced, bounded in time and size, patient with a busy server, and never silent.

A failure is an error, never an empty answer (facts 11, 4). What is told of a request is its place, without its query;
keys go out in a header and into no message.
"""

from __future__ import annotations

import io
import json
import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.cookiejar import CookieJar
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from ctvpipe import __version__
from ctvpipe.core.errors import ConfigurationError, ContractError, CtvpipeError, PermanentError, TransientError
from ctvpipe.sources.gate import Gate, StoppedError
from ctvpipe.sources.pacing import Patience, TokenBucket, asked_wait
from ctvpipe.sources.tokens import Renewable

# It warns of headers that it cannot read, with the whole address, query and all.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

LOOK_SECONDS = 30.0
"""How long a service is waited for by somebody who only looks whether it is there."""

T = TypeVar("T")
_CHUNK = 1 << 16
_PROXIES = [f"{scheme}_proxy" for scheme in ("http", "https", "all")]
_PROXIES += [name.upper() for name in _PROXIES]
_AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_DAMAGED = "the answer was cut off or damaged"
_LOOK = "Check the network and the service."
_MOST_PAGES = 1000
_MOST_SAID = 300
_TELLING = frozenset("/?&=@%")
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED})


class StatusError(PermanentError):
    """The server answered with a ``status`` that another try will not change; 404 means that there is no such thing.

    ``said``: what it wrote about it in plain words, if it did.
    """

    def __init__(self, status: int, message: str, advice: str = "", *, said: str = "") -> None:
        super().__init__(message, advice)
        self.status, self.said = status, said


class BusyError(TransientError):
    """The server is busy or out of order; ``status`` is its answer, ``wait`` the seconds it asks for, if it does."""

    def __init__(self, status: int, wait: float | None, message: str, advice: str = "") -> None:
        super().__init__(message, advice)
        self.status, self.wait = status, wait


class WrongBodyError(ContractError):
    """The body is not what was asked for, as while a service is being restarted; asked for again."""


class NotJsonError(WrongBodyError):
    """The body is no JSON."""


@dataclass(frozen=True)
class Answer:
    """An answer of status 200 to 299: the address it came from after redirects, its headers, and its whole body.

    ``called``: how messages call where it came from, instead of its place.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes
    next_page: str | None = None
    called: str = ""

    def json(self) -> Any:
        """The body as JSON. Raises ``ContractError`` for anything else, such as a page of HTML."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("Content-Type", "").partition(";")[0] or "something without a type"
            raise NotJsonError(
                f"{self.called or place(self.url)} answered {kind} that is not JSON ({len(self.body)} bytes)",
                "Something between this machine and the service may answer in its stead.",
            ) from None


class Bearer(AuthBase):
    """Sends ``key`` as a bearer token; given as ``auth``, no ``.netrc`` of the machine takes its place."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


@dataclass
class Client:
    """One session with a service. ``pace`` is asked before every request, further tries and pages included.

    ``gate``: what all threads that ask the service go through, each with a client of its own; a wait that the server
    asks for holds all of them.
    ``timeout``: seconds until an answer begins; ``seconds`` until it is whole; ``max_bytes`` of a body, unpacked;
    ``connect``: seconds until there is a connection, where that is to be less.
    ``enough``: of a body, the bytes after which the rest is left unread.
    ``domain``: where a link to the next page may lead besides the host that was asked.
    ``called``: how messages call what is asked, where its place is to be told to nobody. ``until``: the
    ``time.monotonic`` by which everything must be done. A token of ``auth`` that is refused is renewed, once a call.
    ``session``: the connections of a client before this one, to go on with. ``sent``: how many requests went out;
    ``limited``: how many were answered 429; ``retried``: how many were further tries; ``received``: bytes of bodies.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    auth: AuthBase | None = None
    pace: TokenBucket | None = None
    gate: Gate | None = None
    patience: Patience = field(default_factory=Patience)
    connect: float = math.inf
    timeout: float = 30.0
    seconds: float = 120.0
    max_bytes: int = 64 << 20
    enough: float = math.inf
    redirects: int = 5
    domain: str = ""
    called: str = ""
    until: float = math.inf
    sleep: Callable[[float], None] = time.sleep
    session: requests.Session | None = None
    sent: int = 0
    limited: int = 0
    retried: int = 0
    received: int = 0

    def __post_init__(self) -> None:
        self._session = self.session or requests.Session()
        self._session.headers.update({"User-Agent": f"ctvpipe/{__version__}", **self.headers})
        self._session.auth = self.auth
        self._session.max_redirects = self.redirects
        if not any(map(os.environ.get, _PROXIES)):  # they would be looked for among all variables, at every request
            self._session.trust_env = False
            self._session.verify = next(filter(None, map(os.environ.get, _AUTHORITIES)), True)

    def get_json(self, url: str, params: Mapping[str, Any] | None = None, *, pace: TokenBucket | None = None) -> Any:
        """The JSON at ``url``; errors as of ``request``. A body that is no JSON is asked for again as well."""
        return self._tried(lambda: self._once("GET", url, pace, params=params).json())

    def post_json(self, url: str, body: Any, *, pace: TokenBucket | None = None) -> Any:
        """The JSON that is answered to ``body``, sent as JSON, for what may be sent twice, such as a search; errors and
        tries as of ``get_json``.
        """
        return self._tried(lambda: self._once("POST", url, pace, json=body).json())

    def pages(
        self, url: str, params: Mapping[str, Any] | None = None, *, pace: TokenBucket | None = None
    ) -> Iterator[Any]:
        """The JSON of ``url`` and of every page that a ``Link`` header with ``rel=next`` leads to.

        Errors as of ``request``; ``ContractError`` for a link that leads elsewhere, or round in circles.
        """
        asked: set[str] = set()
        link: str | None = url
        while link is not None:
            if link in asked or len(asked) == _MOST_PAGES:
                raise ContractError(f"{place(url)}: the links to its next pages do not come to an end")
            asked.add(link)
            here = link
            given = params if here == url else None
            link, found = self._tried(lambda: self._page(here, given, pace))  # noqa: B023  (called at once)
            if link is not None and not self._is_trusted(url, link):
                raise ContractError(f"{place(url)}: its next page would be on another host")
            yield found

    def request(
        self,
        method: str,
        url: str,
        *,
        pace: TokenBucket | None = None,
        check: Callable[[Answer], None] | None = None,
        **options: Any,
    ) -> Answer:
        """The answer to one request; ``options`` as of ``requests`` (``params``, ``data``, ``headers`` …).

        ``check`` looks at the answer, and raises ``WrongBodyError`` for one that should be asked for again.
        Raises ``BusyError`` where the server stays busy or broken, ``TransientError`` where it does not answer,
        ``StatusError`` for a status that stays, and ``ContractError`` for a body over ``max_bytes``.
        """

        def once() -> Answer:
            answer = self._once(method, url, pace, **options)
            if check is not None:
                check(answer)
            return answer

        return self._tried(once)

    @property
    def cookies(self) -> CookieJar:
        """What the service has set of cookies."""
        return self._session.cookies

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _page(self, url: str, params: Mapping[str, Any] | None, pace: TokenBucket | None) -> tuple[str | None, Any]:
        answer = self._once("GET", url, pace, params=params)
        return answer.next_page, answer.json()

    def _tried(self, once: Callable[[], T]) -> T:
        """What ``once`` gives, tried again while that may help and patience lasts."""
        waited = 0.0
        failed = 0
        token = self.auth if isinstance(self.auth, Renewable) else None
        refused = False
        while True:
            if token is not None:
                token.make_ready()
            try:
                return once()
            except (StatusError, TransientError, WrongBodyError) as error:
                if token is not None and not refused and _is_refusal(error, token):
                    refused = True
                    token.drop()
                    continue
                if isinstance(error, StatusError | StoppedError):
                    raise
                failed += 1
                asked = error.wait if isinstance(error, BusyError) else None
                wait = self.patience.wait(failed) if asked is None else asked
                waited += wait
                too_late = time.monotonic() + wait >= self.until
                if failed >= self.patience.tries or waited > self.patience.seconds or too_late:
                    error.message += f" ({failed} tries)" if failed > 1 else ""
                    raise
                self.retried += 1
                if self.gate is None:
                    self.sleep(wait)
                elif asked is None:
                    self.gate.sleep(wait)

    def _once(self, method: str, url: str, pace: TokenBucket | None, **options: Any) -> Answer:
        pace = pace or self.pace
        if pace is not None:
            pace.take()
        with self.gate.passed() if self.gate is not None else nullcontext():
            return self._exchange(method, url, **options)

    def _exchange(self, method: str, url: str, **options: Any) -> Answer:
        """One request, and its answer."""
        self.sent += 1
        began = time.monotonic()
        limit = min(self.timeout, max(1.0, self.until - began))
        try:
            with self._session.request(
                method, url, timeout=(min(self.connect, limit), limit), stream=True, **options
            ) as response:
                self._require_success(response, url)
                body = self._body(response, url, began)
        except requests.TooManyRedirects:
            raise StatusError(HTTPStatus.LOOP_DETECTED, f"{self._name(url)} redirects again and again") from None
        except ValueError:  # requests' own for an address, http.client's for a header
            raise ConfigurationError(
                f"{self._name(url)} cannot be asked: its address or its key is malformed"
            ) from None
        except requests.RequestException as error:
            raise TransientError(f"{self._name(url)}: {_trouble(error)}", _LOOK) from None
        except urllib3.exceptions.HTTPError as error:
            said = "no answer in time" if isinstance(error, urllib3.exceptions.TimeoutError) else _DAMAGED
            raise TransientError(f"{self._name(url)}: {said}", _LOOK) from None
        link = response.links.get("next", {}).get("url")
        onward = urljoin(response.url, link) if link else None
        return Answer(response.url, response.headers, body, onward, self.called)

    def _require_success(self, response: requests.Response, url: str) -> None:
        status = response.status_code
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        self.limited += status == HTTPStatus.TOO_MANY_REQUESTS
        text = f"{self._name(url)} answered {status} {_phrase(status)}".rstrip()
        if status in _AGAIN:
            wait = asked_wait(response.headers)
            if wait is not None and self.gate is not None:
                wait = self.gate.hold(wait)
            raise BusyError(status, wait, text, "It is busy or out of order; the next run asks again.")
        if status in _REFUSED:
            raise StatusError(status, text, "The key or password is wrong, was revoked, or may not do this.")
        raise StatusError(status, text, said=_said(response))

    def _body(self, response: requests.Response, url: str, began: float) -> bytes:
        """The body, unpacked, within the limits of size and time: whole, or as much of it as is enough."""
        whole, size = io.BytesIO(), 0
        # What has arrived, as it arrives: iter_content would wait for a whole chunk of a body that drips.
        for part in iter(partial(response.raw.read1, _CHUNK, decode_content=True), b""):
            size += len(part)
            if size > self.max_bytes:
                raise ContractError(f"{self._name(url)} answered more than {self.max_bytes >> 20} MiB")
            if time.monotonic() - began > self.seconds or time.monotonic() > self.until:
                raise TransientError(
                    f"{self._name(url)} did not finish its answer within {time.monotonic() - began:.0f} s"
                )
            whole.write(part)
            if size >= self.enough:
                break
        self.received += size
        return whole.getvalue()

    def _name(self, url: str) -> str:
        return self.called or place(url)

    def _is_trusted(self, asked: str, link: str) -> bool:
        """Whether the key may go where ``link`` leads: to the host that was asked, or one of the same domain."""
        first, other = urlsplit(asked), urlsplit(link)
        if first.scheme != other.scheme:
            return False
        at_home = bool(self.domain) and f".{other.hostname}".endswith(f".{self.domain}")
        return first.netloc == other.netloc or at_home


def place(url: str) -> str:
    """``HOST/PATH`` of an address, fit to be shown: without user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{host}{parts.path}"


def _is_refusal(error: CtvpipeError, token: Renewable) -> bool:
    """Whether an answer may mean that another token is needed."""
    if isinstance(error, StatusError):
        return error.status in token.refusals
    return token.is_refused_by_a_page and isinstance(error, WrongBodyError)


def _said(response: requests.Response) -> str:
    """The beginning of an answer in plain text, without words that may be an address or a key."""
    if not response.headers.get("Content-Type", "").startswith("text/plain"):
        return ""
    text: str = response.raw.read(_MOST_SAID, decode_content=True).decode("utf-8", "replace")
    return " ".join(word for word in text.split() if not _TELLING.intersection(word))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _trouble(error: requests.RequestException) -> str:
    """What is known of a connection that failed; the library's own text holds addresses with their queries."""
    match error:
        case requests.exceptions.SSLError():
            return "the secure connection failed"
        case requests.exceptions.ProxyError():
            return "the proxy failed"
        case requests.Timeout():
            return "no answer in time"
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            return _DAMAGED
        case requests.ConnectionError():
            return "the connection failed"
        case _:
            return f"the request failed ({type(error).__name__})"
