"""How fresh the data is: the newest local workbook, by the date in its name (facts 2), and the last good update."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.health.model import Finding, Freshness, State
from ctvpipe.health.words import ago

STALE_AFTER_DAYS = 2
_FUTURE_AFTER_DAYS = 1


class Dated(Protocol):
    """A workbook with the business day in its name."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def day(self) -> date:
        """The day in its name."""


Newest = Callable[[Path], Dated | None]


def look(
    directory: Path,
    newest: Newest,
    *,
    today: date,
    now: datetime,
    expected: bool,
    imported: bool,
    updated_at: datetime | None,
) -> tuple[Freshness, list[Finding]]:
    """The freshness of the workbooks in ``directory``, and what is wrong with it.

    ``newest``: finds the newest one, raises ``CtvpipeError`` when the directory cannot be listed;
    ``expected``: an import is configured or has ever succeeded; ``imported``: one has succeeded;
    ``updated_at``: end of the last successful update.
    """
    try:
        found, note, finding = newest(directory), "", None
    except CtvpipeError as error:
        found, note, finding = None, *_unlisted(directory, error, imported=imported)
    if found is None:
        if imported and not note:
            reason = f"no workbook in {directory}, though imports have succeeded"
            finding = _finding(reason, "ctvpipe runs list --job commercial-import")
        fresh = Freshness(_state(finding), directory, None, None, None, updated_at, note)
        return fresh, [finding] if finding else []
    age = (today - found.day).days
    name = found.path.name
    if age < -_FUTURE_AFTER_DAYS:
        finding = _finding(f"the newest workbook is dated {-age} days in the future ({name})", "timedatectl; ls -l")
    elif expected and age > STALE_AFTER_DAYS:
        since = f"; last successful update {ago(updated_at, now)}" if updated_at else ""
        reason = f"the newest workbook is {age} days old ({name}){since}"
        finding = _finding(reason, "ctvpipe runs list --job commercial-import")
    fresh = Freshness(_state(finding), directory, name, found.day, age, updated_at, note)
    return fresh, [finding] if finding else []


def _unlisted(directory: Path, error: CtvpipeError, *, imported: bool) -> tuple[str, Finding | None]:
    """What to note of a directory that cannot be listed, and whether it is a fault.

    It is none where nothing was ever imported, or where only this user may not look.
    """
    cause = error.__cause__
    if isinstance(cause, PermissionError):
        return f"{directory} is not readable for this user", None
    if isinstance(cause, FileNotFoundError) and not imported:
        return f"{directory} does not exist yet", None
    return str(error), Finding(State.WARNING, "data", str(error), error.advice)


def _finding(reason: str, command: str) -> Finding:
    return Finding(State.WARNING, "data", reason, f"Look with: {command}")


def _state(finding: Finding | None) -> State:
    return State.HEALTHY if finding is None else finding.state
