"""The small station with the directory database, and what a reader finds in it.

The unit of truth is a chunk of a source, and what of a source is gone. Versions are only ever added: at any instant a
stream has those of before the night, and of the night's a first part. A record of silver is as before the night, or as
after it.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ctvpipe.pipelines.directory.transforming import ENTITIES, SOURCE_SYSTEM

from .station import Station, copied, require_sound

SYNC = ["ctvpipe", "directory", "sync"]

Row = tuple[Any, ...]
SILVER = {(entity.entity_type, SOURCE_SYSTEM): entity.table for entity in ENTITIES.values()}
_OF_THE_RUN = {"created_at", "updated_at", "ingestion_run_id"}


@dataclass(frozen=True)
class Data:
    """``versions``: of each stream, oldest first, without their numbers; ``latest``: what is known of each thing now;
    ``asked``: the details that were asked for; ``silver``: the records of each entity type, by key; ``runs``: how often
    each step ran to its end.
    """

    versions: dict[Row, list[Row]] = field(default_factory=dict)
    latest: dict[Row, Row] = field(default_factory=dict)
    asked: frozenset[Row] = frozenset()
    silver: dict[Row, dict[str, Row]] = field(default_factory=dict)
    runs: dict[Row, int] = field(default_factory=dict)


class DirectoryStation(Station):
    """A station of the directory alone. ``settings``: where its sources are."""

    settings: dict[str, str]

    @property
    def database(self) -> Path:
        return self.root / "data" / "directory" / "directory.db"

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "DIRECTORY_DATABASE_PATH": str(self.database), "BATCH_SIZE": "9", **self.settings}

    def make_directories(self) -> None:
        super().make_directories()
        (self.root / "log" / "ctv-directory").mkdir()

    def data(self) -> Data:
        """What the database holds, which must be sound; nothing where there is none, or no table yet."""
        with copied(self.database) as copy:
            if copy is None:
                return Data()
            with closing(sqlite3.connect(copy)) as db:
                require_sound(db)
                if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'raw_entities'").fetchone():
                    return Data()
                return _data(db)


def _data(db: sqlite3.Connection) -> Data:
    stream = "entity_type, source_system"
    versions: dict[Row, list[Row]] = defaultdict(list)
    for kind, system, *version in db.execute(
        f"SELECT {stream}, external_id, natural_key, raw_data, content_hash FROM raw_entities ORDER BY raw_id"
    ):
        versions[kind, system].append(tuple(version))
    key = f"{stream}, external_id"
    newest = f"SELECT {key}, max(raw_id), natural_key, content_hash, raw_data FROM raw_entities GROUP BY {key}"
    found = db.execute(newest).fetchall()
    known = {row[:3]: row[3] for row in db.execute(f"SELECT {key}, raw_id FROM latest")}
    assert known == {row[:3]: row[3] for row in found}, "what is taken for the newest version is the newest"
    latest = {row[:3]: row[4:] for row in found}
    asked = db.execute(f"SELECT {stream}, external_id FROM enrichments WHERE listed_raw_id IS NOT NULL")
    ended = db.execute(
        f"SELECT kind, {stream}, count(*) FROM ingestion_runs WHERE status = 'completed' GROUP BY kind, {stream}"
    )
    steps = {tuple(step): count for *step, count in ended}
    return Data(dict(versions), latest, frozenset(asked), {entity: _silver(db, entity) for entity in SILVER}, steps)


def _silver(db: sqlite3.Connection, entity: Row) -> dict[str, Row]:
    table = SILVER[entity]
    (key,) = table.primary_key.columns
    names = ", ".join(column.name for column in table.c if column is not key and column.name not in _OF_THE_RUN)
    return {found: tuple(row) for found, *row in db.execute(f"SELECT {key.name}, {names} FROM {table.name}")}
