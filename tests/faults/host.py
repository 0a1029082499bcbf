"""Our end of server.py: a ``Host`` starts commands, a ``ForkServer`` calls a function in a fork."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from .shim import CONTROL, Control, Mode, library

_SERVER = Path(__file__).with_name("server.py")
_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


class HostError(RuntimeError):
    """The process that runs are started from did not start, or has gone."""


class Host:
    """Starts commands: argv is a program and its arguments. Ends when it is closed, dropped, or the session ends."""

    def __init__(self) -> None:
        self._begin({"entry": None}, preloaded=False)

    def run(
        self, argv: Sequence[str], env: Mapping[str, str], mode: Mode, at: int, *, cwd: Path, timeout: float
    ) -> dict[str, Any]:
        """Run to the end. Answers ``returncode``, ``in_time``, and ``left``, the processes that outlived the run."""
        return self._ask(
            {
                "argv": list(argv),
                "env": {**env, **self._preload(env)},
                "mode": mode,
                "at": at,
                "cwd": str(cwd),
                "timeout": timeout,
                "stdout": str(self.stdout),
                "stderr": str(self.stderr),
            }
        )

    def _begin(self, setup: Mapping[str, Any], *, preloaded: bool) -> None:
        folder = Path(tempfile.mkdtemp(prefix="faults-host-"))
        self._library = Path(shutil.copy(library(), folder))
        self.control = Control(folder / CONTROL)
        self.stdout, self.stderr, self.trace = (folder / name for name in ("stdout", "stderr", "trace"))
        self._channel, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, str(_SERVER), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                env={**_ENVIRONMENT, **(self._preload({}) if preloaded else {})},
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._answers = self._channel.makefile("rb")
        self.close = weakref.finalize(self, _end, process, self._channel, self._answers, self.control, folder)
        error = self._ask(setup)["error"]
        if error:
            self.close()
            raise HostError(error)

    def _preload(self, env: Mapping[str, str]) -> dict[str, str]:
        others = env.get("LD_PRELOAD")
        return {"LD_PRELOAD": f"{self._library}:{others}" if others else str(self._library)}

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self._channel.sendall(json.dumps(message).encode() + b"\n")
        line = self._answers.readline()
        if not line:
            raise HostError("the process that starts the runs has gone")
        answer: dict[str, Any] = json.loads(line)
        return answer


class ForkServer(Host):
    """Imports ``modules`` once, then for each run forks and calls ``entry`` ("module:function") without arguments.

    ``sys.argv`` is argv, ``os.environ`` is env; what the function returns or raises becomes the exit code as it does
    in a console script, and the interpreter of the fork ends as usual. ``path`` is put before our own ``sys.path``.
    Raises ``HostError`` if an import fails or leaves a thread running. What modules keep from the time of their
    import (settings read at the top, an open file) is shared by all runs: use a ``Host`` for such a job.
    """

    def __init__(self, modules: Sequence[str] = (), *, entry: str, path: Sequence[Path] = ()) -> None:
        ours = [str(Path(folder).absolute()) for folder in sys.path]
        setup = {"modules": list(modules), "entry": entry, "path": [*map(str, path), *ours]}
        self._begin(setup, preloaded=True)


def _end(
    process: subprocess.Popen[bytes], channel: socket.socket, answers: IO[bytes], control: Control, folder: Path
) -> None:
    answers.close()
    channel.close()
    process.wait(timeout=60)
    control.close()
    shutil.rmtree(folder)
