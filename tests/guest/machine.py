"""A guest: a whole machine in QEMU, emulated, with a kernel and a clock of its own."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tests.guest.image import PORT, Image
from tests.integration.smb_server import wait_for
from tests.integration.station import Result

_BOOT_SECONDS = 180
_LINE = 65536
# As on a Pi: no clock that the system could read, though the kernel still begins with what the machine's says.
_NO_CHIP = "initcall_blacklist=cmos_init"


class Guest:
    """Use it as a context manager; whatever happens, it is off afterwards, and what it wrote is gone.

    ``began``: what its clock says when it is switched on. ``chip``: whether the system has a clock chip.
    """

    def __init__(self, image: Image, folder: Path, *, began: datetime, chip: bool) -> None:
        folder.mkdir()
        self.console = folder / "console.log"
        self._port = folder / "agent"
        options = f"root=LABEL=root rw console=ttyS0 quiet loglevel=4 net.ifnames=0 {'' if chip else _NO_CHIP}"
        self._words = [
            *("qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "max", "-smp", "2", "-m", "1024"),
            *("-nodefaults", "-no-user-config", "-display", "none", "-nic", "none"),
            *("-kernel", image.kernel, "-initrd", image.initrd, "-append", options.strip()),
            *("-drive", f"file={image.disk},format=raw,if=virtio,snapshot=on"),
            *("-rtc", f"base={began.astimezone(UTC):%Y-%m-%dT%H:%M:%S},clock=vm"),
            *("-serial", f"file:{self.console}", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
            *("-chardev", f"socket,id=agent,path={self._port},server=on,wait=off"),
            *("-device", f"virtserialport,chardev=agent,name={PORT}"),
        ]
        self._received = b""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *map(str, self._words)], stdin=subprocess.DEVNULL
        )
        try:
            wait_for(self._has_port, "QEMU runs")
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(str(self._port))
            assert self._hear(_BOOT_SECONDS) == {"up": True}
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def run(self, command: str, user: str = "root", *, seconds: float = 120) -> Result:
        """Run a shell command as ``user`` and wait for its end."""
        asked = {"command": command, "user": user, "group": "ctvapps", "seconds": seconds}
        self._socket.sendall(json.dumps(asked).encode() + b"\n")
        answer = self._hear(seconds + 30)
        return Result(answer["code"], answer["out"], answer["err"])

    def ok(self, command: str, user: str = "root", *, seconds: float = 120) -> str:
        """What a command that must succeed prints."""
        return self.run(command, user, seconds=seconds).required(command).strip()

    def put(self, file: Path, name: str) -> None:
        """Copy a file of this machine into the guest."""
        text = base64.b64encode(file.read_bytes()).decode()
        self.ok(f"mkdir -p \"$(dirname '{name}')\" && : >'{name}'")
        for start in range(0, len(text), _LINE):  # one word of a command has a limit
            self.ok(f"printf %s '{text[start : start + _LINE]}' | base64 -d >>'{name}'")

    def wait_until(self, command: str, what: str, seconds: float = 120) -> None:
        """Poll until the command succeeds in the guest."""
        deadline = time.monotonic() + seconds
        while (done := self.run(command)).code:
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{done.text}"

    def now(self) -> datetime:
        """What its clock says."""
        return datetime.fromtimestamp(float(self.ok("date +%s.%N")), UTC)

    def set_clock(self, moment: datetime) -> None:
        """Set it, as an operator would."""
        self.ok(f"date --set=@{moment.timestamp():.3f}")

    def _has_port(self) -> bool:
        assert self._process.poll() is None, "QEMU ended"
        return self._port.exists()

    def _hear(self, seconds: float) -> dict[str, Any]:
        self._socket.settimeout(seconds)
        while b"\n" not in self._received:
            try:
                self._received += self._socket.recv(_LINE)
            except TimeoutError:
                raise AssertionError(f"no word within {seconds} s; the console ends with:\n{self._tail()}") from None
        line, _, self._received = self._received.partition(b"\n")
        heard: dict[str, Any] = json.loads(line)
        return heard

    def _tail(self) -> str:
        return self.console.read_text(errors="replace")[-3000:]
