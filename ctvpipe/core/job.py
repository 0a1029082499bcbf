"""What a job is: its name, command, schedule and settings. The table of jobs is ``ctvpipe.jobs``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo

# Summer time begins at two on these Sundays, in North America and in Central Europe.
_SHORT_NIGHTS = ("*-03-08..14", "*-03-25..31")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SUNDAY = 6
_MISSING_HOUR = 2


@dataclass(frozen=True)
class Schedule:
    """Local wall-clock time of a daily run, or of a weekly one when ``weekday`` (Monday is 0) is given.

    ``since``: the instant at which it took the place of another; two that differ in nothing else are the same.
    """

    at: time
    weekday: int | None = None
    random_delay: timedelta = timedelta()
    since: datetime | None = field(default=None, compare=False)

    @property
    def on_calendar(self) -> str:
        """The systemd ``OnCalendar=`` expression."""
        day = "" if self.weekday is None else f"{_WEEKDAYS[self.weekday]} "
        return f"{day}*-*-* {self.at:%H:%M:%S}"

    @property
    def short_nights(self) -> tuple[str, ...]:
        """The ``OnCalendar=`` expressions of the nights that have no such time: it is then an hour later.

        systemd leaves a time that does not exist out (systemd.time(7)), and a weekly job would wait for another week.
        On the other continent's Sunday the job runs twice, which does no harm.
        """
        if self.at.hour != _MISSING_HOUR or self.weekday not in {None, _SUNDAY}:
            return ()
        return tuple(f"Sun {days} {self.at.replace(hour=_MISSING_HOUR + 1):%H:%M:%S}" for days in _SHORT_NIGHTS)

    @property
    def words(self) -> str:
        """The same for people: ``daily 01:00 +5 min`` (up to five minutes later), ``Sun 02:30``."""
        day = "daily" if self.weekday is None else _WEEKDAYS[self.weekday]
        minutes = self.random_delay / timedelta(minutes=1)
        return f"{day} {self.at:%H:%M}" + (f" +{minutes:.0f} min" if minutes else "")

    def previous(self, instant: datetime, tz: tzinfo) -> datetime:
        """The latest scheduled instant not after ``instant``."""
        return self._nearest(instant, tz, step=-1)

    def next(self, instant: datetime, tz: tzinfo) -> datetime:
        """The earliest scheduled instant after ``instant``."""
        return self._nearest(instant, tz, step=1)

    def _nearest(self, instant: datetime, tz: tzinfo, *, step: int) -> datetime:
        day = instant.astimezone(tz).date()
        for offset in range(9):
            candidate = datetime.combine(day + timedelta(days=step * offset), self.at, tzinfo=tz)
            if self.weekday is not None and candidate.weekday() != self.weekday:
                continue
            if (candidate > instant) == (step > 0):
                return candidate
        raise AssertionError("a schedule has an instant in every week")


@dataclass(frozen=True)
class Job:
    """One thing that runs.

    ``command``: the words after ``ctvpipe``; ``log`` and ``outcome_log``: below the log directory, the second one for
    the SUCCESS and ERROR lines only; ``settings``: dotted name of the settings class; ``after``: jobs whose result it
    works on; ``timeout``: the longest a run may take.
    """

    name: str
    pipeline: str
    command: tuple[str, ...]
    schedule: Schedule
    wrapper: str
    env_file: str
    log: str
    settings: str
    outcome_log: str | None = None
    after: tuple[str, ...] = ()
    timeout: timedelta = timedelta(minutes=30)

    @property
    def unit(self) -> str:
        """Name of its service and timer, without the ending."""
        return f"ctv-{self.name}"

    @property
    def minutes(self) -> str:
        """The longest a run may take, in words."""
        return f"{self.timeout.total_seconds() / 60:.0f} min"

    @property
    def timer(self) -> str:
        """Name of its timer."""
        return f"{self.unit}.timer"
