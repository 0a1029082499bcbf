"""Threads that work, and one who takes what they bring."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.sources.workers import Workers


@settings(max_examples=30)
@given(st.lists(st.integers()), st.integers(1, 12))
def test_everything_is_done_once(numbers: list[int], threads: int) -> None:
    with Workers(lambda number: number * 2, numbers, threads) as coming:
        assert sorted(coming) == sorted(number * 2 for number in numbers)


def test_as_many_work_at_a_time_as_there_are_threads() -> None:
    meeting = threading.Barrier(4)
    with Workers(lambda _: meeting.wait(30), range(8), 4) as coming:
        assert sorted(coming) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_whoever_takes_nothing_is_not_worked_ahead_of_for_ever() -> None:
    begun: list[int] = []
    full = threading.Event()

    def work(number: int) -> int:
        begun.append(number)
        if len(begun) == 9:
            full.set()
        return number

    with Workers(work, range(1000), 3) as coming:
        first = next(iter(coming))
        assert full.wait(30)
        assert first in {0, 1, 2}
        assert len(begun) <= 10, "one was taken, six are done, three wait for room"


def test_an_error_reaches_whoever_takes_and_ends_the_work() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 5:
            raise ValueError(number)
        return number

    with Workers(work, range(100_000), 2) as coming, pytest.raises(ValueError, match="5"):
        list(coming)
    assert len(begun) < 100_000


def test_an_error_of_what_is_given_does_as_well() -> None:
    def given_() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with Workers(lambda number: number, given_(), 3) as coming, pytest.raises(ValueError, match="no more"):
        list(coming)


def test_what_is_under_way_at_a_stop_is_brought_home() -> None:
    under_way = threading.Semaphore(0)
    go_on = threading.Event()

    def work(number: int) -> int:
        under_way.release()
        go_on.wait(30)
        return number

    with Workers(work, range(100), 3) as coming:
        for _ in range(3):
            assert under_way.acquire(timeout=30)
        coming.stop()
        go_on.set()
        assert sorted(coming) == [0, 1, 2]


def test_what_does_not_come_home_is_not_waited_for() -> None:
    never = threading.Event()
    with Workers(lambda _: never.wait(), range(100), 3) as coming:
        coming.stop(0.01)
        assert list(coming) == []
    never.set()


def test_whoever_leaves_early_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with Workers(lambda number: number, range(100_000), 4) as coming:
        next(iter(coming))
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
        assert not thread.is_alive()
