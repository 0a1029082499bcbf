"""Read files below a folder of this machine: a mounted share, or a plain folder.

Runs in a bounded child, because a mount whose server is gone holds its caller in the kernel. Below the folder no
symbolic link is followed, so nothing outside can be read, whatever a server shows.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.sources.share_errors import (
    AccessDenied,
    ConnectionLost,
    FileBusy,
    FileMissing,
    FolderMissing,
    ServerTrouble,
)
from ctvpipe.sources.share_tree import same
from ctvpipe.sources.share_types import Entry, Look, Parts, ShareLocation

_GONE = {
    errno.EIO,
    errno.ESTALE,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENOTCONN,
    errno.ECONNRESET,
    errno.ETIMEDOUT,
}
_BUSY = {errno.EBUSY, errno.ETXTBSY, errno.EAGAIN}
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class PathTree:
    """The files below an absolute path; see ``share_tree.Tree``."""

    def __init__(self, location: ShareLocation) -> None:
        self.location = location

    def find(self, folder: Parts, name: str) -> list[Entry]:
        with self._folder(folder) as descriptor:
            try:
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                return []
            except OSError as error:
                raise self._error(error, (*folder, name)) from None
            if stat.S_ISLNK(status.st_mode):
                raise self._error(OSError(errno.ELOOP, ""), (*folder, name))
            # what the kernel takes for the name may be spelled differently on a mounted share
            names = [entry.name for entry in self._list(descriptor, folder) if same(entry.name, name)]
            return [_entry(other, status) for other in ([name] if name in names else names)]

    def entries(self, folder: Parts) -> list[Entry]:
        with self._folder(folder) as descriptor:
            return self._list(descriptor, folder)

    def look(self, file: Parts) -> Look:
        with self._file(file) as descriptor:
            return _look(os.fstat(descriptor))

    @contextmanager
    def open(self, file: Parts) -> Iterator[_PathReader]:
        with self._file(file) as descriptor:
            yield _PathReader(self, file, descriptor)

    def _list(self, descriptor: int, folder: Parts) -> list[Entry]:
        try:
            listing = os.open(".", _LISTING, dir_fd=descriptor)
            try:
                with os.scandir(listing) as found:
                    return [_entry(item.name, item.stat(follow_symlinks=False)) for item in found]
            finally:
                os.close(listing)
        except OSError as error:
            raise self._error(error, folder) from None

    @contextmanager
    def _folder(self, parts: Parts) -> Iterator[int]:
        try:
            descriptor = os.open(self.location.path, _FOLDER)
        except OSError as error:
            raise self._error(error, ()) from None
        try:
            for depth, name in enumerate(parts, 1):
                try:
                    below = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
                except OSError as error:
                    raise self._error(error, parts[:depth], folder=True) from None
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _file(self, parts: Parts) -> Iterator[int]:
        with self._folder(parts[:-1]) as folder:
            try:
                descriptor = os.open(parts[-1], _FILE, dir_fd=folder)
            except OSError as error:
                raise self._error(error, parts) from None
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise FileMissing(f"{self.location.name(parts)} is not a file", "check the configured path")
                yield descriptor
            finally:
                os.close(descriptor)

    def _error(self, error: OSError, parts: Parts, *, folder: bool = False) -> CtvpipeError:
        where = self.location.name(parts)
        missing = FolderMissing if folder or not parts else FileMissing
        if error.errno == errno.ENOENT and not parts:
            return FolderMissing(f"folder {where} does not exist", "create it, mount the share, or check the setting")
        if error.errno == errno.ENOENT:
            return missing(f"{where} not found", "check the configured path")
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            return missing(f"{where} is not a folder or file, or is a symbolic link", "links below it are not followed")
        if error.errno in (errno.EACCES, errno.EPERM):
            return AccessDenied(f"access to {where} denied", "check the rights of the user the job runs as")
        if error.errno in _BUSY:
            return FileBusy(f"{where} is in use by another program", "close it there, then try again")
        if error.errno in _GONE:
            return ConnectionLost(
                f"reading {where} failed: {os.strerror(error.errno)}", "is the share's server up? Mount it again"
            )
        return ServerTrouble(f"reading {where} failed: {os.strerror(error.errno or errno.EIO)}")


class _PathReader:
    def __init__(self, tree: PathTree, file: Parts, descriptor: int) -> None:
        self._tree = tree
        self._file = file
        self._descriptor = descriptor
        self.look = _look(os.fstat(descriptor))

    def read(self, offset: int, length: int) -> bytes:
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise self._tree._error(error, self._file) from None  # noqa: SLF001  (the reader is part of the tree)


def _look(status: os.stat_result) -> Look:
    return Look(status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _entry(name: str, status: os.stat_result) -> Entry:
    look = _look(status)
    return Entry(name, stat.S_ISDIR(status.st_mode), look.size, look.modified)
