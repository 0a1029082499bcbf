"""The exports as they came, kept beside the database: each different body once, the newest few of every table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ctvpipe.core import files
from ctvpipe.pipelines.fms.fetching import Export

_DIGITS = 12


def keep(directory: Path, table: str, export: Export, *, accepted: bool, now: datetime, most: int) -> None:
    """Keep the bytes of ``export`` in ``directory``, unless they are there, and let the oldest of ``table`` go.

    One that was refused is kept apart and does not displace one that was accepted; ``most``: how many of each stay.
    Raises ``PermanentError`` for a full disk or a directory that cannot be written.
    """
    kind = "csv" if accepted else "refused"
    known = sorted(_of(directory, table, kind))
    if any(path.name.endswith(f"-{export.sha256[:_DIGITS]}.{kind}") for path in known):
        return
    path = directory / f"{table}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{export.sha256[:_DIGITS]}.{kind}"
    with files.publish(path) as temporary:
        temporary.write_bytes(export.body)
    for old in [*known, path][:-most]:
        with files.explained(f"remove {old}"):
            files.remove(old)


def tidy(directory: Path) -> None:
    """Remove what a run that was killed has left half-written; errors as of ``keep``. The caller holds the job's lock."""
    with files.explained(f"look at {directory}"):
        left = [path for path in directory.iterdir() if files.is_temporary(path)] if directory.is_dir() else []
    for path in left:
        with files.explained(f"remove {path}"):
            files.remove(path)


def _of(directory: Path, table: str, kind: str) -> list[Path]:
    with files.explained(f"look at {directory}"):
        return list(directory.glob(f"{table}-*.{kind}")) if directory.is_dir() else []
