"""What a rotation is to do, from names and dates alone (facts 2): no file is opened here.

Daily files whose date is strictly earlier than today - ``keep_days`` go into the archive of their month; archives
whose month is strictly earlier than the month of today - ``keep_months`` expire. Because a wrong clock would make
everything look old, what is on the disk has a say as well:

- anything dated after tomorrow, or an archive of a month that has not begun: refused (the clock is behind);
- a newest daily file more than 400 days old: refused (the clock is ahead, or the import has long been off);
- archives expire as if today were at most 28 days after the newest day known from the disk. A clock that jumps
  ahead costs one early month at most; while no import succeeds, the archives wait.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log import daily_files
from ctvpipe.pipelines.commercial_log.daily_files import DailyFile

_ARCHIVE_NAME = re.compile(r"commercial-logs-([0-9]{4})-(0[1-9]|1[0-2])\.zip")
_LONGEST_SILENCE = timedelta(days=400)
_EXPIRY_SLACK = timedelta(days=28)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; its text form is ``YYYY-MM``."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    def minus(self, months: int) -> Month:
        """The month that many months earlier."""
        year, number = divmod(self.year * 12 + self.number - 1 - months, 12)
        return Month(year, number + 1)

    @property
    def last_day(self) -> date:
        return date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])


@dataclass(frozen=True)
class Archive:
    """A monthly archive: where it is, its month, its size in bytes."""

    path: Path
    month: Month
    size: int


@dataclass(frozen=True)
class Plan:
    """``months``: the files to archive, by month, oldest first; ``expired``: the archives to remove; ``waiting``: those
    that today's date alone would remove, kept because nothing on the disk is recent enough to bear that date out.
    """

    months: tuple[tuple[Month, tuple[DailyFile, ...]], ...]
    expired: tuple[Archive, ...]
    waiting: tuple[Archive, ...]


def archive_path(directory: Path, month: Month) -> Path:
    """Where the archive of ``month`` is kept."""
    return directory / f"commercial-logs-{month}.zip"


def month_of(name: str) -> Month | None:
    """The month in an archive's name, or ``None`` when it is not the name of one."""
    match = _ARCHIVE_NAME.fullmatch(name)
    return Month(int(match[1]), int(match[2])) if match and int(match[1]) else None


def plan(
    files: Sequence[DailyFile], archives: Sequence[Archive], today: date, *, keep_days: int, keep_months: int
) -> Plan:
    """The plan for ``today``, a business day. Raises ``ContractError`` when that date cannot be right.

    An archive that files wait to get into does not expire in the same run: what it is given stays for a week.
    """
    check_clock(files, archives, today)
    oldest_kept = today - timedelta(days=keep_days)
    by_month: dict[Month, list[DailyFile]] = {}
    for file in sorted(files, key=lambda file: file.day):
        if file.day < oldest_kept:
            by_month.setdefault(Month.of(file.day), []).append(file)
    due = _earlier(archives, Month.of(today).minus(keep_months))
    borne_out = _earlier(archives, Month.of(_trusted_day(files, archives, today)).minus(keep_months))
    return Plan(
        months=tuple((month, tuple(of_month)) for month, of_month in by_month.items()),
        expired=tuple(archive for archive in borne_out if archive.month not in by_month),
        waiting=tuple(archive for archive in due if archive not in borne_out),
    )


def check_clock(files: Sequence[DailyFile], archives: Sequence[Archive], today: date) -> None:
    """Raise ``ContractError`` when what is on the disk says that it cannot be ``today``; rules in the module's text."""
    daily_files.refuse_future(files, today)
    for archive in archives:
        if archive.month > Month.of(today):
            raise ContractError(
                f"today is {today} by the clock, but there is {archive.path.name!r}", daily_files.CLOCK_ADVICE
            )
    if files:
        newest = max(files, key=lambda file: file.day)
        if today - newest.day > _LONGEST_SILENCE:
            raise ContractError(
                f"today is {today} by the clock, but the newest daily file is {newest.path.name!r},"
                f" {(today - newest.day).days} days old",
                daily_files.CLOCK_ADVICE,
            )


def _trusted_day(files: Sequence[DailyFile], archives: Sequence[Archive], today: date) -> date:
    """``today``, but not more than the slack after the newest day known from the disk."""
    known = [file.day for file in files] + [archive.month.last_day for archive in archives]
    return min(today, max(known) + _EXPIRY_SLACK) if known else today


def _earlier(archives: Sequence[Archive], month: Month) -> list[Archive]:
    return sorted((archive for archive in archives if archive.month < month), key=lambda archive: archive.month)
