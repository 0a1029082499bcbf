"""The package that is tested, built as ``make deb`` builds it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.integration.station import CHECKOUT

TESTED = CHECKOUT / "build" / "tested"
# What .ci/deb.sh makes it from.
_INPUTS = (".ci", "bin", "ctvpipe", "debian", "etc", "requirements.lock", "systemd")


def built_package(dist: str) -> Path:
    """The package for ``dist`` and this machine; built anew when something it is made from has changed."""
    TESTED.mkdir(parents=True, exist_ok=True)
    with (TESTED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        package = TESTED / f"{dist}-{_digest()}.deb"
        if not package.exists():
            for older in TESTED.glob(f"{dist}-*.deb"):
                older.unlink()
            Path(_build(dist)).rename(package)
    return package


def _build(dist: str) -> str:
    """Its content is that of ``make deb``; only the compression is the fastest, which takes most of the time."""
    command = [".ci/deb.sh", sys.executable, dist]
    environ = os.environ | {"BUILD": str(TESTED), "DPKG_DEB_COMPRESSOR_LEVEL": "0"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the package cannot be built:\n{done.stderr[-2000:]}"
    return done.stdout.splitlines()[-1]


def _digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(_files()):
        digest.update(f"{file.relative_to(CHECKOUT)} {file.stat().st_mode:o}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _files() -> Iterator[Path]:
    for each in _INPUTS:
        place = CHECKOUT / each
        found = [place] if place.is_file() else place.rglob("*")
        yield from (file for file in found if file.is_file() and file.parent.name != "__pycache__")
