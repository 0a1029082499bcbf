"""Pacing and patience, by a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.sources.pacing import Patience, TokenBucket, asked_wait, retry_after


class Hand:
    """A clock that only moves when somebody sleeps, or when the test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def bucket(hand: Hand, rate: float, burst: int = 1) -> TokenBucket:
    return TokenBucket(rate, burst=burst, clock=hand.read, sleep=hand.sleep)


def test_it_takes_as_long_as_the_rate_says_and_no_longer() -> None:
    hand = Hand()
    pace = bucket(hand, 9)
    for _ in range(28):
        pace.take()
    assert hand.now == pytest.approx(100 + 27 / 9)


def test_after_a_pause_only_the_burst_goes_out_at_once() -> None:
    hand = Hand()
    pace = bucket(hand, 10, burst=3)
    hand.now += 1000
    for _ in range(3):
        pace.take()
    assert hand.now == 1100
    pace.take()
    assert hand.now == pytest.approx(1100.1)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 2), min_size=1, max_size=40), st.integers(1, 4))
def test_no_window_of_time_holds_more_than_the_rate_allows(pauses: list[float], burst: int) -> None:
    hand = Hand()
    pace = bucket(hand, 5, burst=burst)
    sent = []
    for pause in pauses:
        hand.now += pause
        pace.take()
        sent.append(hand.now)
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + (sent[last] - sent[first]) * 5 + 1e-6


def test_the_wait_doubles_up_to_a_minute_and_is_never_nothing() -> None:
    patience = Patience(first=1.0)
    for failed, longest in [(1, 1), (2, 2), (5, 16), (7, 60), (30, 60)]:
        assert all(longest / 2 <= patience.wait(failed) <= longest for _ in range(20))
    assert len({patience.wait(5) for _ in range(20)}) > 1, "clients that failed together do not come back together"


@pytest.mark.parametrize(("header", "seconds"), [
    ("7", 7), (" 0 ", 0), ("Thu, 26 Nov 2026 10:00:30 GMT", 30), ("Thu, 26 Nov 2026 09:00:00 GMT", 0),
    (None, None), ("", None), ("soon", None), ("-5", None), ("²", None),
])  # fmt: skip
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 11, 26, 10, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(("headers", "seconds"), [
    ({}, None),
    ({"Retry-After": "7"}, 7),
    ({"X-RateLimit-Reset": "Thu, 26 Nov 2026 10:00:30 GMT"}, 35),
    ({"X-RateLimit-Reset": "Thu, 26 Nov 2026 09:00:00 GMT"}, 5),
    ({"X-RateLimit-Reset": "1795687230"}, 35),
    ({"X-RateLimit-Reset": "30"}, 35),
    ({"X-RateLimit-Reset": "soon"}, None),
    ({"Retry-After": "7", "X-RateLimit-Reset": "Thu, 26 Nov 2026 10:00:30 GMT"}, 35),
    ({"Retry-After": "90", "X-RateLimit-Reset": "Thu, 26 Nov 2026 10:00:30 GMT"}, 90),
    ({"Retry-After": "soon", "X-RateLimit-Reset": "30"}, 35),
])  # fmt: skip
def test_a_busy_server_is_given_the_longest_time_that_it_asks_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_wait(headers, datetime(2026, 11, 26, 10, tzinfo=UTC)) == seconds
