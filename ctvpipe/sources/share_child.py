"""What runs in the bounded child: open the share as its kind demands, then do one thing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ctvpipe.core import bounded
from ctvpipe.sources.share_copy import Rules, copy_settled, owner_file
from ctvpipe.sources.share_errors import FileMissing, FolderMissing
from ctvpipe.sources.share_path import PathTree
from ctvpipe.sources.share_tree import Tree, resolve_file, resolve_folder
from ctvpipe.sources.share_types import At, Credentials, Entry, Fetched, Look, Parts, ShareLocation, Step, Waits

_CLOCKS_DIFFER_SECONDS = 60


def fetch(
    location: ShareLocation, credentials: Credentials, parts: Parts, target: Path, waits: Waits, rules: Rules
) -> Fetched:
    """The child's side of ``share.fetch``."""
    with _opened(location, credentials, waits) as tree:
        return copy_settled(tree, parts, target, rules)


def list_folder(location: ShareLocation, credentials: Credentials, parts: Parts, waits: Waits) -> list[Entry]:
    """The child's side of ``share.list_folder``."""
    with _opened(location, credentials, waits) as tree:
        bounded.progress(At("folder", "listing the folder"))
        return tree.entries(resolve_folder(tree, parts))


def explain(location: ShareLocation, credentials: Credentials, parts: Parts, waits: Waits) -> None:
    """The child's side of ``share.explain``: reports a step for each thing that went well, raises at the first not."""
    with _opened(location, credentials, waits) as tree:
        bounded.progress(At("folder", "looking for the folder"))
        folder = resolve_folder(tree, parts[:-1])
        bounded.progress(Step("folder", ok=True, detail=_spelled(location.name(folder), parts[:-1], folder)))
        bounded.progress(At("file", "looking for the file"))
        file = resolve_file(tree, parts)
        with tree.open(file) as reader:
            look = reader.look
        bounded.progress(Step("file", ok=True, detail=_spelled(file[-1], parts[-1:], file[-1:])))
        bounded.progress(Step("age", ok=True, detail=_age(look)))
        bounded.progress(At("size", "reading the file's size"))
        if look.size == 0:
            raise FileMissing(f"{location.name(file)} is empty", "save it again in the program that writes it")
        bounded.progress(Step("size", ok=True, detail=f"{look.size:,} bytes"))
        bounded.progress(At("in use", "looking whether it is open"))
        bounded.progress(_use(owner_file(tree, file)))


@contextmanager
def _opened(location: ShareLocation, credentials: Credentials, waits: Waits) -> Iterator[Tree]:
    if location.kind == "smb":
        from ctvpipe.sources.share_smb import connected

        with connected(location, credentials, waits.connect_seconds) as tree:
            yield tree
        return
    bounded.progress(At("share", f"opening {location.path}"))
    local = PathTree(location)
    if not local.entries(()):
        raise FolderMissing(
            f"folder {location.path} is empty: is the share mounted?", "mount it, or check the configured path"
        )
    bounded.progress(Step("share", ok=True, detail=f"folder {location.path} of this machine"))
    yield local


def _spelled(detail: str, wanted: Parts, actual: Parts) -> str:
    return detail if wanted == actual else f"{detail} (configured as {'/'.join(wanted)!r}: letter case differs)"


def _age(look: Look) -> str:
    local = look.modified.astimezone()
    seconds = (datetime.now(UTC) - look.modified).total_seconds()
    days, hours = divmod(int(max(seconds, 0) // 3600), 24)
    passed = (
        f"{days} d {hours} h ago" if days else f"{hours} h ago" if hours else f"{int(max(seconds, 0) // 60)} min ago"
    )
    ago = "in the future: check the clocks" if seconds < -_CLOCKS_DIFFER_SECONDS else passed
    return f"saved {local.isoformat(sep=' ', timespec='seconds')}, {ago}"


def _use(owner: tuple[str, str] | None) -> Step:
    if owner is None:
        return Step("in use", ok=True, detail="not open in another program")
    name, since = owner
    return Step(
        "in use",
        ok=True,
        detail=f"open in another program since {since}",
        advice=f"the import waits, then refuses; if nobody has it open, delete {name!r} next to it",
    )
