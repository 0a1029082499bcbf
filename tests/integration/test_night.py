"""Whole nights on real servers: a good one, one with the share down, and the recovery; the file and ledger stay real."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core import clock
from ctvpipe.core.ledger import FILE_NAME
from tests.fakes.http_receiver import Receiver
from tests.fakes.workbook import Spec, rows, write, write_rows
from tests.fakes.workbook_cells import money
from tests.integration.import_station import ImportStation, importing
from tests.integration.station import Result

SPEC = Spec(rows=300, seed=11, oddities=False, trade_rows=2, decoy_sheets=True)
BOOKS = {"import_batches", "ingestion_runs"}


@pytest.fixture
def station(tmp_path: Path, receiver: Receiver) -> Iterator[ImportStation]:
    with importing(tmp_path, receiver) as station:
        station.put(replace(SPEC, reference=datetime.now(UTC).date()))
        yield station


def a_day_passes(station: ImportStation) -> None:
    """Put all that the station has recorded and kept a day back; it is the next night then."""
    for path in sorted(station.daily.iterdir()):
        day = datetime.strptime(path.stem[-6:], "%y%m%d").date()
        path.rename(station.workbook(day - timedelta(days=1)))
    moments = {
        "runs": ("started_at", "finished_at"),
        "alert_states": ("bad_since", "sent_at"),
        "alerts": ("created_at",),
    }
    with closing(sqlite3.connect(station.state / FILE_NAME)) as ledger, ledger:
        for table, columns in moments.items():
            for column in columns:
                found = ledger.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
                for row, text in found:
                    before = clock.to_text(clock.from_text(text) - timedelta(days=1))
                    ledger.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (before, row))


def the_rest(station: ImportStation) -> dict[str, Result]:
    """The jobs after the import."""
    jobs = {"update": ("update", "--unattended"), "rotate": ("commercial", "rotate"), "backup": ("backup",)}
    return {name: station.run(*words) for name, words in jobs.items()}


def status(station: ImportStation) -> tuple[int, dict[str, Any]]:
    done = station.run("status", "--json")
    return done.code, json.loads(done.out)


def test_a_good_night_a_bad_one_and_the_recovery(station: ImportStation) -> None:
    today = datetime.now(UTC).date()
    old = station.workbook(today - timedelta(days=9))
    write(replace(SPEC, rows=40, decoy_sheets=False, reference=today), old)

    assert station.import_().code == 0
    night = the_rest(station)
    assert {name: done.code for name, done in night.items()} == dict.fromkeys(night, 0), night
    assert station.runs("daily-update")[0].counters["rows"] == 298
    assert not old.exists()
    assert [path.suffix for path in station.archive.iterdir()] == [".zip"]
    assert len(list((station.data / "database" / "backup").iterdir())) == 1
    made = [
        path for place in (station.state, station.run_dir, station.log, station.data) for path in place.rglob("*.*")
    ]
    assert [path.name for path in made if path.is_file() and path.stat().st_mode & 0o007] == [], "for others to read"
    stored = station.dump(without=BOOKS)
    assert station.update().code == 0
    assert station.dump(without=BOOKS) == stored, "the second update of the night changes nothing"
    code, report = status(station)
    assert (code, report["state"]) == (0, "healthy"), report
    assert station.alerts() == []

    a_day_passes(station)
    station.smb.server.kill()
    assert station.import_().code == 1
    night = the_rest(station)
    assert {name: done.code for name, done in night.items()} == dict.fromkeys(night, 0), night
    said = night["update"].text
    yesterday = today - timedelta(days=1)
    assert f"Workbook: {station.workbook(yesterday).name} (1 day old)" in said
    assert f"WARNING - the newest workbook is not today's: it is 1 day old ({yesterday})" in said
    assert (
        "WARNING - the latest commercial-import did not succeed (failed: server 127.0.0.1 not reachable on port" in said
    )
    assert len(station.runs("daily-update")[0].warnings) == 2
    assert station.dump(without=BOOKS) == stored
    ((title, body),) = station.alerts()
    assert title == "commercial-import failed"
    assert "not reachable on port" in body
    code, report = status(station)
    assert (code, report["state"]) == (2, "critical"), report
    assert "not reachable" in station.run("status").out

    a_day_passes(station)
    station.smb.server.start()
    change_one_price(station)
    assert station.import_().code == 0
    night = the_rest(station)
    assert {name: done.code for name, done in night.items()} == dict.fromkeys(night, 0), night
    counters = station.runs("daily-update")[0].counters
    assert (counters["inserted"], counters["deleted"], counters["unchanged"]) == (1, 1, 297)
    assert [title for title, _ in station.alerts()] == ["commercial-import failed", "commercial-import works again"]
    code, report = status(station)
    assert (code, report["state"]) == (0, "healthy"), report


def change_one_price(station: ImportStation) -> None:
    """Put a workbook on the share in which one spot has another price, saved ten minutes and more ago."""
    spec = replace(SPEC, reference=datetime.now(UTC).date())
    lines = list(rows(spec))
    number = next(n for n, line in enumerate(lines) if "trade" not in str(line.cell("revenue_type")).lower())
    lines[number] = lines[number].changed(gross_rate=money(4321.0))
    write_rows(station.smb.workbook, lines, spec=spec)
    moment = (datetime.now(UTC) - timedelta(minutes=30)).timestamp()
    os.utime(station.smb.workbook, (moment, moment))
