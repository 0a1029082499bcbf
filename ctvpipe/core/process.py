"""Which process is meant: process numbers come back, so the number alone does not say."""

from __future__ import annotations

import os
from pathlib import Path


def process_identity() -> str:
    """This process, so that no later one with the same number can be taken for it: boot, number, start time."""
    return _identity(os.getpid()) or f"?:{os.getpid()}:?"


def is_alive(process: str) -> bool:
    """Whether the process of ``process_identity`` still runs on this machine."""
    _, _, rest = process.partition(":")
    number, _, _ = rest.partition(":")
    return number.isdecimal() and _identity(int(number)) == process


def boot_id() -> str:
    """The kernel's name for this run of the machine; raises ``OSError`` where there is none."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _identity(pid: int) -> str | None:
    try:
        boot = boot_id()
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    started = stat.rpartition(")")[2].split()[19]  # field 22 of proc(5), counted after the name
    return f"{boot}:{pid}:{started}"
