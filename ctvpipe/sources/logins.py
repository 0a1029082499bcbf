"""A login with cookies that many threads use, and that one of them renews for all when it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.cookiejar import CookieJar

import requests
from requests.cookies import get_cookie_header

from ctvpipe.core.errors import CtvpipeError, PermanentError
from ctvpipe.sources.tokens import Renewable

_PAGE_EXPIRED = 419  # of the framework that many web applications are made with
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, _PAGE_EXPIRED})


class SharedLogin:
    """The cookies that ``log_in`` gives, until somebody says that they are good no more; ``count`` is how often it has.

    Of those who find one login over, the first logs in again, and the others wait and have the new one. Where it fails,
    it fails for all who wait, and for good where the password is wrong: ten threads are not ten tries with it.
    """

    def __init__(self, log_in: Callable[[], CookieJar]) -> None:
        self._log_in = log_in
        self._lock = threading.Lock()
        self._cookies: CookieJar | None = None
        self._tried = 0
        self._error: CtvpipeError | None = None
        self.count = 0
        self.refusals = _REFUSALS

    def current(self) -> tuple[int, CookieJar]:
        """The cookies, and the number of the login that they are of. Errors are those of ``log_in``."""
        tried = self._tried
        with self._lock:
            if self._cookies is None:
                if self._error is not None and (self._tried != tried or isinstance(self._error, PermanentError)):
                    raise self._error.with_traceback(None)
                self._renew()
            assert self._cookies is not None  # noqa: S101  (for the type checker)
            return self.count, self._cookies

    def expire(self, number: int) -> None:
        """The login of that number is over; a newer one is not."""
        with self._lock:
            if number == self.count:
                self._cookies = None

    def outlived(self, status: int) -> None:
        """A refusal with this status has outlived a new login: it is not about the login, and is not taken for that again."""
        self.refusals -= {status}

    def _renew(self) -> None:
        self._tried += 1
        self._error = None
        try:
            self._cookies = self._log_in()
        except CtvpipeError as error:
            self._error = error
            raise
        self.count += 1


class LoginPass(Renewable):
    """Sends the cookies of a login that others use as well; one for each client."""

    is_refused_by_a_page = True

    def __init__(self, login: SharedLogin) -> None:
        self._login = login
        self._number = 0
        self._cookies = CookieJar()

    @property
    def refusals(self) -> frozenset[int]:  # type: ignore[override]
        """The statuses that may mean that the login is over."""
        return self._login.refusals

    def make_ready(self) -> None:
        """Have a login that is thought to be good."""
        self._number, self._cookies = self._login.current()

    def drop(self) -> None:
        """The login was refused."""
        self._login.expire(self._number)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Those of the login page, to which one was sent, are not those of the login.
        request.headers.pop("Cookie", None)
        header = get_cookie_header(self._cookies, request)  # type: ignore[no-untyped-call]
        if header:
            request.headers["Cookie"] = header
        return request
