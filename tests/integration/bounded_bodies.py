"""What the tests of bounded calls let a child do."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from pathlib import Path
from typing import Any

from ctvpipe.core import bounded
from ctvpipe.core.errors import ContractError, PermanentError


class BreachError(ContractError):
    """A contract error with more to say."""

    def __init__(self, message: str, advice: str = "", *, row: int = 0) -> None:
        super().__init__(message, advice)
        self.row = row


class StubbornError(PermanentError):
    """One of ours that cannot be pickled."""

    def __init__(self, *, lock: Any) -> None:
        super().__init__("locked", "Unlock it.")
        self.lock = lock


class StrangeError(Exception):
    """Not ours, and cannot be pickled."""

    def __init__(self, text: str, *, lock: Any) -> None:
        super().__init__(text)
        self.lock = lock


def count_up(number: int, by: int = 1) -> int:
    for step in range(number):
        bounded.progress(step)
    return number * by


def note_and_count(file: str) -> int:
    note(file)
    return count_up(3, by=2)


def note(file: str) -> None:
    """Say our process number, in a file that is there only when it is whole."""
    temporary = Path(f"{file}.new")
    temporary.write_text(str(os.getpid()))
    temporary.replace(file)


def reverse(data: bytes) -> bytes:
    return data[::-1]


def chatter() -> str:
    print("x" * 100_000)
    os.write(1, b"y" * 100_000)
    return "answer"


def breach() -> None:
    raise BreachError("wrong sheet", "Look at row 3.", row=3)


def breach_unpicklable() -> None:
    raise StubbornError(lock=threading.Lock())


def stumble() -> None:
    raise KeyError("missing")


def stumble_unpicklable() -> None:
    raise StrangeError("telling text", lock=threading.Lock())


def unpicklable() -> Any:
    return threading.Lock()


def allocate(mib: int) -> int:
    return len(bytearray(mib * 1024 * 1024))


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave(code: int) -> None:
    os._exit(code)


def report_for_ever() -> None:
    while True:
        bounded.progress(0)
        time.sleep(0.05)


def sleep(file: str) -> None:
    note(file)
    time.sleep(600)


def look_at_yourself(_argument: str) -> tuple[str, str]:
    return Path("/proc/self/cmdline").read_text(), Path("/proc/self/environ").read_text()


def core_limit() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_CORE)
