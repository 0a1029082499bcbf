"""The views that an administrator has of the sync, in the shapes that its users know (facts 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from ctvpipe.core.job import Schedule
from ctvpipe.core.ledger import RUNNING
from ctvpipe.core.records import RunRecord
from ctvpipe.pipelines.fms.feeds import FEEDS
from ctvpipe.pipelines.fms.redacted import redact
from ctvpipe.pipelines.fms.settings import SyncSettings

NOT_CONFIGURED = "Not configured"
MANUAL_ONLY = ("operations_data", "budgets")
_LATE = timedelta(hours=26)  # facts 4.2


@dataclass(frozen=True)
class Standing:
    """How the sync stands: ``switched_on`` and ``schedule`` as its timer has them, ``wanted`` as the settings have it.

    ``last``: its latest run that began; ``done``: the latest that did its work, whole or in part.
    """

    settings: SyncSettings
    switched_on: bool
    schedule: Schedule
    wanted: Schedule
    last: RunRecord | None
    done: RunRecord | None

    @property
    def running(self) -> bool:
        """Whether a night will sync: the timer is on, and the sync is not switched off by its settings."""
        return self.switched_on and self.settings.enabled

    def next_sync(self, now: datetime, tz: tzinfo) -> datetime | None:
        """The next instant at which it is due, in ``tz``, the station's time zone; ``None`` where none is."""
        return self.schedule.next(now, tz).astimezone(tz) if self.running else None


def status(standing: Standing, now: datetime, tz: tzinfo) -> dict[str, Any]:
    """The state of the schedule: ``next_sync_time`` in ISO 8601 with offset, or null; ``last_sync``, a result, too."""
    due = standing.next_sync(now, tz)
    return {
        "scheduler_running": standing.running,
        "next_sync_time": None if due is None else due.isoformat(timespec="seconds"),
        "sync_hour": standing.settings.hour,
        "sync_minute": standing.settings.minute,
        "sync_enabled": standing.settings.enabled,
        "last_sync": None if standing.last is None else _result(standing.last, tz),
    }


def config(settings: SyncSettings) -> dict[str, Any]:
    """The settings of the sync; of the addresses only what may be shown."""
    return {
        "sync_urls": {feed.table: _shown(settings.url(feed.table)) for feed in FEEDS},
        "sync_hour": settings.hour,
        "sync_minute": settings.minute,
        "manual_only": list(MANUAL_ONLY),
    }


def unusual(standing: Standing, now: datetime, empty: Sequence[str] = ()) -> list[str]:
    """What an administrator should look at, in sentences; ``empty``: the tables that hold nothing."""
    urls = {feed.table: standing.settings.url(feed.table) for feed in FEEDS}
    found = []
    if standing.switched_on and standing.schedule != standing.wanted:
        found.append(
            f"The timer runs {standing.schedule.words}, SYNC_HOUR and SYNC_MINUTE say {standing.wanted.words}: "
            "sudo ctvpipe enable fms"
        )
    if unset := [table for table, url in urls.items() if not url]:
        found.append(f"Not configured: {', '.join(unset)}.")
    if nothing := [table for table in empty if urls[table]]:
        found.append(f"Configured, but empty: {', '.join(nothing)}.")
    if standing.done is not None and standing.running:
        ended = standing.done.finished_at or standing.done.started_at
        if now - ended > _LATE:
            found.append(f"The last good sync is older than {_LATE / timedelta(hours=1):.0f} hours.")
    return [*found, *(standing.last.warnings if standing.last is not None else ())]


def _result(run: RunRecord, tz: tzinfo) -> dict[str, Any]:
    """The result that the run has left, or what the ledger itself knows of one that has left none."""
    left = run.counters.get("sync")
    if isinstance(left, dict):
        return left
    ended, seconds = run.finished_at, run.seconds
    return {
        "start_time": run.started_at.astimezone(tz).isoformat(timespec="seconds"),
        "end_time": None if ended is None else ended.astimezone(tz).isoformat(timespec="seconds"),
        "duration_seconds": None if seconds is None else round(seconds, 2),
        "run_id": run.run_id,
        "status": run.outcome,
        "trigger": "manual" if run.trigger == "manual" else "schedule",
        "message": "" if run.outcome == RUNNING else run.message,
    }


def _shown(url: str) -> str:
    return redact(url) if url else NOT_CONFIGURED
