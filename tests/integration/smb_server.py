"""A real, private smbd on a loopback port: signing and encryption required, nothing outside its own folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

PATIENCE = 20.0
ACCOUNT = pwd.getpwuid(os.geteuid()).pw_name
_GLOBAL = """
[global]
    server role = standalone server
    workgroup = STATION
    interfaces = lo
    bind interfaces only = yes
    smb ports = {port}
    security = user
    passdb backend = tdbsam:{state}/passdb.tdb
    private dir = {state}/private
    state directory = {state}
    cache directory = {state}
    lock directory = {state}
    pid directory = {state}
    ncalrpc dir = {state}/ncalrpc
    usershare max shares = 0
    load printers = no
    disable spoolss = yes
    log level = 1
    max log size = 0
    server min protocol = {dialect}
    server max protocol = {max_dialect}
    server signing = mandatory
    server smb encrypt = {encrypt}
    map to guest = {guest}
    guest account = {account}
    store dos attributes = no
"""
_SHARE = """
[{name}]
    path = {path}
    read only = yes
    case sensitive = yes
    preserve case = yes
    valid users = {users}
    force user = {account}
"""


class SmbServer:
    """One smbd. Use it as a context manager; everything it starts is ended and waited for on leaving.

    ``share()`` and ``user()`` may be called at any time before ``start()``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        dialect: str = "SMB3",
        max_dialect: str = "SMB3_11",
        encrypt: str = "required",
        guest: str = "Never",
    ) -> None:
        self.port = free_port()
        self.shares: dict[str, Path] = {}
        self._folder = folder
        self._state = folder / "state"
        self._configuration = folder / "smb.conf"
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("private", "ncalrpc"):
            (self._state / name).mkdir(parents=True)
        text = _GLOBAL.format(
            port=self.port,
            state=self._state,
            dialect=dialect,
            max_dialect=max_dialect,
            encrypt=encrypt,
            guest=guest,
            account=ACCOUNT,
        )
        self._configuration.write_text(text)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def share(
        self, name: str, *users: str, path: Path | None = None, account: str = ACCOUNT, case_sensitive: bool = True
    ) -> Path:
        """Add a share for ``users``, who all act as the system user ``account`` on it, and return its folder."""
        path = path or self._folder / "shares" / name
        path.mkdir(parents=True, exist_ok=True)
        text = _SHARE.format(name=name, path=path, users=" ".join(users), account=account)
        if not case_sensitive:
            text = text.replace("case sensitive = yes", "case sensitive = no")
        with self._configuration.open("a") as file:
            file.write(text)
        self.shares[name] = path
        return path

    def user(self, name: str, password: str, *, flags: str = "") -> None:
        """Let an existing system user log in; ``flags`` are smbpasswd options, for instance ``-d`` (disabled)."""
        self._passwd("-s", "-a", name, text=f"{password}\n{password}\n")
        if flags:
            self._passwd(flags, name)

    def start(self) -> None:
        """Start smbd and wait until it takes connections."""
        command = [_program("smbd"), "--foreground", "--no-process-group", f"--configfile={self._configuration}"]
        with (self._folder / "smbd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--debug-stdout"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_for(self.is_up, "smbd takes connections")

    def is_up(self) -> bool:
        """Whether the port takes connections."""
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"smbd ended:\n{(self._folder / 'smbd.log').read_text(errors='replace')[-4000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def pids(self) -> list[int]:
        """smbd and everything it started; each connection has a process of its own."""
        return [] if self._process is None else _session_members(self._process.pid)

    def suspend(self) -> None:
        """SIGSTOP to all: connections are taken by the kernel, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT to all."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL to all, the processes that serve a connection included, and wait for their end."""
        if self._process is None:
            return
        self._signal(signal.SIGSTOP)  # nobody starts another one meanwhile
        self._signal(signal.SIGKILL)
        self._process.wait(PATIENCE)
        wait_for(lambda: not self.pids(), "all processes of smbd are gone")
        self._process = None

    def status(self) -> str:
        """What smbstatus says of the sessions: user, protocol, encryption, signing."""
        command = [_program("smbstatus"), f"--configfile={self._configuration}", "--processes"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _passwd(self, *arguments: str, text: str = "") -> None:
        command = [_program("smbpasswd"), "-c", str(self._configuration), *arguments]
        subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=PATIENCE)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Poll until ``condition()`` is true; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    assert found, f"{name} is missing: install the packages samba and samba-common-bin"
    return found


def _session_members(session: int) -> list[int]:
    """Living processes of a session (not those that only wait to be collected by their parent)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == session and fields[0] != "Z":
                    found.append(int(entry.name))
    return found
