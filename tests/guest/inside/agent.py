"""Runs inside the guest: does what it is told over a serial port, one JSON line for a command and one for its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def main(port: str) -> None:
    channel = os.open(port, os.O_RDWR)
    _say(channel, {"up": True})
    received = b""
    while more := os.read(channel, 65536):
        *lines, received = (received + more).split(b"\n")
        for line in lines:
            _say(channel, answer(json.loads(line)))


def _say(channel: int, what: dict[str, Any]) -> None:
    data = json.dumps(what).encode() + b"\n"
    while data:
        data = data[os.write(channel, data) :]


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    user = asked["user"]
    words = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={asked['group']}", "--init-groups"]
    try:
        done = subprocess.run(
            [*words, "sh", "-c", asked["command"]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=asked["seconds"],
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"code": -1, "out": "", "err": f"not done after {asked['seconds']} s"}
    return {"code": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode(errors="replace")}


if __name__ == "__main__":
    main(sys.argv[1])
