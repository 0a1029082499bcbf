"""The backup of real SQLite databases, in use, damaged, or not there; the remote copy by the real rclone."""

from __future__ import annotations

import gzip
import logging
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe import jobs
from ctvpipe.core import files
from ctvpipe.core.errors import ConfigurationError, PermanentError, Skipped, TransientError
from ctvpipe.core.run import Run
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import Environment, SharedSettings
from ctvpipe.pipelines.circuits.settings import DatabaseSettings as CircuitsSettings
from ctvpipe.pipelines.commercial_log import backup as job
from ctvpipe.pipelines.commercial_log import backup_copy
from ctvpipe.stores import address, rclone, sqlite_backup

NIGHT = datetime(2026, 3, 29, 2, 5, 7, tzinfo=UTC)
LOG = logging.getLogger("tests.backup")


@dataclass
class Site:
    """A database and its backups, and nights on which they are made."""

    root: Path

    def __post_init__(self) -> None:
        self.database = self.root / "database" / "production.db"
        self.backups = self.root / "database" / "backup"
        self.database.parent.mkdir(parents=True)

    def create(self, *, journal: str = "wal", rows: int = 1000) -> None:
        with closing(sqlite3.connect(self.database)) as db, db:
            db.execute(f"PRAGMA journal_mode = {journal}")
            db.execute("CREATE TABLE spots (id INTEGER PRIMARY KEY, text TEXT)")
            db.execute('CREATE TABLE "odd ""name" (id INTEGER)')
            db.executemany("INSERT INTO spots (text) VALUES (?)", [(f"spot {n}" * 20,) for n in range(rows)])

    @property
    def circuits(self) -> address.File:
        return address.File(self.root / "circuits" / "circuits.db", CircuitsSettings.names)

    def create_circuits(self) -> None:
        self.circuits.path.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(self.circuits.path)) as db, db:
            db.execute("CREATE TABLE circuits (id INTEGER PRIMARY KEY)")
            db.executemany("INSERT INTO circuits VALUES (?)", [(n,) for n in range(20)])

    def night(self, at: datetime = NIGHT, *others: address.File, dry_run: bool = False, **variables: str) -> Run:
        values = {"PATH": os.environ["PATH"], "CTV_DATA_DIR": str(self.root), "DATABASE_PATH": str(self.database)}
        environment = Environment({**values, **variables})
        shared = environment.load(SharedSettings)
        run = Run(jobs.find("db-backup"), shared, environment, UTC, LOG, Scrubber(), dry_run, "manual", started=at)
        job.backup(run, others)
        return run

    def names(self) -> list[str]:
        return sorted(path.name for path in self.backups.iterdir()) if self.backups.exists() else []

    def unpacked(self, name: str) -> Path:
        plain = self.root / "unpacked.db"
        plain.write_bytes(gzip.decompress((self.backups / name).read_bytes()))
        return plain


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "data")


def rows_of(database: Path, table: str = "spots") -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


def test_the_backup_unpacks_to_the_same_data(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.create()
    run = site.night()
    name = "production-20260329-020507.sqlite3.gz"
    assert site.names() == [name]
    assert rows_of(site.unpacked(name)) == rows_of(site.database)
    made = site.backups / name
    assert made.stat().st_mode & 0o777 == 0o640
    assert run.counters == {"tables": 2, "rows": 1000, "bytes": made.stat().st_size}
    assert run.failures == run.warnings == []
    assert run.summary.startswith(f"{name}: 1000 rows, ")
    assert run.summary.endswith("; 1 backups kept, 0 removed.")


def test_the_way_back_in_the_log_works_as_it_stands(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.create()
    saved = rows_of(site.database)
    site.night()
    with closing(sqlite3.connect(site.database)) as db, db:
        db.execute("DELETE FROM spots")
    site.database.with_name("production.db-wal").write_bytes(b"stale")
    (text,) = [text for text in caplog.messages if text.startswith("to restore, ")]
    subprocess.run(["bash", "-ec", text.partition(": ")[2]], check=True, timeout=30)
    assert rows_of(site.database) == saved


def test_the_same_content_packs_to_the_same_bytes(site: Site) -> None:
    site.create()
    first, second = site.root / "first.gz", site.root / "second.gz"
    digest = sqlite_backup.compress(site.database, first)
    os.utime(site.database, (1, 1))
    assert sqlite_backup.compress(site.database, second) == digest
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes()[3:8] == bytes(5)  # no name, no time in the header


@contextmanager
def writing(database: Path) -> Iterator[Callable[[], int]]:
    """A program that adds the same number to two tables, one transaction after the other; yields how many it made."""
    stop, at_work, made, errors = threading.Event(), threading.Event(), [0], []

    def write() -> None:
        try:
            with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as db:
                while not stop.wait(0.002):
                    db.execute("BEGIN IMMEDIATE")
                    for table in ("one", "two"):
                        db.execute(f"INSERT INTO {table} VALUES (?, zeroblob(3000))", (made[0],))
                    db.execute("COMMIT")
                    made[0] += 1
                    at_work.set()
        except sqlite3.Error as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert at_work.wait(30)
        yield lambda: made[0]
    finally:
        stop.set()
        thread.join(timeout=60)
    assert errors == []


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_a_writer_at_work_is_neither_stopped_nor_seen_half(site: Site, journal: str) -> None:
    with closing(sqlite3.connect(site.database)) as db, db:
        db.execute(f"PRAGMA journal_mode = {journal}")
        db.execute("PRAGMA synchronous = OFF")
        for table in ("one", "two"):
            db.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, filler BLOB)")
            db.executemany(f"INSERT INTO {table} VALUES (?, zeroblob(3000))", [(-n,) for n in range(1, 4001)])
    copy = site.root / "copy.db"
    with writing(site.database) as made:
        for _ in range(3):
            copy.unlink(missing_ok=True)
            before = made()
            sqlite_backup.copy(site.database, copy)
            found = sqlite_backup.check(copy, "DATABASE_PATH").rows
            assert found["one"] == found["two"] >= 4000 + before
    assert {path.name for path in site.root.iterdir()} == {"database", "copy.db"}


class _WrittenOnce(PosixPath):
    """A target that cannot be begun anew."""

    def unlink(self, missing_ok: bool = False) -> None:
        raise AssertionError("the copy was begun anew")


def test_with_a_write_ahead_log_writers_never_make_the_copy_begin_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.create(rows=20000)
    with closing(sqlite3.connect(site.database)) as db, db:
        for table in ("one", "two"):
            db.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, filler BLOB)")
    monkeypatch.setattr(sqlite_backup, "_PAGES", 4)
    monkeypatch.setattr(sqlite_backup, "_RESTARTS", 0)
    with writing(site.database):
        sqlite_backup.copy(site.database, _WrittenOnce(site.root / "copy.db"))


def test_what_a_writer_has_not_committed_is_not_in_the_backup(site: Site) -> None:
    site.create()
    with closing(sqlite3.connect(site.database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM spots")
        run = site.night()
        db.execute("ROLLBACK")
    assert run.counters["rows"] == 1000


def test_what_is_still_in_the_write_ahead_log_is_in_the_backup(site: Site) -> None:
    site.create()
    with closing(sqlite3.connect(site.database, isolation_level=None)) as db:
        db.execute("INSERT INTO spots (text) VALUES ('fresh')")
        assert site.database.with_name("production.db-wal").stat().st_size
        assert site.night().counters["rows"] == 1001


def test_a_database_that_stays_locked_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.create(journal="delete")
    monkeypatch.setattr(sqlite_backup, "_PATIENCE_SECONDS", 0.2)
    with closing(sqlite3.connect(site.database, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TransientError, match="stayed locked"):
            site.night()
    assert site.names() == []


def _missing(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("no database" * 100)


def _damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    path.write_bytes(content)


def _wrong_index(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE t (a, b)")
        db.execute("CREATE INDEX i ON t (a)")
        db.execute("INSERT INTO t VALUES (1, 2)")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (b)' WHERE name = 'i'")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def _no_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 1")


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_missing, "there is no database at"),
        (_empty, "is empty"),
        (_text, "is not a SQLite database"),
        (_damaged, "is damaged"),
        (_cut, "is damaged"),
        (_wrong_index, "is damaged: .*index i"),
        (_no_tables, "has no tables"),
        (_directory, "cannot read the database"),
    ],
)
def test_what_is_no_good_database_is_refused_and_no_backup_is_touched(
    site: Site, spoil: Callable[[Path], None], message: str
) -> None:
    site.create(journal="delete")
    for day in range(1, 10):
        site.night(NIGHT - timedelta(days=day), BACKUP_KEEP="9")
    before = site.names()
    assert len(before) == 9
    spoil(site.database)
    with pytest.raises(PermanentError, match=message) as caught:
        site.night()
    assert caught.value.advice
    assert site.names() == before


def test_too_little_room_is_told_before_anything_is_copied(site: Site) -> None:
    site.create(journal="delete")
    os.truncate(site.database, shutil.disk_usage(site.root).free * 2)  # sparse: takes no room itself
    with pytest.raises(PermanentError, match="MiB are required"):
        site.night()
    assert not site.backups.exists()


def test_the_newest_seven_are_kept_whatever_their_age(site: Site) -> None:
    site.create(rows=10)
    for day in range(9):
        site.night(NIGHT + timedelta(days=40 * day))
    other = site.backups / "other-20200101-000000.sqlite3.gz"
    other.write_bytes(b"")
    undated = site.backups / "production-20261399-000000.sqlite3.gz"
    undated.write_bytes(b"")
    run = site.night(datetime(1970, 1, 1, tzinfo=UTC))  # a clock that has lost everything
    expected = [f"production-{NIGHT + timedelta(days=40 * day):%Y%m%d-%H%M%S}.sqlite3.gz" for day in range(3, 9)]
    assert site.names() == sorted([*expected, "production-19700101-000000.sqlite3.gz", other.name, undated.name])
    assert run.summary.endswith("7 backups kept, 1 removed.")


def test_a_much_smaller_backup_pushes_nothing_out(site: Site) -> None:
    site.create(rows=20000)
    site.night(BACKUP_KEEP="1")
    with closing(sqlite3.connect(site.database, isolation_level=None)) as db:
        db.execute("DELETE FROM spots")
        db.execute("VACUUM")
    run = site.night(NIGHT + timedelta(days=1), BACKUP_KEEP="1")
    assert len(site.names()) == 2
    assert "no backup was removed" in run.warnings[0]


def test_two_backups_of_one_second_are_two_files(site: Site) -> None:
    site.create(rows=1)
    for _ in range(3):
        site.night()
    assert [name[11:26] for name in site.names()] == ["20260329-020507", "20260329-020508", "20260329-020509"]


STAMPS = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))


@given(st.lists(STAMPS, max_size=15), STAMPS, st.integers(1, 9))
def test_pruning_keeps_the_one_just_made_and_the_newest_others(
    stamps: list[datetime], now: datetime, keep: int
) -> None:
    taken: set[str] = set()
    for stamp in stamps:
        taken.add(backup_copy.name_for("db", stamp, taken))
    made = backup_copy.name_for("db", now, taken)
    assert made not in taken
    newest_first = [Path(name) for name in sorted(taken, reverse=True)]
    pruned = {path.name for path in backup_copy.to_prune(newest_first, Path(made), keep)}
    left = taken - pruned
    assert len(left) == min(len(taken), keep - 1)
    assert not left or not pruned or min(left) > max(pruned)
    assert all(backup_copy.time_of(name, "db") is not None and backup_copy.time_of(name, "d") is None for name in taken)


def test_what_a_killed_run_left_is_removed_and_strange_files_stay(site: Site) -> None:
    site.create(rows=1)
    site.backups.mkdir()
    left = [".ctvpipe-production-copy.tmp", ".ctvpipe-production-20260328-020500.sqlite3.gz.tmp"]
    for name in [*left, ".ctvpipe-other-copy.tmp", "notes.txt"]:
        (site.backups / name).write_bytes(b"half")
    assert all(files.is_temporary(Path(name)) for name in left)
    site.night()
    assert site.names() == [".ctvpipe-other-copy.tmp", "notes.txt", "production-20260329-020507.sqlite3.gz"]


def test_a_packed_file_that_does_not_unpack_right_is_found(site: Site) -> None:
    site.create()
    packed = site.root / "packed.gz"
    digest = sqlite_backup.compress(site.database, packed)
    sqlite_backup.verify_compressed(packed, digest)
    whole = packed.read_bytes()
    middle = len(whole) // 2
    for spoilt in (
        whole[:-4],
        whole[:middle],
        whole[:middle] + b"\0\0\0\0" + whole[middle + 4 :],
        b"",
        b"PK",
        whole * 2,
    ):
        packed.write_bytes(spoilt)
        with pytest.raises(PermanentError, match="does not unpack"):
            sqlite_backup.verify_compressed(packed, digest)


def test_references_to_nothing_are_said_and_copied_as_they_are(site: Site) -> None:
    site.create(rows=1)
    with closing(sqlite3.connect(site.database)) as db, db:
        db.execute("CREATE TABLE child (spot INTEGER REFERENCES spots (id))")
        db.executemany("INSERT INTO child VALUES (?)", [(1,), (98,), (99,)])
    run = site.night()
    assert run.warnings == ["foreign keys that point to nothing, copied as they are: child (2 rows)"]
    assert run.counters["rows"] == 4
    with closing(sqlite3.connect(site.database)) as db, db:
        db.execute("CREATE TABLE wrong (text TEXT REFERENCES spots (text))")
        db.execute("INSERT INTO wrong VALUES ('x')")
    assert "foreign key mismatch" in site.night().warnings[0]


def test_postgresql_is_skipped_and_no_database_is_a_mistake(site: Site) -> None:
    with pytest.raises(Skipped, match="PostgreSQL") as skipped:
        site.night(DATABASE_PATH="", DATABASE_URL="postgresql://u:hush@h/d")
    assert "hush" not in f"{skipped.value} {skipped.value.advice}"
    with pytest.raises(ConfigurationError, match="DATABASE_PATH"):
        site.night(DATABASE_PATH="")


CIRCUITS_BACKUP = "circuits-20260329-020507.sqlite3.gz"
SALES_BACKUP = "production-20260329-020507.sqlite3.gz"


def test_every_pipelines_database_is_backed_up(site: Site) -> None:
    site.create()
    site.create_circuits()
    run = site.night(NIGHT, site.circuits)
    assert site.names() == [CIRCUITS_BACKUP, SALES_BACKUP]
    assert rows_of(site.unpacked(CIRCUITS_BACKUP), "circuits") == [(n,) for n in range(20)]
    assert rows_of(site.unpacked(SALES_BACKUP)) == rows_of(site.database)
    assert (run.counters["rows"], run.counters["tables"], run.failures) == (1020, 3, [])
    assert run.counters["bytes"] == sum(path.stat().st_size for path in site.backups.iterdir())
    assert re.fullmatch(
        rf"{SALES_BACKUP}: 1000 rows, .* kept, 0 removed; {CIRCUITS_BACKUP}: 20 rows, .* kept, 0 removed\.", run.summary
    )


def test_of_each_the_newest_seven_are_kept(site: Site) -> None:
    site.create()
    site.create_circuits()
    for day in range(9):
        site.night(NIGHT + timedelta(days=day), site.circuits)
    for stem in ("production", "circuits"):
        assert len([name for name in site.names() if name.startswith(f"{stem}-")]) == 7


def test_one_that_is_damaged_does_not_keep_the_others_from_it(site: Site) -> None:
    site.create()
    site.create_circuits()
    _text(site.circuits.path)
    run = site.night(NIGHT, site.circuits)
    assert site.names() == [SALES_BACKUP]
    [failure] = run.failures
    assert failure.startswith(f"{site.circuits.path} is not a SQLite database. Check CIRCUITS_DATABASE_PATH, ")
    site.circuits.path.unlink()
    site.create_circuits()
    _text(site.database)
    run = site.night(NIGHT + timedelta(days=1), site.circuits)
    [failure] = run.failures
    assert failure.startswith(f"{site.database} is not a SQLite database. Check DATABASE_PATH, ")
    assert [name[:17] for name in site.names()] == ["circuits-20260330", "production-202603"]


def test_where_none_can_be_backed_up_the_night_has_failed(site: Site) -> None:
    for path in (site.database, site.circuits.path):
        path.parent.mkdir(exist_ok=True)
        _text(path)
    with pytest.raises(PermanentError, match=r"production\.db is not"):
        site.night(NIGHT, site.circuits)


def test_a_database_of_another_pipeline_is_missed_once_it_was_there(site: Site) -> None:
    site.create()
    assert site.night(NIGHT, site.circuits).failures == [], "the pipeline is not in use"
    site.create_circuits()
    site.night(NIGHT + timedelta(days=1), site.circuits)
    site.circuits.path.unlink()
    [failure] = site.night(NIGHT + timedelta(days=2), site.circuits).failures
    assert failure.startswith(f"there is no database at {site.circuits.path}")


def test_the_others_are_backed_up_where_the_sales_are_on_a_server(site: Site) -> None:
    site.create_circuits()
    site.night(NIGHT, site.circuits, DATABASE_PATH="", DATABASE_URL="postgresql://h/d")
    assert site.names() == [CIRCUITS_BACKUP]


def test_two_databases_of_one_name_are_not_mixed_up(site: Site) -> None:
    site.create()
    twin = address.File(site.root / "circuits" / "production.db", CircuitsSettings.names)
    [failure] = site.night(NIGHT, twin).failures
    assert "their backups could not be told apart" in failure
    assert "CIRCUITS_DATABASE_PATH" in failure
    assert site.night(NIGHT + timedelta(days=1), address.File(site.database, twin.names)).failures == []
    assert len(site.names()) == 2


def test_a_plan_for_every_database(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.create()
    site.create_circuits()
    before = sorted(site.root.rglob("*"))
    site.night(NIGHT, site.circuits, dry_run=True)
    assert sorted(site.root.rglob("*")) == before
    assert len([text for text in caplog.messages if text.startswith("would back up ")]) == 2


def test_a_dry_run_touches_nothing(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.create()
    site.night()
    before = {str(path): path.stat().st_mtime_ns for path in site.root.rglob("*")}
    site.night(NIGHT + timedelta(days=1), dry_run=True, BACKUP_KEEP="1", BACKUP_RCLONE_REMOTE="box:x")
    assert {str(path): path.stat().st_mtime_ns for path in site.root.rglob("*")} == before
    assert f"would remove old backup {site.backups / 'production-20260329-020507.sqlite3.gz'}" in caplog.messages
    assert "would copy it to box:x/production-20260330-020507.sqlite3.gz" in caplog.messages


@pytest.mark.parametrize(
    ("remote", "where"),
    [
        ("box:ctv/backup", "box:ctv/backup/f.gz"),
        ("box:ctv/backup/", "box:ctv/backup/f.gz"),
        ("box:", "box:f.gz"),
        ("box:/", "box:/f.gz"),
        (":local:/srv/x y", ":local:/srv/x y/f.gz"),
    ],
)
def test_a_backup_goes_below_the_remote(remote: str, where: str) -> None:
    assert rclone.destination(remote, "f.gz") == where


@pytest.mark.parametrize(
    "remote", ["/srv/x", "box", "--config:x", ":sftp,pass=hush:/x", 'box,key="hush":x', ":", "a\nb:x"]
)
def test_a_remote_with_options_in_its_name_is_refused_without_showing_it(remote: str) -> None:
    with pytest.raises(PermanentError, match="BACKUP_RCLONE_REMOTE") as caught:
        rclone.destination(remote, "f.gz")
    assert "hush" not in f"{caught.value} {caught.value.advice}"


@pytest.mark.parametrize("kind", ["by a name of rclone's configuration", "by a path"])
def test_rclone_copies_the_backup_to_the_remote(site: Site, kind: str) -> None:
    site.create()
    there = site.root / "cloud"
    config = site.root / "rclone.conf"
    config.write_text(f"[cloud]\ntype = alias\nremote = {there}\n")
    remote = "cloud:ctv" if "name" in kind else f":local:{there}/ctv"
    run = site.night(BACKUP_RCLONE_REMOTE=remote, RCLONE_CONFIG=str(config))
    (name,) = site.names()
    assert run.failures == []
    assert (there / "ctv" / name).read_bytes() == (site.backups / name).read_bytes()
    assert run.summary.endswith(f"copied to {remote}/{name}.")


def test_a_remote_that_fails_leaves_the_local_backup_good(site: Site) -> None:
    site.create()
    blocked = site.root / "blocked"
    blocked.write_text("a file where a folder should be")
    run = site.night(BACKUP_RCLONE_REMOTE=f":local:{blocked}/x", RCLONE_CONFIG=str(site.root / "none.conf"))
    assert len(site.names()) == 1
    assert len(run.failures) == 1
    assert "is good, but the copy to the remote failed: rclone ended with code " in run.failures[0]
    assert "not a directory" in run.failures[0]


def test_rclone_never_overwrites_another_file_on_the_remote(site: Site) -> None:
    site.create()
    there = site.root / "cloud"
    there.mkdir()
    (there / "production-20260329-020507.sqlite3.gz").write_bytes(b"somebody else's")
    run = site.night(BACKUP_RCLONE_REMOTE=f":local:{there}", RCLONE_CONFIG=str(site.root / "none.conf"))
    assert len(run.failures) == 1
    assert (there / "production-20260329-020507.sqlite3.gz").read_bytes() == b"somebody else's"


def test_without_rclone_the_advice_is_to_install_it(site: Site) -> None:
    site.create()
    run = site.night(PATH=str(site.root), BACKUP_RCLONE_REMOTE="box:x")
    assert len(site.names()) == 1
    assert "rclone is not installed" in run.failures[0]
    assert "apt install rclone" in run.failures[0]


def _program(folder: Path, script: str) -> str:
    """A PATH whose rclone is a shell script."""
    folder.mkdir()
    program = folder / "rclone"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_rclone_gets_a_bounded_time(site: Site) -> None:
    path = _program(site.root / "bin", "exec sleep 600")
    with pytest.raises(TransientError, match="did not finish within"):
        rclone.copy(Path(path.partition(":")[0], "rclone"), "box:x", seconds=0.2, environ={"PATH": path})


def test_a_file_that_is_not_there_is_not_taken_for_copied(site: Site) -> None:
    with pytest.raises(PermanentError, match="there is no file"):
        rclone.copy(site.root / "f.gz", f":local:{site.root}/x", seconds=30, environ=dict(os.environ))


def test_secrets_reach_neither_rclone_nor_the_record(site: Site) -> None:
    site.create()
    seen = site.root / "seen"
    script = f'env >{shlex.quote(str(seen))}; echo "$@" >>{shlex.quote(str(seen))}; echo "bad: $RCLONE_CONFIG_PASS" >&2; exit 7'
    run = site.night(
        PATH=_program(site.root / "bin", script),
        BACKUP_RCLONE_REMOTE="box:x",
        RCLONE_CONFIG_PASS="hush-hush",
        NTFY_TOPIC="our-secret-topic",
        CIFS_PASSWORD="other-secret",
    )
    assert "our-secret-topic" not in seen.read_text()
    assert "other-secret" not in seen.read_text()
    assert "RCLONE_CONFIG_PASS=hush-hush" in seen.read_text()  # its own, by environment and not by argument
    assert seen.read_text().count("hush-hush") == 1
    assert "rclone ended with code 7: bad: ***" in run.failures[0]


def _command(root: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "CTVPIPE_ETC_DIR": str(root / "etc"),
        "CTVPIPE_STATE_DIR": str(root / "state"),
        "CTVPIPE_RUN_DIR": str(root / "run"),
        "CTVPIPE_LOG_DIR": str(root / "log"),
        "CTVPIPE_CLOCK": "trust",
        "CTV_DATA_DIR": str(root / "data"),
        "DATABASE_PATH": str(root / "data" / "database" / "production.db"),
        **variables,
    }
    program = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from ctvpipe.cli.app import main; main()"
    argv = [sys.executable, "-c", program, ":".join(filter(None, sys.path)), "backup"]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_knows_every_pipelines_database(site: Site) -> None:
    site.create()
    site.create_circuits()
    root = site.root.parent
    (root / "etc").mkdir()
    env = root / "etc" / "ctv-circuits.env"
    env.write_text(f"CIRCUITS_DATABASE_PATH={site.circuits.path}\nMERAKI_API_KEY_FILE=/nowhere\n")
    done = _command(root)
    assert done.returncode == 0, done.stderr
    assert [name.partition("-")[0] for name in site.names()] == ["circuits", "production"]
    env.unlink()
    env.mkdir()
    done = _command(root)
    assert done.returncode == 0
    assert "ctv-circuits.env (Is a directory): what database it names is not known, and is not backed up" in done.stderr


def test_the_command_ends_as_its_parts_did(site: Site) -> None:
    site.create()
    root = site.root.parent
    done = _command(root)
    assert done.returncode == 0, done.stderr
    assert "SUCCESS: db-backup: production-" in done.stderr
    assert _command(root, BACKUP_RCLONE_REMOTE="box").returncode == 4
    assert _command(root, DATABASE_PATH="", DATABASE_URL="postgresql://h/d").returncode == 0
    site.database.write_bytes(b"")
    assert _command(root).returncode == 1
    assert len(site.names()) == 2
