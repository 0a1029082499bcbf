"""Threads that ask, and one who takes what they bring, as it comes: bounded in memory, and stopped without loss."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Self, TypeVar

S = TypeVar("S")
T = TypeVar("T")
_AHEAD = 2
_LAST_SECONDS = 10.0
_LOOK_SECONDS = 0.5


class _Over:
    """A thread has nothing more to do, or was ended by ``error``."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Workers(Generic[S, T]):
    """What ``work`` makes of each of ``given``, in the order in which it is done, by ``number`` threads.

    Iterate inside a ``with``; it raises what ``work`` raises. ``given`` is read by the threads, one at a time.
    Twice as many results as threads wait for whoever iterates, however many there are to come. The threads end with
    the process: one that waits for a server does not keep a run that is stopped.
    """

    def __init__(self, work: Callable[[S], T], given: Iterable[S], number: int) -> None:
        self._work, self._given = work, iter(given)
        self._taking = threading.Lock()
        self._done: queue.Queue[T | _Over] = queue.Queue(_AHEAD * number)
        # No event, which has a lock: a signal may stop in the midst of stopping.
        self._stopping = False
        self._until = float("inf")
        self._running = number
        for index in range(number):
            threading.Thread(target=self._run, name=f"worker {index + 1}", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing more is begun; what is done and was not taken is let go."""
        self._stopping = True
        while not self._done.empty():
            self._next(0)

    def __iter__(self) -> Iterator[T]:
        while self._running and time.monotonic() < self._until:
            found = self._next(min(_LOOK_SECONDS, self._until - time.monotonic()))  # stop() comes from a signal
            if isinstance(found, _Over):
                if found.error is not None:
                    raise found.error
            elif found is not None:
                yield found

    def stop(self, seconds: float = _LAST_SECONDS) -> None:
        """Begin nothing more; whoever goes on iterating gets what is done within ``seconds``, and then the end."""
        self._until = time.monotonic() + seconds
        self._stopping = True

    def _next(self, seconds: float) -> T | _Over | None:
        """The next that comes within ``seconds``; ``None`` where nothing does."""
        try:
            found = self._done.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        self._running -= isinstance(found, _Over)
        return found

    def _run(self) -> None:
        try:
            for one in iter(self._take, None):
                self._done.put(self._work(one[0]))
        except BaseException as error:  # noqa: BLE001  (raised again by whoever iterates)
            self._stopping = True
            self._done.put(_Over(error))
        else:
            self._done.put(_Over())

    def _take(self) -> tuple[S] | None:
        with self._taking:
            if self._stopping:
                return None
            for one in self._given:
                return (one,)
            return None
