"""Which timers are switched on, as systemd's own files say it (systemd.unit(5)): a few look-ups, no process.

``systemctl enable`` makes a link in ``timers.target.wants``, ``systemctl mask`` one to ``/dev/null`` in place of the
unit. A timer that was only stopped counts as on: it comes back at the next boot.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

# Where units are looked for; the first place that has one wins.
_PLACES = (
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)
_WANTS = "timers.target.wants"
_MASKED = "/dev/null"


def switched_off(timers: Iterable[str], root: Path) -> frozenset[str]:
    """Those of ``timers`` that are installed below ``root``, but not enabled, or masked.

    One that is not installed is not switched off: where nothing is, as in a checkout, somebody else starts the jobs.
    """
    return frozenset(timer for timer, on in _installed(timers, root) if not on)


def switched_on(timers: Iterable[str], root: Path) -> frozenset[str]:
    """Those of ``timers`` that are installed below ``root`` and enabled."""
    return frozenset(timer for timer, on in _installed(timers, root) if on)


def _installed(timers: Iterable[str], root: Path) -> Iterator[tuple[str, bool]]:
    """Those of ``timers`` that are installed, and whether each is on."""
    places = [root / place for place in _PLACES]
    wanted: set[str] = set()
    for place in places:
        with suppress(OSError):  # none is enabled there
            wanted.update(os.listdir(place / _WANTS))  # noqa: PTH208  (names, not paths)
    for timer in timers:
        unit = next((place / timer for place in places if os.path.lexists(place / timer)), None)
        if unit is not None:
            yield timer, timer in wanted and not (unit.is_symlink() and str(unit.readlink()) == _MASKED)
