"""Times, spans and sizes in few words."""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TWO_DAYS = 2 * _DAY
_TEN_SECONDS = 10
_KIB = 1024


def span(duration: timedelta) -> str:
    """``4.2 s``, ``12 min``, ``7 h``, ``3 days``: rounded down, so that a limit is never said to be passed early."""
    seconds = max(duration.total_seconds(), 0.0)
    if seconds < _TEN_SECONDS:
        return f"{seconds:.1f} s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min"
    if seconds < _TWO_DAYS:
        return f"{int(seconds // _HOUR)} h"
    return f"{int(seconds // _DAY)} days"


def ago(instant: datetime, now: datetime) -> str:
    """How long before ``now`` it was; an instant in the future shows a clock that was set back."""
    if instant > now + timedelta(minutes=1):
        return f"{span(instant - now)} in the future"
    if now - instant < timedelta(minutes=1):
        return "just now"
    return f"{span(now - instant)} ago"


def size(count: int) -> str:
    """Bytes in the binary unit that suits."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < _KIB:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIB
    return f"{amount:.1f} TiB"


def number(value: object) -> str:
    """A counter with thousands separated; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"
