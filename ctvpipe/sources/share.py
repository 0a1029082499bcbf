"""Fetch a file from the station's share: over SMB in user space, or from a folder of this machine.

All input and output on the share runs in a child process with time and memory limits (``core.bounded``): SMB reads
have no timeout of their own, and a mount whose server is gone holds its caller in the kernel.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

from ctvpipe.core import bounded, files
from ctvpipe.core.errors import CtvpipeError, TransientError
from ctvpipe.sources import share_child, share_reach
from ctvpipe.sources.share_copy import Rules
from ctvpipe.sources.share_errors import NotWritten, ServerTrouble, silent
from ctvpipe.sources.share_location import parse_location, parse_path
from ctvpipe.sources.share_types import At, Credentials, Entry, Fetched, ShareLocation, Step, Waits

__all__ = [
    "Credentials",
    "Entry",
    "Fetched",
    "ShareLocation",
    "Step",
    "Waits",
    "explain",
    "fetch",
    "list_folder",
    "parse_location",
    "parse_path",
    "reach",
]

T = TypeVar("T")
_MEMORY_MIB = 1024
_START_SECONDS = 5.0


def reach(location: ShareLocation, waits: Waits) -> None:
    """Wait until the share's server takes connections, at most ``network_seconds``; a local folder needs no waiting.

    Raises ``NameUnknown`` or ``Unreachable``.
    """
    if location.kind == "smb":
        _reach(location, waits, _Watch(location))


def fetch(
    location: ShareLocation,
    credentials: Credentials,
    path: str,
    destination: Path,
    *,
    waits: Waits,
    max_bytes: int,
    owner_file: Literal["refuse", "ignore"] = "refuse",
    must_be_zip: bool = True,
    on_progress: Callable[[int, int], None] | None = None,
) -> Fetched:
    """Copy ``path`` of the share to ``destination``, whole or not at all; on failure ``destination`` is as it was.

    ``owner_file``: what to do while an office program has the file open (facts: a workbook edited by hand);
    ``must_be_zip``: refuse a copy without a readable end of the zip; ``on_progress`` gets bytes done and in all.
    Raises the errors of ``share_errors``, ``ConfigurationError`` for ``path``, ``PermanentError`` when the copy
    cannot be written here.
    """
    parts = parse_path(path)
    rules = Rules(max_bytes, owner_file, must_be_zip, waits.settle_tries, waits.settle_seconds)
    watch = _Watch(location, on_copied=on_progress)
    if location.kind == "smb":
        _reach(location, waits, watch)
    with files.publish(destination) as temporary:
        fetched = _bounded(watch, waits, share_child.fetch, location, credentials, parts, temporary, waits, rules)
        if temporary.stat().st_size != fetched.size:
            raise NotWritten(f"{temporary} does not have the {fetched.size:,} bytes read", "check the disk")
    return fetched


def list_folder(location: ShareLocation, credentials: Credentials, path: str, waits: Waits) -> list[Entry]:
    """What the folder ``path`` of the share holds ("" is its root), sorted by name. Raises as ``fetch`` does."""
    parts = parse_path(path, may_be_root=True)
    watch = _Watch(location)
    if location.kind == "smb":
        _reach(location, waits, watch)
    entries = _bounded(watch, waits, share_child.list_folder, location, credentials, parts, waits)
    return sorted(entries, key=lambda entry: entry.name.casefold())


def explain(
    location: ShareLocation,
    credentials: Credentials,
    path: str,
    waits: Waits,
    *,
    on_step: Callable[[Step], None] | None = None,
) -> tuple[Step, ...]:
    """Go the way to the file ``path`` step by step: name, port, login, share, folder, file, age, size, in use.

    Ends at the first step that fails; its detail is the error, its advice what to do. ``on_step`` gets each step as
    it is known. Raises only ``ConfigurationError``, for ``path``.
    """
    parts = parse_path(path)
    watch = _Watch(location, on_step=on_step)
    try:
        if location.kind == "smb":
            _reach(location, waits, watch)
        _bounded(watch, waits, share_child.explain, location, credentials, parts, waits)
    except CtvpipeError as error:
        transient = isinstance(error, TransientError)
        watch.add(Step(watch.at.step, ok=False, detail=str(error), advice=error.advice, transient=transient))
    return tuple(watch.steps)


class _Watch:
    """Keeps what the child reports: the step it is at, and the steps done."""

    def __init__(
        self,
        location: ShareLocation,
        *,
        on_step: Callable[[Step], None] | None = None,
        on_copied: Callable[[int, int], None] | None = None,
    ) -> None:
        self.location = location
        self.steps: list[Step] = []
        self.at = At("name" if location.kind == "smb" else "share", f"opening {location}")
        self._on_step = on_step
        self._on_copied = on_copied

    def add(self, step: Step) -> None:
        """A step is done, or failed; said once, also when it is tried again."""
        if step.name not in (known.name for known in self.steps):
            self.steps.append(step)
            if self._on_step is not None:
                self._on_step(step)

    def __call__(self, item: Any) -> None:
        if isinstance(item, At):
            self.at = item
        elif isinstance(item, Step):
            self.add(item)
        elif item is not None and self._on_copied is not None:
            self._on_copied(*item)


def _reach(location: ShareLocation, waits: Waits, watch: _Watch) -> None:
    seconds = waits.network_seconds + waits.connect_seconds + _START_SECONDS
    try:
        bounded.call(
            share_reach.reach,
            location,
            waits,
            limits=bounded.Limits(seconds, memory_mib=_MEMORY_MIB),
            on_progress=watch,
        )
    except bounded.ChildTimeout:
        raise share_reach.timed_out(location, watch.at, seconds) from None


def _bounded(watch: _Watch, waits: Waits, function: Callable[..., T], *arguments: Any) -> T:
    limits = bounded.Limits(waits.total_seconds, stall_seconds=waits.stall_seconds, memory_mib=_MEMORY_MIB)
    server = watch.location.server if watch.location.kind == "smb" else f"of {watch.location}"
    begin = time.monotonic()
    try:
        return bounded.call(function, *arguments, limits=limits, on_progress=watch)
    except bounded.ChildTimeout as error:
        if time.monotonic() - begin >= waits.total_seconds:
            raise silent(server, f"{watch.at.doing} took more than {waits.total_seconds:.0f} s in all") from None
        raise silent(server, f"{error} while {watch.at.doing}") from None
    except bounded.ChildDied as error:
        raise ServerTrouble(f"{watch.at.doing} failed: {error}", "see 'ctvpipe share check'") from None
