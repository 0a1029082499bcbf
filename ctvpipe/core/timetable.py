"""When the timers really start their jobs: as shipped, or at the time that the job's settings have put in its place.

That time is in a drop-in of the timer (systemd.unit(5)), which ``ctvpipe enable`` writes and takes away. Whoever wants
to know when a job is due reads it there: it is what systemd goes by, and the settings may have been changed since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

from ctvpipe.core import files
from ctvpipe.core.job import Job, Schedule

_FILE = "schedule.conf"
_CALENDAR = "OnCalendar="
_DIRECTORY_MODE, _FILE_MODE = 0o755, 0o644  # like all units: there to be read by everybody


def dropin(job: Job, root: Path) -> Path:
    """Where the time that its settings ask for is written down, below ``root``."""
    return root / "etc/systemd/system" / f"{job.timer}.d" / _FILE


def in_force(jobs: Iterable[Job], root: Path) -> tuple[Job, ...]:
    """The jobs as the timers below ``root`` have them.

    Their schedules say since when they are so, where that was ever changed: a drop-in taken away leaves its directory.
    """
    return tuple(_in_force(job, root) for job in jobs)


def scheduled(job: Job, at: time | None) -> Schedule:
    """The schedule of the job, as shipped, at the time ``at`` where that is given."""
    return job.schedule if at is None else replace(job.schedule, at=at)


def set_schedule(job: Job, schedule: Schedule, root: Path) -> None:
    """Write the drop-in for ``schedule``, or take it away where the job is shipped with that.

    The job is one of the table, not as it is in force. Raises ``PermanentError`` when that cannot be done. systemd
    knows nothing of it before it is told (``systemctl.reload``).
    """
    path = dropin(job, root)
    if schedule == job.schedule:
        if path.exists():
            with files.explained(f"remove {path}"):
                files.remove(path)
        return
    with files.explained(f"write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(_DIRECTORY_MODE)
    with files.publish(path, mode=_FILE_MODE) as temporary:
        temporary.write_text(_text(schedule), encoding="utf-8")


def _text(schedule: Schedule) -> str:
    """The drop-in. The empty assignment takes the shipped times out of force, which would add up otherwise."""
    times = ("", schedule.on_calendar, *schedule.short_nights)
    lines = ["# Made from the settings by 'ctvpipe enable', which also takes it away.", "[Timer]"]
    return "\n".join([*lines, *(f"{_CALENDAR}{text}" for text in times), ""])


def _in_force(job: Job, root: Path) -> Job:
    path = dropin(job, root)
    try:
        changed = datetime.fromtimestamp(path.parent.stat().st_mtime, UTC)
    except OSError:  # it was never changed
        return job
    return replace(job, schedule=replace(job.schedule, at=_time(path) or job.schedule.at, since=changed))


def _time(path: Path) -> time | None:
    """The time in a drop-in; ``None`` where there is none, or none of ours."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    first = next((line for line in lines if line.startswith(_CALENDAR) and line != _CALENDAR), "")
    try:
        return time.fromisoformat(first.rpartition(" ")[2])
    except ValueError:
        return None
