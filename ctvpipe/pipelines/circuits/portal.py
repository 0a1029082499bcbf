"""Download of the order CSV from the broker's portal: a login by its form, then the overview as CSV (facts 3.1).

A form login answers 200 on failure too, so only the body of the last answer counts: it must be CSV, which the reading
of it proves. Credentials go to the host of the login page and to no other, and into no message.
"""

from __future__ import annotations

import time
from contextlib import closing
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.circuits.settings import ImportSettings
from ctvpipe.sources import http
from ctvpipe.sources.pacing import Patience

_TOKEN = "_token"  # noqa: S105  (the name of a field)
_QUERY = {"search_filter_term": "none", "search_display_term": "all_orders", "output": "csvfile"}
_ADVICE = "Look at the portal in a browser; the file may be put into TRACKING_DATA_DIR by hand."


def fetch(settings: ImportSettings, patience: Patience | None = None) -> bytes:
    """The CSV as the portal sends it, every byte of it.

    Raises ``ConfigurationError`` for settings that are incomplete, ``ContractError`` when the portal's pages are not
    as expected, or show the login form again, and the errors of ``http.Client``.
    """
    with closing(_client(settings, patience)) as client:
        _log_in(client, settings)
        answer = client.request("GET", settings.portal_export_url, params=_QUERY)
    return _without_login_form(answer, settings).body


def look(settings: ImportSettings) -> str:
    """Log in and say so; errors as of ``fetch``, but soon."""
    with closing(_client(settings, Patience(tries=1))) as client:
        client.until = time.monotonic() + http.LOOK_SECONDS
        _log_in(client, settings)
    return f"logged in at {http.place(settings.portal_url)}"


def _client(settings: ImportSettings, patience: Patience | None) -> http.Client:
    return http.Client(
        timeout=settings.portal_seconds,
        seconds=settings.portal_seconds,
        max_bytes=settings.max_file_mib << 20,
        patience=patience or Patience(tries=3, seconds=60),
    )


def _log_in(client: http.Client, settings: ImportSettings) -> None:
    username, password = settings.portal_username.get_secret_value(), settings.portal_password.get_secret_value()
    if not (settings.portal_export_url and username and password):
        raise ConfigurationError(
            "TRACKING_PORTAL_URL is set, but not all of TRACKING_PORTAL_EXPORT_URL, TRACKING_PORTAL_USERNAME and "
            "TRACKING_PORTAL_PASSWORD",
            "Set them all, or none for files that come by another way.",
        )
    form = _form(client.request("GET", settings.portal_url), settings.portal_url)
    sent = {**form.hidden, form.user_field: username, form.password_field: password}
    _without_login_form(client.request("POST", form.action, data=sent), settings)


def _without_login_form(answer: http.Answer, settings: ImportSettings) -> http.Answer:
    if _login_form(answer.body) is not None:
        raise ContractError(
            f"{http.place(settings.portal_url)} shows its login form again: user name or password is wrong",
            "Check TRACKING_PORTAL_USERNAME and TRACKING_PORTAL_PASSWORD by logging in with a browser.",
        )
    return answer


class _Form(HTMLParser):
    """The first form of a page that has a field for a password."""

    def __init__(self) -> None:
        super().__init__()
        self.action = self.user_field = self.password_field = ""
        self.hidden: dict[str, str] = {}
        self._done = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._done:
            return
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action, self.user_field, self.hidden = found.get("action", ""), "", {}
        elif tag == "input" and (name := found.get("name")):
            self._field(name, found.get("type", "text").lower(), found.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        self._done = self._done or (tag == "form" and bool(self.password_field))

    def _field(self, name: str, kind: str, value: str) -> None:
        match kind:
            case "hidden":
                self.hidden[name] = value
            case "password":
                self.password_field = name
            case "email" | "text" if not self.user_field:
                self.user_field = name


def _login_form(body: bytes) -> _Form | None:
    if not body.lstrip().startswith(b"<"):
        return None
    form = _Form()
    form.feed(body.decode("utf-8", errors="replace"))
    return form if form.password_field else None


def _form(page: http.Answer, url: str) -> _Form:
    """The login form, whose action is an address of the portal's own host and scheme."""
    form = _login_form(page.body)
    if form is None or not form.user_field or not form.hidden.get(_TOKEN):
        raise ContractError(f"{http.place(url)} has no login form with the token it is to send", _ADVICE)
    form.action = urljoin(page.url, form.action)
    if urlsplit(form.action)[:2] != urlsplit(url)[:2]:
        raise ContractError(f"the login form of {http.place(url)} would send the password to another host", _ADVICE)
    return form
