"""Tokens: when another is asked for, by a clock of the test's own, and how long one says that it is good."""

from __future__ import annotations

import json
import math
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.sources.tokens import RenewedToken, Token, is_jwt, is_sendable, seconds_left

NOW = 1_800_000_000


def jwt(claims: object) -> str:
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return f"eyJhbGciOiJIUzI1NiJ9.{urlsafe_b64encode(body).decode().rstrip('=')}.c2ln"


def times_signed_in(life: float, at: list[float]) -> list[int]:
    """How often was signed in by each of these times at which a call is made."""
    clock = iter(at)
    token = RenewedToken(lambda: Token("a", life), clock=lambda: next(clock))
    counts = []
    for _ in at:
        token.make_ready()
        counts.append(token.signed_in)
    return counts


@pytest.mark.parametrize(("life", "at", "counts"), [
    (3600, [0, 3539.9, 3540, 3541], [1, 1, 2, 2]),
    (90, [0, 44, 45], [1, 1, 2]),  # too short for a margin of a minute
    (math.inf, [0, 1e9], [1, 1]),
    (0, [0, 1e9], [1, 1]),  # over at birth: the server says when it is
    (-5, [0, 1e9], [1, 1]),
])  # fmt: skip
def test_another_is_asked_for_before_one_expires(life: float, at: list[float], counts: list[int]) -> None:
    assert times_signed_in(life, at) == counts


@given(st.floats(-1e4, 0) | st.floats(1, 1e6), st.lists(st.floats(0, 1e6), min_size=1).map(sorted))
def test_no_call_goes_out_with_a_token_that_has_expired_and_none_signs_in_twice(life: float, at: list[float]) -> None:
    clock = [0.0]
    since: list[float] = []
    token = RenewedToken(lambda: since.append(clock[0]) or Token("a", life), clock=lambda: clock[0])  # type: ignore[func-returns-value]
    for now in at:
        clock[0] = now
        before = token.signed_in
        token.make_ready()
        assert token.signed_in - before <= 1
        assert life <= 0 or now < since[-1] + life


def test_one_that_was_refused_is_not_used_again() -> None:
    token = RenewedToken(lambda: Token("a", math.inf))
    token.make_ready()
    token.drop()
    token.make_ready()
    assert token.signed_in == 2


@pytest.mark.parametrize(("token", "seconds"), [
    (jwt({"exp": NOW + 86400}), 86400),
    (jwt({"exp": NOW - 1.5}), -1.5),
    (jwt({"exp": str(NOW)}), math.inf),
    (jwt({"exp": True}), math.inf),
    (jwt({}), math.inf),
    (jwt([NOW]), math.inf),
    (jwt(b"\xff{"), math.inf),
    ("a.b.c", math.inf),
    ("static-token", math.inf),
    ("", math.inf),
])  # fmt: skip
def test_how_long_a_token_is_good(token: str, seconds: float) -> None:
    assert seconds_left(token, now=NOW) == seconds


@given(st.text())
def test_no_text_is_too_odd_for_a_token(text: str) -> None:
    assert seconds_left(text, now=NOW) == math.inf or is_jwt(text)


@pytest.mark.parametrize(("token", "good"), [
    (jwt({}), True), ("", False), ("<html>.a.b", False), ("a.b", False), (jwt({}) + "\n", False), ("a.b.c d", False),
])  # fmt: skip
def test_what_a_web_token_looks_like(token: str, good: bool) -> None:
    assert is_jwt(token) is good


@pytest.mark.parametrize(("token", "good"), [("a!~", True), ("", False), ("a b", False), ("a\n", False), (7, False)])
def test_what_fits_a_header(token: object, good: bool) -> None:
    assert is_sendable(token) is good
