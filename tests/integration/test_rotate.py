"""The rotation on real files and zips: whatever happens, what was there is in a file or in an archive."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe import jobs
from ctvpipe.core import clock
from ctvpipe.core.errors import ContractError, PermanentError
from ctvpipe.core.run import Run
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import Environment, SharedSettings
from ctvpipe.pipelines.commercial_log import archive, daily_files
from ctvpipe.pipelines.commercial_log.rotate import rotate

TODAY = date(2026, 3, 29)
LOG = logging.getLogger("tests.rotate")


@dataclass
class Station:
    """A data directory, and rotations of it on chosen days."""

    root: Path

    def __post_init__(self) -> None:
        self.daily = self.root / "raw" / "daily"
        self.archives = self.root / "raw" / "archive"
        self.daily.mkdir(parents=True)

    def add(self, day: date, content: bytes) -> Path:
        path = daily_files.path_for(self.daily, day)
        path.write_bytes(content)
        return path

    def rotate(self, day: date = TODAY, *, dry_run: bool = False) -> Run:
        environment = Environment({"CTV_DATA_DIR": str(self.root)})
        shared = environment.load(SharedSettings)
        job = jobs.find("commercial-rotation")
        started = datetime.combine(day, time(12), tzinfo=UTC)
        run = Run(job, shared, environment, UTC, LOG, Scrubber(), dry_run, "manual", started=started)
        rotate(run)
        return run

    def zip(self, month: str) -> Path:
        return self.archives / f"commercial-logs-{month}.zip"

    def members(self, month: str) -> dict[str, bytes]:
        with zipfile.ZipFile(self.zip(month)) as opened:
            assert opened.testzip() is None
            assert len(set(opened.namelist())) == len(opened.namelist())
            return {name: opened.read(name) for name in opened.namelist()}

    def contents(self) -> list[bytes]:
        """Everything that is held anywhere, in files and in archives."""
        held = [path.read_bytes() for path in self.daily.iterdir()]
        for path in self.archives.glob("*.zip"):
            with zipfile.ZipFile(path) as opened:
                held += [opened.read(info) for info in opened.infolist()]
        return held

    def snapshot(self) -> dict[str, tuple[int, int, bytes | None]]:
        """Every path with inode, time of change, and content."""
        return {
            str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
            for path in sorted(self.root.rglob("*"))
        }


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path / "data")


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_old_files_move_into_the_archives_of_their_months(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for age in (0, 7, 8, 9, 35):
        station.add(ago(age), b"workbook %d" % age)

    run = station.rotate()

    assert sorted(path.name for path in station.daily.iterdir()) == [
        "Commercial Log 260322.xlsx",
        "Commercial Log 260329.xlsx",
    ]
    assert station.members("2026-03") == {
        "Commercial Log 260320.xlsx": b"workbook 9",
        "Commercial Log 260321.xlsx": b"workbook 8",
    }
    assert station.members("2026-02") == {"Commercial Log 260222.xlsx": b"workbook 35"}
    with zipfile.ZipFile(station.zip("2026-03")) as opened:
        assert {info.compress_type for info in opened.infolist()} == {zipfile.ZIP_STORED}
    assert (run.counters["rows"], run.counters["months"], run.failures) == (3, 2, [])
    assert run.summary == "3 of 3 old files archived (0.0 MB) in 2 months, 0 old archives removed."
    assert "archiving 2 files for 2026-03" in caplog.messages
    assert any(text.startswith("created ") and text.endswith("KB), 2 files removed") for text in caplog.messages)
    assert any(text.startswith("Current files: 2 (") for text in caplog.messages)
    assert any(text.startswith("Archives: 2 (") for text in caplog.messages)
    assert sorted(path.name for path in station.archives.iterdir()) == [
        "commercial-logs-2026-02.zip",
        "commercial-logs-2026-03.zip",
    ]


def test_nothing_old_is_said_and_changes_nothing(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    station.add(ago(1), b"x")
    before = station.snapshot()
    station.rotate()
    assert station.snapshot() == before
    assert "no files older than 7 days" in caplog.messages


def test_an_existing_archive_is_replaced_and_never_modified(station: Station) -> None:
    station.add(ago(20), b"first" * 1000)
    station.add(ago(0), b"today")
    station.rotate(ago(0))
    old = station.zip("2026-03")
    old.chmod(0o644)
    witness = station.root / "witness.zip"
    os.link(old, witness)  # a second name for the same bytes on the disk
    before = witness.read_bytes()
    station.add(ago(10), b"second" * 1000)

    station.rotate()

    assert witness.read_bytes() == before
    assert old.stat().st_ino != witness.stat().st_ino
    assert old.stat().st_mode & 0o777 == 0o644
    assert list(station.members("2026-03").values()) == [b"first" * 1000, b"second" * 1000]


def test_members_of_other_makers_stay_as_they_are(station: Station) -> None:
    station.archives.mkdir()
    with zipfile.ZipFile(station.zip("2026-03"), "w", zipfile.ZIP_DEFLATED) as made:
        made.comment = b"kept"
        made.writestr("daily/Commercial Log 260301.xlsx", b"in a folder" * 50)
        made.writestr("daily/", b"")
        made.writestr("leer/\u00e4\u00f6.txt", b"umlauts")
    with zipfile.ZipFile(station.zip("2026-03")) as opened:
        before = [(info.filename, info.CRC, info.compress_size, info.date_time) for info in opened.infolist()]
    station.add(ago(10), b"new")
    station.add(ago(0), b"today")

    station.rotate()

    with zipfile.ZipFile(station.zip("2026-03")) as opened:
        after = [(info.filename, info.CRC, info.compress_size, info.date_time) for info in opened.infolist()]
        assert opened.comment == b"kept"
    assert after[:3] == before
    assert after[3][0] == "Commercial Log 260319.xlsx"


def test_a_run_cut_short_between_publishing_and_deleting_is_finished_without_rewriting(station: Station) -> None:
    names = [station.add(ago(age), b"content %d" % age) for age in (9, 10)]
    station.add(ago(0), b"today")
    copies = {path: path.read_bytes() for path in names}
    station.rotate()
    published = (station.zip("2026-03").stat().st_ino, station.zip("2026-03").read_bytes())
    for path, content in copies.items():
        path.write_bytes(content)

    run = station.rotate()

    assert (station.zip("2026-03").stat().st_ino, station.zip("2026-03").read_bytes()) == published
    assert not any(path.exists() for path in names)
    assert run.counters["rows"] == 2


def test_what_a_killed_run_left_half_written_is_removed(station: Station) -> None:
    station.archives.mkdir()
    left = station.archives / ".ctvpipe-commercial-logs-2025-11.zip.tmp"
    left.write_bytes(b"half a z")
    station.add(ago(0), b"today")
    station.rotate(dry_run=True)
    assert left.exists()
    station.rotate()
    assert not left.exists()


def test_every_edition_of_a_day_survives_and_the_later_ones_are_named(station: Station) -> None:
    station.add(ago(0), b"today")
    for content in (b"first", b"second", b"third"):
        station.add(ago(10), content)
        run = station.rotate()
    assert "Commercial Log 260319 (3).xlsx" in run.warnings[0]
    expected = {
        "Commercial Log 260319.xlsx": b"first",
        "Commercial Log 260319 (2).xlsx": b"second",
        "Commercial Log 260319 (3).xlsx": b"third",
    }
    assert station.members("2026-03") == expected
    station.add(ago(10), b"second")
    inode = station.zip("2026-03").stat().st_ino
    assert station.rotate().warnings == []
    assert station.members("2026-03") == expected
    assert station.zip("2026-03").stat().st_ino == inode


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"stored bytes")] ^= 1
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("not a zip at all")


def _encrypted(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)


def _unknown_method(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(signature) + offset] = 99
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_truncated, _flipped, _empty, _text, _encrypted, _unknown_method])
def test_a_damaged_archive_is_left_alone_and_the_other_months_go_on(
    station: Station, damage: Callable[[Path], None]
) -> None:
    station.archives.mkdir()
    with zipfile.ZipFile(station.zip("2026-02"), "w") as made:
        made.writestr("Commercial Log 260201.xlsx", b"stored bytes")
    damage(station.zip("2026-02"))
    before = station.zip("2026-02").read_bytes()
    stays = station.add(date(2026, 2, 2), b"february")
    goes = station.add(ago(10), b"march")
    station.add(ago(0), b"today")

    run = station.rotate()

    assert station.zip("2026-02").read_bytes() == before
    assert stays.read_bytes() == b"february"
    assert not goes.exists()
    assert station.members("2026-03") == {goes.name: b"march"}
    assert len(run.failures) == 1
    assert run.failures[0].startswith("2026-02: the archive ")
    assert "Move it away" in run.failures[0]
    assert run.counters["rows"] == 1
    assert len(list(station.archives.iterdir())) == 2


def test_a_damaged_archive_whose_files_wait_does_not_expire(station: Station) -> None:
    station.archives.mkdir()
    station.zip("2025-01").write_bytes(b"damaged")
    station.zip("2025-02").write_bytes(b"whatever it is, its time is over")
    station.add(date(2025, 1, 3), b"old")
    station.add(ago(0), b"today")
    run = station.rotate()
    assert station.zip("2025-01").read_bytes() == b"damaged"
    assert not station.zip("2025-02").exists()
    assert run.counters["removed_archives"] == 1


def _work(station: Station, *days: date) -> archive.Work:
    found = [file for file in daily_files.listing(station.daily).files if file.day in days]
    return archive.prepare(station.zip("2026-03"), found)


def test_a_workbook_that_is_replaced_after_it_was_archived_is_kept(station: Station) -> None:
    path = station.add(ago(10), b"archived")
    work = _work(station, ago(10))
    archive.extend(work)
    path.write_bytes(b"replaced")
    assert archive.release(work.additions[0]) is False
    assert path.read_bytes() == b"replaced"
    path.write_bytes(b"archived")
    assert archive.release(work.additions[0]) is True
    assert not path.exists()
    assert archive.release(work.additions[0]) is True


@pytest.mark.parametrize("later", [b"CHANGED!", b"longer than before", None])
def test_a_workbook_that_changes_while_it_is_archived_spoils_nothing(station: Station, later: bytes | None) -> None:
    station.add(ago(20), b"earlier")
    archive.extend(_work(station, ago(20)))
    before = station.zip("2026-03").read_bytes()
    path = station.add(ago(10), b"original")
    work = _work(station, ago(10))
    if later is None:
        path.unlink()
    else:
        path.write_bytes(later)
    with pytest.raises(PermanentError):
        archive.extend(work)
    assert station.zip("2026-03").read_bytes() == before
    assert [entry.name for entry in station.archives.iterdir()] == ["commercial-logs-2026-03.zip"]


def _same_size_and_crc(content: bytes) -> bytes:
    """Other bytes that size and CRC-32 cannot tell from ``content``: the polynomial's own bits are added to it."""
    polynomial = (0x1DB710641).to_bytes(5, "little")
    made = bytes(a ^ b for a, b in zip(content, polynomial, strict=False)) + content[5:]
    assert (len(made), zlib.crc32(made)) == (len(content), zlib.crc32(content))
    assert made != content
    return made


def test_workbooks_that_only_their_bytes_tell_apart_both_survive(station: Station) -> None:
    station.add(ago(0), b"today")
    editions = [b"an edition", _same_size_and_crc(b"an edition")]
    for content in editions:
        station.add(ago(10), content)
        station.rotate()
    assert list(station.members("2026-03").values()) == editions


@pytest.mark.parametrize("spoil", [lambda _: b"other bytes", _same_size_and_crc], ids=["damaged", "same CRC"])
def test_a_new_archive_that_does_not_read_back_right_is_not_published(
    station: Station, spoil: Callable[[bytes], bytes]
) -> None:
    content = b"these bytes"
    path = station.add(ago(10), content)
    work = _work(station, ago(10))
    made = station.root / "made.zip"
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr(path.name, content)
    archive._verify(made, work)
    made.write_bytes(made.read_bytes().replace(content, spoil(content)))
    with pytest.raises(PermanentError, match="does not read back"):
        archive._verify(made, work)


def test_workbooks_that_have_gone_or_cannot_be_read_are_told_apart(station: Station) -> None:
    gone = daily_files.DailyFile(daily_files.path_for(station.daily, ago(10)), ago(10), 3)
    locked = daily_files.DailyFile(daily_files.path_for(station.daily, ago(11)), ago(11), 3)
    locked.path.mkdir()
    work = archive.prepare(station.zip("2026-03"), [gone, locked])
    assert (work.additions, work.stored, work.gone) == ((), (), (gone,))
    assert [file for file, _ in work.unreadable] == [locked]


def test_too_little_room_for_the_new_archive_is_told_before_it_is_begun(station: Station) -> None:
    path = station.add(ago(10), b"small, but said to be large")
    large = daily_files.DailyFile(path, ago(10), shutil.disk_usage(station.root).free * 2)
    with pytest.raises(PermanentError, match="MiB free on the disk of"):
        archive.prepare(station.zip("2026-03"), [large])


def test_a_full_disk_does_not_keep_archived_files_from_being_removed(station: Station) -> None:
    path = station.add(ago(10), b"content")
    archive.extend(_work(station, ago(10)))
    work = _work(station, ago(10))
    assert (work.additions, [pair.file.path for pair in work.stored]) == ((), [path])


def test_other_files_are_left_alone_and_names_without_a_date_counted(station: Station) -> None:
    for name in ("Commercial Log 991399.xlsx", "Commercial Log 2025.xlsx", "notes.txt", "commercial-logs-2020-01.zip"):
        (station.daily / name).write_bytes(b"?")
    station.archives.mkdir()
    (station.archives / "commercial-logs-2019-13.zip").write_bytes(b"?")
    (station.archives / "other.zip").write_bytes(b"?")
    station.add(ago(0), b"today")
    before = station.snapshot()
    run = station.rotate()
    assert station.snapshot() == before
    assert run.counters["undated"] == 1
    assert "Commercial Log 991399.xlsx" in run.warnings[0]


def test_archives_over_a_year_old_are_removed_and_said(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    station.add(ago(0), b"today")
    station.archives.mkdir()
    for month in ("2025-02", "2025-03", "2026-02"):
        with zipfile.ZipFile(station.zip(month), "w") as made:
            made.writestr("x", b"x")
    station.rotate()
    assert sorted(path.name[16:23] for path in station.archives.iterdir()) == ["2025-03", "2026-02"]
    assert f"removing old archive {station.zip('2025-02')}" in caplog.messages


def test_a_clock_that_is_behind_touches_nothing(station: Station) -> None:
    station.add(TODAY, b"tomorrow and more")
    station.add(ago(600), b"old")
    before = station.snapshot()
    with pytest.raises(ContractError, match="by the clock"):
        station.rotate(ago(100))
    assert station.snapshot() == before


def test_a_dry_run_says_what_it_would_do_and_touches_nothing(
    station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    station.add(ago(10), b"old")
    station.add(ago(0), b"today")
    station.archives.mkdir()
    station.zip("2024-12").write_bytes(b"")
    before = station.snapshot()
    run = station.rotate(dry_run=True)
    assert station.snapshot() == before
    assert "archiving 1 files for 2026-03" in caplog.messages
    assert f"would remove old archive {station.zip('2024-12')}" in caplog.messages
    assert run.counters["rows"] == 1


Step = tuple[int, list[tuple[int, bytes]]]
STEPS = st.lists(
    st.tuples(st.integers(0, 20), st.lists(st.tuples(st.integers(0, 40), st.sampled_from([b"a", b"b", b"c" * 70]))))
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_content_of_any_day_is_ever_lost(steps: list[Step]) -> None:
    """Days go by, workbooks of any age arrive or replace archived ones, and the rotation runs again and again."""
    with tempfile.TemporaryDirectory() as folder:
        station = Station(Path(folder) / "data")
        today = TODAY
        given_in: set[bytes] = set()
        for days, arrivals in steps[:12]:
            today += timedelta(days=days)
            station.add(today, content := b"today is %s" % str(today).encode())
            given_in.add(content)
            for age, content in arrivals:
                day = today - timedelta(days=age)
                path = daily_files.path_for(station.daily, day)
                if not path.exists():  # replacing a file that is not archived yet is the writer's own doing
                    station.add(day, content := b"%s of %s" % (content, str(day).encode()))
                    given_in.add(content)
            run = station.rotate(today)
            assert run.failures == []
            assert set(station.contents()) == given_in
            kept = [file.day for file in daily_files.listing(station.daily).files]
            assert all(today - day <= timedelta(days=7) for day in kept)


def _command(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "CTVPIPE_ETC_DIR": str(root / "etc"),
        "CTVPIPE_STATE_DIR": str(root / "state"),
        "CTVPIPE_RUN_DIR": str(root / "run"),
        "CTVPIPE_LOG_DIR": str(root / "log"),
        "CTVPIPE_CLOCK": "trust",
        "CTVPIPE_TIMEZONE": "UTC",
        "CTV_DATA_DIR": str(root / "data"),
    }
    program = "import sys; sys.path[:0] = sys.argv.pop(1).split(':'); from ctvpipe.cli.app import main; main()"
    argv = [sys.executable, "-c", program, ":".join(filter(None, sys.path)), "commercial", "rotate", *words]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=False)


def _outcomes(root: Path) -> list[str]:
    with sqlite3.connect(root / "state" / "ledger.sqlite3") as db:
        return [outcome for (outcome,) in db.execute("SELECT outcome FROM runs ORDER BY rowid")]


def test_the_command_ends_as_its_units_did(station: Station) -> None:
    root, today = station.root.parent, clock.business_day(clock.now(), UTC)
    station.add(today, b"today")
    old = station.add(today - timedelta(days=30), b"old")

    done = _command(root)
    assert done.returncode == 0, done.stderr
    assert "SUCCESS: commercial-rotation: 1 of 1 old files archived" in done.stderr
    assert "SUCCESS" in (root / "log" / "ctv-commercial-import" / "rotation.log").read_text()

    (made,) = station.archives.iterdir()
    made.write_bytes(b"damaged")
    old.write_bytes(b"again")
    assert _command(root).returncode == 4

    station.add(today + timedelta(days=9), b"from the future")
    assert _command(root).returncode == 3

    shutil.rmtree(station.daily)
    assert _command(root).returncode == 1
    assert _outcomes(root) == ["success", "partial", "refused", "failed"]


def test_the_status_needs_no_lock_and_leaves_no_trace(station: Station) -> None:
    root = station.root.parent
    station.add(date(2026, 3, 1), b"x" * 1_500_000)
    station.add(date(2026, 3, 2), b"x" * 1_000_000)
    os.utime(daily_files.path_for(station.daily, date(2026, 3, 2)), (1, 1))
    done = _command(root, "--status")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Current files: 2 (2.5 MB) in {station.daily}",
        "  oldest: Commercial Log 260301.xlsx",
        "  newest: Commercial Log 260302.xlsx",
        f"Archives: 0 (0.0 MB) in {station.archives}",
    ]
    assert sorted(path.name for path in root.iterdir()) == ["data"]


def test_the_status_says_what_it_cannot_see(tmp_path: Path) -> None:
    done = _command(tmp_path, "--status")
    assert done.returncode == 0
    assert "Current files: unknown, cannot list the daily workbooks" in done.stdout
