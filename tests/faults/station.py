"""A small station below one directory, for jobs that are killed and starved; and what can be seen of it from outside.

Ninety rows in three months, the oldest of them closed; yesterday's workbook is in the database, today's differs a
little. Databases are looked at in a copy: opening them where they lie would recover them, which is the next run's work.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.fakes.workbook import Spec, rows, write_rows
from tests.fakes.workbook_cells import Row, money, text

from .injector import ForkServer, Injector, Result

UPDATE = ["ctvpipe", "update", "--unattended"]
IMPORT = ["ctvpipe", "commercial", "import"]
ROTATE = ["ctvpipe", "commercial", "rotate"]
BACKUP = ["ctvpipe", "backup"]
STATUS = ["ctvpipe", "status", "--json"]

_MODULES = (
    "alembic.command",
    "alembic.config",
    "alembic.runtime.environment",
    "ctvpipe.cli.backup",
    "ctvpipe.cli.circuits",
    "ctvpipe.cli.commercial",
    "ctvpipe.cli.directory",
    "ctvpipe.cli.fms",
    "ctvpipe.cli.months",
    "ctvpipe.cli.status",
    "ctvpipe.cli.update",
    "ctvpipe.core.run",
    "ctvpipe.pipelines.circuits.enabling",
    "ctvpipe.pipelines.circuits.history",
    "ctvpipe.pipelines.circuits.importing",
    "ctvpipe.pipelines.circuits.meraki",
    "ctvpipe.pipelines.circuits.meraki_all",
    "ctvpipe.pipelines.commercial_log.applying",
    "ctvpipe.pipelines.commercial_log.backup",
    "ctvpipe.pipelines.commercial_log.closures",
    "ctvpipe.pipelines.commercial_log.fetch",
    "ctvpipe.pipelines.commercial_log.people",
    "ctvpipe.pipelines.commercial_log.rotate",
    "ctvpipe.pipelines.commercial_log.update",
    "ctvpipe.pipelines.directory.syncing",
    "ctvpipe.pipelines.fms.manual_days",
    "ctvpipe.pipelines.fms.people",
    "ctvpipe.pipelines.fms.syncing",
    "ctvpipe.stores.engine",
    "ctvpipe.stores.migrate",
    "sqlalchemy.dialects.sqlite.pysqlite",
)
_SPEC = Spec(rows=90, seed=7, trade_rows=1, new_markets=1, oddities=False, months_back=1, months_ahead=1)
# What differs between two runs that do the same: when they ran, and what they are called after it.
_OF_THE_RUN = {
    "assigned_date", "batch_id", "completed_at", "created_date", "import_batch_id", "import_date", "load_date", "run_id",
    "started_at",
}  # fmt: skip
_BOOKS = ("import_batches", "ingestion_runs")

Table = tuple[tuple[Any, ...], ...]


def fork_server() -> ForkServer:
    """Calls ``ctvpipe`` with all that the jobs import paid for once."""
    return ForkServer(_MODULES, entry="ctvpipe.cli.app:main")


@dataclass(frozen=True)
class Sales:
    """The sales database as a reader finds it: every row of every table; no tables where there is no file."""

    tables: Mapping[str, Table]
    columns: Mapping[str, tuple[str, ...]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sales) and self.tables == other.tables

    def __hash__(self) -> int:
        return hash(tuple(self.tables))

    @cached_property
    def data(self) -> dict[str, list[str]]:
        """All rows but the record of imports, ids included; what belongs to the single run is blanked."""
        return {name: self._blanked(name) for name in self.tables if name not in (*_BOOKS, "sqlite_sequence")} | {
            "sequence": sorted(
                map(repr, (row for row in self.tables.get("sqlite_sequence", ()) if row[0] not in _BOOKS))
            )
        }

    @property
    def imports(self) -> list[str]:
        """The run ids of the recorded imports."""
        return self._column("ingestion_runs", "run_id")

    @cached_property
    def spots(self) -> dict[int, tuple[Any, ...]]:
        """Every spot with all its columns, by id."""
        return {row[0]: row for row in self.tables.get("spots", ())}

    @cached_property
    def closed(self) -> dict[str, list[tuple[Any, ...]]]:
        """The closed months with all rows of their spots and assignments."""
        found = {}
        for month in self._column("month_closures", "broadcast_month"):
            place = self.columns["spots"].index("broadcast_month")
            ids = {number for number, spot in self.spots.items() if spot[place] == month}
            assigned = [row for row in self.tables["spot_language_assignments"] if ids & set(row[:2])]
            found[month] = [*(self.spots[number] for number in sorted(ids)), *assigned]
        return found

    def _column(self, table: str, column: str) -> list[Any]:
        return [row[self.columns[table].index(column)] for row in self.tables.get(table, ())]

    def _blanked(self, name: str) -> list[str]:
        hidden = {place for place, column in enumerate(self.columns[name]) if column in _OF_THE_RUN}
        return sorted(
            repr([None if place in hidden else value for place, value in enumerate(row)]) for row in self.tables[name]
        )


@dataclass(frozen=True)
class Recorded:
    """A row of the ledger."""

    run_id: str
    job: str
    outcome: str
    message: str


class Station:
    """Directories, environment and runs of a station below the injector's root."""

    def __init__(self, injector: Injector) -> None:
        self.injector = injector
        self.root = injector.root
        self.now = datetime.now(UTC)

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def daily(self) -> Path:
        return self.root / "data" / "raw" / "daily"

    @property
    def archive(self) -> Path:
        return self.root / "data" / "raw" / "archive"

    @property
    def database(self) -> Path:
        return self.root / "data" / "database" / "production.db"

    @property
    def backups(self) -> Path:
        return self.database.parent / "backup"

    @property
    def shared_workbook(self) -> Path:
        return self.root / "share" / "Commercial Log.xlsx"

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of a command."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CTVPIPE_ETC_DIR": str(self.root / "etc"),
            "CTVPIPE_STATE_DIR": str(self.state),
            "CTVPIPE_RUN_DIR": str(self.root / "run"),
            "CTVPIPE_LOG_DIR": str(self.root / "log"),
            "CTVPIPE_CLOCK": "trust",
            "CTVPIPE_TIMEZONE": _zone_of_noon(self.now),
            "CTV_DATA_DIR": str(self.root / "data"),
            "DATABASE_PATH": str(self.database),
            "COMMERCIAL_SHARE": str(self.shared_workbook.parent),
            "COMMERCIAL_WORKBOOK": self.shared_workbook.name,
            "COMMERCIAL_SETTLE_SECONDS": "0",
            "COMMERCIAL_MIN_FREE_MIB": "0",
            "DAILY_UPDATE_WAIT_SECONDS": "0",
            "BACKUP_KEEP": "2",
        }

    @property
    def today(self) -> date:
        """The station's day: in its time zone it is about noon, so that no test runs into the next."""
        return self.now.date()

    def workbook(self, days_ago: int = 0) -> Path:
        return self.daily / f"Commercial Log {self.today - timedelta(days=days_ago):%y%m%d}.xlsx"

    def make_directories(self) -> None:
        """What the package and the operator make: places for data and logs, and the ledger's, all empty."""
        for place in ("etc", "run", "state", "share", "log/ctv-commercial-import", "log/ctv-daily-update"):
            (self.root / place).mkdir(parents=True)
        for path in (self.daily, self.archive, self.database.parent, self.backups):
            path.mkdir(parents=True)

    def write_yesterday(self) -> None:
        write_rows(self.workbook(1), sample(), spec=_SPEC)

    def write_today(self) -> None:
        """Yesterday's rows with some changed, some gone and some new, in the closed month as well; one new market."""
        write_rows(self.workbook(), changed(sample()), spec=_SPEC)

    def share_today(self) -> None:
        """Today's workbook is on the share, saved an hour ago."""
        write_rows(self.shared_workbook, changed(sample()), spec=_SPEC, others={})
        saved = self.shared_workbook.stat().st_mtime - 3600
        os.utime(self.shared_workbook, (saved, saved))

    def succeed(self, command: list[str]) -> Result:
        """Run ``command`` untouched; it must end with exit code 0."""
        result = self.injector.run(command, self.env)
        assert result.returncode == 0, f"{command}: {result}"
        return result

    def close_oldest_month(self) -> None:
        month = f"{_SPEC.reference.replace(day=1) - timedelta(days=1):%b-%y}"
        self.succeed(["ctvpipe", "months", "close", month, "--by", "A. Example", "--yes"])

    def sales(self) -> Sales:
        """The sales database, which must be sound."""
        with copied(self.database) as copy:
            return Sales({}, {}) if copy is None else _sales(copy)

    def ledger(self) -> list[Recorded]:
        """The ledger's runs, oldest first; it must be sound. None while there is no ledger yet."""
        with copied(self.state / "ledger.sqlite3") as copy:
            if copy is None:
                return []
            with closing(sqlite3.connect(copy)) as db:
                require_sound(db)
                if not db.execute("PRAGMA user_version").fetchone()[0]:
                    return []
                return [
                    Recorded(*row)
                    for row in db.execute("SELECT run_id, job, outcome, message FROM runs ORDER BY rowid")
                ]

    def leftovers(self) -> list[str]:
        """Files that a run makes for itself and that none may leave: temporary files, and what was fetched."""
        found = [path for path in self.root.rglob("*") if path.name.endswith(".tmp") or path.parent.name == "incoming"]
        return sorted(str(path.relative_to(self.root)) for path in found)


def sample() -> list[Row]:
    return list(rows(_SPEC))


def changed(whole: list[Row]) -> list[Row]:
    kept = [row for number, row in enumerate(whole) if number % 15 != 3]
    kept = [row.changed(gross_rate=money(333.0)) if number % 11 == 5 else row for number, row in enumerate(kept)]
    new = [row.changed(media=text("Amber Foods Extra v1"), market_name=text("RNO")) for row in whole[::10]]
    return [*kept, *new]


def unpacked(backup: Path) -> Sales:
    """The database in a backup, which must be whole and sound."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "plain.db")
        plain.write_bytes(gzip.decompress(backup.read_bytes()))
        return _sales(plain)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def require_sound(db: sqlite3.Connection) -> None:
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def _sales(path: Path) -> Sales:
    with closing(sqlite3.connect(path)) as db:
        require_sound(db)
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        tables, columns = {}, {}
        for name in names:
            cursor = db.execute(f"SELECT * FROM {name}")
            columns[name] = tuple(column[0] for column in cursor.description)
            tables[name] = tuple(sorted(cursor, key=repr))
        return Sales(tables, columns)


@contextmanager
def copied(database: Path) -> Iterator[Path | None]:
    """A copy of a database with its write-ahead log; none where there is no file."""
    with tempfile.TemporaryDirectory() as folder:
        if not database.exists():
            yield None
            return
        for ending in ("", "-wal", "-journal"):
            part = database.with_name(database.name + ending)
            if part.exists():
                shutil.copy(part, folder)
        yield Path(folder, database.name)


def _zone_of_noon(now: datetime) -> str:
    """A time zone in which ``now`` has the same date and is as far from midnight as can be."""
    hours = 12 - now.hour
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"
