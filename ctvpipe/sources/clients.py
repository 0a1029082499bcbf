"""As many HTTP clients of one service as there are threads that ask it at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from ctvpipe.sources.http import Client


class Traffic(NamedTuple):
    """How many ``requests`` went out, how many were answered 429 or were further tries, and the bytes of bodies."""

    requests: int = 0
    limited: int = 0
    retried: int = 0
    received: int = 0

    @classmethod
    def of(cls, client: Client) -> Traffic:
        """What went through a client."""
        return cls(client.sent, client.limited, client.retried, client.received)

    def __add__(self, other: object) -> Traffic:
        """Both together."""
        if not isinstance(other, Traffic):
            return NotImplemented
        return Traffic(*(one + another for one, another in zip(self, other, strict=True)))


class Clients:
    """Clients that ``make`` makes, lent to one thread each, and kept with their connections for the next; to be closed."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._free: list[Client] = []
        self._all: list[Client] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def lent(self) -> Iterator[Client]:
        """A client for the block."""
        with self._lock:
            if not self._free:
                self._free.append(self._make())
                self._all.append(self._free[0])
            client = self._free.pop()
        try:
            yield client
        finally:
            with self._lock:
                self._free.append(client)

    @property
    def traffic(self) -> Traffic:
        """What went through all of them."""
        return sum((Traffic.of(one) for one in list(self._all)), Traffic())

    def close(self) -> None:
        """Close the connections."""
        for client in list(self._all):
            client.close()
