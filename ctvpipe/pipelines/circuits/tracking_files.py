"""The broker's daily CSV files: ``tracking_data_YYYY-MM-DD.csv``, dated by their names (facts 3.1).

Every other name is nobody's business: ``_dedup`` variants, samples, files of other programs.
"""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from ctvpipe.core import files
from ctvpipe.core.errors import ContractError, PermanentError

_NAME = re.compile(r"tracking_data_([0-9]{4}-[0-9]{2}-[0-9]{2})\.csv")
_CLOCK_SLACK = timedelta(days=1)
_MIB = 1024 * 1024


class TrackingFile(NamedTuple):
    """A tracking file: where it is, and the business day of its download."""

    path: Path
    day: date


def path_for(directory: Path, day: date) -> Path:
    """Where the file of ``day`` is kept."""
    return directory / f"tracking_data_{day.isoformat()}.csv"


def date_of(name: str) -> date | None:
    """The business day in a file name; ``None`` when it is no tracking file's name or holds no date."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None


def listing(directory: Path) -> list[TrackingFile]:
    """The files in ``directory``, newest day first.

    Raises ``PermanentError`` when the directory is missing or cannot be read: that is not the same as no files.
    """
    try:
        with os.scandir(directory) as entries:
            found = [
                TrackingFile(directory / entry.name, day)
                for entry in entries
                if (day := date_of(entry.name)) is not None and entry.is_file()
            ]
    except OSError as error:
        raise PermanentError(
            f"cannot list the tracking files in {directory}: {error.strerror}",
            "Check TRACKING_DATA_DIR, and the owner and permissions of the directory.",
        ) from error
    return sorted(found, key=lambda file: file.day, reverse=True)


def choose(directory: Path, named: Path | None, today: date, *, force: bool) -> TrackingFile:
    """The file to import: the one ``named`` by hand (today's, when its name holds no date), else the newest.

    Raises ``PermanentError`` when there is none, ``ContractError`` for one dated in the future and, unless ``force``,
    when the newest is older than ``today``.
    """
    if named is not None:
        if not named.is_file():
            raise PermanentError(f"the tracking file {named} does not exist", "Check the name.")
        return _not_from_the_future(TrackingFile(named, date_of(named.name) or today), today)
    newest = next(iter(listing(directory)), None)
    if newest is None:
        raise PermanentError(
            f"there is no tracking file in {directory}",
            "The broker's CSV belongs there as tracking_data_YYYY-MM-DD.csv; or set TRACKING_PORTAL_URL.",
        )
    _not_from_the_future(newest, today)
    if newest.day < today and not force:
        raise ContractError(
            f"the newest tracking file is of {newest.day}, today is {today}: it is not imported again as today's",
            "Look why today's was not downloaded; --force imports the old one.",
        )
    return newest


def content(path: Path, max_mib: int) -> bytes:
    """The file's bytes. Raises ``ContractError`` for a file that is too large, ``PermanentError`` for an unreadable one."""
    try:
        with path.open("rb") as file:
            data = file.read(max_mib * _MIB + 1)
    except OSError as error:
        raise PermanentError(
            f"cannot read {path}: {error.strerror}",
            "Check its owner and permissions; the jobs run as the service user.",
        ) from error
    return require_size(data, path.name, max_mib)


def keep(path: Path, data: bytes) -> None:
    """Publish ``data`` as the file at ``path``, unless it holds the same already. Raises ``PermanentError``."""
    with files.explained(f"look at {path}"):
        same = path.is_file() and path.read_bytes() == data
    if not same:
        with files.publish(path) as temporary:
            temporary.write_bytes(data)


def require_size(data: bytes, name: str, max_mib: int) -> bytes:
    """``data``, when it has a size that can be right. Raises ``ContractError``."""
    if not data.strip():
        raise ContractError(f"{name} is empty", "Look at the download; nothing was changed.")
    if len(data) > max_mib * _MIB:
        raise ContractError(f"{name} has more than {max_mib} MiB", "If that is right, raise TRACKING_MAX_FILE_MIB.")
    return data


def _not_from_the_future(file: TrackingFile, today: date) -> TrackingFile:
    """One day is allowed, for a time zone that was changed between two nights."""
    if file.day > today + _CLOCK_SLACK:
        raise ContractError(
            f"today is {today} by the clock, but there is {file.path.name!r}",
            "Compare 'date' and 'timedatectl' with a watch; if the clock is right, move that file away.",
        )
    return file
