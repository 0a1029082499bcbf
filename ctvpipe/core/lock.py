"""One run of a job at a time: ``flock`` on ``JOB.lock`` in the run directory.

The wrapper takes the lock and hands the open descriptor on in ``CTVPIPE_LOCK_FD``; the command adopts it, or takes
the lock itself when it is run by hand. The descriptor is close-on-exec from there, so that no child keeps it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ctvpipe.core.errors import NotNowError, PermanentError

DESCRIPTOR_VARIABLE = "CTVPIPE_LOCK_FD"


@contextmanager
def held(path: Path, job: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Hold the lock file ``path`` for ``job`` inside the block.

    Raises ``NotNowError`` when another run holds it, ``PermanentError`` when the file cannot be opened.
    """
    descriptor = _adopted(path, environ.get(DESCRIPTOR_VARIABLE))
    if descriptor is None:
        descriptor = _opened(path)
    try:
        os.set_inheritable(descriptor, False)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotNowError(
                f"another run of {job} is going on", "Nothing to do; 'ctvpipe runs list' shows it."
            ) from None
        except OSError as error:
            raise PermanentError(
                f"cannot lock {path}: {error.strerror}", "The run directory must be on a local file system."
            ) from error
        yield
    finally:
        os.close(descriptor)


def _adopted(path: Path, number: str | None) -> int | None:
    """The wrapper's descriptor, if it really is the lock file."""
    if number is None or not number.isdecimal():
        return None
    try:
        ours, there = os.fstat(int(number)), path.stat()
    except (OSError, OverflowError):
        return None
    return int(number) if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino) else None


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    except OSError as error:
        raise PermanentError(
            f"cannot open the lock file {path}: {error.strerror}",
            "Run it as the service user ('sudo -u ctvpipe …') or through its wrapper.",
        ) from error
