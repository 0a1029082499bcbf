"""The bench of the commercial log: import, update, status."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import zipfile
from datetime import date
from functools import partial
from pathlib import Path

from tests.bench import measure
from tests.bench.measure import Cost, fastest, watched
from tests.bench.rows import Row
from tests.fakes.workbook import Spec, write

_REFERENCE = date(2026, 11, 22)
_ROWS = 15_576
_HISTORY_ROWS, _HISTORY_MONTHS = 260_000, 28
_BARE = [sys.executable, "-m", "tests.bench.bare"]
_CTVPIPE = [sys.executable, "-m", "ctvpipe"]
_UPDATE = [*_CTVPIPE, "update", "--unattended"]


class Station:
    """Directories and environment of a station that is measured."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.daily = root / "data" / "raw" / "daily"
        self.database = root / "data" / "database" / "production.db"
        self.newest = self.daily / f"Commercial Log {date.today():%y%m%d}.xlsx"
        self.share = root / "share"
        for place in (self.daily, self.database.parent, self.share):
            place.mkdir(parents=True)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("CTV", "COMMERCIAL"))} | {
            "CTVPIPE_ETC_DIR": str(root / "etc"),
            "CTVPIPE_STATE_DIR": str(root / "state"),
            "CTVPIPE_RUN_DIR": str(root / "run"),
            "CTVPIPE_LOG_DIR": str(root / "log"),
            "CTVPIPE_CLOCK": "trust",
            "CTV_DATA_DIR": str(root / "data"),
            "DATABASE_PATH": str(self.database),
            "COMMERCIAL_SHARE": str(self.share),
            "COMMERCIAL_WORKBOOK": "Commercial Log.xlsx",
            "COMMERCIAL_SETTLE_SECONDS": "0",
        }

    def forget(self) -> None:
        """No database, no ledger."""
        for path in (self.database.parent, self.root / "state"):
            shutil.rmtree(path, ignore_errors=True)
        self.database.parent.mkdir()

    def take(self, workbook: Path) -> None:
        """Make ``workbook`` the newest daily one."""
        if workbook != self.newest:
            shutil.copyfile(workbook, self.newest)

    def update(self, workbook: Path) -> Cost:
        """The night's update of ``workbook``, as the timer runs it."""
        self.take(workbook)
        return measure.run(_UPDATE, self.env)

    def first_load(self, workbook: Path) -> Cost:
        self.forget()
        return self.update(workbook)


def measure_bare(name: str, *arguments: Path) -> Cost:
    """Run a bare program; a database it writes is new each time."""
    for argument in arguments[1:]:
        argument.unlink(missing_ok=True)
    return measure.run([*_BARE, name, *map(str, arguments)])


def run(directory: Path, rounds: int) -> list[Row]:
    station = Station(directory / "station")
    source = station.share / "Commercial Log.xlsx"
    write(Spec(rows=_ROWS, reference=_REFERENCE), source)
    os.utime(source, (source.stat().st_mtime - 3600,) * 2)
    measure.run([*_CTVPIPE, "commercial", "import"], station.env)
    workbook = directory / "published.xlsx"
    shutil.copyfile(station.newest, workbook)
    return [
        *_update(station, workbook, directory, rounds),
        *_import(station, source, directory, max(rounds // 3, 1)),
        *_history(directory, workbook, rounds),
        *_growth(directory, max(rounds // 3, 1)),
        *_status(station, rounds * 3),
    ]


def _update(station: Station, workbook: Path, directory: Path, rounds: int) -> list[Row]:
    bare_database = directory / "bare.db"
    first = fastest(
        {
            "bare": partial(measure_bare, "parse_and_insert", workbook, bare_database),
            "update": partial(station.first_load, workbook),
        },
        rounds,
    )
    second = fastest(
        {"bare": partial(measure_bare, "parse", workbook), "update": partial(station.update, workbook)}, rounds
    )
    resaved = [_resaved(workbook, directory / f"resaved-{level}.xlsx", level) for level in (1, 9)]
    turns = iter(resaved * rounds)
    saved_again = fastest(
        {"bare": partial(measure_bare, "parse", workbook), "update": lambda: station.update(next(turns))}, rounds
    )
    station.update(workbook)
    before = _dump(station.database)
    unchanged = [watched(_UPDATE, station.env) for _ in range(rounds)]
    # Of a page that the kernel writes back in between, the next change counts again: the least disturbed run counts.
    written = min(cost.written for cost in unchanged)
    changed_rows = len(set(_dump(station.database)) ^ set(before))
    station.forget()
    loading = watched(_UPDATE, station.env)
    return [
        _ratio("daily update, first load, to bare parse and insert", first, "update", "bare", 3),
        _ratio("daily update, same workbook again, to bare parse", second, "update", "bare", 2.5),
        _ratio("daily update, workbook saved again, rows unchanged, to bare parse", saved_again, "update", "bare", 2.5),
        Row("data rows written when nothing changed", changed_rows, 0, "rows", f"{len(before)} rows compared"),
        Row("bytes written when nothing changed", written, 100_000, "bytes", "write_bytes of the process tree"),
        Row("peak memory, first load", loading.memory_mib, 150, "MiB", "proportional set size of the process tree"),
        Row(
            "peak memory, nothing changed",
            max(cost.memory_mib for cost in unchanged),
            150,
            "MiB",
            "proportional set size of the process tree",
        ),
    ]


def _resaved(workbook: Path, target: Path, level: int) -> Path:
    """The same parts in other bytes, as a program that saves a workbook again leaves them."""
    with (
        zipfile.ZipFile(workbook) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return target


def _dump(database: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(database) as db:
        spots = [("spot", *row) for row in db.execute("SELECT * FROM spots")]
        assignments = [("language", *row) for row in db.execute("SELECT * FROM spot_language_assignments")]
        markets = [("market", *row) for row in db.execute("SELECT * FROM markets")]
    return spots + assignments + markets


def _import(station: Station, source: Path, directory: Path, rounds: int) -> list[Row]:
    argv = [*_CTVPIPE, "commercial", "import"]
    taken = fastest(
        {
            "import": partial(measure.run, argv, station.env),
            "pandas": partial(measure_bare, "rewrite", source, directory / "rewritten.xlsx"),
        },
        rounds,
    )
    memory = watched(argv, station.env).memory_mib
    return [
        _ratio("import, to reading and rewriting with pandas", taken, "import", "pandas", 0.35),
        Row("peak memory, import", memory, 150, "MiB", "proportional set size of the process tree"),
    ]


def _history(directory: Path, workbook: Path, rounds: int) -> list[Row]:
    """The same update on a database with 28 months of history, and on one without."""
    small, large = Station(directory / "small"), Station(directory / "large")
    small.update(workbook)
    large.update(workbook)
    _add_history(large.database)
    taken = fastest({"large": partial(large.update, workbook), "small": partial(small.update, workbook)}, rounds)
    return [_ratio(f"update with {_HISTORY_ROWS:,} more rows, to without", taken, "large", "small", 1.5)]


def _add_history(database: Path) -> None:
    """Copies of the spots in months long past, all but the last few of them closed."""
    months = [
        f"{name}-{year}" for year in (23, 24, 25) for name in ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug")
    ]
    months += ["Sep-23", "Oct-23", "Nov-23", "Dec-23"]
    assert len(months) == _HISTORY_MONTHS
    with sqlite3.connect(database) as db:
        columns = [
            row[1] for row in db.execute("PRAGMA table_info(spots)") if row[1] not in {"spot_id", "broadcast_month"}
        ]
        names = ", ".join(columns)
        for month in months:
            db.execute(
                f"INSERT INTO spots (broadcast_month, {names}) SELECT ?, {names} FROM spots WHERE spot_id <= ?",
                (month, _HISTORY_ROWS // _HISTORY_MONTHS),
            )
        for month in months[:20]:
            db.execute(
                "INSERT INTO month_closures (broadcast_month, closed_date, closed_by) VALUES (?, '2026-01-01', 'bench')",
                (month,),
            )
    db.close()


def _growth(directory: Path, rounds: int) -> list[Row]:
    """First load and unchanged run of ten times the rows, per row, to those of the usual size."""
    station = Station(directory / "growth")
    books = {}
    for factor in (1, 10):
        books[factor] = directory / f"{factor}.xlsx"
        write(Spec(rows=15_000 * factor, reference=_REFERENCE, inline_strings=True), books[factor])
    load = fastest({str(factor): partial(station.first_load, book) for factor, book in books.items()}, rounds)
    again = {}
    for factor, book in books.items():
        station.first_load(book)
        again |= fastest({str(factor): partial(station.update, book)}, rounds)
    station.forget()
    station.take(books[10])
    memory = watched(_UPDATE, station.env).memory_mib
    return [
        _ratio("first load of 150,000 rows, to ten times 15,000", load, "10", "1", 1.2, scale=10),
        _ratio("nothing changed in 150,000 rows, to ten times 15,000", again, "10", "1", 1.2, scale=10),
        Row("peak memory, 150,000 rows", memory, 700, "MiB", "proportional set size of the process tree"),
    ]


def _status(station: Station, rounds: int) -> list[Row]:
    taken = fastest(
        {
            "status": partial(measure.run, [*_CTVPIPE, "status"], station.env),
            "typer": partial(measure.run, [sys.executable, "-c", "import typer"]),
        },
        rounds,
    )
    return [_ratio("ctvpipe status, to importing typer", taken, "status", "typer", 3)]


def _ratio(  # one line of the table
    what: str, taken: dict[str, float], ours: str, theirs: str, bar: float, *, scale: float = 1
) -> Row:
    measured = f"{taken[ours]:.3f} s to {taken[theirs]:.3f} s"
    return Row(what, taken[ours] / taken[theirs] / scale, bar, "x", measured)
