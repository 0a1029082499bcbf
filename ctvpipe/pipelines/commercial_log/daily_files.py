"""The daily workbooks in local storage: ``Commercial Log YYMMDD.xlsx``, dated by their names (facts 2).

The date in the name counts, never the file's own times: a copy or a restored backup changes those.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ctvpipe.core.errors import ContractError, PermanentError

_NAME = re.compile(r"Commercial Log ([0-9]{2})([0-9]{2})([0-9]{2})\.xlsx")
_CENTURY = 2000
_CLOCK_SLACK = timedelta(days=1)
CLOCK_ADVICE = (
    "Nothing was touched. Compare 'date' and 'timedatectl' with a watch; if the clock is right, move that file away."
)


@dataclass(frozen=True)
class DailyFile:
    """A daily workbook: where it is, the business day in its name, its size in bytes."""

    path: Path
    day: date
    size: int


@dataclass(frozen=True)
class Listing:
    """The daily workbooks, newest day first, and the names of the right shape that hold no date (``991399``)."""

    files: tuple[DailyFile, ...]
    undated: tuple[str, ...]


def path_for(directory: Path, day: date) -> Path:
    """Where the workbook of business day ``day`` is kept. Raises ``ValueError`` outside of 2000 to 2099."""
    if not _CENTURY <= day.year < _CENTURY + 100:
        raise ValueError(f"{day} has no two-digit year in the 21st century")
    return directory / f"Commercial Log {day:%y%m%d}.xlsx"


def date_of(name: str) -> date | None:
    """The business day in a file name, or ``None`` when it is no daily workbook's name or holds no date."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    try:
        return date(_CENTURY + year, month, day)
    except ValueError:
        return None


def listing(directory: Path) -> Listing:
    """What is in ``directory``. Other names, links and folders are nobody's business and left out.

    Raises ``PermanentError`` when the directory is missing or cannot be read: that is not the same as no files.
    """
    files, undated = [], []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name) is None or (size := _regular_size(entry)) is None:
                    continue
                day = date_of(entry.name)
                if day is None:
                    undated.append(entry.name)
                else:
                    files.append(DailyFile(directory / entry.name, day, size))
    except OSError as error:
        raise PermanentError(
            f"cannot list the daily workbooks in {directory}: {error.strerror}",
            "Check CTV_DATA_DIR, and the owner and permissions of the directory.",
        ) from error
    return Listing(tuple(sorted(files, key=lambda file: file.day, reverse=True)), tuple(sorted(undated)))


def _regular_size(entry: os.DirEntry[str]) -> int | None:
    """The size of a regular file; ``None`` for anything else, and for what has gone since it was listed."""
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def newest(directory: Path) -> DailyFile | None:
    """The workbook with the latest date in its name, or ``None``. Raises as ``listing`` does."""
    return next(iter(listing(directory).files), None)


def refuse_future(files: Iterable[DailyFile], today: date) -> None:
    """Raise ``ContractError`` when a file is dated later than tomorrow: the clock is behind, or a name is mistyped.

    One day is allowed, for a time zone that was changed between two nights.
    """
    for file in files:
        if file.day > today + _CLOCK_SLACK:
            raise ContractError(f"today is {today} by the clock, but there is {file.path.name!r}", CLOCK_ADVICE)
