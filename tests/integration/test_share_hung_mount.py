"""A mount whose server is gone: real, in the kernel, made of a FUSE file system that never answers. Needs root."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ctvpipe.sources import share
from ctvpipe.sources.share_errors import ServerSilent
from ctvpipe.sources.share_mount import is_mounted, unmount
from ctvpipe.sources.share_types import Credentials, ShareLocation, Waits

_DETACH = 2
WAITS = Waits(stall_seconds=1, total_seconds=20)
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def hanging(folder: Path) -> Iterator[None]:
    """While this lasts, whoever looks into ``folder`` waits in the kernel."""
    folder.mkdir()
    channel = os.open("/dev/fuse", os.O_RDWR)
    try:
        options = f"fd={channel},rootmode=40000,user_id=0,group_id=0".encode()
        failed = _libc.mount(b"silent", os.fsencode(folder), b"fuse", 0, options)
        assert failed == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            _libc.umount2(os.fsencode(folder), _DETACH)
    finally:
        os.close(channel)  # those who still wait are let go


def test_a_mount_that_hangs_is_given_up(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    location = ShareLocation("path", path=str(tmp_path / "k drive"))
    with hanging(tmp_path / "k drive"):
        with pytest.raises(ServerSilent) as caught:
            share.fetch(location, Credentials(), "a.xlsx", out / "a.xlsx", waits=WAITS, max_bytes=10**6)
        steps = share.explain(location, Credentials(), "a.xlsx", WAITS)
    assert str(caught.value) == f"server of {location} stopped answering: no answer for 1 s while opening {location}"
    assert [(step.name, step.ok) for step in steps] == [("share", False)]
    assert list(out.iterdir()) == []


def test_a_mount_that_hangs_can_be_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "k drive"
    with hanging(folder):
        assert is_mounted(folder)
        assert unmount(folder, waits=WAITS)
        assert not is_mounted(folder)
        assert not unmount(folder, waits=WAITS)
