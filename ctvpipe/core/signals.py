"""Stop signals: they end the work of a run, and never the recording of how it ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAME_REQUEST_SECONDS = 1.0


class Stopping:
    """Decides what a stop signal does at the moment: nothing yet, or ``KeyboardInterrupt`` with the signal's name.

    Signals that come within a second are one request (a terminal that closes sends several), so that the first
    one's clean-up is not torn apart by the second.
    """

    def __init__(self) -> None:
        self._pending: int | None = None
        self._raising = False
        self._raised_at = float("-inf")

    def allow(self) -> None:
        """From here on a signal raises; one that came before raises now."""
        self._raising = True
        if self._pending is not None:
            self.on_signal(self._pending, None)

    def defer(self) -> None:
        """From here on a signal is only noted."""
        self._raising = False

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        if not self._raising:
            self._pending = number
            return
        now = time.monotonic()
        if now - self._raised_at >= _SAME_REQUEST_SECONDS:
            self._raised_at = now
            raise KeyboardInterrupt(signal.Signals(number).name)


@contextmanager
def deferred() -> Iterator[Stopping]:
    """Note stop signals inside the block; ``allow()`` lets them raise. What is ignored already stays so (nohup)."""
    stopping = Stopping()
    previous = {number: signal.getsignal(number) for number in _STOP}
    for number, handler in previous.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stopping.on_signal)
    try:
        yield stopping
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def first_only_asks(stop: Callable[[], None]) -> Iterator[None]:
    """Inside the block the first stop signal calls ``stop``, and raises when the block has ended by itself; a later one
    raises at once. For work that must not be torn apart anywhere, and knows how to come to an end.

    ``stop`` is called in the midst of anything: it must not wait, nor raise.
    """
    before = {number: signal.getsignal(number) for number in _STOP}
    asked: list[signal.Signals] = []
    asked_at = float("-inf")

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked_at
        if not asked:
            asked.append(signal.Signals(number))
            asked_at = time.monotonic()
            stop()
        elif time.monotonic() - asked_at >= _SAME_REQUEST_SECONDS:
            _call(before[signal.Signals(number)], number, frame)

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        _call(before[asked[0]], asked[0], None)


def _call(handler: object, number: int, frame: FrameType | None) -> None:
    if callable(handler):
        handler(number, frame)
