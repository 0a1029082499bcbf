"""One month's archive: a zip that only grows, and never in place (facts 2).

A new zip is made beside the old one from a byte-for-byte copy of it, read back from the disk and compared member by
member with the old zip and the workbooks, and only then renamed over it. Workbooks are zips themselves, so members
are stored, not deflated: nothing to gain, and each can be cut out of a damaged archive as it is.
"""

from __future__ import annotations

import lzma
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from ctvpipe.core import files
from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.commercial_log.daily_files import DailyFile
from ctvpipe.pipelines.commercial_log.rotation_plan import Archive, month_of

_CHUNK = 1024 * 1024
_DEFAULT_MODE = 0o640
_CORRUPT = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Content:
    """What a file or a member holds: size in bytes and CRC-32."""

    size: int
    crc: int


@dataclass(frozen=True)
class Member:
    """A member of the archive, by name and content."""

    name: str
    content: Content


_Wanted = tuple[Member, Callable[[], IO[bytes]]]


@dataclass(frozen=True)
class Pair:
    """A workbook and the member that holds, or is to hold, the same bytes."""

    file: DailyFile
    member: Member

    @property
    def renamed(self) -> bool:
        """Whether the member had to be given another name, because the workbook's own was taken."""
        return self.member.name != self.file.path.name


@dataclass(frozen=True)
class Work:
    """What there is to do for an archive: ``additions`` to write, ``stored`` from an earlier run that was cut short;
    ``gone``: workbooks that have vanished; ``unreadable``: workbooks with the reason why they stay where they are.
    """

    path: Path
    additions: tuple[Pair, ...]
    stored: tuple[Pair, ...]
    gone: tuple[DailyFile, ...]
    unreadable: tuple[tuple[DailyFile, str], ...]


def listing(directory: Path) -> tuple[Archive, ...]:
    """The archives in ``directory``, oldest month first; none when it does not exist yet.

    Raises ``PermanentError`` when it cannot be read.
    """
    if not directory.exists():
        return ()
    archives = []
    with files.explained(f"list the archives in {directory}"), os.scandir(directory) as entries:
        for entry in entries:
            month = month_of(entry.name)
            if month is not None and entry.is_file(follow_symlinks=False):
                archives.append(Archive(directory / entry.name, month, entry.stat(follow_symlinks=False).st_size))
    return tuple(sorted(archives, key=lambda archive: archive.month))


def prepare(path: Path, workbooks: Sequence[DailyFile]) -> Work:
    """Compare ``workbooks`` with the archive ``path``, which need not exist; writes nothing.

    Raises ``PermanentError`` when the archive is damaged or cannot be read, or the disk is too full for its successor.
    """
    members = _members(path)
    _require_space(path, workbooks, members)
    taken = {member.name for member in members}
    additions, stored, gone, unreadable = [], [], [], []
    for file in workbooks:
        try:
            content = content_of(file.path)
        except FileNotFoundError:
            gone.append(file)
            continue
        except OSError as error:
            unreadable.append((file, error.strerror or str(error)))
            continue
        held = next((m for m in members if m.content == content and _may_hold(m.name, file)), None)
        if held is not None and _holds(path, held, file.path):
            stored.append(Pair(file, held))
            continue
        name = next(name for name in _names(file) if name not in taken)
        taken.add(name)
        additions.append(Pair(file, Member(name, content)))
    return Work(path, tuple(additions), tuple(stored), tuple(gone), tuple(unreadable))


def extend(work: Work) -> None:
    """Publish the archive with the additions; afterwards every pair of ``work`` is safely on the disk.

    Raises ``PermanentError`` and leaves the archive as it was when it cannot be written, or does not read back right.
    """
    if not work.additions:
        with files.explained(f"sync {work.path}"):  # a run killed right after its rename may not have got so far
            files.sync(work.path)
            files.sync(work.path.parent)
        return
    mode = stat.S_IMODE(work.path.stat().st_mode) if work.path.exists() else _DEFAULT_MODE
    with (
        files.explained(f"read what goes into {work.path}"),
        files.publish(work.path, check=lambda made: _verify(made, work), mode=mode) as made,
    ):
        if work.path.exists():
            shutil.copyfile(work.path, made)
        with zipfile.ZipFile(made, "a", zipfile.ZIP_STORED) as target:
            for pair in work.additions:
                _add(target, pair)


def release(pair: Pair) -> bool:
    """Delete a workbook that is in a published archive, if it still holds what was archived; else say ``False``.

    A workbook that has gone meanwhile counts as deleted. Raises ``PermanentError`` when it cannot be deleted.
    """
    with files.explained(f"remove {pair.file.path}"):
        try:
            if content_of(pair.file.path) != pair.member.content:
                return False
            files.remove(pair.file.path)
        except FileNotFoundError:
            return True
    return True


def content_of(path: Path) -> Content:
    """Size and CRC-32 of a file, read in pieces."""
    size = crc = 0
    with path.open("rb") as file:
        for chunk in _chunks(file):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
    return Content(size, crc)


def _members(path: Path) -> tuple[Member, ...]:
    """Every member of an archive, each read to its end and checked against its CRC; none when there is no archive."""
    if not path.exists():
        return ()
    with _damage_explained(path), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as member:
                for _ in _chunks(member):
                    pass
        return tuple(_member(info) for info in archive.infolist())


def _member(info: zipfile.ZipInfo) -> Member:
    return Member(info.filename, Content(info.file_size, info.CRC))


def _names(file: DailyFile) -> Iterator[str]:
    """The names under which a workbook may be stored: its own, then numbered ones for later editions of it."""
    yield file.path.name
    number = 2
    while True:
        yield f"{file.path.stem} ({number}){file.path.suffix}"
        number += 1


def _may_hold(name: str, file: DailyFile) -> bool:
    """Whether a member of this name may be an edition of the workbook."""
    return name == file.path.name or (name.startswith(f"{file.path.stem} (") and name.endswith(f"){file.path.suffix}"))


def _require_space(path: Path, workbooks: Sequence[DailyFile], members: Iterable[Member]) -> None:
    """The successor needs room for all of the old archive and of what is not in it yet, told by the sizes alone."""
    known = {member.content.size for member in members}
    new = sum(file.size for file in workbooks if file.size not in known)
    if new:
        need = new + (path.stat().st_size if path.exists() else 0)
        files.require_free(path.parent, -(-need // _CHUNK) + 1)


def _add(target: zipfile.ZipFile, pair: Pair) -> None:
    path = pair.file.path
    with files.explained(f"read {path}"):
        info = zipfile.ZipInfo.from_file(path, pair.member.name, strict_timestamps=False)
        source = path.open("rb")
    with source, target.open(info, "w") as member:
        shutil.copyfileobj(source, member, _CHUNK)


def _verify(made: Path, work: Work) -> None:
    """Raise ``PermanentError`` unless ``made`` holds all of the old archive and each addition, byte by byte."""
    try:
        with ExitStack() as stack:
            file = stack.enter_context(made.open("rb"))
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # let the disk answer, not the cache
            new = stack.enter_context(zipfile.ZipFile(file))
            old = stack.enter_context(zipfile.ZipFile(work.path)) if work.path.exists() else None
            wanted = [*(_of_archive(old) if old else ()), *map(_of_workbook, work.additions)]
            if [_member(info) for info in new.infolist()] != [member for member, _ in wanted]:
                raise _not_verified(work.path)
            for (_, opened), info in zip(wanted, new.infolist(), strict=True):
                with opened() as original, new.open(info) as member:
                    if not _same(original, member):
                        raise _not_verified(work.path)
    except (*_CORRUPT, FileNotFoundError) as error:
        raise _not_verified(work.path) from error


def _of_archive(archive: zipfile.ZipFile) -> Iterator[_Wanted]:
    for info in archive.infolist():
        yield _member(info), partial(archive.open, info)


def _of_workbook(pair: Pair) -> _Wanted:
    return pair.member, lambda: pair.file.path.open("rb")


def _holds(path: Path, member: Member, workbook: Path) -> bool:
    """Whether the member really has the workbook's bytes; size and CRC are known to be equal."""
    with _damage_explained(path), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if _member(info) == member:
                with workbook.open("rb") as original, archive.open(info) as stored:
                    if _same(original, stored):
                        return True
    return False


def _same(one: IO[bytes], other: IO[bytes]) -> bool:
    """Whether two streams hold the same bytes; equal ones are read to their end, where zipfile checks the CRC."""
    return all(chunk == other.read(_CHUNK) for chunk in _chunks(one)) and not other.read(1)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


def _not_verified(path: Path) -> PermanentError:
    return PermanentError(
        f"the new archive {path.name} does not read back as it was written",
        "Nothing was removed. A workbook may have changed meanwhile; if it happens again, check the disk ('dmesg').",
    )


@contextmanager
def _damage_explained(path: Path) -> Iterator[None]:
    """Turn what zipfile may raise into a ``PermanentError``."""
    try:
        with files.explained(f"read or write {path}"):
            yield
    except _CORRUPT as error:
        raise PermanentError(
            f"the archive {path} is damaged: {error}",
            "It was left as it is, and so were its month's files. Move it away, then rotate again.",
        ) from error
