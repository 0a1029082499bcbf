"""A Debian system that runs: systemd as PID 1 in a container, commands in it as any user, power off, power cut."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.appliance.cgroup import Cgroup
from tests.appliance.network import Network
from tests.appliance.roots import HOST_NAME
from tests.integration.smb_server import wait_for
from tests.integration.station import Result

# A container's clock is the host's: whoever enters it must not be able to set it.
_FORBIDDEN = "sys_time,sys_module,sys_rawio,syslog,mac_admin,mac_override,wake_alarm,block_suspend,bpf,perfmon"
_PATH, _ROOTS_PATH = "/usr/local/bin:/usr/bin", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
_NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
_POWER_OFF = signal.SIGRTMIN + 4  # systemd(1)
_BOOT = """
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
shift 4
exec systemd-nspawn "$@"
"""


class Machine:
    """A system over ``layers``, read-only directories with the top one first; what it writes is kept in ``folder``.

    Use it as a context manager: whatever happens, nothing of it runs or is mounted afterwards. It may be powered off
    and booted again; the network, and what else is on it, goes on meanwhile.
    """

    def __init__(self, layers: Sequence[Path], folder: Path, network: Network) -> None:
        self.name = f"ctvpipe-{os.getpid()}-{folder.name}"
        self._layers, self._folder, self._network = layers, folder, network
        for name in ("written", "work", "root"):
            (folder / name).mkdir(parents=True)
        self._cgroup = Cgroup(self.name)
        self._process: subprocess.Popen[bytes] | None = None
        self.leader = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def boot(self) -> None:
        """Boot, and wait until the system has started all it wants to start."""
        assert self._process is None, "it is on already"
        directories = [":".join(map(str, self._layers)), *(self._folder / each for each in ("written", "work", "root"))]
        nspawn = [
            *("--quiet", "--boot", "--console=pipe", "--register=no", "--keep-unit"),
            *("--timezone=off", "--resolv-conf=off", f"--network-namespace-path={self._network.path}"),
            *(f"--machine={self.name}", f"--hostname={HOST_NAME}", f"--directory={self._folder / 'root'}"),
        ]
        inside = ["unshare", "--mount", "--propagation=private", "sh", "-euc", _BOOT, "boot", *directories, *nspawn]
        with (self._folder / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                self._cgroup.inside(["setpriv", "--pdeathsig=KILL", *map(str, inside)]),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        wait_for(self._has_leader, "the system's first process is there")
        wait_for(self._is_up, "the system is up", 60)

    def power_off(self) -> None:
        """Shut down in good order."""
        os.kill(self.leader, _POWER_OFF)
        self._wait_for_the_end()

    def cut(self) -> None:
        """Pull the plug. Does nothing when it is off."""
        if self._process is None:
            return
        for pid in (self.leader, self._process.pid):
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._wait_for_the_end()

    def run(self, command: str, user: str = "root", *, seconds: float = 60) -> Result:
        """Run a shell command as ``user``, with that user's groups, and wait for it."""
        return Result.of(self._entering(command, user), seconds=seconds)

    def ok(self, command: str, user: str = "root", *, seconds: float = 60) -> str:
        """What a command that must succeed prints to its standard output."""
        return self.run(command, user, seconds=seconds).required(command)

    def start(self, command: str, user: str = "root") -> subprocess.Popen[str]:
        """Start a shell command; the caller collects it."""
        return subprocess.Popen(
            self._entering(command, user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until(self, command: str, what: str, seconds: float = 30) -> None:
        """Poll until the command succeeds in the machine."""
        wait_for(lambda: self.run(command).code == 0, what, seconds)

    def path(self, name: str) -> Path:
        """A file of the system, seen from outside, ``name`` being absolute; while it is off, one that it has written."""
        return (Path(f"/proc/{self.leader}/root") if self.leader else self._folder / "written") / name.lstrip("/")

    def _entering(self, command: str, user: str) -> list[str]:
        home = "/root" if user == "root" else f"/home/{user}"
        return [
            *("nsenter", f"--target={self.leader}", *_NAMESPACES, "--root", "--"),
            *("setpriv", "--inh-caps=-all", f"--bounding-set=-{_FORBIDDEN.replace(',', ',-')}"),
            *(() if user == "root" else ("runuser", f"--user={user}", "--")),
            *(
                "env",
                "-i",
                f"PATH={_ROOTS_PATH if user == 'root' else _PATH}",
                f"HOME={home}",
                f"USER={user}",
                "LC_ALL=C.UTF-8",
            ),
            *("sh", "-c", f"cd {shlex.quote(home)} 2>/dev/null; {command}"),
        ]

    def _has_leader(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "console.log").read_text(errors="replace")[-2000:]
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in children:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                    self.leader = int(pid)
        return bool(self.leader)

    def _is_up(self) -> bool:
        return self.run("systemctl is-system-running").out.strip() in {"running", "degraded"}

    def _wait_for_the_end(self) -> None:
        assert self._process is not None
        self._process.wait(60)
        self._process, self.leader = None, 0
        self._cgroup.remove()
