"""Let the kernel run programs of arm64 through qemu-user, as the package qemu-user-static would at boot."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_KERNEL = Path("/proc/sys/fs/binfmt_misc")
_HANDLER = "qemu-aarch64"
_DECLARED = Path("/usr/lib/binfmt.d") / f"{_HANDLER}.conf"


@contextmanager
def arm64_programs() -> Iterator[None]:
    """Programs of arm64 run inside the block; what had to be switched on for it is off again afterwards."""
    mounted = (_KERNEL / "register").exists()
    if not mounted:
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_KERNEL)], check=True)
    handler = _KERNEL / _HANDLER
    registered = handler.exists()
    try:
        if not registered:
            (_KERNEL / "register").write_text(_DECLARED.read_text())
        yield
    finally:
        if not registered and handler.exists():
            handler.write_text("-1")
        if not mounted:
            subprocess.run(["umount", str(_KERNEL)], check=True)
