"""The ledger's tables, as numbered migrations; the number of those done is the file's ``user_version``.

A run of an older version goes on in a file that was migrated under it: a migration only adds what such a run need not
know.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ctvpipe.core.errors import PermanentError

MIGRATIONS = (
    """
    CREATE TABLE runs (
        run_id      TEXT PRIMARY KEY,
        job         TEXT NOT NULL,
        pipeline    TEXT NOT NULL,
        trigger     TEXT NOT NULL,
        host        TEXT NOT NULL,
        version     TEXT NOT NULL,
        process     TEXT NOT NULL,
        started_at  TEXT NOT NULL,
        finished_at TEXT,
        outcome     TEXT NOT NULL,
        exit_code   INTEGER,
        message     TEXT NOT NULL DEFAULT '',
        advice      TEXT NOT NULL DEFAULT '',
        counters    TEXT NOT NULL DEFAULT '{}',
        warnings    TEXT NOT NULL DEFAULT '[]'
    );
    CREATE INDEX runs_by_job ON runs (job, started_at);
    CREATE TABLE alert_states (
        job         TEXT PRIMARY KEY,
        bad_since   TEXT NOT NULL,
        bad_runs    INTEGER NOT NULL,
        sent_at     TEXT
    );
    CREATE TABLE alerts (
        alert_id    INTEGER PRIMARY KEY,
        run_id      TEXT NOT NULL,
        job         TEXT NOT NULL,
        kind        TEXT NOT NULL,
        created_at  TEXT NOT NULL,
        delivered   INTEGER NOT NULL,
        error       TEXT NOT NULL DEFAULT ''
    );
    """,
    # Empty in the rows of version 1's processes, which may still be running when this is done.
    """
    ALTER TABLE runs ADD COLUMN invocation TEXT;
    ALTER TABLE runs ADD COLUMN told_at TEXT;
    """,
    """
    ALTER TABLE runs ADD COLUMN only TEXT NOT NULL DEFAULT '';
    """,
)

KNOWS_PARTS = 3
"""The version from which on a run of a part of its job is recorded as one."""


def version(db: sqlite3.Connection, path: Path) -> int:
    """The file's version, 0 for an empty one; raises ``PermanentError`` for one that is newer than this program."""
    found: int = db.execute("PRAGMA user_version").fetchone()[0]
    if found > len(MIGRATIONS):
        raise PermanentError(
            f"the ledger {path} comes from a newer version of ctvpipe (schema {found})", "Install that version again."
        )
    return found
