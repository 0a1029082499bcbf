"""One connection to an LDAP server: opened, encrypted, logged in, and asked for pages of results.

Whatever goes wrong is an error of ``ldap_errors``; the library's own messages stay behind, they repeat names of people
and of the account that reads. Every wait has an end: the connection is broken off by a timer, also under a server that
sends a byte now and then.
"""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import ldap3
from ldap3.core.exceptions import LDAPExceptionError, LDAPInvalidFilterError, LDAPObjectClassError

from ctvpipe.core.errors import ConfigurationError, CtvpipeError
from ctvpipe.sources.ldap_errors import (
    ADMIN_LIMIT,
    NO_SUCH_OBJECT,
    SIZE_LIMIT,
    SUCCESS,
    WRONG_PASSWORD,
    CertificateRefused,
    ConnectionLost,
    NameUnknown,
    NotEncrypted,
    SearchRefused,
    ServerSilent,
    ServerTrouble,
    Unreachable,
    failure,
    login_refused,
)
from ctvpipe.sources.ldap_types import Attributes, Encryption, Entry, Page, Query, Server

_PAGED = "1.2.840.113556.1.4.319"
_LOOK = "Check the network and the server; the next run asks again."
_LIMITS = {SIZE_LIMIT, ADMIN_LIMIT}
# Every domain of Active Directory refers to these for what is never in a search for people or groups.
_OF_NO_INTEREST = ("dc=domaindnszones,", "dc=forestdnszones,", "cn=configuration,")


class _Tls(ldap3.Tls):  # type: ignore[misc]  # the library has no types
    """Encrypts with a context of our own, which checks certificate and name, and keeps what went wrong with it."""

    def __init__(self, server: Server) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._server = server
        self._context = _context(server)
        self.failed: OSError | None = None

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002  (as the library calls it)
        plain = connection.socket
        patience = plain.gettimeout()
        try:
            wrapped = self._context.wrap_socket(plain, server_hostname=self._server.host, do_handshake_on_connect=False)
            connection.socket = wrapped
            wrapped.settimeout(self._server.connect_seconds)
            wrapped.do_handshake()
            wrapped.settimeout(patience)
        except OSError as error:  # all errors of ssl are
            self.failed = error
            raise


class Connection:
    """A connection, to be closed. ``results``: how many entries it has returned so far.

    Raises ``NameUnknown``, ``Unreachable``, ``ServerSilent``, ``ConnectionLost``, ``CertificateRefused``,
    ``NotEncrypted``, ``LoginRefused``, ``ConfigurationError``; every call, the errors of ``ldap_errors``.
    """

    def __init__(self, server: Server) -> None:
        self._server, self._late = server, False
        self.results = 0
        _require_secrecy(server)
        self._tls = None if server.encryption is Encryption.NONE else _Tls(server)
        self._ldap = self._made()
        try:
            self._open()
            self._bind()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def page(self, query: Query, search_filter: str, cookie: bytes = b"") -> Page:
        """One page of what ``search_filter`` finds below the base of ``query``; ``cookie``: that of the page before.

        The page's code is success, or that of a limit of the server.
        """
        with self._asking(self._server.answer_seconds):
            self._ldap.search(
                query.base,
                search_filter,
                search_scope=ldap3.SUBTREE,
                attributes=list(query.attributes),
                paged_size=query.page_size,
                paged_criticality=True,
                paged_cookie=cookie or None,
            )
            entries = [_entry(found) for found in self._found("searchResEntry")]
            code = self._ldap.result["result"]
            control = (self._ldap.result.get("controls") or {}).get(_PAGED, {}).get("value", {})
            elsewhere = sum(map(_is_elsewhere, self._found("searchResRef")))
        self.results += len(entries)
        if code != SUCCESS and code not in _LIMITS:
            raise failure(self._server.called, code)
        return Page(entries, control.get("cookie") or b"", code, elsewhere)

    def entry(self, dn: str, attributes: Iterable[str], search_filter: str = "(objectClass=*)") -> Entry | None:
        """The entry with this name, with ``attributes``; ``None`` where there is none that ``search_filter`` matches."""
        with self._asking(self._server.answer_seconds):
            self._ldap.search(dn, search_filter, search_scope=ldap3.BASE, attributes=list(attributes))
            found = [_entry(one) for one in self._found("searchResEntry")]
            code = self._ldap.result["result"]
        self.results += len(found)
        if code not in {SUCCESS, NO_SUCH_OBJECT}:
            raise failure(self._server.called, code)
        return found[0] if found else None

    def close(self) -> None:
        """End it, whatever state it is in."""
        with contextlib.suppress(OSError, LDAPExceptionError):
            if not self._ldap.closed:
                self._ldap.unbind()

    def _made(self) -> Any:
        server = self._server
        try:
            socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise NameUnknown(f"{server.called}: no machine is known by the name that is set", _LOOK) from None
        description = ldap3.Server(
            server.host,
            port=server.port,
            use_ssl=server.encryption is Encryption.LDAPS,
            tls=self._tls,
            get_info=ldap3.NONE,
            connect_timeout=server.connect_seconds,
        )
        return ldap3.Connection(
            description,
            user=server.user or None,
            password=server.password or None,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            read_only=True,
            # Longer than our own timer, which so is the one that ends a wait.
            receive_timeout=math.ceil(server.answer_seconds) + 5,
            return_empty_attributes=False,
        )

    def _open(self) -> None:
        server, stands = self._server, False
        try:
            with self._asking(server.connect_seconds):
                self._ldap.open(read_server_info=False)
                stands = True
                if server.encryption is Encryption.STARTTLS:
                    self._ldap.start_tls(read_server_info=False)
        except (ConnectionLost, ServerTrouble):
            if self._tls is not None and self._tls.failed is not None:
                raise _not_trusted(server, self._tls.failed) from None
            if stands:
                raise NotEncrypted(f"{server.called} does not offer StartTLS", "Use LDAPS instead.") from None
            raise Unreachable(f"{server.called}: nothing answers on port {server.port}", _LOOK) from None

    def _bind(self) -> None:
        with self._asking(self._server.connect_seconds):
            self._ldap.bind(read_server_info=False)
            code, said = self._ldap.result["result"], str(self._ldap.result.get("message", ""))
        if code == WRONG_PASSWORD:
            raise login_refused(self._server.called, said)
        if code != SUCCESS:
            raise failure(self._server.called, code)

    def _found(self, kind: str) -> list[Mapping[str, Any]]:
        return [one for one in self._ldap.response or () if one["type"] == kind]

    @contextmanager
    def _asking(self, seconds: float) -> Iterator[None]:
        """Ask for something that may take ``seconds``; what the library raises becomes an error of ours."""
        called = self._server.called
        timer = threading.Timer(seconds, self._break_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (CtvpipeError, MemoryError):
            raise
        except (LDAPInvalidFilterError, LDAPObjectClassError):
            raise SearchRefused(f"{called}: the filter of the search cannot be read", "Check the filter.") from None
        except Exception as error:  # noqa: BLE001  (a strange answer can make the library raise anything)
            if self._late:
                raise ServerSilent(f"{called} did not finish its answer within {seconds:g} s", _LOOK) from None
            if self._ldap.closed or isinstance(error, OSError):
                raise ConnectionLost(f"the connection to {called} broke off", _LOOK) from None
            raise ServerTrouble(
                f"the conversation with {called} failed ({type(error).__name__})", "Is it an LDAP server?"
            ) from None
        finally:
            timer.cancel()

    def _break_off(self) -> None:
        """Make whoever waits on the socket stop waiting. Encryption is passed over: there is no time for a farewell."""
        self._late = True
        with contextlib.suppress(OSError, TypeError):
            socket.socket.shutdown(self._ldap.socket, socket.SHUT_RDWR)


def _context(server: Server) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file)
    except (OSError, ValueError):
        raise ConfigurationError(
            f"{server.called}: the file of its certificates cannot be read", "It must be a PEM file."
        ) from None


def _require_secrecy(server: Server) -> None:
    """No password leaves this machine unencrypted."""
    if server.user and not server.password:
        raise ConfigurationError(f"{server.called}: a user is set, and no password")
    here = server.host in {"127.0.0.1", "::1", "localhost"}
    if server.encryption is Encryption.NONE and server.password and not here:
        raise ConfigurationError(
            f"{server.called}: the password would be sent unencrypted", "Let the connection be encrypted."
        )


def _not_trusted(server: Server, error: OSError) -> CtvpipeError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateRefused(
            f"{server.called}: its certificate is not accepted: {error.verify_message}",
            "Set the file of the certificates that vouch for it; the name must be the one in the certificate.",
        )
    if isinstance(error, TimeoutError):
        return ServerSilent(f"{server.called} did not answer on port {server.port}", _LOOK)
    return NotEncrypted(
        f"{server.called}: the secure connection failed on port {server.port}", "Is it the port for encryption?"
    )


def _entry(found: Mapping[str, Any]) -> Entry:
    return Entry(found["dn"], Attributes((name, values) for name, values in found["raw_attributes"].items() if values))


def _is_elsewhere(reference: Mapping[str, Any]) -> bool:
    places = [str(uri).rpartition("/")[2].partition("?")[0].lower() for uri in reference["uri"]]
    return not all(place.startswith(_OF_NO_INTEREST) for place in places)
