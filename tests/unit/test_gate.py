"""The gate that all who ask a service go through: pauses, by a clock of the test's own, and a stop."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.sources.gate import Gate, StoppedError


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def read(self) -> float:
        return self.now


def through(gate: Gate, times: int = 1) -> None:
    for _ in range(times):
        with gate.passed():
            pass


def pause(gate: Gate, hand: Hand, good: int) -> None:
    """A pause, its end, and so many good answers."""
    gate.hold(5)
    hand.now += 5
    through(gate, good)


def test_a_pause_holds_everybody_and_is_counted_once() -> None:
    gate = Gate(10)
    began = time.monotonic()
    assert [gate.hold(seconds) for seconds in (0.05, 0.02, 0.05)] == [0.05, 0.02, 0.05]
    passed: list[float] = []

    def go(_: int) -> None:
        through(gate)
        passed.append(time.monotonic() - began)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(go, range(4)))
    assert len(passed) == 4
    assert min(passed) >= 0.05
    assert gate.pauses == 1


def test_nobody_waits_longer_than_the_longest_pause() -> None:
    hand = Hand()
    gate = Gate(10, longest=300, clock=hand.read)
    assert gate.hold(86_400) == 300
    hand.now += 300
    through(gate)


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    hand = Hand()
    gate = Gate(10, clock=hand.read)
    gate.hold(20)
    gate.hold(1)
    hand.now += 19
    stopped: list[type[Exception]] = []

    def go() -> None:
        with pytest.raises(StoppedError) as caught:
            through(gate)
        stopped.append(type(caught.value))

    thread = threading.Thread(target=go)
    thread.start()
    gate.close()
    thread.join(30)
    assert stopped == [StoppedError], "it still held"


@pytest.mark.parametrize(("good", "most"), [(0, [10, 10, 5, 5, 5, 2]), (99, [10, 10, 5, 5, 5, 2]), (100, [10] * 6)])
def test_three_pauses_in_a_row_halve_what_may_be_out(good: int, most: list[int]) -> None:
    hand = Hand()
    gate = Gate(10, clock=hand.read)
    found = []
    for _ in range(6):
        pause(gate, hand, good)
        found.append(gate.most)
    assert found == most


def test_one_at_a_time_is_never_halved() -> None:
    hand = Hand()
    gate = Gate(1, clock=hand.read)
    for _ in range(9):
        pause(gate, hand, 0)
    assert gate.most == 1


def test_a_failure_is_no_good_answer() -> None:
    hand = Hand()
    gate = Gate(2, clock=hand.read)
    for _ in range(3):
        pause(gate, hand, 0)
        for _ in range(200):
            with pytest.raises(ValueError), gate.passed():
                raise ValueError
    assert gate.most == 1


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(1, 8), st.integers(1, 30))
def test_never_more_than_may_are_out_and_all_get_through(most: int, threads: int, times: int) -> None:
    gate = Gate(most)
    lock = threading.Lock()
    out = [0, 0, 0]

    def go(_: int) -> None:
        with gate.passed():
            with lock:
                out[0] += 1
                out[1] = max(out[1], out[0])
            with lock:
                out[0] -= 1
                out[2] += 1

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(go, range(times)))
    assert out[1] <= most
    assert (out[0], out[2]) == (0, times)


def test_who_sleeps_or_waits_is_let_go_when_it_is_closed() -> None:
    gate = Gate(1)
    with ThreadPoolExecutor(3) as pool, gate.passed():
        asleep, waiting = pool.submit(gate.sleep, 3600), pool.submit(through, gate)
        gate.close()
        for one in (asleep, waiting):
            with pytest.raises(StoppedError):
                one.result(timeout=30)
    with pytest.raises(StoppedError):
        through(gate)
