"""What can go wrong with an LDAP server, each a class of its own, and what its result codes mean (RFC 4511, A.1).

A message names the server as the operator knows it. What the server says itself is passed on nowhere: it repeats names
of people and of the account that reads.
"""

# ruff: noqa: N818  (the names say what happened, and all are errors)

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from ctvpipe.core.errors import ContractError, CtvpipeError, PermanentError, TransientError

SUCCESS, TIME_LIMIT, SIZE_LIMIT, ADMIN_LIMIT, NO_SUCH_OBJECT, WRONG_PASSWORD = 0, 3, 4, 11, 32, 49


class NameUnknown(TransientError):
    """The server's name does not resolve."""


class Unreachable(TransientError):
    """Nothing answers on the server's port."""


class ServerSilent(TransientError):
    """The server took the connection and then stopped answering."""


class ConnectionLost(TransientError):
    """The connection broke off."""


class ServerBusy(TransientError):
    """The server says that it is busy, or not available."""


class ServerTrouble(TransientError):
    """The server answered with an error of its own, or with what cannot be understood."""


class TimeLimit(TransientError):
    """The server broke a search off because it took too long."""


class CertificateRefused(PermanentError):
    """The server's certificate is not trusted, or not for this server."""


class NotEncrypted(PermanentError):
    """The connection cannot be encrypted."""


class LoginRefused(PermanentError):
    """The server does not let this account in."""


class AccessDenied(PermanentError):
    """The account is logged in, but may not do this."""


class BaseMissing(PermanentError):
    """There is nothing where the search begins."""


class NotPaged(PermanentError):
    """The server does not give its results in pages."""


class SearchRefused(PermanentError):
    """The server does not do this search, or its filter cannot be read."""


class SizeLimit(ContractError):
    """The server returns fewer entries than there are, and the search cannot be split further."""


class Incomplete(ContractError):
    """The search came to its end, and yet not everything was returned."""


class Elsewhere(ContractError):
    """A part of what was asked for is on another server."""


Failure: TypeAlias = Callable[[str], CtvpipeError]
_AGAIN = "Is it overloaded, or being restarted? The next run asks again."
_ENCRYPT = "Let the connection be encrypted: LDAPS or StartTLS."

# Active Directory says more about a refused login than the code does: 'data' and a number (its Windows error code).
_AD_REASON = re.compile(r"\bdata ([0-9a-f]{3,4})\b")
_AD_REASONS = {
    "525": "it does not know the account",
    "52e": "the password is wrong",
    "530": "the account may not log in at this hour",
    "531": "the account may not log in from this machine",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked",
}


def login_refused(server: str, said: str = "") -> LoginRefused:
    """The error for a refused login; of ``said``, what the server wrote about it, only a known number is used."""
    found = _AD_REASON.search(said)
    reason = _AD_REASONS.get(found[1], "") if found else ""
    text = f"{server} refused the login: {reason}" if reason else f"{server} refused the login"
    return LoginRefused(text, "Check the user and the password of the account that reads.")


_FAILURES: dict[int, Failure] = {
    TIME_LIMIT: lambda server: TimeLimit(f"{server} broke the search off: its time limit was reached", _AGAIN),
    SIZE_LIMIT: lambda server: SizeLimit(
        f"{server} returns fewer entries than there are", "Its size limit for this account is too low."
    ),
    ADMIN_LIMIT: lambda server: SizeLimit(
        f"{server} does not return so many entries", "Its administrative limit for this account is too low."
    ),
    8: lambda server: NotEncrypted(f"{server} wants an encrypted connection", _ENCRYPT),
    10: lambda server: Elsewhere(f"{server} refers to another server", "Set the server that has the data itself."),
    12: lambda server: NotPaged(f"{server} does not give its results in pages", "It must allow the paged control."),
    13: lambda server: NotEncrypted(f"{server} wants an encrypted connection", _ENCRYPT),
    18: lambda server: SearchRefused(f"{server} does not do this search", "Check the filter."),
    NO_SUCH_OBJECT: lambda server: BaseMissing(
        f"{server} has nothing where the search begins, or does not show it to this account", "Check the search base."
    ),
    34: lambda server: BaseMissing(f"{server} cannot read where the search begins", "Check the search base."),
    48: login_refused,
    WRONG_PASSWORD: login_refused,
    50: lambda server: AccessDenied(f"{server} does not allow this search", "The account needs the right to read."),
    51: lambda server: ServerBusy(f"{server} is busy", _AGAIN),
    52: lambda server: ServerBusy(f"{server} is not available", _AGAIN),
    53: lambda server: SearchRefused(
        f"{server} is not willing to do this", "It may want an account, or smaller pages; ask who runs it."
    ),
}


def failure(server: str, code: int) -> CtvpipeError:
    """The error for a result ``code`` other than success."""
    if code in _FAILURES:
        return _FAILURES[code](server)
    return ServerTrouble(f"{server} answered with the LDAP result code {code}", _AGAIN)
