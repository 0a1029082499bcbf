"""What one start of a service said last, from the system's journal."""

from __future__ import annotations

import os
import subprocess

from ctvpipe.core.errors import TransientError

_LINES = 10
_LONGEST_LINE = 200
_SECONDS = 5.0


def last_lines(invocation: str) -> str:
    """The last lines, as they were said. Raises ``TransientError`` when the journal cannot be read, or not in time."""
    words = [
        *("journalctl", f"_SYSTEMD_INVOCATION_ID={invocation}"),
        *("--output=cat", f"--lines={_LINES}", "--no-pager", "--quiet"),
    ]
    environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603  (no shell)
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, env=environ, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = error.strerror if isinstance(error, OSError) else f"no answer within {_SECONDS:g} s"
        raise TransientError(f"cannot read the journal: {reason}") from error
    if done.returncode:
        raise TransientError(f"cannot read the journal: journalctl ended with exit code {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def fit(text: str) -> tuple[str, ...]:
    """The last lines of ``text``, cut to a length that fits into an alert, without control characters."""
    lines = ("".join(c if c.isprintable() else " " for c in line).strip() for line in text.splitlines()[-_LINES:])
    return tuple(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines if line)
