"""Root file systems of a clean Debian, for this machine's architecture or another: made once, below ``build/roots``."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BUILD = CHECKOUT / "build"
# What the package depends on: it is installed without a network.
NEEDED = ("systemd-sysv", "python3", "tzdata", "logrotate")


def debian_root(dist: str, arch: str, packages: Sequence[str] = ()) -> Path:
    """The directory of a clean ``dist`` with ``packages``; makes it if it is not there. Nobody writes to it.

    AssertionError with the reason when that is impossible.
    """
    assert os.geteuid() == 0, "a root file system is made and entered by root only"
    wanted = sorted({*NEEDED, *packages})
    key = hashlib.sha256(" ".join((dist, arch, *wanted)).encode()).hexdigest()[:8]
    root = BUILD / "roots" / f"{dist}-{arch}-{key}"
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two calls of make
        if not root.exists():
            _make(dist, arch, wanted, root)
    return root


def _make(dist: str, arch: str, packages: Sequence[str], root: Path) -> None:
    making = root.with_name(f"{root.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    print(f"making {root.relative_to(CHECKOUT)}; a foreign architecture takes minutes", flush=True)
    words = ["mmdebstrap", "--quiet", "--mode=root", f"--arch={arch}", "--variant=minbase"]
    done = subprocess.run(
        [*words, f"--include={','.join(packages)}", dist, str(making)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"mmdebstrap could not make {dist} for {arch}:\n{done.stderr[-2000:]}"
    making.rename(root)
