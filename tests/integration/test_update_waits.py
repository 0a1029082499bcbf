"""The daily update and tonight's import: it waits for one that runs or is about to, and goes on without one that failed."""

from __future__ import annotations

import subprocess
import sys
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ctvpipe.core.errors import Outcome
from ctvpipe.core.ledger import Ledger
from tests.fakes.workbook import write_rows
from tests.fakes.workbook_cells import Row
from tests.integration.door_bench import wait_until
from tests.integration.nights import PLAIN
from tests.integration.station import CHECKOUT, Station
from tests.unit.test_ledger import ended, record

IMPORT = "commercial-import"
UPDATE = ("update", "--unattended")


class Night(Station):
    """A station at noon, whose commands are services; yesterday's workbook is there, and yesterday's import recorded."""

    day: date

    def prepare(self, lines: list[Row]) -> None:
        now = datetime.now(UTC)
        ahead = 12 - now.hour
        self.day = (now + timedelta(hours=ahead)).date()
        self.lines = lines
        self.settings |= {"CTVPIPE_TIMEZONE": f"Etc/GMT{-ahead:+d}", "INVOCATION_ID": uuid.uuid4().hex}
        write_rows(self.workbook(self.day - timedelta(days=1)), lines[:10], spec=PLAIN)
        self.imported(now - timedelta(days=1))

    def imported(self, moment: datetime, outcome: Outcome = Outcome.SUCCESS) -> None:
        """Record an import of that time."""
        with closing(Ledger(self.state)) as ledger:
            ledger.record(replace(ended(record(job=IMPORT), outcome), started_at=moment, message="so it went"))

    def fetch(self) -> None:
        """Put today's workbook there."""
        write_rows(self.workbook(self.day), self.lines, spec=PLAIN)

    def start_import(self, *words: str) -> subprocess.Popen[str]:
        """A process that is the import to the ledger and the lock."""
        command = [sys.executable, "-m", "tests.integration.door_job", *words]
        return subprocess.Popen(command, cwd=CHECKOUT, env={**self.environ, "SAMPLE_JOB": IMPORT}, text=True)

    def start_update(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self.command(*UPDATE), cwd=CHECKOUT, env=self.environ, text=True)

    def wait_until_update_says(self, text: str) -> None:
        log = self.log / "ctv-daily-update" / "update.log"
        wait_until(lambda: log.exists() and text in log.read_text())

    def spots(self) -> int:
        ((count,),) = self.query("SELECT count(*) FROM spots")
        return int(count)


@pytest.fixture
def station(tmp_path: Path, lines: list[Row]) -> Night:
    made = Night(tmp_path / "station")
    made.prepare(lines)
    return made


def test_an_import_that_runs_is_waited_for(station: Night) -> None:
    importing = station.start_import("gate", str(station.root))
    wait_until((station.root / "begun").exists)
    assert station.start_import("ok").wait(40) == 75, "what found the lock held does not hide the run that holds it"
    update = station.start_update()
    station.wait_until_update_says("commercial-import is still running, waiting for it up to 900 s")
    station.fetch()
    (station.root / "go").touch()
    assert (importing.wait(40), update.wait(40)) == (0, 0)
    assert station.spots() == len(station.lines)
    assert station.runs("daily-update")[0].warnings == ()


def test_yesterdays_workbook_is_not_imported_while_todays_is_fetched(station: Night) -> None:
    station.settings["DAILY_UPDATE_WAIT_SECONDS"] = "1"
    importing = station.start_import("gate", str(station.root))
    wait_until((station.root / "begun").exists)
    done = station.run(*UPDATE)
    assert done.code == 75
    assert "commercial-import is still running after 1 s" in done.line("NOT_NOW")
    assert (station.run_dir / "ctv-daily-update.again").exists()
    assert not station.database.exists()
    station.fetch()
    (station.root / "go").touch()
    assert importing.wait(40) == 0
    assert station.run(*UPDATE).code == 0
    assert station.spots() == len(station.lines)
    assert not (station.run_dir / "ctv-daily-update.again").exists()


@pytest.mark.parametrize("before", ["yesterday's", "put off", "cut short"])
def test_an_import_that_has_yet_to_begin_is_waited_for(station: Night, before: str) -> None:
    if before == "put off":
        station.imported(datetime.now(UTC), Outcome.NOT_NOW)
    elif before == "cut short":
        station.imported(datetime.now(UTC), Outcome.FAILED)
        station.run_dir.mkdir(exist_ok=True)
        (station.run_dir / "ctv-commercial-import.again").touch()
    update = station.start_update()
    station.wait_until_update_says("commercial-import has not run since it was due, waiting for it up to 900 s")
    importing = station.start_import("gate", str(station.root))
    station.wait_until_update_says("commercial-import is still running")
    station.fetch()
    (station.root / "go").touch()
    assert (importing.wait(40), update.wait(40)) == (0, 0)
    assert station.spots() == len(station.lines)


def test_an_import_that_does_not_begin_is_not_waited_for_for_ever(station: Night) -> None:
    station.settings["DAILY_UPDATE_WAIT_SECONDS"] = "1"
    assert station.run(*UPDATE).code == 0
    first, second = station.runs("daily-update")[0].warnings
    assert first == (
        "commercial-import has not run since it was due, waited 1 s: going on with the newest workbook there is"
    )
    assert "not today's: it is 1 day old" in second
    assert station.spots() == 10


def test_nothing_is_waited_for_where_there_is_nothing_to_come(station: Night) -> None:
    def waited() -> bool:
        return "waiting for it" in station.run(*UPDATE).text

    assert "waiting for it" not in station.run("update", "--dry-run").text
    station.imported(datetime.now(UTC), Outcome.SKIPPED)
    assert not waited()
    station.imported(datetime.now(UTC) - timedelta(days=3))
    station.settings["INVOCATION_ID"] = ""
    assert not waited(), "a person is not kept waiting"
    station.settings["INVOCATION_ID"] = uuid.uuid4().hex
    station.fetch()
    assert not waited()


def test_after_an_import_that_failed_the_newest_workbook_is_taken_and_its_age_said(station: Night) -> None:
    station.imported(datetime.now(UTC), Outcome.FAILED)
    assert station.run(*UPDATE).code == 0
    first, second = station.runs("daily-update")[0].warnings
    assert first == "the latest commercial-import did not succeed (failed: so it went)"
    assert "not today's: it is 1 day old" in second
    assert station.spots() == 10
