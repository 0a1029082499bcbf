"""A stop signal in the middle of work that must not be torn apart: it ends by itself first, unless asked again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from ctvpipe.core import signals


def work(stop: Callable[[], None], *sent: signal.Signals, then: Callable[[], object]) -> None:
    """Work during which signals come; those within a second are one request, as of a terminal that closes."""
    with signals.first_only_asks(stop):
        for number in sent:
            os.kill(os.getpid(), number)
        then()


def test_the_first_asks_and_raises_once_the_block_has_ended() -> None:
    asked: list[str] = []
    with signals.deferred() as stopping:
        stopping.allow()
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
            work(lambda: asked.append("stop"), signal.SIGTERM, signal.SIGHUP, then=lambda: asked.append("went on"))
        assert asked == ["stop", "went on"]


def test_one_that_comes_later_raises_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("ctvpipe.core.signals.time.monotonic", lambda: now[0])
    went_on: list[str] = []
    with signals.deferred() as stopping:
        stopping.allow()
        with pytest.raises(KeyboardInterrupt, match="SIGINT"):
            work(lambda: now.append(now.pop() + 2), signal.SIGTERM, signal.SIGINT, then=lambda: went_on.append("it"))
    assert went_on == []


def test_without_a_signal_nothing_happens_and_the_handlers_are_as_before() -> None:
    with signals.deferred():
        before = signal.getsignal(signal.SIGTERM)
        with signals.first_only_asks(lambda: None):
            assert signal.getsignal(signal.SIGTERM) != before
        assert signal.getsignal(signal.SIGTERM) == before


def test_an_error_of_the_block_is_the_error() -> None:
    with signals.deferred() as stopping:
        stopping.allow()
        with pytest.raises(ZeroDivisionError):
            work(lambda: None, signal.SIGTERM, then=lambda: 1 / 0)
