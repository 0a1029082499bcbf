"""How fast, and how often, a remote is asked: a token bucket, and the wait before another try (facts 2.7)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A reset is told in whole seconds, by another clock.
_AFTER_RESET = 5.0
_EPOCH_SINCE = 1_000_000_000


class TokenBucket:
    """Lets ``rate`` requests a second through, after a pause up to ``burst`` of them at once."""

    def __init__(
        self,
        rate: float,
        *,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._burst = rate, float(burst)
        self._clock, self._sleep = clock, sleep
        self._tokens, self._at = float(burst), clock()

    def take(self) -> None:
        """Wait until another request may be sent."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
        self._at = now
        if self._tokens < 0:
            self._sleep(-self._tokens / self._rate)


@dataclass(frozen=True)
class Patience:
    """How many ``tries`` a request has, how many ``seconds`` may be spent waiting between them altogether, and how long
    the ``first`` and the ``longest`` wait may be.
    """

    tries: int = 5
    seconds: float = 300.0
    first: float = 1.0
    longest: float = 60.0

    def wait(self, failed: int) -> float:
        """Seconds to wait after ``failed`` tries, where the server names none: exponential, capped, with jitter."""
        longest = min(self.longest, self.first * 2.0 ** (failed - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311  (spreads clients, guards nothing)


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """The seconds that a ``Retry-After`` header asks for: a number, or a date; ``None`` where it says neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def asked_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The seconds that a busy server's answer asks for, by ``Retry-After`` or ``X-RateLimit-Reset``, whichever is later;
    ``None`` where it says neither.

    A reset is a date, a UNIX time, or seconds from now; it is over five seconds later (facts of ``directory.md`` 4.0).
    """
    now = now or datetime.now(UTC)
    said = [retry_after(headers.get("Retry-After"), now)]
    reset = retry_after(headers.get("X-RateLimit-Reset"), now)
    if reset is not None:
        left = reset - now.timestamp() if reset >= _EPOCH_SINCE else reset
        said.append(max(0.0, left) + _AFTER_RESET)
    return max((wait for wait in said if wait is not None), default=None)
