"""The process that the runs are started from, one after the other; a program of its own, spoken to in JSON lines.

``python server.py DESCRIPTOR``: the descriptor is a socket. The first line names modules to import and an entry
point, or no entry point; each further line asks for a run, and is answered when the run and everything it left
running are gone. With an entry point a run is a fork that calls it, so that imports are paid once; without, a run
is a fork that executes a command. Being the reaper of its descendants, it leaves none behind that could still
write into a tree which the next run finds restored.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_CHILD_SUBREAPER = 36


def main() -> Callable[[], object] | None:
    """Serve until the other side hangs up. Returns in a forked run only, with the function that is to be called."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    lines = channel.makefile("rb")

    def answer(**message: Any) -> None:
        channel.sendall(json.dumps(message).encode() + b"\n")

    setup = json.loads(lines.readline())
    try:
        entry = _entry(setup)
    except BaseException:  # noqa: BLE001  (whatever an import does, the other side must learn of it)
        answer(error=traceback.format_exc())
        return None
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        answer(error=f"prctl: {os.strerror(ctypes.get_errno())}")
        return None
    gc.collect()
    gc.freeze()
    answer(error=None)

    for line in lines:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            lines.close()
            channel.close()
            _settle(request)
            return _forked(entry, request) if entry is not None else _execute(request)
        answer(**_wait(pid, request["timeout"]))
    return None


def _entry(setup: dict[str, Any]) -> Callable[[], object] | None:
    if not setup["entry"]:
        return None
    sys.path[:] = setup["path"]
    for name in setup["modules"]:
        importlib.import_module(name)
    module, _, name = setup["entry"].partition(":")
    entry: Callable[[], object] = getattr(importlib.import_module(module), name)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"the imports left {threads} threads running: a fork would not be a faithful copy")
    return entry


def _settle(request: dict[str, Any]) -> None:
    os.setsid()
    for number, path in ((1, request["stdout"]), (2, request["stderr"])):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.dup2(target, number)
        os.close(target)
    os.chdir(request["cwd"])


def _execute(request: dict[str, Any]) -> NoReturn:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    environment = {**request["env"], "FAULT_MODE": str(request["mode"]), "FAULT_AT": str(request["at"])}
    os.execvpe(request["argv"][0], request["argv"], environment)


def _forked(entry: Callable[[], object], request: dict[str, Any]) -> Callable[[], object]:
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv[:] = request["argv"]
    arm = ctypes.CDLL(None).fault_arm
    arm.argtypes = [ctypes.c_int, ctypes.c_long]
    arm(request["mode"], request["at"])
    return entry


def _wait(pid: int, seconds: float) -> dict[str, Any]:
    descriptor = os.pidfd_open(pid)
    try:
        in_time, _, _ = select.select([descriptor], [], [], seconds)
    finally:
        os.close(descriptor)
    if not in_time:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    left = _end_descendants()
    return {"returncode": os.waitstatus_to_exitcode(status), "in_time": bool(in_time), "left": left}


def _end_descendants() -> int:
    """Kill and reap what the run left running (all of it is our own child by now); returns how many there were."""
    ended = 0
    while True:
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return ended
        ended += 1


if __name__ == "__main__":
    call = main()
    if call is not None:
        sys.exit(call())  # type: ignore[arg-type]
