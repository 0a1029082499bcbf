"""Copy one file from a share, whole or not at all, also when somebody is just saving it.

The child's side of ``share.fetch``. A copy counts when nobody has the file open for editing (no owner file), its
size and time are the same before and after, every byte came, and the end of the zip is there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from ctvpipe.core import bounded
from ctvpipe.sources.share_errors import BeingSaved, FileBusy, FileMissing, NoSpace, NotWritten, TooLarge
from ctvpipe.sources.share_tree import Tree, resolve_file
from ctvpipe.sources.share_types import At, Fetched, Look, Parts

CHUNK_BYTES = 256 * 1024
_RECENT = timedelta(minutes=10)
_ADVICE = "close it in the other program, or run the import again later"


@dataclass(frozen=True)
class Rules:
    """What a copy must satisfy; see ``share.fetch``."""

    max_bytes: int
    owner_file: Literal["refuse", "ignore"]
    must_be_zip: bool
    tries: int
    rest_seconds: float


class _Unsettled(Exception):  # noqa: N818  (not an error yet: the next try decides)
    def __init__(self, reason: str, advice: str = _ADVICE) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


def copy_settled(tree: Tree, parts: Parts, target: Path, rules: Rules) -> Fetched:
    """Copy ``parts`` to the file ``target``; ``rules.tries`` times at most.

    Raises ``BeingSaved`` with the last reason, ``TooLarge``, ``NoSpace`` and what the tree raises.
    """
    unsettled = _Unsettled("was not looked at")
    for attempt in range(1, rules.tries + 1):
        if attempt > 1:
            bounded.progress(At("settle", "waiting for the file to be saved"))
            pause(rules.rest_seconds)
        try:
            return _copy_once(tree, parts, target, rules, attempt)
        except _Unsettled as reason:
            unsettled = reason
    tries = f"{rules.tries} tries" if rules.tries > 1 else "1 try"
    raise BeingSaved(f"{tree.location.name(parts)} {unsettled.reason} ({tries})", unsettled.advice)


def owner_file(tree: Tree, file: Parts) -> tuple[str, str] | None:
    """Name and local time of the file that an office program keeps next to a document it has open, if there is one."""
    *folder, name = file
    for owner in (f"~${name}", f".~lock.{name}#"):
        try:
            look = tree.look((*folder, owner))
        except FileMissing:
            continue
        return owner, look.modified.astimezone().isoformat(sep=" ", timespec="minutes")
    return None


def pause(seconds: float) -> None:
    """Wait, with signs of life."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.5))
        bounded.progress(None)


def _copy_once(tree: Tree, parts: Parts, target: Path, rules: Rules, attempt: int) -> Fetched:
    bounded.progress(At("file", "looking for the file"))
    try:
        actual = resolve_file(tree, parts)
        if rules.owner_file == "refuse" and (owner := owner_file(tree, actual)):
            name, since = owner
            advice = f"{_ADVICE}; if nobody has it open, delete {name!r} next to it"
            raise _Unsettled(f"is open in another program since {since}", advice)
        bounded.progress(At("copy", f"reading {actual[-1]}"))
        look, sha256 = _copy(tree, actual, target, rules)
        if _recently(look):
            pause(rules.rest_seconds)
        if tree.look(actual) != look:
            raise _Unsettled("is being saved: it changed while it was copied")
    except FileBusy:
        raise _Unsettled("is held by another program") from None
    except FileMissing:
        # some programs save by writing a new file and renaming it: for a moment there is none
        if attempt > 1 and attempt < rules.tries:
            raise _Unsettled("is being saved: it is gone") from None
        raise
    if rules.must_be_zip and not zipfile.is_zipfile(target):
        raise _Unsettled("has no readable end: it is half saved, damaged, or not an .xlsx workbook")
    return Fetched("/".join(parts), "/".join(actual), actual != parts, look.size, look.modified, sha256, attempt)


def _copy(tree: Tree, actual: Parts, target: Path, rules: Rules) -> tuple[Look, str]:
    digest = hashlib.sha256()
    with tree.open(actual) as reader:
        look = reader.look
        if look.size > rules.max_bytes:
            raise TooLarge(
                f"{tree.location.name(actual)} has {look.size:,} bytes, allowed are {rules.max_bytes:,}",
                "is it the right file? The limit is a setting",
            )
        with _Copy(target) as copy:
            while copy.size < look.size:
                chunk = reader.read(copy.size, min(CHUNK_BYTES, look.size - copy.size))
                if not chunk:
                    raise _Unsettled("is being saved: it became shorter while it was copied")
                copy.add(chunk)
                digest.update(chunk)
                bounded.progress((copy.size, look.size))
    return look, digest.hexdigest()


def _recently(look: Look) -> bool:
    """Whether the file may still be being written; a time in the future means that one of two clocks is wrong."""
    return look.modified > datetime.now(UTC) - _RECENT


class _Copy:
    """The file that is being written here; what goes wrong with it is not the share's fault, and is said so."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.size = 0

    def __enter__(self) -> Self:
        try:
            self._file = self._target.open("wb", buffering=0)
        except OSError as error:
            raise self._failed(error) from None
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from None

    def add(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise self._failed(error) from None
        self.size += len(data)

    def _failed(self, error: OSError) -> NotWritten:
        reason = f"cannot write {self._target}: {os.strerror(error.errno or errno.EIO)}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return NoSpace(reason, "free some space; nothing half-written was left")
        return NotWritten(reason, "check the folder's owner, its rights and the disk")
