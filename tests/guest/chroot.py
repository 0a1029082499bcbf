"""A copy of a root file system that may be written to, and commands in it: no network, no systemd, no clock to set."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.integration.station import Result

# The shell holds the mounts, and with its end they are gone.
_HOLD = """
ip link set lo up
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
mount -t proc proc "$4/proc"
echo ready
exec cat
"""


class Chroot:
    """``root``: the directory in the mounts of the process ``holder``."""

    def __init__(self, holder: int, root: Path) -> None:
        self._holder, self.root = holder, root

    def path(self, name: str) -> Path:
        """A file in it, ``name`` being absolute, as others may read and write it."""
        return Path(f"/proc/{self._holder}/root{self.root}{name}")

    def run(self, command: str, user: str = "root", *, seconds: float = 300) -> Result:
        """Run a shell command as ``user``, with that user's groups, and wait for its end."""
        words = ["chroot", str(self.root), "setpriv", "--inh-caps=-all", "--bounding-set=-sys_time,-sys_module"]
        if user != "root":
            words += [f"--reuid={user}", "--init-groups", f"--regid={self._group(user)}"]
        words += ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "sh", "-c", command]
        return Result.of(self.entering(words), seconds=seconds)

    def ok(self, command: str, user: str = "root", *, seconds: float = 300) -> str:
        """What a command that must succeed prints."""
        return self.run(command, user, seconds=seconds).required(command)

    def install(self, package: Path) -> str:
        """Install the package with apt, which has nothing to fetch from; what it said."""
        shutil.copy(package, self.path("/var/tmp/ctvpipe.deb"))
        said = self.ok("DEBIAN_FRONTEND=noninteractive apt-get install -qq -y /var/tmp/ctvpipe.deb 2>&1", seconds=900)
        self.ok("rm /var/tmp/ctvpipe.deb")
        return said

    def entering(self, words: Sequence[str]) -> list[str]:
        """The command line that runs ``words`` beside the root directory, with its mounts and its network."""
        return ["nsenter", f"--target={self._holder}", "--mount", "--net", "--", *words]

    def _group(self, user: str) -> str:
        return self.ok(f"id -g {user}").strip()


@contextmanager
def writable(root: Path, folder: Path) -> Iterator[Chroot]:
    """A writable copy of ``root`` that lasts as long as the block; what is written lies in ``folder``."""
    places = [folder / name for name in ("written", "work", "merged")]
    for place in places:
        place.mkdir(parents=True)
    words = [
        "unshare",
        "--mount",
        "--propagation=private",
        "--net",
        "sh",
        "-euc",
        _HOLD,
        "hold",
        *map(str, (root, *places)),
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n", "no mounts of its own: run it as root"
        try:
            yield Chroot(holder.pid, places[2])
        finally:
            holder.communicate()
