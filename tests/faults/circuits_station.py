"""The small station with the circuits' database: its settings, and all of its rows as a reader finds them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import Row

from .station import Station, copied, require_sound

IMPORT = ["ctvpipe", "circuits", "import"]
ENABLEMENT = ["ctvpipe", "circuits", "enablement"]
HISTORY = ["ctvpipe", "circuits", "history"]

# What differs between two runs that do the same.
_OF_THE_RUN = {
    "change_date", "completed_at", "created_at", "enriched_at", "last_queried", "processing_time_seconds", "run_id",
    "started_at", "updated_at",
}  # fmt: skip

Data = dict[str, list[str]]


class CircuitsStation(Station):
    """A station of the circuits alone."""

    @property
    def database(self) -> Path:
        return self.root / "data" / "circuits" / "circuits.db"

    @property
    def tracking(self) -> Path:
        return self.root / "circuitinfo"

    @property
    def env(self) -> dict[str, str]:
        circuits = {"CIRCUITS_DATABASE_PATH": str(self.database), "TRACKING_DATA_DIR": str(self.tracking)}
        return {**super().env, **circuits}

    def make_directories(self) -> None:
        super().make_directories()
        self.tracking.mkdir()
        (self.root / "log" / "ctv-circuits").mkdir()

    def day(self, days_ago: int) -> date:
        return self.today - timedelta(days=days_ago)

    def put(self, rows: list[Row], days_ago: int = 0) -> None:
        """Write a tracking file."""
        tracking_csv.write(tracking_csv.path_for(self.tracking, self.day(days_ago)), rows)

    def execute(self, *statements: str) -> None:
        """Change the database as another program would."""
        with closing(sqlite3.connect(self.database)) as db:
            for statement in statements:
                db.execute(statement)
            db.commit()

    def data(self) -> Data:
        """Every row of every table, which must be sound, ids included; what belongs to the single run is blanked."""
        with copied(self.database) as copy:
            if copy is None:
                return {}
            with closing(sqlite3.connect(copy)) as db:
                require_sound(db)
                names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
                return {name: _rows(db, name) for name in names}


def _rows(db: sqlite3.Connection, table: str) -> list[str]:
    cursor = db.execute(f"SELECT * FROM {table}")
    hidden = {place for place, column in enumerate(cursor.description) if column[0] in _OF_THE_RUN}

    def shown(row: tuple[Any, ...]) -> str:
        return repr([None if place in hidden else value for place, value in enumerate(row)])

    return sorted(map(shown, cursor))
