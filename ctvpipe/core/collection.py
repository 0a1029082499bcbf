"""Python's garbage collector in a run: rows by the thousand, and hardly a cycle among them.

Every few hundred new rows it would look through everything there is, the imported modules too: a quarter of the time of
a sync. In a run it looks seldom, and at what is new.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 100_000


@contextmanager
def seldom() -> Iterator[None]:
    """Let the collector run once in so many new objects, inside the block."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
