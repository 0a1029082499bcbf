"""Copy a SQLite database while it is in use, check the copy, compress it so that it can be proven to unpack right.

The copy goes through SQLite's online backup interface: a plain file copy of a live database is not safe (facts
6.1, 29), and a writer that is still at work then is not disturbed (facts 6.2, 45).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sqlite3
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ctvpipe.core import files
from ctvpipe.core.errors import PermanentError, TransientError

_MAGIC = b"SQLite format 3\x00"
_CHUNK = 1024 * 1024
_PAGES = 1024
_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.005
_RESTARTS = 3
_LEVEL = 6
_TABLES = (
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
)


@dataclass(frozen=True)
class Checked:
    """What the check of a copy found: rows by table, and what is wrong with its references, empty when nothing is."""

    rows: Mapping[str, int]
    references: str


class _Restarted(Exception):  # noqa: N818
    """Writers made SQLite start the copy anew too often."""


def require_database(path: Path, variable: str) -> int:
    """The bytes a copy of the database at ``path`` takes at most, what waits in its write-ahead log included.

    ``variable``: what names it, for the messages. Raises ``PermanentError`` when there is no file, an empty one, or one that is no SQLite database. The database is
    not opened, so nothing is created beside it.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except FileNotFoundError:
        raise PermanentError(f"there is no database at {path}", f"Check {variable}.") from None
    except OSError as error:
        raise PermanentError(f"cannot read the database {path}: {error.strerror}", f"Check {variable}.") from error
    if not size:
        raise PermanentError(f"the database {path} is empty (0 bytes)", f"Check {variable}, or restore a backup.")
    if magic != _MAGIC:
        raise PermanentError(f"{path} is not a SQLite database", f"Check {variable}, or restore a backup.")
    log = path.with_name(f"{path.name}-wal")
    return size + (log.stat().st_size if log.exists() else 0)


def copy(source: Path, target: Path) -> None:
    """Copy the last committed state of the database ``source`` to the new file ``target``; writers get in meanwhile.

    Raises ``TransientError`` when the database stays locked for a minute, ``PermanentError`` when it is damaged or the
    copy cannot be written.
    """
    # Not read-only: after a crash the writer's journal must be rolled back before there is anything to read.
    files.require_writable(source)
    uri = f"{source.absolute().as_uri()}?mode=rw"
    with (
        _explained(source),
        closing(sqlite3.connect(uri, uri=True, timeout=_PATIENCE_SECONDS, isolation_level=None)) as origin,
    ):
        pinned = origin.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        if pinned:  # one snapshot for all steps; without a write-ahead log it would keep writers out
            origin.execute("BEGIN")
            origin.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        try:
            _copy_pages(origin, target, pages=_PAGES, watch=_Watch(pause=0 if pinned else _PAUSE_SECONDS))
        except _Restarted:  # too busy to be copied in steps: all at once, writers wait
            target.unlink()
            _copy_pages(origin, target, pages=-1, watch=_Watch(pause=0))


def _copy_pages(origin: sqlite3.Connection, target: Path, *, pages: int, watch: _Watch) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(target, isolation_level=None)) as destination:
        destination.execute("PRAGMA journal_mode = OFF")
        destination.execute("PRAGMA synchronous = OFF")
        origin.backup(destination, pages=pages, progress=watch)


class _Watch:
    """Follows a copy from step to step: lets writers in, ends what does not get on."""

    def __init__(self, *, pause: float) -> None:
        self._pause = pause
        self._left: int | None = None
        self._restarts = 0
        self._moved = time.monotonic()

    def __call__(self, status: int, remaining: int, _total: int) -> None:
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            if time.monotonic() - self._moved > _PATIENCE_SECONDS:
                raise sqlite3.OperationalError("database is locked")
            return
        self._moved = time.monotonic()
        if self._left is not None and remaining >= self._left > 0:
            self._restarts += 1
            if self._restarts > _RESTARTS:
                raise _Restarted
        self._left = remaining
        time.sleep(self._pause)


def check(path: Path, variable: str) -> Checked:
    """Check a finished copy of the database that ``variable`` names in full. Raises ``PermanentError`` when it is damaged or has no tables."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"  # leaves no files beside the copy
    with _explained(path), closing(sqlite3.connect(uri, uri=True)) as db:
        verdict = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if verdict != "ok":
            raise _damaged(path, str(verdict).splitlines()[-1])
        tables = [name for (name,) in db.execute(_TABLES)]
        if not tables:
            raise PermanentError(f"{path} has no tables", f"Check {variable}, or restore a backup.")
        quoted = ('"' + name.replace('"', '""') + '"' for name in tables)
        counts = [db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in quoted]  # noqa: S608
        return Checked(dict(zip(tables, counts, strict=True)), _broken_references(db))


def _broken_references(db: sqlite3.Connection) -> str:
    """Rows that refer to rows that are missing, counted by table. No reason to have no backup, so never an error."""
    try:
        orphans = Counter(table for table, *_ in db.execute("PRAGMA foreign_key_check"))
    except sqlite3.OperationalError as error:  # the declarations themselves are wrong
        return str(error)
    return ", ".join(f"{table} ({count} rows)" for table, count in sorted(orphans.items()))


def compress(source: Path, target: Path, *, on_progress: Callable[[int], None] | None = None) -> str:
    """Write ``source`` gzipped to ``target``, the same bytes for the same content; returns its SHA-256 (hex).

    ``on_progress`` gets the bytes read so far.
    """
    digest, done = hashlib.sha256(), 0
    with (
        source.open("rb") as plain,
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed,
    ):
        for chunk in _chunks(plain):
            packed.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if on_progress is not None:
                on_progress(done)
    return digest.hexdigest()


def verify_compressed(path: Path, sha256: str) -> None:
    """Unpack ``path`` and raise ``PermanentError`` unless what comes out has this SHA-256 (hex)."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as raw:
            os.posix_fadvise(raw.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # let the disk answer, not the cache
            with gzip.GzipFile(fileobj=raw, mode="rb") as packed:
                for chunk in _chunks(packed):
                    digest.update(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _not_the_same(path) from error
    if digest.hexdigest() != sha256:
        raise _not_the_same(path)


def _chunks(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    return iter(lambda: file.read(_CHUNK), b"")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        with files.explained(f"copy {path}"):
            yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise TransientError(
                f"the database {path} stayed locked for {_PATIENCE_SECONDS:.0f} s",
                "See which job or program holds it open.",
            ) from error
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise _damaged(path, str(error)) from error
        raise PermanentError(
            f"cannot copy the database {path}: {error}", "Check free disk space, owner and permissions."
        ) from error


def _damaged(path: Path, what: str) -> PermanentError:
    return PermanentError(
        f"{path} is damaged: {what}", "Stop the jobs that write to the database and restore the last good backup."
    )


def _not_the_same(path: Path) -> PermanentError:
    return PermanentError(f"{path.name} does not unpack to what was packed", "Check the disk ('dmesg').")
