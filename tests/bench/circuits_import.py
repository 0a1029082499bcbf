"""The bench of the import of orders: on PostgreSQL, against parsing the CSV and copying the same file."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import date
from functools import partial
from pathlib import Path

from tests.bench import measure
from tests.bench.measure import Cost, fastest, watched
from tests.bench.rows import Row
from tests.fakes.tracking_csv import HEADERS, TRADING_NAME, Spec, path_for, rows, write
from tests.integration.postgres_server import PostgresServer
from tests.integration.station import dump, execute, query

_CIRCUITS = 4_200
_IMPORT = [sys.executable, "-m", "ctvpipe", "circuits", "import"]
_BARE = [sys.executable, "-m", "tests.bench.circuits_bare", "copy_csv"]
# The raw cells, once as they are, once with what ``circuits`` has: its number, its key and its two indexes.
_PLACES = {name: HEADERS.index(name) for name in ("Site Name", "Circuit Purpose", "Site ID", "record_number")}
_CELLS = ", ".join(f"c{number} text" for number in range(len(HEADERS)))
_TABLES = (
    f"CREATE TABLE bare ({_CELLS})",
    f"CREATE TABLE indexed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {_CELLS})",
    "CREATE INDEX ON indexed (c{Site Name}, c{Circuit Purpose})",
    "CREATE INDEX ON indexed (c{Site ID})",
    "CREATE INDEX ON indexed (c{record_number})",
)
_OURS = "circuits, circuit_import_conflicts, circuit_status_days, circuit_status_changes, daily_summaries, meta.ingestion_runs"


def run(directory: Path, rounds: int) -> list[Row]:
    with PostgresServer() as server:
        return _rows(directory / "circuits", server.create(), server.create(), rounds)


def _rows(root: Path, url: str, bare_url: str, rounds: int) -> list[Row]:
    env = _environment(root, url)
    today = path_for(root / "tracking", date.today())
    files = {
        count: write(root / f"{count}.csv", rows(Spec(circuits=count, oddities=count > 1))) for count in (1, _CIRCUITS)
    }
    execute(bare_url, *(statement.format(**_PLACES) for statement in _TABLES))
    shutil.copyfile(files[1], today)
    measure.run(_IMPORT, env)

    def first_import(count: int) -> Cost:
        execute(url, f"TRUNCATE {_OURS} CASCADE")
        shutil.copyfile(files[count], today)
        return measure.run(_IMPORT, env)

    def bare(table: str, count: int = _CIRCUITS) -> Cost:
        execute(bare_url, f"TRUNCATE {table}")
        return measure.run([*_BARE, str(files[count]), bare_url, table], env)

    taken = fastest(
        {
            "indexed": partial(bare, "indexed"),
            "indexed, one": partial(bare, "indexed", 1),
            "bare": partial(bare, "bare"),
            "import, one": partial(first_import, 1),
            "import": partial(first_import, _CIRCUITS),
            "again": partial(measure.run, _IMPORT, env),
        },
        rounds,
    )
    before = dump(url)
    position = query(url, "SELECT pg_current_wal_lsn()")[0][0]
    again = watched(_IMPORT, env)
    (wal,) = query(url, f"SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '{position}')")[0]
    changed = sum(before[table] != rows_ for table, rows_ in dump(url).items())
    own, theirs = (taken[name] - taken[f"{name}, one"] for name in ("import", "indexed"))
    return [
        Row(
            f"importing {_CIRCUITS:,} orders, to csv.reader and COPY with the same indexes, both without starting",
            own / theirs,
            5,
            "x",
            f"{own:.3f} s to {theirs:.3f} s more than for one order",
        ),
        _ratio("the same with starting both", taken, "import", 8),
        _ratio("the same orders again, with starting both", taken, "again", 8),
        Row("tables changed by importing the same orders again", changed, 0, "tables", f"{len(before)} compared"),
        Row("log written by PostgreSQL for it", float(wal), 10_000, "bytes", "difference of its write-ahead log"),
        Row("peak memory, importing orders again", again.memory_mib, 150, "MiB", "proportional set size"),
    ]


def _environment(root: Path, url: str) -> dict[str, str]:
    names = {"ETC": "etc", "STATE": "state", "RUN": "run", "LOG": "log"}
    for place in (*names.values(), "tracking"):
        (root / place).mkdir(parents=True)
    ours = {f"CTVPIPE_{name}_DIR": str(root / place) for name, place in names.items()}
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("CTV", "CIRCUITS", "TRACKING"))}
    return {
        **outer,
        **ours,
        "CTVPIPE_CLOCK": "trust",
        "TRACKING_DATA_DIR": str(root / "tracking"),
        "TRACKING_TRADING_NAMES": TRADING_NAME,
        "CIRCUITS_DATABASE_URL": url,
    }


def _ratio(what: str, taken: dict[str, float], ours: str, bar: float) -> Row:
    seconds, theirs, bare = taken[ours], taken["indexed"], taken["bare"]
    measured = f"{seconds:.3f} s to {theirs:.3f} s; {seconds / bare:.1f} x of a bare table's {bare:.3f} s"
    return Row(what, seconds / theirs, bar, "x", measured)
