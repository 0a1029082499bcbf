"""Look at what this machine knows of its clock."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ctvpipe.core import clock
from ctvpipe.core.clock_trust import Evidence, doubt
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.core.ledger import LedgerReader
from ctvpipe.core.process import boot_id

_MARKER = "clock-synchronised"
_TIMESYNCD = Path("run/systemd/timesync/synchronized")
_CHIPS = (Path("sys/class/rtc/rtc0"), Path("dev/rtc0"))  # a service with PrivateDevices= sees the first one only
_SECONDS = 10.0


def collect(run_dir: Path, state_dir: Path, environ: Mapping[str, str]) -> Evidence:
    """The evidence at this moment. ``CTVPIPE_HOST_DIR`` in ``environ``: look at the files there, not at the machine's.

    Whether a time server keeps the clock right now takes a process to ask, and is asked of a clock in doubt only.
    """
    root = Path(environ.get("CTVPIPE_HOST_DIR") or "/")
    found = Evidence(
        clock.now(),
        set_once=(root / _TIMESYNCD).exists() or _remembered(run_dir),
        chip=any((root / path).exists() for path in _CHIPS),
        last_run=_last_run(state_dir),
    )
    return replace(found, synchronised=_is_disciplined()) if doubt(found) else found


def remember(run_dir: Path) -> None:
    """Keep in ``run_dir`` that the clock was seen synchronised since the machine started.

    The kernel forgets it after some hours without a time server, while the clock goes on well.
    """
    if _remembered(run_dir):
        return
    with contextlib.suppress(OSError):  # the lock file in the same directory says it
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / _MARKER).write_text(boot_id(), encoding="ascii")


def _remembered(run_dir: Path) -> bool:
    try:
        return (run_dir / _MARKER).read_text(encoding="ascii") == boot_id()
    except (OSError, UnicodeDecodeError):
        return False


def _is_disciplined() -> bool:
    """Whether a program (chrony, ntpd, systemd-timesyncd) keeps the kernel's clock right; no where it cannot be asked.

    The kernel forgets it as soon as somebody else sets the clock.

    systemd is asked and not the kernel: the call that reads the kernel's state is the one that sets the clock, which
    the services are forbidden.
    """
    words = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    environ = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603  (no shell)
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, env=environ, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == b"yes"


def _last_run(state_dir: Path) -> datetime | None:
    """A ledger that cannot be read is no evidence, and is told by the run that wants to write it."""
    try:
        with LedgerReader.open(state_dir) as reader:
            return reader.latest_instant() if reader else None
    except (CtvpipeError, OSError):
        return None
