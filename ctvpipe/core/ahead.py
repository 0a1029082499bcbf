"""Reading a source ahead: a thread of its own reads while the caller does something else."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
_CHUNKS_AHEAD = 2


class _End:
    """The end of the source, with the error that ended it, if one did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def chunks(items: Iterable[T], size: int) -> Generator[list[T], None, None]:
    """``items`` in lists of up to ``size``, read from now on, a few of them ahead of the caller; raises what ``items`` raises.

    ``items`` is read by another thread: it must not use the caller's connection. Memory holds a few chunks, whatever
    the source's size (P29). Whoever stops in the middle must close the iterator; the thread ends with the process.
    """
    coming: queue.Queue[list[T] | _End] = queue.Queue(_CHUNKS_AHEAD)
    stopped = threading.Event()
    threading.Thread(target=_read, args=(items, size, coming, stopped), name="source", daemon=True).start()
    return _come(coming, stopped)


def _come(coming: queue.Queue[list[T] | _End], stopped: threading.Event) -> Generator[list[T], None, None]:
    try:
        while not isinstance(found := coming.get(), _End):
            yield found
        if found.error is not None:
            raise found.error
    finally:
        stopped.set()
        _empty(coming)


def _read(items: Iterable[T], size: int, coming: queue.Queue[list[T] | _End], stopped: threading.Event) -> None:
    try:
        source = iter(items)
        while chunk := list(islice(source, size)):
            coming.put(chunk)
            if stopped.is_set():
                return
    except BaseException as error:  # noqa: BLE001  (raised again by whoever reads)
        coming.put(_End(error))
    else:
        coming.put(_End())


def _empty(coming: queue.Queue[list[T] | _End]) -> None:
    """Let a thread that waits for room go on, so that it sees that nobody wants more."""
    try:
        while True:
            coming.get_nowait()
    except queue.Empty:
        return
