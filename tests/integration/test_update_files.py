"""Which workbook and which database the daily update takes, and which it refuses."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.commercial_log import applying, planning, reading
from ctvpipe.sources import workbook
from ctvpipe.stores import engine, sqlite_backup
from tests.fakes.workbook import write_rows
from tests.fakes.workbook_cells import Row, text
from tests.integration import small_disk
from tests.integration.nights import PLAIN, by_id, night
from tests.integration.station import Station, tree


def test_a_dry_run_leaves_every_byte_as_it_was(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    write_rows(station.workbook(), lines[:50], spec=PLAIN)
    before = tree(station.root)
    result = station.run("update", "--dry-run")
    assert result.code == 0
    assert "would write 0 new and 10 gone rows, 50 unchanged" in result.line("SUCCESS")
    assert tree(station.root) == before


def test_a_dry_run_creates_no_database_and_refuses_what_the_night_would_refuse(
    station: Station, lines: list[Row]
) -> None:
    write_rows(station.workbook(), lines, spec=PLAIN)
    before = tree(station.root)
    result = station.run("update", "--dry-run")
    assert (result.code, tree(station.root)) == (0, before)
    assert "60 new" in result.line("SUCCESS")

    assert station.update_here().code == 0
    write_rows(station.workbook(), lines[:20], spec=PLAIN)
    assert station.update_here(dry_run=True).code == 3
    assert station.update_here(dry_run=True, force=True).code == 0
    assert len(by_id(station)) == 60


def test_planning_needs_no_right_to_write(public_dir: Path, as_another_user: Any, lines: list[Row]) -> None:
    station = Station(public_dir)
    assert night(station, lines).code == 0
    log = reading.read_log(station.workbook(), ("Commercials",), max_rows=1000, max_unreadable_percent=5)
    for path in (station.database, station.database.parent):
        path.chmod(path.stat().st_mode & ~0o222 | 0o444)

    def plan() -> int:
        url = f"sqlite:///{station.database}"
        with engine.transaction(engine.open_engine(url, read_only=True)) as connection:
            return applying.plan(connection, log, planning.DIFF).plan.unchanged

    unchanged = as_another_user(plan)
    station.database.parent.chmod(0o755)
    assert unchanged == 60


def test_who_looks_leaves_nothing_beside_the_database_that_the_night_could_not_write(
    station: Station, lines: list[Row]
) -> None:
    assert night(station, lines).code == 0
    before = tree(station.root)
    for words in (("months", "list"), ("review", "list"), ("customers", "unmatched")):
        assert station.run(*words).code == 0
    assert tree(station.root) == before


def test_who_may_not_write_the_database_leaves_nothing_beside_it_either(
    public_dir: Path, as_another_user: Any, lines: list[Row]
) -> None:
    station = Station(public_dir)
    assert night(station, lines).code == 0
    station.database.chmod(0o444)
    station.database.parent.chmod(0o777)
    before = tree(station.database.parent)

    def write() -> None:
        with engine.transaction(engine.open_engine(f"sqlite:///{station.database}")):
            pass

    def back_up() -> None:
        sqlite_backup.copy(station.database, station.database.with_name("copy"))

    for attempt in (write, back_up):
        error = as_another_user(attempt)
        assert str(error) == f"{station.database} may not be written by this user"
        assert tree(station.database.parent) == before


def test_the_newest_workbook_by_its_name_is_taken_and_its_age_is_said(station: Station, lines: list[Row]) -> None:
    today = datetime.now(UTC).date()
    write_rows(station.workbook(today - timedelta(days=3)), lines, spec=PLAIN)
    write_rows(station.workbook(today - timedelta(days=9)), lines[:1], spec=PLAIN)
    result = station.update_here()
    assert result.code == 0
    assert "not today's: it is 3 days old" in result.line("WARNING")
    assert len(by_id(station)) == 60
    assert "3 days old" in station.runs()[0].warnings[0]

    station.settings["DAILY_UPDATE_MAX_AGE_DAYS"] = "2"
    result = station.update_here()
    assert result.code == 3
    assert "3 days old" in result.line("ERROR")
    station.settings["DAILY_UPDATE_MAX_AGE_DAYS"] = "3"
    assert station.update_here().code == 0


def test_a_workbook_that_may_not_be_read_is_said_to_be(
    public_dir: Path, as_another_user: Any, lines: list[Row]
) -> None:
    path = public_dir / "by hand.xlsx"
    write_rows(path, lines, spec=PLAIN)
    path.chmod(0)
    error = as_another_user(lambda: workbook.require_sane_file(path, max_mib=1))
    assert (type(error), str(error)) == (PermanentError, f"cannot read {path}: Permission denied")
    assert "service user" in error.advice


def test_a_file_named_by_hand_is_taken(station: Station, lines: list[Row]) -> None:
    other = station.root / "by hand.xlsx"
    write_rows(other, lines[:30], spec=PLAIN)
    write_rows(station.workbook(), lines, spec=PLAIN)
    assert station.update("--file", str(other), "--strategy", "replace").code == 0
    assert len(by_id(station)) == 30
    assert station.query("SELECT DISTINCT source_file FROM spots") == [("by hand.xlsx:Commercials",)]
    station.settings["DAILY_UPDATE_DATA_FILE"] = str(station.root / "nowhere.xlsx")
    result = station.update_here()
    assert result.code == 1
    assert "nowhere.xlsx does not exist" in result.line("ERROR")


def test_without_a_workbook_the_run_fails(station: Station) -> None:
    result = station.update_here()
    assert result.code == 1
    assert "there is no workbook in" in result.line("ERROR")
    assert not station.database.exists()


def test_a_station_that_is_not_configured_yet_raises_no_alarm(station: Station, lines: list[Row]) -> None:
    night_long = (("commercial", "import"), ("update", "--unattended"), ("backup",), ("commercial", "rotate"))
    assert [station.run(*words).code for words in night_long] == [0, 0, 0, 0]
    assert [run.outcome for run in station.runs()] == ["success", "skipped", "skipped", "skipped"]
    assert "there is no workbook in" in station.runs("daily-update")[0].message
    assert "there is no database yet" in station.runs("db-backup")[0].message

    assert night(station, lines).code == 0
    station.database.rename(station.root / "elsewhere.db")
    assert station.run("backup").code == 1


def test_what_was_there_once_is_missed(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    assert station.run("backup").code == 0
    station.workbook().unlink()
    assert station.run("commercial", "import").code == 0
    assert station.update().code == 1, "no workbook, but there was one"

    station.state.rename(station.root / "old state")
    station.database.unlink()
    assert station.run("commercial", "import").code == 0
    assert station.update().code == 0
    assert station.run("backup").code == 1, "no database, but there are backups of it"


def test_a_workbook_from_the_future_is_refused(station: Station, lines: list[Row]) -> None:
    today = datetime.now(UTC).date()
    write_rows(station.workbook(today), lines[:1], spec=PLAIN)
    tomorrow = station.workbook(today + timedelta(days=1))
    write_rows(tomorrow, lines, spec=PLAIN)
    result = station.update_here()
    assert result.code == 0
    assert "not today's: it is tomorrow's" in result.line("WARNING")

    later = tomorrow.rename(station.workbook(today + timedelta(days=2)))
    result = station.update_here()
    assert result.code == 3
    assert f"today is {today} by the clock, but there is '{later.name}'" in result.line("ERROR")


def test_a_database_that_went_missing_is_not_made_anew(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    station.database.unlink()
    result = station.update_here()
    assert result.code == 1
    assert "is missing or empty, but it was filled on" in result.line("ERROR")
    assert not station.database.exists()
    assert station.update_here(dry_run=True).code == 1
    assert station.update_here(new_database=True).code == 0
    assert len(by_id(station)) == 60


def test_that_another_database_is_filled_than_before_is_said_once(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    copy = station.database.with_name("copy.db")
    copy.write_bytes(station.database.read_bytes())
    station.settings["DATABASE_PATH"] = str(copy)
    result = night(station, lines[:50])
    assert result.code == 0
    assert f"the database is {copy} now; the update before filled {station.database}" in result.line("WARNING")
    assert night(station, lines[:50]).code == 0
    assert station.runs()[0].warnings == ()


def test_an_emptied_database_is_not_filled_again(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    station.database.unlink()
    sqlite3.connect(station.database).executescript("CREATE TABLE x (y); DROP TABLE x;")
    result = station.update_here()
    assert result.code == 1
    assert "is missing or empty, but it was filled on" in result.line("ERROR")


def test_a_database_in_a_directory_that_is_not_there_is_refused(station: Station, lines: list[Row]) -> None:
    station.settings["DATABASE_PATH"] = str(station.root / "nowhere" / "production.db")
    result = night(station, lines)
    assert result.code == 1
    assert "does not exist" in result.line("ERROR")


def foreign(path: Path) -> None:
    sqlite3.connect(path).executescript("CREATE TABLE customers (id); INSERT INTO customers VALUES (1);")


def foreign_of_alembic(path: Path) -> None:
    sqlite3.connect(path).executescript("CREATE TABLE alembic_version (version_num); CREATE TABLE invoices (id);")


def newer(path: Path) -> None:
    sqlite3.connect(path).executescript(
        "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('9999'); CREATE TABLE spots (x);"
    )


def page(path: Path) -> None:
    path.write_text("<!DOCTYPE html>" * 1000)


def test_a_folder_is_no_database(station: Station, lines: list[Row]) -> None:
    station.database.mkdir()
    for result in (night(station, lines), station.update_here(dry_run=True)):
        assert result.code == 1
        assert f"cannot read the database {station.database}: Is a directory" in result.line("ERROR")
        assert "Traceback" not in result.text


def test_a_path_that_a_url_would_cut_short_is_refused(station: Station, lines: list[Row]) -> None:
    station.settings["DATABASE_PATH"] = str(station.root / "sales?new.db")
    result = night(station, lines)
    assert result.code == 2
    assert "DATABASE_PATH: must have no question mark in it" in result.line("ERROR")
    assert not list(station.root.glob("sales*"))


@pytest.mark.parametrize(("make", "message"), [
    (Path.touch, "is an empty file"),
    (page, "is not an SQLite database"),
    (foreign, "holds tables ctvpipe did not make (customers"),
    (foreign_of_alembic, "holds tables ctvpipe did not make (invoices"),
    (newer, "has schema 9999, this ctvpipe knows up to"),
])  # fmt: skip
def test_what_is_not_our_database_is_refused_and_left_alone(
    station: Station, lines: list[Row], make: Any, message: str
) -> None:
    make(station.database)
    before = station.database.read_bytes()[100:]
    result = night(station, lines)
    assert result.code == 1, result.text
    assert message in result.line("ERROR")
    assert station.database.read_bytes()[100:] == before
    dry = station.update_here(dry_run=True)
    assert dry.code == 1
    assert message in dry.line("ERROR")


def test_a_damaged_database_is_said_to_be_damaged(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    whole = station.database.read_bytes()
    station.database.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    result = station.update_here()
    assert result.code == 1
    assert "the sales database cannot be used: database disk image is malformed" in result.line("ERROR")


def test_a_locked_database_fails_the_run_with_a_clear_line(
    station: Station, lines: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert night(station, lines).code == 0
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.2)
    other = sqlite3.connect(station.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = by_id(station)
    result = night(station, lines[:50])
    assert result.code == 1
    assert "the sales database is locked by another program for 0.2 s" in result.line("ERROR")
    other.execute("ROLLBACK")
    assert by_id(station) == before
    assert night(station, lines[:50]).code == 0


def test_a_full_disk_fails_the_run_with_a_clear_line_and_changes_nothing(station: Station, lines: list[Row]) -> None:
    assert night(station, lines).code == 0
    before = station.dump()
    longer = [lines[0].changed(comments=text(f"airing {number}" + "x" * 500)) for number in range(300)]
    with small_disk.full(station.database, pages=2):
        result = night(station, longer, force=True)
    assert result.code == 1
    assert "the sales database: the disk is full; what it was writing is not stored" in result.line("ERROR")
    assert station.dump() == before
