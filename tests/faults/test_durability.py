"""What a power cut must not take: read from what the jobs ask of the disk, and in which order.

A kill leaves the kernel's memory as it is, a power cut does not: only what was synced before it is there after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .injector import ForkServer, Injector
from .station import BACKUP, IMPORT, ROTATE, UPDATE, Station

_STEP = re.compile(r"\d+ (?P<call>\w+) (?P<path>.*?)(?: -> (?P<to>.*))? -?\d+")
_WRITES = {"write", "pwrite", "writev", "pwritev", "sendfile", "copy_file_range", "truncate", "ftruncate", "fallocate"}


def dared(trace: str, root: Path) -> tuple[list[str], int, int]:
    """What a power cut could undo or halve in a run with this ``trace``; how many files it published and removed.

    A file is published by a rename: its content is to be synced before that, and its directory after it. A file is
    removed only when all that was published before is synced, and the removal is to be synced as well.
    """
    faults, published, removed = [], 0, 0
    unsynced: set[str] = set()  # files and directories with changes that a power cut would take
    renamed: set[str] = set()  # those of them that are directories with a new name in them
    for line in trace.splitlines():
        step = _STEP.fullmatch(line)
        assert step is not None, line
        call, path, to = step["call"], step["path"], step["to"]
        folder = str(Path(path).parent)
        if call in _WRITES:
            unsynced.add(path)
        elif call in {"fsync", "fdatasync"}:
            unsynced.discard(path)
            renamed.discard(path)
        elif to is not None:
            published += 1
            faults += [f"{line}: before its content is on the disk"] * (path in unsynced)
            renamed.add(str(Path(to).parent))
        elif call in {"unlink", "unlinkat", "remove"} and is_kept(Path(path).relative_to(root)):
            removed += 1
            faults += [f"{line}: before {', '.join(sorted(renamed))} is on the disk"] * bool(renamed)
            renamed.add(folder)
    return (
        faults + [f"{place}: a name in it is not on the disk in the end" for place in sorted(renamed)],
        published,
        removed,
    )


def is_kept(path: Path) -> bool:
    """Whether a file is one that somebody counts on: a workbook, an archive, a backup."""
    return path.suffix in {".xlsx", ".zip", ".gz"} and not path.name.startswith(".") and path.parts[0] == "data"


@pytest.fixture
def station(jobs: ForkServer, root: Path) -> Station:
    station = Station(Injector(root, jobs, tree=True))
    station.make_directories()
    station.write_yesterday()
    return station


def old_workbooks(station: Station) -> list[str]:
    """An archive that is there already gets two workbooks more."""
    station.workbook(9).write_bytes(b"nine days old")
    station.succeed(ROTATE)
    for days in (8, 10):
        station.workbook(days).write_bytes(b"%d days old" % days)
    return ROTATE


def third_backup(station: Station) -> list[str]:
    """Two are kept."""
    station.succeed(UPDATE)
    for day in (1, 2):
        (station.backups / f"production-2026010{day}-020500.sqlite3.gz").write_bytes(b"older")
    return BACKUP


def new_workbook(station: Station) -> list[str]:
    station.share_today()
    return IMPORT


JOBS = [(new_workbook, 1, 0), (old_workbooks, 1, 2), (third_backup, 1, 1)]


@pytest.mark.parametrize(("prepare", "published", "removed"), JOBS, ids=["import", "rotation", "backup"])
def test_a_power_cut_takes_nothing_that_was_published(
    station: Station, prepare: Callable[[Station], list[str]], published: int, removed: int
) -> None:
    done = station.succeed(prepare(station))
    faults, seen, gone = dared(done.trace, station.root)
    assert faults == [], done.trace
    assert seen >= published
    assert gone >= removed
