"""The bench of the transforms: people of three sources into silver, on PostgreSQL, against one plain statement.

Run as ``python -m tests.bench.directory_transforms URL``, which transforms the people of a database.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.streams import MCOMMUNITY_USERS, UMAPI_DEPARTMENTS
from ctvpipe.pipelines.directory.transforming import Options, transform
from ctvpipe.stores import engine
from tests.bench import directory_plain
from tests.bench.directory_people import SOURCES, bring, prepare
from tests.bench.measure import watched
from tests.bench.rows import Row
from tests.integration.postgres_server import PostgresServer
from tests.integration.station import execute, query

_PEOPLE = 100_000
_FEW, _MANY = 10_000, 700_000
_ROUNDS = 3


def run(_directory: Path, rounds: int) -> list[Row]:
    with PostgresServer() as server:
        return [*_times(server, min(rounds, _ROUNDS)), *_memory(server)]


def _times(server: PostgresServer, rounds: int) -> list[Row]:
    url = server.create()
    prepare(url)
    bring(url, UMAPI_DEPARTMENTS, 1)
    for stream in SOURCES:
        bring(url, stream, _PEOPLE)
    transformed(url, "departments")
    plain, first = (min(taken) for taken in zip(*(_first(url) for _ in range(rounds)), strict=True))
    again = min(_seconds(url)[0] for _ in range(rounds))
    for stream in SOURCES:
        bring(url, stream, _PEOPLE, " of Exampleton")
    few, changed = _seconds(url)
    return [
        Row(
            f"first silver of {_PEOPLE:,} people, against one plain INSERT … SELECT", first / plain, 3, "x",
            f"{first:.1f} s and {plain:.1f} s; scored, hashed, checked, by pages",
        ),
        Row("nothing new, against the first silver", again / first, 0.1, "x", f"{again:.2f} s"),
        Row("1 % changed, against the first silver", few / first, 0.1, "x", f"{few:.2f} s"),
        Row("people written too many or too few then", abs(changed.updated - _PEOPLE // 100), 0, "people", f"{changed.updated:,} of {_PEOPLE:,}"),
    ]  # fmt: skip


def _first(url: str) -> tuple[float, float]:
    """Seconds of the plain statement and of the first transform, one after the other."""
    plain = directory_plain.seconds(url)
    execute(
        url,
        "TRUNCATE silver.users, silver.affiliations, silver.pending",
        "DELETE FROM meta.ingestion_runs WHERE kind = 'transform' AND entity_type = 'user'",
    )
    first, done = _seconds(url)
    if done.created != _PEOPLE:
        raise RuntimeError(f"{done.created} of {_PEOPLE} people are in silver: {done.errors[:1]}")
    return plain, first


def _seconds(url: str) -> tuple[float, StepRun]:
    begin = time.perf_counter()
    done = transformed(url, "users")
    return time.perf_counter() - begin, done


def transformed(url: str, name: str) -> StepRun:
    """One transform."""
    with engine.open_engine(url).connect() as connection:
        return transform(connection, name, Options())


def _memory(server: PostgresServer) -> list[Row]:
    few, many = (_peak(server, count) for count in (_FEW, _MANY))
    return [
        Row(f"peak memory, first silver of {_MANY:,} people", many, 200, "MiB", "proportional set size"),
        Row(f"of which more than for {_FEW:,}", many - few, 20, "MiB", f"{many:.0f} MiB and {few:.0f} MiB"),
    ]


def _peak(server: PostgresServer, count: int) -> float:
    url = server.create()
    prepare(url)
    bring(url, MCOMMUNITY_USERS, count)
    peak = watched([sys.executable, "-m", "tests.bench.directory_transforms", url]).memory_mib
    ((made,),) = query(url, "SELECT count(*) FROM silver.users")
    if made != count:
        raise RuntimeError(f"{made} of {count} people are in silver")
    server.drop(url)
    return peak


if __name__ == "__main__":
    transformed(sys.argv[1], "users")
