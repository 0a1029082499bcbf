"""Root file systems of a clean Debian: made once, kept below ``build/roots``, never written to afterwards."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.appliance.package import native
from tests.integration.station import CHECKOUT

ROOTS = CHECKOUT / "build" / "roots"
# What the package depends on (it is installed without a network), and what an operator has at hand.
PACKAGES = ("systemd-sysv", "dbus", "procps", "python3", "tzdata", "logrotate", "sudo", "libstdc++6")
HOST_NAME = "station"
OPERATOR = "alex"
STRANGER = "visitor"
# A person who may use sudo, and one who may not.
_SETTLE_IN = f"""
useradd --create-home --groups sudo {OPERATOR}
useradd --create-home {STRANGER}
echo '%sudo ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/sudo
echo {HOST_NAME} >/etc/hostname
echo '127.0.0.1 localhost {HOST_NAME}' >/etc/hosts
rm -f /etc/apt/apt.conf.d/99mmdebstrap
"""
_SUITES = ("", "-updates", "-security")
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_HOW_TO_FETCH = ("Acquire::http", "Acquire::Check-", "Acquire::Retries")


def debian_root(dist: str, arch: str = "", packages: Sequence[str] = ()) -> Path:
    """The directory of a clean ``dist`` ("trixie", "bookworm"), with ``packages`` beside the usual ones; makes it if it
    is not there. ``arch``: of another machine than this one, whose programs must run here while it is made.

    AssertionError with one line when that is impossible.
    """
    assert os.geteuid() == 0, "a root file system is made, and entered, by root only: run these tests as root"
    arch, wanted = arch or native(), sorted({*PACKAGES, *packages})
    key = hashlib.sha256(" ".join((dist, arch, *wanted, _SETTLE_IN)).encode()).hexdigest()[:8]
    root = ROOTS / f"{dist}-{arch}-{key}"
    ROOTS.mkdir(parents=True, exist_ok=True)
    with (ROOTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not root.exists():
            _make(dist, arch, wanted, root)
    return root


def _make(dist: str, arch: str, packages: Sequence[str], root: Path) -> None:
    making = root.with_name(f"{root.name}.making-{os.getpid()}")
    words = [
        *("mmdebstrap", "--quiet", f"--arch={arch}", "--variant=minbase", f"--include={','.join(packages)}"),
        *(f"--aptopt={option}" for option in how_to_fetch(_output("apt-config", "dump"))),
        *(f'--customize-hook=chroot "$1" sh -euc {shlex.quote(_SETTLE_IN)}', dist, str(making)),
        *mirrors(dist, platform.freedesktop_os_release().get("VERSION_CODENAME", ""), _targets()),
    ]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(making, ignore_errors=True)
        raise AssertionError(f"mmdebstrap could not make {dist} for {arch}:\n{done.stderr[-2000:]}")
    making.rename(root)


def mirrors(dist: str, own: str, targets: Iterable[str]) -> list[str]:
    """Sources of ``dist`` where this machine, whose release is ``own``, gets its packages from.

    ``targets``: address, name and code name of each of the machine's sources, as apt says them; the code name is
    not known before its lists have been fetched. Empty, for mmdebstrap's own choice, where none is of Debian.
    """
    found: list[str] = []
    for target in targets:
        address, release, codename = target.split(" ", 2)
        suites = [dist + suffix for suffix in _SUITES if own + suffix in (release, codename)]
        found += [f"deb [signed-by={_KEYS}] {address} {suite} main" for suite in suites]
    return list(dict.fromkeys(found))


def how_to_fetch(dump: str) -> list[str]:
    """Of all that apt is told on this machine, what a fetch of packages needs: proxies and the like."""
    return [line for line in dump.splitlines() if line.startswith(_HOW_TO_FETCH) and not line.endswith(' "";')]


def _targets() -> list[str]:
    asked = "$(REPO_URI) $(RELEASE) $(CODENAME)"
    return _output("apt-get", "indextargets", "--format", asked, "Created-By: Packages", "Component: main").splitlines()


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
