"""A checked, compressed copy of one SQLite database; the newest copies of it are kept, and sent to the remote.

What there is too much of is told by counting, never by the clock.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ctvpipe.core import files, progress
from ctvpipe.core.errors import CtvpipeError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log.settings import BackupSettings
from ctvpipe.stores import rclone, sqlite_backup
from ctvpipe.stores.address import File

_MIB = 1024 * 1024
_SPACE_FACTOR = 1.5
_TIME = "%Y%m%d-%H%M%S"
_SHRUNK_TO = 0.25


@dataclass(frozen=True)
class Copied:
    """What was copied, or would be: rows and tables, the bytes it takes, and a line about it."""

    rows: int
    tables: int
    size: int
    said: str


def copy(run: Run, settings: BackupSettings, database: File) -> Copied:
    """Back ``database`` up; then prune, then copy to the remote, if one is set.

    A remote that cannot be reached is a failed unit: the local backup is good. Raises ``PermanentError`` for a database
    or disk that will not do, ``TransientError`` for a locked database; nothing is pruned then.
    """
    path = database.path
    size = sqlite_backup.require_database(path, database.names.path)
    files.require_free(settings.directory, -(-int(size * _SPACE_FACTOR) // _MIB))
    kept = existing(settings.directory, path.stem)
    target = settings.directory / name_for(path.stem, run.started.astimezone(run.tz), {path.name for path in kept})
    if run.dry_run:
        return _plan(run, settings, path, size, target, kept)
    checked = _make(run, database, target)
    rows, made = sum(checked.rows.values()), target.stat().st_size
    run.log.info("created %s (%s of %s)", target, _megabytes(made), _megabytes(size))
    run.log.info(_how_to_restore(path, target))
    pruned = _prune(run, settings, kept, target)
    where = _copy_to_remote(run, settings, target)
    kept_now = len(kept) + 1 - pruned
    said = f"{target.name}: {rows} rows, {_megabytes(made)}; {kept_now} backups kept, {pruned} removed{where}"
    return Copied(rows, len(checked.rows), made, said)


def existing(directory: Path, stem: str) -> list[Path]:
    """The backups of the database called ``stem``, newest first by the time in the name; none without a directory."""
    if not directory.exists():
        return []
    with files.explained(f"list the backups in {directory}"):
        found = [(time_of(path.name, stem), path) for path in directory.iterdir() if path.is_file()]
    return [path for _, path in sorted(((time, path) for time, path in found if time), reverse=True)]


def name_for(stem: str, local: datetime, taken: Iterable[str]) -> str:
    """A backup's name after ``local``, the station's time; a second later while that is taken (clocks go back)."""
    names = set(taken)
    while (name := f"{stem}-{local.strftime(_TIME)}.sqlite3.gz") in names:
        local += timedelta(seconds=1)
    return name


def time_of(name: str, stem: str) -> datetime | None:
    """The time in a backup's name, station time without zone; ``None`` when it is no backup of ``stem``."""
    match = re.fullmatch(re.escape(stem) + r"-([0-9]{8}-[0-9]{6})\.sqlite3\.gz", name)
    try:
        return datetime.strptime(match[1], _TIME) if match else None  # noqa: DTZ007  (names carry no zone)
    except ValueError:
        return None


def to_prune(newest_first: list[Path], made: Path, keep: int) -> list[Path]:
    """The backups beyond the newest ``keep``; the one just made counts as kept, however old its name says it is."""
    return [path for path in newest_first if path != made][keep - 1 :]


def _make(run: Run, database: File, target: Path) -> sqlite_backup.Checked:
    """Publish the backup; returns what is in it."""
    path = database.path
    with _scratch(run, path.stem, target) as plain:
        run.log.info("copying %s", path)
        sqlite_backup.copy(path, plain)
        checked = sqlite_backup.check(plain, database.names.path)
        rows = sum(checked.rows.values())
        run.log.info("copied and checked %s: %d rows in %d tables", path, rows, len(checked.rows))
        if checked.references:
            run.warn(f"foreign keys that point to nothing, copied as they are: {checked.references}")
        digest = ""
        with (
            files.explained(f"read {plain}"),
            files.publish(target, check=lambda packed: sqlite_backup.verify_compressed(packed, digest)) as packed,
            progress.shown("compressing", plain.stat().st_size, run.log) as done,
        ):
            digest = sqlite_backup.compress(plain, packed, on_progress=done)
    return checked


@contextmanager
def _scratch(run: Run, stem: str, target: Path) -> Iterator[Path]:
    """Yield where the uncompressed copy goes; what a killed run left is removed first (the job's lock is held)."""
    with files.explained(f"write to {target.parent}"):
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in target.parent.iterdir():
            if files.is_temporary(path) and path.name.startswith(f".ctvpipe-{stem}-"):
                run.log.info("removing %s, left by a run that was cut short", path.name)
                files.remove(path)
    plain = target.with_name(f".ctvpipe-{stem}-copy.tmp")
    try:
        yield plain
    finally:
        with files.explained(f"remove {plain}"):
            plain.unlink(missing_ok=True)


def _prune(run: Run, settings: BackupSettings, kept: list[Path], made: Path) -> int:
    """Remove what is beyond the number to keep; how many it was."""
    sizes = [path.stat().st_size for path in kept]
    if sizes and made.stat().st_size < max(sizes) * _SHRUNK_TO:
        run.warn(
            f"{made.name} has less than a quarter of the size of an earlier backup: no backup was removed. If the "
            f"database is the right one, remove the large backups in {settings.directory} by hand"
        )
        return 0
    removed = 0
    for path in to_prune(kept, made, settings.keep):
        run.log.info("removing old backup %s", path)
        try:
            with files.explained(f"remove {path}"):
                files.remove(path)
            removed += 1
        except CtvpipeError as error:
            run.fail_unit(f"{error}. {error.advice}".rstrip())
    return removed


def _copy_to_remote(run: Run, settings: BackupSettings, made: Path) -> str:
    if not settings.rclone_remote:
        return ""
    environ = run.environment.values
    run.scrubber.learn(rclone.secrets(environ))
    try:
        where = rclone.copy(made, settings.rclone_remote, seconds=settings.rclone_seconds, environ=environ)
    except CtvpipeError as error:
        run.fail_unit(
            f"the local backup {made.name} is good, but the copy to the remote failed: {error}. {error.advice}"
        )
        return ""
    run.log.info("copied to %s", where)
    return f", copied to {where}"


def _plan(run: Run, settings: BackupSettings, database: Path, size: int, target: Path, kept: list[Path]) -> Copied:
    run.log.info("would back up %s (%s) to %s", database, _megabytes(size), target)
    for path in to_prune(kept, target, settings.keep):
        run.log.info("would remove old backup %s", path)
    if settings.rclone_remote:
        run.log.info("would copy it to %s", rclone.destination(settings.rclone_remote, target.name))
    return Copied(0, 0, size, f"{_megabytes(size)} to back up, {len(kept)} backups there")


def _how_to_restore(database: Path, made: Path) -> str:
    """A stale write-ahead log would be replayed into the restored file, hence the second command."""
    name = shlex.quote(str(database))
    new, log, shared = (shlex.quote(f"{database}{ending}") for ending in (".new", "-wal", "-shm"))
    return (
        f"to restore, with all jobs stopped: gunzip -c {shlex.quote(str(made))} > {new} && rm -f {log} {shared} "
        f"&& mv {new} {name}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
