"""Publish files so that a reader sees the old one or the whole new one, whatever happens when."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ctvpipe.core.errors import PermanentError

_MIB = 1024 * 1024
_TEMPORARY_PREFIX = ".ctvpipe-"
_TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def publish(target: Path, *, check: Callable[[Path], None] | None = None, mode: int = 0o640) -> Iterator[Path]:
    """Yield a temporary path in ``target``'s directory; on leaving it is checked, synced and renamed to ``target``.

    ``check`` gets the finished temporary file and raises when it is not fit to publish. When the body or the check
    raises, ``target`` is as it was. The leftover of a killed run for the same target is removed first (the caller
    holds the job's lock). Raises ``PermanentError`` for a full disk or a directory that cannot be written; another
    ``OSError`` of the body is about what the body reads, and passes as it is.
    """
    temporary = target.with_name(f"{_TEMPORARY_PREFIX}{target.name}{_TEMPORARY_SUFFIX}")
    try:
        with explained(f"write {target}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.unlink(missing_ok=True)
        try:
            yield temporary
        except OSError as error:
            if error.errno in _TARGET_ERRORS or error.filename in {str(temporary), temporary}:
                raise _cannot(f"write {target}", error) from error
            raise
        with explained(f"write {target}"):
            sync(temporary)
            if check is not None:
                check(temporary)
            temporary.chmod(mode)
            temporary.replace(target)
            sync(target.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def is_temporary(path: Path) -> bool:
    """Whether ``path`` is an unpublished leftover of ``publish``."""
    return path.name.startswith(_TEMPORARY_PREFIX) and path.name.endswith(_TEMPORARY_SUFFIX)


def sync(path: Path) -> None:
    """Force a file's or directory's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file and make the deletion durable."""
    path.unlink()
    sync(path.parent)


def require_free(directory: Path, mib: int) -> None:
    """Raise ``PermanentError`` when the disk of ``directory`` has less than ``mib`` MiB free."""
    with explained(f"look at the disk of {directory}"):
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        free = shutil.disk_usage(existing).free // _MIB
    if free < mib:
        raise PermanentError(
            f"only {free} MiB free on the disk of {directory}, {mib} MiB are required",
            "Free some space: see 'ctvpipe commercial rotate --status' for what is kept.",
        )


def require_writable(path: Path) -> None:
    """Raise ``PermanentError`` when ``path`` is there and this user may not write it."""
    if os.access(path, os.F_OK) and not os.access(path, os.W_OK):
        raise PermanentError(
            f"{path} may not be written by this user", "Run it as the service user: sudo -u ctvpipe ctvpipe …"
        )


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn an ``OSError`` into a ``PermanentError`` that says what could not be done and what to look at."""
    try:
        yield
    except OSError as error:
        raise _cannot(doing, error) from error


def _cannot(doing: str, error: OSError) -> PermanentError:
    return PermanentError(f"cannot {doing}: {error.strerror or error}", _ADVICE.get(error.errno or 0, ""))


_TARGET_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_ADVICE = {
    errno.ENOSPC: "The disk is full: free some space; nothing half-written was left.",
    errno.EDQUOT: "The disk quota is used up: free some space; nothing half-written was left.",
    errno.EACCES: "Check owner and permissions of the directory; the jobs run as the service user.",
    errno.EPERM: "Check owner and permissions of the directory; the jobs run as the service user.",
    errno.EROFS: "The file system is read-only: check the disk or the SD card ('dmesg').",
    errno.EIO: "The disk reports input/output errors: check the disk or the SD card ('dmesg').",
}
