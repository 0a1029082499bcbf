"""How fast, and how often, a remote is asked: a token bucket, and the wait before another try (facts 2.7)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


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
