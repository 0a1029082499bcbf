"""History of 300 nights: what a night costs must not grow with the nights before it, nor what it leaves behind."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from random import Random
from statistics import median

from ctvpipe.pipelines.circuits import history
from tests.bench.rows import Row
from tests.fakes import tracking_csv
from tests.integration.circuits_rows import insert
from tests.integration.circuits_station import CircuitsStation

_CIRCUITS, _NIGHTS, _CHANGES = 2_800, 300, 30  # facts 8: 14 to 30 changes a day
_THIRD = _NIGHTS // 3
_FIRST = date(2026, 1, 2)
_CHANGED = (("status", "Enabled"), ("status", "Jeopardy"), ("provider", "Comcast"), ("monthly_cost", "99.5"))


def run(directory: Path, rounds: int) -> list[Row]:
    """All rows of the job ``circuits-history``; the work goes on in ``directory``."""
    station = CircuitsStation(directory / "history")
    insert(station, _circuits())
    random = Random(1)
    seconds, sizes = [], []
    for night in range(_NIGHTS + 1):
        if night:
            _change(station, random)
        seconds.append(_record(station, night))
        sizes.append(_bytes(station.database))
    before = _rows(station.database)
    _record(station, _NIGHTS)  # the same night again
    early, late = median(seconds[1 : _THIRD + 1]), median(seconds[-_THIRD:])
    grown_early, grown_late = sizes[_THIRD] - sizes[0], sizes[-1] - sizes[-1 - _THIRD]
    return [
        Row(
            f"history, a night of the last {_THIRD} of {_NIGHTS}, to one of the first",
            late / early,
            1.5,
            "x",
            f"{late:.3f} s to {early:.3f} s (medians; {sum(seconds):.0f} s in all)",
        ),
        Row(
            f"history, growth of the database in the last {_THIRD} nights, to the first",
            grown_late / grown_early,
            1.1,
            "x",
            f"{grown_late / 1024:,.0f} KiB to {grown_early / 1024:,.0f} KiB",
        ),
        Row("history, data rows written when nothing changed", len(set(_rows(station.database)) ^ set(before)), 0,
            "rows", f"{len(before):,} rows compared"),
    ]  # fmt: skip


def _circuits() -> Iterator[dict[str, str]]:
    for number in range(_CIRCUITS):
        store, secondary = divmod(number, 2)
        yield {"site_name": tracking_csv.site(store), "circuit_purpose": "Secondary" if secondary else "Primary"}


def _change(station: CircuitsStation, random: Random) -> None:
    changes = [(random.choice(_CHANGED), random.randrange(1, _CIRCUITS + 1)) for _ in range(_CHANGES)]
    station.execute(
        *(f"UPDATE circuits SET {name} = '{value}' WHERE id = {number}" for (name, value), number in changes)
    )


def _record(station: CircuitsStation, night: int) -> float:
    begin = time.perf_counter()
    result = station.here("circuits-history", history.record, day=_FIRST + timedelta(days=night))
    if result.code:
        raise RuntimeError(result.text)
    return time.perf_counter() - begin


def _bytes(database: Path) -> int:
    """What the database's pages in use hold, in its log or not."""
    with closing(sqlite3.connect(database)) as db:
        pages, free, size = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def _rows(database: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as db:
        names = ("circuits", "circuit_snapshot", "circuit_history")
        return [(name, *row) for name in names for row in db.execute(f"SELECT * FROM {name}")]
