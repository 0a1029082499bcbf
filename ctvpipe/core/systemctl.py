"""Switch timers on and off for good, by way of ``systemctl``. Needs root and a running systemd."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from ctvpipe.core.errors import PermanentError, TransientError

_SECONDS = 60
_ENABLED = {"enabled", "enabled-runtime"}
_ACTIVE = {"active", "activating", "reloading", "deactivating"}


def require_systemd(root: Path) -> None:
    """Raise ``PermanentError`` where systemd is not what runs the machine (sd_booted(3))."""
    if not (root / "run/systemd/system").is_dir():
        raise PermanentError(
            "systemd does not run here, so there are no timers to switch", "Start the jobs by what there is instead."
        )


def switch_on(timer: str) -> bool:
    """Enable and start ``timer``; ``False`` when it was on already. Its job is not started.

    A timer with ``Persistent=true`` starts its job at once when the time of its last start, kept in a stamp file, is
    older than the last scheduled one (systemd.timer(5)). What was switched off has missed nothing, so the stamp goes
    first; and as without one systemd counts from when the timer was last started, if it still knows, the timer is
    disabled before: then it forgets. Raises ``PermanentError`` when ``systemctl`` refuses.
    """
    if require_switchable(timer) == "enabled" and is_active(timer):
        return False
    _require(timer, "disable", "--now")
    _require(timer, "clean", "--what=state")
    _require(timer, "enable", "--now")
    return True


def require_switchable(timer: str) -> str:
    """How ``timer`` is: ``enabled``, ``disabled`` … Raises ``PermanentError`` for one that is not installed, or masked."""
    state = _state(timer)
    if state.startswith("masked"):
        raise PermanentError("the timer is masked", f"If it shall run again: sudo systemctl unmask {timer}")
    return state


def change(timer: str, write: Callable[[], None]) -> None:
    """Have ``write`` change the files of ``timer``, and systemd read them. It is stopped before, and stays so.

    A timer at work would take a new time that lies between its last start and now for one that it has missed, and
    start its job. Raises ``PermanentError`` when ``systemctl`` refuses, and what ``write`` raises.
    """
    if is_active(timer):
        _require(timer, "stop")
    write()
    done = _call("daemon-reload")
    if done.returncode != 0:
        raise PermanentError(f"systemctl daemon-reload failed: {_reason(done)}", "Look at: journalctl --boot _PID=1")


def switch_off(timer: str) -> bool:
    """Disable and stop ``timer``; ``False`` when it was off already. A run of its job that goes on is left alone.

    Raises ``PermanentError`` when ``systemctl`` refuses.
    """
    if _state(timer) not in _ENABLED and not is_active(timer):
        return False
    _require(timer, "disable", "--now")
    return True


def is_active(unit: str) -> bool:
    """Whether ``unit`` runs, or is starting or stopping; a job that runs is starting."""
    return _call("is-active", unit).stdout.strip() in _ACTIVE


def _state(timer: str) -> str:
    """``enabled``, ``disabled``, ``masked`` …; raises ``PermanentError`` when there is no such unit."""
    done = _call("is-enabled", timer)
    state = done.stdout.strip()
    if state in {"", "not-found"}:
        raise PermanentError(f"the timer is not installed: {_reason(done)}", "Install the package ctvpipe again.")
    return state


def _require(timer: str, *words: str) -> None:
    done = _call(*words, timer)
    if done.returncode != 0:
        doing = f"systemctl {' '.join(words)} {timer}"
        raise PermanentError(f"{doing} failed: {_reason(done)}", f"Look at: systemctl status {timer}")


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split()) or f"exit code {done.returncode}"


def _call(*words: str) -> subprocess.CompletedProcess[str]:
    command = ["systemctl", "--no-pager", "--no-ask-password", *words]
    try:
        return subprocess.run(  # noqa: S603  (the administrator's own PATH)
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            env=os.environ | {"LC_ALL": "C"},
            check=False,
        )
    except FileNotFoundError:
        raise PermanentError("the command systemctl is missing", "Is systemd installed?") from None
    except subprocess.TimeoutExpired:
        raise TransientError(
            f"systemctl {' '.join(words)} gave no answer within {_SECONDS} s", "Look at: systemctl status"
        ) from None
