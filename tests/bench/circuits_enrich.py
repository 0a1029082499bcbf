"""The bench of the enrichment on both stores, against bare reads and writes of the same rows.

Both run in this process: starting one costs more than either.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from datetime import UTC, date, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from ctvpipe import jobs
from ctvpipe.core.run import run_of
from ctvpipe.pipelines.circuits import enriching
from ctvpipe.pipelines.circuits.schema.tables import MERAKI_INVENTORY
from ctvpipe.stores import engine
from ctvpipe.stores.reconcile import insert
from tests.bench import circuits_bare, measure
from tests.bench.measure import Cost, fastest
from tests.bench.rows import Row
from tests.fakes.tracking_csv import Spec, path_for, rows, write
from tests.integration.postgres_server import PostgresServer
from tests.integration.station import dump, execute, query

_CIRCUITS, _APPLIANCES = 2_800, 1_330
_CTVPIPE = [sys.executable, "-m", "ctvpipe", "circuits"]
_TABLES = ("enriched_circuits", "enriched_wans")
_NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def run(directory: Path, rounds: int) -> list[Row]:
    sqlite = directory / "enriched" / "circuits.db"
    sqlite.parent.mkdir()
    found = _rows("SQLite", directory / "on sqlite", str(sqlite), rounds)
    with PostgresServer() as server:
        return [*found, *_rows("PostgreSQL", directory / "on postgresql", server.create(), rounds)]


def _rows(store: str, root: Path, database: str, rounds: int) -> list[Row]:
    env = _environment(root, database)
    made = rows(Spec(circuits=_CIRCUITS, oddities=False, addresses="193.0.0.0/16"))
    write(path_for(root / "tracking", date.today()), made)
    measure.run([*_CTVPIPE, "import"], env)
    _put_appliances(database, made)
    enrich = partial(_enriched, env)
    enrich()
    bare = _bare(database, root / "rows")
    first = fastest({"bare": bare, "enrich": partial(_emptied, database, enrich)}, rounds)
    before = dump(database)
    second = fastest({"bare": bare, "enrich": enrich}, rounds)
    changed = sum(before[table] != found for table, found in dump(database).items() if not table.startswith("bare_"))
    what = f"{_CIRCUITS:,} circuits and {_APPLIANCES:,} appliances on {store}"
    return [
        _ratio(f"enriching {what}, to bare reads and writes", first),
        _ratio(f"enriching {what} again unchanged, to bare reads and writes", second),
        Row(f"tables changed by enriching again on {store}", changed, 0, "tables", f"{len(before)} compared"),
    ]


def _enriched(env: dict[str, str]) -> Cost:
    """A night's enrichment, from its settings to its commit."""
    seconds = 0.0
    try:
        with redirect_stderr(StringIO()), run_of(jobs.find("circuits-enrich"), environ=env) as run:
            begin = time.perf_counter()
            enriching.enrich(run, force=True)
            seconds = time.perf_counter() - begin
    except SystemExit as ended:
        if ended.code:
            raise RuntimeError(f"the enrichment ended with exit code {ended.code}") from ended
    return Cost(seconds, 0.0, 0)


def _emptied(database: str, enrich: Callable[[], Cost]) -> Cost:
    """The enrichment of circuits that were never enriched."""
    execute(database, *(f"DELETE FROM {table}" for table in _TABLES))
    return enrich()


def _bare(database: str, ready: Path) -> Callable[[], Cost]:
    """Make empty tables with the same columns and indexes; returns what fills them with the same rows."""
    ready.write_bytes(pickle.dumps({f"bare_{table}": _stored(database, table) for table in _TABLES}))
    for table in _TABLES:
        if "://" in database:
            execute(database, f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
            continue
        like = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name = '{}'"
        for (sql,) in query(database, like.format(table)):
            execute(database, sql.replace(table, f"bare_{table}"))

    def fill() -> Cost:
        execute(database, *(f"DELETE FROM bare_{table}" for table in _TABLES))
        begin = time.perf_counter()
        circuits_bare.read_and_write(database, str(ready))
        return Cost(time.perf_counter() - begin, 0.0, 0)

    return fill


def _stored(database: str, table: str) -> list[tuple[Any, ...]]:
    """The rows as the driver takes them back."""
    if "://" not in database:
        return query(database, f"SELECT * FROM {table}")
    return query(database, f"SELECT {_as_text(database, table)} FROM {table}")


def _as_text(database: str, table: str) -> str:
    named = f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
    return ", ".join(f"{name}::text" if kind == "jsonb" else name for name, kind in query(database, named))


def _put_appliances(database: str, made: list[dict[str, str]]) -> None:
    """One appliance for each of the first sites, whose uplinks show mostly what the orders have."""
    random = Random(7)
    sites: dict[str, dict[str, dict[str, str]]] = {}
    for row in made:
        sites.setdefault(row["Site Name"], {})[row["Circuit Purpose"]] = row
    columns = ["serial", "network_id", "network_name", "model", "device_tags", "device_notes", "is_active"]
    wan = ("ip", "public_ip", "status", "assignment", "arin_provider", "provider_label", "speed_label")
    columns += [f"wan{slot}_{name}" for slot in (1, 2) for name in wan]
    values = []
    for number, (site, circuits) in enumerate(list(sites.items())[:_APPLIANCES]):
        notes = "WAN1: Provider 300M x 30M\nWAN2: Provider 50M x 10M"
        row = [f"Q2XX-{number:08d}", f"N_{number}", site, "MX68", ["store"], notes, True]
        for purpose in ("Primary", "Secondary"):
            order = circuits.get(purpose, {})
            ip = order.get("ip_address_start") if random.random() < 0.7 else None
            provider = order.get("provider_name") or None
            row += [ip, ip, "active", "static", provider, provider, "300.0M x 30.0M"]
        values.append(row)
    url = database if "://" in database else f"sqlite:///{database}"
    with engine.transaction(engine.open_engine(url)) as connection:
        insert(connection, MERAKI_INVENTORY, columns, values, also={"created_at": _NOW, "updated_at": _NOW})


def _environment(root: Path, database: str) -> dict[str, str]:
    names = {"ETC": "etc", "STATE": "state", "RUN": "run", "LOG": "log"}
    for place in (*names.values(), "tracking"):
        (root / place).mkdir(parents=True)
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("CTV", "CIRCUITS", "TRACKING"))}
    where = {"CIRCUITS_DATABASE_URL" if "://" in database else "CIRCUITS_DATABASE_PATH": database}
    ours = {f"CTVPIPE_{name}_DIR": str(root / place) for name, place in names.items()}
    return {**outer, **ours, **where, "CTVPIPE_CLOCK": "trust", "TRACKING_DATA_DIR": str(root / "tracking")}


def _ratio(what: str, taken: dict[str, float]) -> Row:
    ours, bare = taken["enrich"], taken["bare"]
    return Row(what, ours / bare, 3, "x", f"{ours:.3f} s to {bare:.3f} s")
