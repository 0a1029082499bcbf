"""Whether the clock may name files, prune and age: a Pi without a clock chip starts with a wrong one.

The judgement is a pure function over what is known of the clock; its reasons all begin with "the clock".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ctvpipe import RELEASED
from ctvpipe.core import clock

# The counter of a run that was put off because of its clock.
DOUBTED = "clock_doubted"
ADVICE = (
    "It is tried again by itself. 'timedatectl' shows whether a time server is reached; where something else sets the"
    " clock, and sets it right, CTVPIPE_CLOCK=trust says so."
)
_MADE = clock.from_text(f"{RELEASED}T00:00:00+00:00")
_BACK = timedelta(minutes=10)
_AHEAD = timedelta(days=45)
_ALONE = "no time server bears it out"


@dataclass(frozen=True)
class Evidence:
    """What is known of the clock that says ``now``.

    ``synchronised``: a time server keeps it right at this moment; ``set_once``: one did at some time since the machine
    started; ``chip``: it has a clock that runs without power; ``last_run``: when the latest recorded run began or
    ended, if there is any.
    """

    now: datetime
    synchronised: bool = False
    set_once: bool = False
    chip: bool = False
    last_run: datetime | None = None


def doubt(evidence: Evidence) -> str:
    """Why the clock cannot be trusted; empty when it can."""
    now, last = evidence.now, evidence.last_run
    if now < _MADE:
        return f"the clock says {now:%Y-%m-%d}, which is before this version was made ({RELEASED})"
    if evidence.synchronised:
        return ""
    if not evidence.set_once and not evidence.chip:
        return "the clock has not been set since this machine started (no clock chip, no time server reached yet)"
    if last is not None and now < last - _BACK:
        return f"the clock says {_shown(now)}, but the latest run was at {_shown(last)} ({_ALONE})"
    if last is not None and now > last + _AHEAD:
        days = (now - last).days
        return f"the clock says {_shown(now)}, {days} days after the latest run ({_ALONE})"
    return ""


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
