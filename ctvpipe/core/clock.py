"""Instants and business days.

An instant is an aware ``datetime`` in UTC; a business day is a ``date`` in the station's time zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ctvpipe.core.errors import ConfigurationError


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def zone(name: str) -> tzinfo:
    """The time zone called ``name`` (IANA), or the machine's own for an empty name.

    Raises ``ConfigurationError`` for a name the machine does not know.
    """
    if not name:
        return _machine_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a directory of zones
        raise ConfigurationError(
            f"CTVPIPE_TIMEZONE: {name!r} is not a time zone this machine knows",
            "Use a name such as America/Los_Angeles, or leave it empty for the machine's own.",
        ) from None


def _machine_zone() -> tzinfo:
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, key="machine")
    except (OSError, ValueError):
        return UTC


def business_day(instant: datetime, tz: tzinfo) -> date:
    """The station's calendar day at ``instant``."""
    return instant.astimezone(tz).date()


def to_text(instant: datetime) -> str:
    """How an instant is stored: ISO 8601 in UTC, milliseconds, sortable as text."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def from_text(text: str) -> datetime:
    """The instant stored as ``text`` by ``to_text``."""
    return datetime.fromisoformat(text)
