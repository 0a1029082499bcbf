"""The small station with the FMS database: its settings, and what a reader finds, by what is true on its own.

The unit of truth is a table: its rows, what of its export could not be stored, and the record of its load are written
in one transaction. What a night adds to a partner is true for that partner alone.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctvpipe.core.files import is_temporary
from ctvpipe.pipelines.fms.feeds import FEEDS

from .station import Station, copied, require_sound

SYNC = ["ctvpipe", "fms", "sync"]
_CHOICE = ("preferred_day_of_week", "allowed_start_dows")
_DAY = ("preferred_day_of_week", "preferred_day_confidence", "preferred_day_source")
_PLACE = ("latitude", "longitude")

Key = tuple[str, str]
Values = dict[Key, tuple[Any, ...]]


@dataclass(frozen=True)
class Data:
    """``tables``: each with its rejects and its loads; of each partner the ``days`` and ``places`` that a night adds;
    ``choices``: what people chose for it, wherever that is kept.
    """

    tables: Mapping[str, list[str]]
    days: Values
    places: Values
    choices: Values


class FmsStation(Station):
    """A station of FMS alone. ``settings``: the addresses of its servers."""

    settings: dict[str, str]

    @property
    def database(self) -> Path:
        return self.root / "data" / "fms" / "fms.db"

    @property
    def bodies(self) -> Path:
        return self.root / "exports"

    @property
    def env(self) -> dict[str, str]:
        mine = {"FMS_DATABASE_PATH": str(self.database), "FMS_BODIES_DIR": str(self.bodies), "SYNC_RETRY_SECONDS": "0"}
        return {**super().env, **mine, **self.settings}

    def make_directories(self) -> None:
        super().make_directories()
        (self.root / "log" / "ctv-fms").mkdir()

    def execute(self, *statements: str) -> None:
        """Change the database as another program would."""
        with closing(sqlite3.connect(self.database)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()

    def data(self) -> Data:
        """What the database holds, which must be sound; nothing where there is none, or no table yet."""
        with copied(self.database) as copy:
            if copy is None:
                return Data({}, {}, {}, {})
            with closing(sqlite3.connect(copy)) as db:
                require_sound(db)
                if not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'media_partners'").fetchone():
                    return Data({}, {}, {}, {})
                tables = {feed.table: _unit(db, feed.table, feed.fields) for feed in FEEDS}
                choices = _by_partner(db, "partner_choices", _CHOICE)
                in_table = {
                    key: (day if source == "manual" else None, allowed)
                    for key, (day, source, allowed) in _by_partner(
                        db, "media_partners", ("preferred_day_of_week", "preferred_day_source", "allowed_start_dows")
                    ).items()
                }
                chosen = {key: values for key, values in (choices | in_table).items() if any(values)}
                days, places = (_by_partner(db, "media_partners", names) for names in (_DAY, _PLACE))
                return Data(tables, days, places, chosen)

    def require_whole_bodies(self) -> None:
        """Every kept export is what its name says; what is not is a temporary file."""
        for path in self.bodies.glob("*") if self.bodies.exists() else ():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert is_temporary(path) or digest.startswith(path.stem.rpartition("-")[2]), path


def _unit(db: sqlite3.Connection, table: str, fields: tuple[str, ...]) -> list[str]:
    rows = db.execute(f"SELECT {', '.join(fields)} FROM {table}").fetchall()
    rejects = db.execute("SELECT line_no, column_name, reason FROM sync_rejects WHERE table_name = ?", (table,))
    loads = db.execute("SELECT 'load', records_processed FROM ingestion_runs WHERE entity_type = ?", (table,))
    return sorted(map(repr, [*rows, *rejects, *loads]))


def _by_partner(db: sqlite3.Connection, table: str, names: tuple[str, ...]) -> Values:
    rows = db.execute(f"SELECT person_id, office, {', '.join(names)} FROM {table}")
    return {(person, office): tuple(values) for person, office, *values in rows}
