"""A disk that is nearly full, as far as an SQLite database can tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch


@contextmanager
def full(database: Path, *, pages: int) -> Iterator[None]:
    """Let the connections to ``database`` that are made within the block have room for that many ``pages`` more."""
    connect = sqlite3.connect

    def on_a_small_disk(target: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(target, **options)
        if database.name in str(target):
            (there,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {there + pages}")
        return connection

    with patch("sqlite3.connect", on_a_small_disk):
        yield
