"""What all who ask one service go through: one ``Retry-After`` holds everybody, and a stop lets everybody go.

Client(gate=gate), once a thread
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ctvpipe.core.errors import TransientError

_log = logging.getLogger(__name__)
_PAUSES_IN_A_ROW = 3
_CALM = 100


class StoppedError(TransientError):
    """The gate was closed: whoever asks is to ask no more."""


class Gate:
    """Lets up to ``most`` requests go out at a time, and none while a pause lasts, which is ``longest`` seconds at most.

    After three pauses with fewer than a hundred good answers between each and the next, half as many may go out at a
    time (facts of ``bdc.md`` 3.4). ``pauses`` is how many there were.
    """

    def __init__(self, most: int, *, longest: float = 300.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.pauses = most, 0
        self._longest, self._clock = longest, clock
        self._until = 0.0
        self._out = self._in_a_row = 0
        self._good = _CALM
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Wait until a request may go out; it is out while the block lasts. Raises ``StoppedError`` when closed."""
        with self._changed:
            while not self._closed and (self._left() > 0 or self._out >= self.most):
                self._changed.wait(self._left() if self._left() > 0 else None)
            self._require_open()
            self._out += 1
        good = 0
        try:
            yield
            good = 1
        finally:
            with self._changed:
                self._good += good
                self._out -= 1
                self._changed.notify()

    def hold(self, seconds: float) -> float:
        """Nobody's request goes out for so long, or the longest pause, whose length is returned; it is a pause of its
        own if there was none.
        """
        seconds = min(seconds, self._longest)
        with self._changed:
            if self._left() <= 0:
                self._begin_pause()
            self._until = max(self._until, self._clock() + seconds)
        return seconds

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the gate is closed. Raises ``StoppedError`` then."""
        end = self._clock() + seconds
        with self._changed:
            while not self._closed and (left := end - self._clock()) > 0:
                self._changed.wait(left)
            self._require_open()

    def close(self) -> None:
        """Let nobody through any more; what is out comes in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _left(self) -> float:
        return self._until - self._clock()

    def _require_open(self) -> None:
        if self._closed:
            raise StoppedError("stopped before it was asked for")

    def _begin_pause(self) -> None:
        self.pauses += 1
        self._in_a_row = self._in_a_row + 1 if self._good < _CALM else 1
        self._good = 0
        if self._in_a_row >= _PAUSES_IN_A_ROW and self.most > 1:
            self.most, self._in_a_row = max(1, self.most // 2), 0
            _log.warning("the service asked for %d pauses in a row: %d requests at a time from now on",
                        _PAUSES_IN_A_ROW, self.most)  # fmt: skip
