"""A source that is read ahead: in order, in chunks, never far ahead, and its error comes after what it has brought."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.core import ahead

PATIENCE = 10.0


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=20), st.integers(1, 7))
def test_everything_comes_in_order(items: list[int], size: int) -> None:
    found = list(ahead.chunks(items, size))
    assert [one for chunk in found for one in chunk] == items
    assert all(len(chunk) == size for chunk in found[:-1])


def test_an_error_comes_after_whole_chunks() -> None:
    def broken() -> Iterator[int]:
        yield from range(5)
        raise KeyError("x")

    with closing(ahead.chunks(broken(), 2)) as chunks:
        assert [next(chunks), next(chunks)] == [[0, 1], [2, 3]]
        with pytest.raises(KeyError):
            next(chunks)


def test_a_source_is_not_read_far_ahead_and_stops_when_nobody_wants_more() -> None:
    """Memory holds a few chunks, whatever the size of the source (P29)."""
    read = 0
    ended = threading.Event()

    def endless() -> Iterator[int]:
        nonlocal read
        try:
            while True:
                read += 1
                yield read
        finally:
            ended.set()

    chunks = ahead.chunks(endless(), 10)
    for number in range(1, 50):
        next(chunks)
        assert read <= (number + 4) * 10
    chunks.close()
    assert ended.wait(PATIENCE)
