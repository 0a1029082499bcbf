"""The preloaded library seen from Python: built once a session, told what to do through a mapped file."""

from __future__ import annotations

import functools
import mmap
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

_SOURCES = [Path(__file__).with_name(name) for name in ("shim.c", "calls.c")]
CONTROL = "control"
"""The control file's name; a library looks for it in its own directory."""
_NUMBERS = struct.Struct("=7q")
_PATH_SIZE = 4096
_SIZE = _NUMBERS.size + 2 * _PATH_SIZE


class ShimError(RuntimeError):
    """The library cannot be built on this machine; the message says what is missing."""


class Mode(IntEnum):
    """``enum mode`` of shim.c."""

    OFF = 0
    COUNT = 1
    KILL_BEFORE = 2
    KILL_AFTER = 3
    KILL_TORN = 4
    FULL_ONCE = 5
    FULL_LASTING = 6
    SHORT_ONCE = 7
    SHORT_LASTING = 8
    SYNC_ERROR = 9
    WRONG_BIT = 10


def build(sources: Sequence[Path], library: Path, compiler: str = "gcc") -> None:
    """Compile the C ``sources`` into the shared ``library``; raises ``ShimError``."""
    program = shutil.which(compiler)
    if program is None:
        raise ShimError(f"the fault injector needs {compiler}, which is not there: apt-get install gcc libc6-dev")
    command = [
        program,
        "-O2",
        "-Wall",
        "-Wextra",
        "-shared",
        "-fPIC",
        "-o",
        *map(str, [library, *sources]),
        "-ldl",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        hint = " (apt-get install libc6-dev)" if "No such file" in done.stderr else ""
        raise ShimError(f"the fault injector does not compile{hint}:\n{done.stderr}")


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="faults-")


@functools.cache
def library() -> Path:
    """The library, compiled at the first call of the session; removed when the session ends."""
    path = Path(_folder().name, "shim.so")
    build(_SOURCES, path)
    return path


class Control:
    """``struct control`` of shim.c: the file through which the harness and the process under test speak."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)

    def reset(self, *, root: Path, trace: Path, tree: bool) -> None:
        """Make ready for a run below ``root``; ``tree``: child processes that inherit the library count too."""
        paths = b"".join(self._padded(path) for path in (root, trace))
        self._memory[:] = _NUMBERS.pack(Mode.OFF, 0, tree, 0, 0, 0, 0) + paths

    @property
    def total(self) -> int:
        """Calls seen."""
        return self._number(4)

    @property
    def steps(self) -> int:
        """Calls seen that the fault asked for could have made fail."""
        return self._number(5)

    @property
    def injected(self) -> int:
        """Calls that were made to fail."""
        return self._number(6)

    def close(self) -> None:
        self._memory.close()

    def _number(self, index: int) -> int:
        return int(_NUMBERS.unpack_from(self._memory)[index])

    @staticmethod
    def _padded(path: Path) -> bytes:
        name = bytes(path)
        if len(name) >= _PATH_SIZE:
            raise ValueError(f"{path}: the path is too long")
        return name.ljust(_PATH_SIZE, b"\0")
