"""Progress for people and for logs: a bar on a terminal, lines at 25, 50, 75 and 100 % otherwise."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_QUARTERS = (25, 50, 75, 100)


class _Lines:
    """Logs each quarter once."""

    def __init__(self, label: str, total: int, log: logging.Logger) -> None:
        self._label, self._total, self._log = label, total, log
        self._left = list(_QUARTERS)

    def __call__(self, done: int) -> None:
        percent = 100 if self._total <= 0 else done * 100 // self._total
        reached = [quarter for quarter in self._left if percent >= quarter]
        if reached:
            self._left = [quarter for quarter in self._left if quarter not in reached]
            self._log.info("%s: %d%% (%d of %d)", self._label, reached[-1], min(done, self._total), self._total)


@contextmanager
def shown(label: str, total: int, log: logging.Logger, *, bar: bool | None = None) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with how much of ``total`` is done so far.

    ``bar``: draw a bar instead of logging lines; default: when standard error is a terminal.
    """
    if not (sys.stderr.isatty() if bar is None else bar):
        yield _Lines(label, total, log)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda done: progress.update(task, completed=done)
