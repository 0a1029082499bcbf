"""The ledger's file: how it is opened, and what is said where it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctvpipe.core.errors import PermanentError

BUSY_SECONDS = 30.0


def connect_read_only(path: Path) -> sqlite3.Connection | None:
    """A connection that cannot write, or ``None`` where there is no file."""
    if not path.exists():
        return None
    # A ledger at rest is opened as immutable: otherwise SQLite makes its -wal and -shm files, or fails where it has no
    # right to. One with a -wal file is in use, and has them.
    mode = "ro" if path.with_name(f"{path.name}-wal").exists() else "ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ``PermanentError``."""
    try:
        yield
    except PermissionError as error:
        raise _not_for_this_user(path) from error
    except sqlite3.Error as error:
        raise unusable(path, error) from error


def use_wal(db: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait for others here by itself, whatever the timeout."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _not_for_this_user(path: Path) -> PermanentError:
    """The error of somebody who may not read the ledger at ``path``."""
    return PermanentError(
        f"the ledger {path} may not be read by this user",
        "Try again with sudo, or as a member of the group that owns it: sudo adduser NAME ctvapps, then log in again.",
    )


def unusable(path: Path, error: Exception) -> PermanentError:
    """The error for a ledger at ``path`` that gave ``error``."""
    if os.access(path, os.F_OK) and not os.access(path, os.R_OK):
        return _not_for_this_user(path)
    advice = "Check the disk's free space, owner and permissions; runs are recorded there."
    return PermanentError(f"the ledger {path} cannot be used: {error}", advice)
