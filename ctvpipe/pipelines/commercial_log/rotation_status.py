"""What is kept of the commercial log: counts, sizes, oldest and newest (facts 2, "status").

Needs nothing but the right to list two directories: no lock, no ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.commercial_log import archive, daily_files
from ctvpipe.pipelines.commercial_log.daily_files import DailyFile
from ctvpipe.pipelines.commercial_log.rotation_plan import Archive
from ctvpipe.pipelines.commercial_log.settings import DataSettings


def status_lines(settings: DataSettings) -> list[str]:
    """The status, a line each; a directory that cannot be read is said in its place."""
    return [*_daily_lines(settings.daily_dir), *_archive_lines(settings.archive_dir)]


def megabytes(size: int) -> str:
    """A size in bytes as people read it: ``12.3 MB`` (10^6 bytes)."""
    return f"{size / 1_000_000:.1f} MB"


def _daily_lines(directory: Path) -> list[str]:
    try:
        found = daily_files.listing(directory)
    except PermanentError as error:
        return [f"Current files: unknown, {error}"]
    lines = _lines("Current files", directory, tuple(reversed(found.files)))
    if found.undated:
        lines.append(f"  without a date: {len(found.undated)}")
    return lines


def _archive_lines(directory: Path) -> list[str]:
    try:
        return _lines("Archives", directory, archive.listing(directory))
    except PermanentError as error:
        return [f"Archives: unknown, {error}"]


def _lines(label: str, directory: Path, oldest_first: Sequence[DailyFile | Archive]) -> list[str]:
    lines = [f"{label}: {len(oldest_first)} ({megabytes(sum(item.size for item in oldest_first))}) in {directory}"]
    if oldest_first:
        lines += [f"  oldest: {oldest_first[0].path.name}", f"  newest: {oldest_first[-1].path.name}"]
    return lines
