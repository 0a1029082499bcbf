"""The bench of the ingest engine: people who are known already, on PostgreSQL, from plain payloads to the closed run."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ctvpipe.pipelines.directory import canonical
from tests.bench.directory_people import SOURCES, bring, prepare
from tests.bench.measure import watched
from tests.bench.rows import Row
from tests.integration.postgres_server import PostgresServer
from tests.integration.station import query

_PEOPLE = 100_000
_FEW, _MANY = 10_000, 700_000
_ROUNDS = 3
_MICRO = 1e6


def run(_directory: Path, rounds: int) -> list[Row]:
    with PostgresServer() as server:
        url = server.create()
        prepare(url)
        records = sum(bring(url, stream, _PEOPLE).processed for stream in SOURCES)
        return [
            *_unchanged(url, records, min(rounds, _ROUNDS)),
            _changed(url, records),
            *_memory(server),
        ]


def _unchanged(url: str, records: int, rounds: int) -> list[Row]:
    before = _versions(url)
    position = query(url, "SELECT pg_current_wal_lsn()")[0][0]
    taken = min(_seconds(url) for _ in range(rounds))
    (wal,) = query(url, f"SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '{position}')")[0]
    return [
        Row(
            f"ingesting {_PEOPLE:,} people of four sources again, a record",
            taken[0] / records * _MICRO,
            20,
            "µs",
            f"{records / taken[0]:,.0f} records/s, {taken[1] / records * _MICRO:.1f} µs of this process's time; "
            f"slowest: {_slowest(records, taken[1])}",
        ),
        Row("versions written by it", _versions(url) - before, 0, "versions", f"{records:,} records compared"),
        Row(
            "log written by PostgreSQL for it, a record",
            float(wal) / rounds / records,
            10,
            "bytes",
            "its write-ahead log: a transaction a chunk",
        ),
    ]


def _seconds(url: str) -> tuple[float, float]:
    """Seconds, and seconds of processor time of this process, of one ingest of every stream."""
    wall, own = time.perf_counter(), time.process_time()
    for stream in SOURCES:
        bring(url, stream, _PEOPLE)
    return time.perf_counter() - wall, time.process_time() - own


def _slowest(records: int, own: float) -> str:
    """The dearest of the stages that this process works on, by processor time."""
    made = read = 0.0
    for stream, payloads in SOURCES.items():
        begin = time.process_time()
        for _ in payloads(_PEOPLE, ""):
            pass
        made += time.process_time() - begin
        begin = time.process_time()
        for _ in canonical.records(stream, payloads(_PEOPLE, "")):
            pass
        read += time.process_time() - begin
    stages = {"making the payloads": made, "canonical form and hash": read - made, "staging and comparing": own - read}
    name = max(stages, key=lambda stage: stages[stage])
    return f"{name}, {stages[name] / records * _MICRO:.1f} µs"


def _changed(url: str, records: int) -> Row:
    before = _versions(url)
    for stream in SOURCES:
        bring(url, stream, _PEOPLE, " of Exampleton")
    written = _versions(url) - before
    return Row("versions written too many or too few when 1 % changed", abs(written - records // 100), 0, "versions", f"{written:,} of {records:,}")  # fmt: skip


def _memory(server: PostgresServer) -> list[Row]:
    few, many = (_peak(server, count) for count in (_FEW, _MANY))
    return [
        Row(f"peak memory, first ingest of {_MANY:,} people", many, 200, "MiB", "proportional set size"),
        Row(f"of which more than for {_FEW:,}", many - few, 20, "MiB", f"{many:.0f} MiB and {few:.0f} MiB"),
    ]


def _peak(server: PostgresServer, count: int) -> float:
    url = server.create()
    program = [sys.executable, "-m", "tests.bench.directory_people", url, str(count)]
    peak = watched(program).memory_mib
    server.drop(url)
    return peak


def _versions(url: str) -> int:
    ((found,),) = query(url, "SELECT count(*) FROM bronze.raw_entities")
    return int(found)
