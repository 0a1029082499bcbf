"""The package under test: built as ``make deb`` does, taken apart, made anew as another version, installed in a root."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.integration.station import CHECKOUT

TESTED = CHECKOUT / "build" / "tested"
# What .ci/deb.sh makes it from.
INPUTS = (".ci", "bin", "ctvpipe", "debian", "etc", "requirements.lock", "systemd")
_SERVE = ("-sys_time", "-sys_module", "-sys_rawio", "-syslog", "-mac_admin", "-mac_override", "-wake_alarm", "-bpf")


@dataclass(frozen=True)
class Target:
    """A Debian and a machine that there is a package for, with what debian/targets knows of it."""

    dist: str
    arch: str
    suffix: str
    python: str
    glibc: int
    units: str

    @classmethod
    def named(cls, dist: str, arch: str) -> Target:
        rows = [line.split() for line in (CHECKOUT / "debian" / "targets").read_text().splitlines()]
        (row,) = [row for row in rows if row and row[0] == dist]
        return cls(dist, arch, row[1], f"3{row[2]}", int(row[3]), row[4])


def build(checkout: Path, output: Path, target: Target, prefix: tuple[str, ...] = (), **environ: str) -> Path:
    """Build the package for ``target`` from ``checkout`` in ``output``; ``prefix`` is put before the command."""
    words = [*prefix, str(checkout / ".ci/deb.sh"), sys.executable, target.dist, target.arch]
    environ = {"BUILD": str(output), **environ}
    done = subprocess.run(words, cwd=checkout, env=os.environ | environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the package cannot be built:\n{done.stdout[-500:]}{done.stderr[-2000:]}"
    return Path(done.stdout.splitlines()[-1])


def changed(package: Path, version: str, folder: Path, change: Callable[[Path], object] = lambda _: None) -> Path:
    """``package`` as another ``version``, not compressed, after ``change`` to what is in it; made in ``folder``."""
    content, made = folder / version, folder / f"{version}.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", package, content], check=True)
    control = content / "DEBIAN" / "control"
    lines = control.read_text().splitlines()
    control.write_text(
        "\n".join([f"Version: {version}" if line.startswith("Version:") else line for line in lines] + [""])
    )
    change(content)
    subprocess.run(
        ["dpkg-deb", "-Znone", "--root-owner-group", "--build", content, made], check=True, capture_output=True
    )
    shutil.rmtree(content)
    return made


def native() -> str:
    """This machine's architecture, as Debian calls it."""
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def built_package(dist: str, arch: str) -> Path:
    """The package for a target, as ``make deb`` makes it; built anew when something it is made from has changed."""
    TESTED.mkdir(parents=True, exist_ok=True)
    with (TESTED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        package = TESTED / f"{dist}-{arch}-{_digest()}.deb"
        if not package.exists():
            for older in TESTED.glob(f"{dist}-{arch}-*.deb"):
                older.unlink()
            build(CHECKOUT, TESTED, Target.named(dist, arch)).rename(package)
    return package


def _digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(_inputs()):
        digest.update(f"{file.relative_to(CHECKOUT)} {file.stat().st_mode:o}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _inputs() -> Iterator[Path]:
    for each in INPUTS:
        place = CHECKOUT / each
        found = [place] if place.is_file() else place.rglob("*")
        yield from (file for file in found if file.is_file() and file.parent.name != "__pycache__")


class Root:
    """A copy of a clean Debian that does not run: no systemd, no network."""

    def __init__(self, clean: Path, directory: Path) -> None:
        subprocess.run(["cp", "--archive", "--reflink=auto", clean, directory], check=True)
        self.directory = directory

    def command(self, *words: str) -> list[str]:
        """The command that runs ``words`` in there, as root."""
        path = self.directory
        return [
            *("setpriv", "--inh-caps=-all", f"--bounding-set={','.join(_SERVE)}"),
            *("unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", f"--mount-proc={path}/proc"),
            *("chroot", str(path), "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"),
            *("DEBIAN_FRONTEND=noninteractive", *words),
        ]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``words`` in there, as root."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    def ok(self, *words: str) -> str:
        """What ``words`` say; they must end well."""
        done = self.run(*words)
        assert done.returncode == 0, f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def put(self, package: Path) -> str:
        """Copy ``package`` in; its path in there."""
        shutil.copy(package, self.directory / "var/tmp")
        return f"/var/tmp/{package.name}"

    def files(self) -> set[str]:
        """Every path there is in there, but what dpkg and tests keep of their own."""
        kept = ("/proc", "/var/lib/dpkg", "/var/tmp", "/tmp")
        return {path for path in self.ok("find", "/", "-xdev", "-print").splitlines() if not path.startswith(kept)}
