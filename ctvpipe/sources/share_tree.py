"""Find a file on a share by its name as people write it: the rules, apart from how a share is read.

A name that differs in letter case only is found (facts 6.6: ``Media Library`` is really ``Media library``, and a
mounted share is case-sensitive); the exact spelling wins; two candidates and no exact one is an error.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from contextlib import AbstractContextManager
from difflib import get_close_matches
from typing import Protocol

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.sources.share_errors import AccessDenied, FileMissing, FolderMissing, NameAmbiguous
from ctvpipe.sources.share_types import Entry, Look, Parts, ShareLocation

_ALIKE = 0.75
_SHOWN = 3


class Reader(Protocol):
    """A file opened for reading."""

    look: Look

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes at ``offset``; empty only at the end of the file."""


class Tree(Protocol):
    """The files of one share. Every method raises the errors of ``share_errors``, each naming file and share."""

    location: ShareLocation

    def find(self, folder: Parts, name: str) -> list[Entry]:
        """The entries that the server itself takes for ``name``: none, one, or several that differ in case."""

    def entries(self, folder: Parts) -> list[Entry]:
        """Everything in ``folder`` but ``.`` and ``..``."""

    def look(self, file: Parts) -> Look:
        """Size and modification time of ``file`` now."""

    def open(self, file: Parts) -> AbstractContextManager[Reader]:
        """``file`` for reading, others may go on using it."""


def resolve_folder(tree: Tree, parts: Parts) -> Parts:
    """The folder ``parts`` as the share spells it. Raises ``FolderMissing``, ``NameAmbiguous``, ``AccessDenied``.

    A folder that may be passed through but not listed is taken as it is written.
    """
    return _folder(tree, parts, [])


def resolve_file(tree: Tree, parts: Parts) -> Parts:
    """The file ``parts`` as the share spells it. Raises ``FileMissing`` and what ``resolve_folder`` raises."""
    denied: list[AccessDenied] = []
    folder = _folder(tree, parts[:-1], denied)
    try:
        file = (*folder, _pick(tree, folder, parts[-1], folder=False))
    except AccessDenied as error:
        denied.append(error)
        file = (*folder, parts[-1])
    if denied:
        try:
            tree.look(file)
        except AccessDenied:
            raise denied[0] from None
    return file


def _folder(tree: Tree, parts: Parts, denied: list[AccessDenied]) -> Parts:
    actual: Parts = ()
    for name in parts:
        try:
            actual = (*actual, _pick(tree, actual, name, folder=True))
        except AccessDenied as error:
            denied.append(error)
            actual = (*actual, name)
    return actual


def same(name: str, other: str) -> bool:
    """Whether two names differ at most in letter case or in how accents are encoded."""
    return _key(name) == _key(other)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _pick(tree: Tree, parent: Parts, name: str, *, folder: bool) -> str:
    entry = _choose(tree, parent, name, tree.find(parent, name))
    if entry is None:
        everything = tree.entries(parent)
        entry = _choose(tree, parent, name, everything)
        if entry is None:
            raise _missing(tree, parent, name, everything, folder=folder)
    if entry.is_dir != folder:
        where = tree.location.name((*parent, entry.name))
        if folder:
            raise FolderMissing(f"{where} is a file, not a folder", "check the configured path")
        raise FileMissing(f"{where} is a folder, not a file", "check the configured path")
    return entry.name


def _choose(tree: Tree, parent: Parts, name: str, entries: Iterable[Entry]) -> Entry | None:
    alike = [entry for entry in entries if same(entry.name, name)]
    exact = [entry for entry in alike if entry.name == name]
    if len(alike) > 1 and not exact:
        names = " and ".join(sorted(repr(entry.name) for entry in alike))
        raise NameAmbiguous(
            f"{tree.location.name(parent)} has no {name!r}, but {names}",
            "configure the path with the spelling that is meant",
        )
    candidates = exact or alike
    return candidates[0] if candidates else None


def _missing(tree: Tree, parent: Parts, name: str, entries: list[Entry], *, folder: bool) -> CtvpipeError:
    where = tree.location.name(parent)
    kind = "folder" if folder else "file"
    error = FolderMissing if folder else FileMissing
    if not entries and not parent and tree.location.kind == "path":
        return error(f"folder {where} is empty: is the share mounted?", "mount it, or check the configured path")
    names = {_key(entry.name): entry.name for entry in entries if entry.is_dir == folder and entry.name[:1] not in "~."}
    close = [names[key] for key in get_close_matches(_key(name), names, n=_SHOWN, cutoff=_ALIKE)]
    advice = f"check the configured path and the rights of the user; what {where} holds: ctvpipe share ls"
    if close:
        advice = "close names there: " + ", ".join(repr(other) for other in close)
    return error(f"{kind} {name!r} not found in {where}", advice)
