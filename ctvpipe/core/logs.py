"""A job's log files, as operators know them: ``YYYY-MM-DD HH:MM:SS - LEVEL - text``, SUCCESS and ERROR to grep for.

The console gets the same lines without tracebacks. A log that cannot be written never stops a job.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from ctvpipe.core.secrets import Scrubber

OUTCOME = "outcome"
_SHAPE = "%(asctime)s - %(levelname)s - %(message)s"


class _Formatter(logging.Formatter):
    """Station time, secrets scrubbed from the finished text, tracebacks on request."""

    def __init__(self, shape: str, tz: tzinfo, scrubber: Scrubber, *, tracebacks: bool) -> None:
        super().__init__(shape)
        self._tz, self._scrubber, self._tracebacks = tz, scrubber, tracebacks

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        return datetime.fromtimestamp(record.created, self._tz).strftime("%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        if not self._tracebacks and (record.exc_info or record.exc_text):
            record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
        return self._scrubber.clean(super().format(record))


class _Console(logging.StreamHandler[TextIO]):
    """Standard error; a line that cannot be formatted is not repeated raw there, as the base class would do."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        with contextlib.suppress(OSError, ValueError):
            print(f"WARNING: a log line from {record.module}:{record.lineno} could not be written", file=sys.stderr)  # noqa: T201  (the log itself cannot say it)


class _LogFile(logging.FileHandler):
    """A log file that gives up quietly, but not silently, when it cannot be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True, errors="backslashreplace")
        self._told = False

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return TextIOWrapper(os.fdopen(descriptor, "wb"), encoding="utf-8", errors="backslashreplace")

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        if not self._told:
            self._told = True
            error = sys.exc_info()[1]
            reason = getattr(error, "strerror", None) or error
            print(f"WARNING: cannot write the log {self.baseFilename}: {reason}", file=sys.stderr)  # noqa: T201  (the log itself cannot say it)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self.handleError(logging.makeLogRecord({}))

    def close(self) -> None:
        try:
            super().close()
        except OSError:
            self.stream = None  # the buffer could not be flushed: given up, and said


@contextmanager
def job_log(
    name: str,
    *,
    log: Path | None,
    outcome_log: Path | None,
    tz: tzinfo,
    scrubber: Scrubber,
    verbose: bool = False,
    also: Path | None = None,
) -> Iterator[logging.Logger]:
    """Yield the logger of job ``name``, writing to ``log``, to ``also`` and the console; records marked with
    ``extra={"outcome": True}`` go to ``outcome_log`` too. Without ``log`` (a dry run), to the console only. Warnings
    of libraries (a retry, with its address) go the same scrubbed way, instead of raw to standard error.
    """
    logger = logging.getLogger(f"ctvpipe.{name}")
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
    console = _Console()
    console.setFormatter(_Formatter(_SHAPE, tz, scrubber, tracebacks=verbose))
    handlers: list[logging.Handler] = [console]
    for path, outcomes_only in ((log, False), (also, False), (outcome_log, True)):
        if path is None:
            continue
        log_file = _LogFile(path)
        log_file.setFormatter(_Formatter(_SHAPE, tz, scrubber, tracebacks=not outcomes_only))
        if outcomes_only:
            log_file.addFilter(lambda record: bool(getattr(record, OUTCOME, False)))
        handlers.append(log_file)
    loggers = (logger, logging.getLogger())
    for handler in handlers:
        for each in loggers:
            each.addHandler(handler)
    try:
        yield logger
    finally:
        for handler in handlers:
            for each in loggers:
                each.removeHandler(handler)
            handler.close()
