"""A stop signal in the middle of work that must not be torn apart: it ends by itself first, unless asked again."""

from __future__ import annotations

import os
import signal

import pytest

from ctvpipe.core import signals


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def test_the_first_asks_and_raises_once_the_block_has_ended() -> None:
    asked: list[str] = []
    with signals.deferred() as stopping:
        stopping.allow()
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"), signals.first_only_asks(lambda: asked.append("stop")):
            send(signal.SIGTERM)
            send(signal.SIGHUP)  # of the same request, as of a terminal that closes
            asked.append("went on")
        assert asked == ["stop", "went on"]


def test_one_that_comes_later_raises_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("ctvpipe.core.signals.time.monotonic", lambda: now[0])
    went_on = False
    with signals.deferred() as stopping:
        stopping.allow()
        with pytest.raises(KeyboardInterrupt, match="SIGINT"), signals.first_only_asks(lambda: None):
            send(signal.SIGTERM)
            now[0] += 2
            send(signal.SIGINT)
            went_on = True
    assert not went_on


def test_without_a_signal_nothing_happens_and_the_handlers_are_as_before() -> None:
    with signals.deferred():
        before = signal.getsignal(signal.SIGTERM)
        with signals.first_only_asks(lambda: None):
            assert signal.getsignal(signal.SIGTERM) != before
        assert signal.getsignal(signal.SIGTERM) == before


def test_an_error_of_the_block_is_the_error() -> None:
    with signals.deferred() as stopping:
        stopping.allow()
        with pytest.raises(ValueError, match="of the work"), signals.first_only_asks(lambda: None):
            send(signal.SIGTERM)
            raise ValueError("of the work")
