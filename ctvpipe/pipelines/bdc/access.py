"""How Sonar is asked: where, by whom, and how patiently."""

from __future__ import annotations

from dataclasses import dataclass, field

from ctvpipe.sources.pacing import Patience

WORKERS = 10
# Retry-After is heeded up to five minutes at a time, at every try.
_LONGEST_PAUSE = 300.0


@dataclass(frozen=True)
class Access:
    """``url``: ``https://HOST``, without a slash at its end. ``retries``: after the first try of a call; ``backoff``:
    seconds before the first of them (facts 3.4).
    """

    url: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    workers: int = WORKERS
    retries: int = 5
    backoff: float = 1.0

    @property
    def patience(self) -> Patience:
        """The patience of one call."""
        return Patience(self.retries + 1, (self.retries + 1) * _LONGEST_PAUSE, self.backoff)
