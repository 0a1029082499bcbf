"""The JSON of Sonar's web application, behind its login: the contact report, and accounts in detail (facts 1.3, 1.4, 1.6)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.cookiejar import CookieJar
from typing import Any

from ctvpipe.core.errors import PermanentError, TransientError
from ctvpipe.pipelines.bdc.access import Access
from ctvpipe.pipelines.bdc.login_page import LoginPage
from ctvpipe.sources.clients import Clients, Traffic
from ctvpipe.sources.gate import Gate
from ctvpipe.sources.http import Answer, Client, StatusError, WrongBodyError
from ctvpipe.sources.logins import LoginPass, SharedLogin

_CONNECT_SECONDS, _READ_SECONDS, _REPORT_SECONDS = 10.0, 60.0, 300.0
_MOST_BYTES = 256 << 20
_ADVICE = "Check SONAR_USERNAME and SONAR_PASSWORD; after several wrong tries Sonar may lock the user."
_LOGIN_TRIES = 2
_PAGE_EXPIRED = 419


class Web:
    """The web application, for several threads at a time; to be closed. It is logged in to at the first call.

    Errors are those of ``Client.request``; ``PermanentError`` where the login is refused, ``WrongBodyError`` for a page
    or nothing where JSON was asked for, after a new login too.
    """

    def __init__(self, access: Access, gate: Gate) -> None:
        self._access, self._gate = access, gate
        self._login = SharedLogin(self._log_in)
        self._clients = Clients(lambda: self._client(auth=LoginPass(self._login)))
        self._logging_in = Traffic()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    @property
    def traffic(self) -> Traffic:
        """What it was asked."""
        return self._clients.traffic + self._logging_in

    @property
    def logins(self) -> int:
        """How often it was logged in to."""
        return self._login.count

    def report(self, check: Callable[[bytes], None]) -> bytes:
        """The contact report as it came; ``check`` raises ``WrongBodyError`` for one that is to be asked for again."""
        client = self._client(
            auth=LoginPass(self._login), timeout=_REPORT_SECONDS, seconds=_REPORT_SECONDS, max_bytes=_MOST_BYTES
        )

        def look(answer: Answer) -> None:
            _require_json(answer)
            check(answer.body)

        try:
            return client.request(
                "GET", f"{self._access.url}/reports/accounts/contact_information/json", check=look
            ).body
        finally:
            client.close()
            with self._lock:
                self._logging_in += Traffic.of(client)

    def account(self, id_: int) -> Mapping[str, Any]:
        """The detail of an account as it came, to be cut down at once: it holds passwords (facts 1.4).

        Raises ``StatusError`` 404 where there is no such account.
        """
        found: list[Any] = []

        def check(answer: Answer) -> None:
            _require_json(answer)
            found[:] = [answer.json()]
            if not isinstance(found[0], dict):
                raise WrongBodyError("Sonar answered something that is no account")

        try:
            with self._clients.lent() as client:
                client.request("GET", f"{self._access.url}/accounts/{id_}/json", check=check)
        except StatusError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                self._login.outlived(error.status)
            raise
        return found[0]  # type: ignore[no-any-return]

    def _client(self, **options: Any) -> Client:
        return Client(
            **{
                "headers": {"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"},
                "gate": self._gate,
                "patience": self._access.patience,
                "connect": _CONNECT_SECONDS,
                "timeout": _READ_SECONDS,
                "called": "Sonar",
                **options,
            }
        )

    def _log_in(self) -> CookieJar:
        """Log in with a fresh form; where that is too old by the time it is sent, with another."""
        for _ in range(_LOGIN_TRIES):
            client = self._client(headers={"Accept": "text/html"}, called="the login of Sonar")
            try:
                self._fill_in(client)
            except StatusError as error:
                if error.status != _PAGE_EXPIRED:
                    raise _refused(error) from None
            else:
                return client.cookies
            finally:
                client.close()
                with self._lock:
                    self._logging_in += Traffic.of(client)
        raise TransientError("Sonar does not accept its own login form (419)", "Check that cookies get through to it.")

    def _fill_in(self, client: Client) -> None:
        url = self._access.url
        token = LoginPage(client.request("GET", f"{url}/", check=_require_token)).token
        form = {"username": self._access.username, "password": self._access.password, "_token": token}
        answer = client.request("POST", f"{url}/", data=form, headers={"X-CSRF-TOKEN": token})
        if LoginPage(answer).asks_for_password:
            raise PermanentError("Sonar refuses the user and the password", _ADVICE)
        token = LoginPage(client.request("GET", f"{url}/home", check=_require_token)).token
        client.request("POST", f"{url}/security/jwt", headers={"X-CSRF-TOKEN": token, "Referer": f"{url}/home"})


def _refused(error: StatusError) -> Exception:
    if error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return PermanentError(f"Sonar refuses the user and the password ({error.status})", _ADVICE)
    return error


def _require_token(answer: Answer) -> None:
    if not LoginPage(answer).token:
        raise WrongBodyError("the login of Sonar answered a page without a CSRF token", "Check SONAR_HOST.")


def _require_json(answer: Answer) -> None:
    """Sonar shows overload and a login that is over as a page or as nothing (facts 1.2, 1.6)."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().casefold()
    if not answer.body.strip():
        raise WrongBodyError("Sonar answered nothing", "It may be overloaded: ask it with fewer workers (-w).")
    if kind == "text/html" or answer.body.lstrip()[:1] not in {b"{", b"["}:
        raise WrongBodyError(
            "Sonar answered a page instead of data", "It may be overloaded: ask it with fewer workers (-w)."
        )
