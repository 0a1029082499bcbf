"""The bench of the FMS sync: five exports from a server on loopback into PostgreSQL, against COPY and against dlt.

All three are timed inside their processes, without starting them and their imports. The sync's first night begins with an
empty database and makes its tables; COPY has its tables, and it and dlt have the same bodies as files.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path

from tests.bench.measure import Cost, fastest, inside
from tests.bench.rows import Row
from tests.fakes import fms_reports, geocoders
from tests.fakes.fms_reports import ReportServer
from tests.fakes.fms_rows import WIDTHS, Spec, bodies, is_found
from tests.fakes.geocoders import Geocoders
from tests.integration.postgres_server import PostgresServer
from tests.integration.station import execute, query

_PROGRAMS = "tests.bench.fms_programs"
_PLACES = {"ETC": "etc", "STATE": "state", "RUN": "run", "LOG": "log"}
_DATASET = "bench"
_OURS = ("CTV", "FMS", "SYNC", "GEOCODER", "CENSUS", "GOOGLE", "NOMINATIM")


def run(directory: Path, rounds: int) -> list[Row]:
    root = directory / "fms"
    exports = bodies(Spec(today=date.today()))
    files = root / "exports"
    files.mkdir(parents=True)
    for table, body in exports.items():
        (files / f"{table}.csv").write_bytes(body)
    with (
        PostgresServer() as server,
        fms_reports.serving(exports) as reports,
        geocoders.serving(found=is_found) as asked,
    ):
        return _rows(root, files, _Nights(root, server, reports, asked), server, rounds)


class _Nights:
    """The sync: a first night with a database and directories of its own, and further nights with the same.

    ``asked``: how many requests for coordinates its latest night has sent; ``written``: the rows it has written.
    """

    def __init__(self, root: Path, server: PostgresServer, reports: ReportServer, asked: Geocoders) -> None:
        self._root, self._server, self._numbers = root, server, count(1)
        self._settings, self._geocoders = {**reports.settings, **asked.settings}, asked
        self._env: dict[str, str] = {}
        self.asked = self.written = 0
        self.database = ""

    def first(self) -> Cost:
        if self.database:
            self._server.drop(self.database)
        root = self._root / f"night {next(self._numbers)}"
        for place in _PLACES.values():
            (root / place).mkdir(parents=True)
        self.database = self._server.create()
        outer = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self._env = {
            **outer,
            **self._settings,
            **{f"CTVPIPE_{name}_DIR": str(root / place) for name, place in _PLACES.items()},
            "CTVPIPE_CLOCK": "trust",
            "FMS_DATABASE_URL": self.database,
            "FMS_BODIES_DIR": str(root / "exports"),
        }
        return self._sync("first")

    def again(self) -> Cost:
        return self._sync("again")

    def _sync(self, which: str) -> Cost:
        asked, written = self._geocoders.requests.total(), _written(self.database)
        cost = inside(self._root / f"{which}.known", _PROGRAMS, "sync", env=self._env)
        self.asked, self.written = self._geocoders.requests.total() - asked, _written(self.database) - written
        return cost


def _rows(root: Path, files: Path, nights: _Nights, server: PostgresServer, rounds: int) -> list[Row]:
    bare, lake = server.create(), server.create()
    programs = {
        "copy": _copying(root, files, bare),
        "dlt": _loading(root, files, lake),
        "first": nights.first,
        "again": nights.again,
    }
    for learns_its_imports in programs.values():
        learns_its_imports()
    taken = fastest(programs, rounds)
    nights.first()
    asked = nights.asked
    nights.again()
    _require_the_same(bare, lake, nights.database)
    found = query(nights.database, "SELECT count(*) FROM media_partners WHERE latitude IS NOT NULL")[0][0]
    if not found:
        raise RuntimeError("the sync has found no coordinates, and so its time cannot be compared")
    copy, dlt, first, again = (taken[name] for name in programs)
    total = f"{sum(_counts(bare).values()):,} rows"
    return [
        Row(f"a first sync of FMS, {total}, to COPY of its bodies", first / copy, 10, "x", _seconds(first, copy)),
        Row("the same, to dlt loading the same bodies as text", first / dlt, 0.25, "x", _seconds(first, dlt)),
        Row("an unchanged night of FMS, to COPY of its bodies", again / copy, 1, "x", _seconds(again, copy)),
        Row("rows written by an unchanged night of FMS", nights.written, 0, "rows", "PostgreSQL's own count"),
        Row("requests for coordinates, the first night", asked, 1, "requests", f"{found} partners have coordinates"),
        Row("requests for coordinates, an unchanged night", nights.asked, 0, "requests", "to a geocoder on loopback"),
    ]


def _copying(root: Path, files: Path, database: str) -> Callable[[], Cost]:
    columns = {table: ", ".join(f"c{number} text" for number in range(width)) for table, width in WIDTHS.items()}
    execute(database, *(f"CREATE TABLE {table} ({columns[table]})" for table in WIDTHS))

    def copy() -> Cost:
        execute(database, f"TRUNCATE {', '.join(WIDTHS)}")
        return inside(root / "copy.known", _PROGRAMS, "copy", str(files), database)

    return copy


def _loading(root: Path, files: Path, database: str) -> Callable[[], Cost]:
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(root / "dlt")}

    def load() -> Cost:
        execute(database, f"DROP SCHEMA IF EXISTS {_DATASET} CASCADE")
        with tempfile.TemporaryDirectory(dir=root) as work:
            arguments = (str(files), database, _DATASET, work)
            return inside(root / "dlt.known", _PROGRAMS, "load_with_dlt", *arguments, env={**os.environ, **quiet})

    return load


def _require_the_same(bare: str, lake: str, ours: str) -> None:
    """All three must have stored every row, or their times cannot be compared."""
    if not _counts(bare) == _counts(ours) == _counts(lake, f"{_DATASET}."):
        raise RuntimeError("COPY, dlt and the sync have not stored the same numbers of rows")


def _counts(database: str, prefix: str = "") -> dict[str, int]:
    return {table: query(database, f"SELECT count(*) FROM {prefix}{table}")[0][0] for table in WIDTHS}


def _written(database: str) -> int:
    """Rows that were ever written to the tables of a database."""
    counters = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"
    return int(query(database, counters)[0][0])


def _seconds(ours: float, theirs: float) -> str:
    return f"{ours:.3f} s to {theirs:.3f} s"
