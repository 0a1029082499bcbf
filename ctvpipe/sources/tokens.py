"""Bearer tokens that expire: renewed before they do, and once more where a server refuses one all the same.

Client(auth=RenewedToken(sign_in))
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple, TypeGuard

import requests
from requests.auth import AuthBase

_MARGIN = 60.0
_SENDABLE = re.compile(r"[!-~]+")
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)


class Token(NamedTuple):
    """A token, and for how many ``seconds`` from now it is good."""

    value: str
    seconds: float


class Renewable(AuthBase):
    """What signs requests and is renewed when a server refuses it; ``make_ready`` and ``drop`` are for the client.

    ``refusals``: the statuses that may mean so; ``is_refused_by_a_page``: so may a body that is not what was asked for.
    """

    refusals: frozenset[int] = frozenset({HTTPStatus.UNAUTHORIZED})
    is_refused_by_a_page: bool = False

    def make_ready(self) -> None:
        """Have something that is thought to be good."""
        raise NotImplementedError

    def drop(self) -> None:
        """It was refused: the next request needs another."""
        raise NotImplementedError


class RenewedToken(Renewable):
    """Sends the token that ``sign_in`` gives, and asks for another a minute before it expires; ``signed_in`` is how
    often it has.

    It is of one thread. Errors are those of ``sign_in``.
    """

    def __init__(self, sign_in: Callable[[], Token], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sign_in, self._clock = sign_in, clock
        self._value, self._due = "", -math.inf
        self.signed_in = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._value}"
        return request

    def make_ready(self) -> None:
        """Sign in, unless there is a token that is good for a while."""
        now = self._clock()
        if now < self._due:
            return
        self._value, seconds = self._sign_in()
        # By a clock that differs from the server's it may be over at birth: then the server says when it is.
        self._due = now + max(seconds - _MARGIN, seconds / 2) if seconds > 0 else math.inf
        self.signed_in += 1

    def drop(self) -> None:
        """The token was refused: the next request needs another."""
        self._due = -math.inf


def is_sendable(token: object) -> TypeGuard[str]:
    """Whether it is a text that can stand in a header."""
    return isinstance(token, str) and _SENDABLE.fullmatch(token) is not None


def is_jwt(text: str) -> bool:
    """Whether a text has the three parts of a JSON web token."""
    return _JWT.fullmatch(text) is not None


def seconds_left(token: str, *, now: float) -> float:
    """For how many seconds from ``now`` (a UNIX time) a JSON web token is good, by its claim ``exp``; without bounds
    where it does not say.
    """
    if not is_jwt(token):
        return math.inf
    claims = token.split(".")[1]
    try:
        found: Any = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return math.inf
    exp = found.get("exp") if isinstance(found, dict) else None
    return float(exp) - now if isinstance(exp, int | float) and not isinstance(exp, bool) else math.inf
