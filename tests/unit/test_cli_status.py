"""``ctvpipe status`` as the operator sees it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ctvpipe.cli.app import app
from ctvpipe.core.ledger import FILE_NAME, RUNNING, Ledger
from ctvpipe.jobs import JOBS, of_pipeline
from tests.fakes.nights import DEAD, good_nights, record, run
from tests.fakes.systemctl import install


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, value in {
        "CTVPIPE_ETC_DIR": str(tmp_path),
        "CTVPIPE_STATE_DIR": str(tmp_path / "state"),
        "CTV_DATA_DIR": str(tmp_path / "data"),
        "CTVPIPE_TIMEZONE": "UTC",
    }.items():
        monkeypatch.setenv(name, value)

    def called(*words: str, charset: str = "utf-8") -> Result:
        return CliRunner(charset=charset).invoke(app, ["status", *words])

    return called


def fresh(tmp_path: Path) -> None:
    daily = tmp_path / "data" / "raw" / "daily"
    daily.mkdir(parents=True)
    (daily / f"Commercial Log {now():%y%m%d}.xlsx").touch()


def test_before_anything_has_run(status: Callable[..., Result], tmp_path: Path) -> None:
    done = status()
    assert (done.exit_code, done.stdout.splitlines()[0][:33]) == (0, "HEALTHY \u2013 nothing has run yet; th")
    assert list(tmp_path.iterdir()) == []


def test_a_good_night(status: Callable[..., Result], tmp_path: Path) -> None:
    record(tmp_path / "state", good_nights(now(), days=9))
    fresh(tmp_path)
    done = status()
    lines = done.stdout.splitlines()
    assert (done.exit_code, lines[0]) == (0, "HEALTHY \u2013 last night worked")
    row = next(line for line in lines if line.startswith("commercial-import"))
    assert row.split()[1] == "success"
    assert "30 s" in row
    assert "15,532" in row
    assert row.count("✓") >= 6
    assert "✓ worked" in done.stdout
    assert "\x1b[" not in done.stdout
    assert max(len(line) for line in lines if line.startswith(tuple(job.name for job in JOBS))) <= 90


def test_a_bad_night_says_what_and_what_to_do(status: Callable[..., Result], tmp_path: Path) -> None:
    bad = run("daily-update", now(), "refused", message="the sheet Commercials is missing", advice="Ask for it.")
    record(tmp_path / "state", [*good_nights(now()), bad])
    fresh(tmp_path)
    done = status()
    assert done.exit_code == 2
    assert done.stdout.startswith("CRITICAL \u2013 daily-update: refused just now: the sheet Commercials is missing")
    assert f"→ Ask for it. Details: ctvpipe runs show {bad.run_id[:8]}" in done.stdout


def test_a_warning_exits_with_1(status: Callable[..., Result], tmp_path: Path) -> None:
    record(tmp_path / "state", [*good_nights(now()), run("daily-update", now(), warnings=("3 dates unreadable",))])
    fresh(tmp_path)
    done = status()
    assert done.exit_code == 1
    assert done.stdout.startswith("WARNING \u2013 daily-update: warned just now: 3 dates unreadable")


def test_a_job_that_runs_is_no_trouble(status: Callable[..., Result], tmp_path: Path) -> None:
    record(tmp_path / "state", [*good_nights(now()), run("db-backup", now() - timedelta(minutes=2), RUNNING)])
    fresh(tmp_path)
    done = status()
    assert (done.exit_code, done.stdout.splitlines()[0]) == (
        0,
        "HEALTHY \u2013 last night worked; db-backup is running",
    )


def test_a_job_that_died_is(status: Callable[..., Result], tmp_path: Path) -> None:
    record(tmp_path / "state", [*good_nights(now()), run("db-backup", now(), RUNNING, process=DEAD)])
    done = status()
    assert done.exit_code == 2
    assert "db-backup: its run of just now ended without a word" in done.stdout


def test_a_ledger_that_is_none(status: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE_NAME).write_bytes(b"no database" * 1000)
    done = status()
    assert done.exit_code == 2
    assert done.stdout.startswith(f"CRITICAL \u2013 ledger: the ledger {tmp_path / 'state' / FILE_NAME}")
    assert "Disk " in done.stdout


def test_plain_characters_where_there_are_no_others(status: Callable[..., Result], tmp_path: Path) -> None:
    bad = run("db-backup", now(), "refused", message="disk full")
    record(tmp_path / "state", [*good_nights(now()), bad])
    done = status(charset="ascii")
    text = done.stdout_bytes.decode("ascii")
    assert text.startswith("CRITICAL - ")
    assert "R refused" in text
    assert "-> Details" in text


def test_verbose_tells_more(status: Callable[..., Result], tmp_path: Path) -> None:
    record(tmp_path / "state", good_nights(now()))
    done = status("--verbose")
    assert "(timer) on pi-test, ctvpipe 0.0.1" in done.stdout
    assert "rows 15,532" in done.stdout


def test_json_is_a_document_and_the_exit_code_stays(status: Callable[..., Result], tmp_path: Path) -> None:
    record(tmp_path / "state", [run("db-backup", now(), "failed", message="disk full")])
    done = status("--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["exit_code"], document["state"]) == (2, 2, "critical")
    assert [job["name"] for job in document["jobs"]] == [job.name for job in JOBS]


def test_what_is_switched_off_is_shown_as_off(
    status: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(tmp_path / "etc"))
    system = install(tmp_path, [job.timer for job in JOBS])
    for job in JOBS:
        system.switch(job.timer, on=job.name != "db-backup")
    record(tmp_path / "state", [run("db-backup", now(), RUNNING, process=DEAD)])
    document = json.loads(status("--json").stdout)
    assert {job["name"]: (job["enabled"], job["next_run"] is None) for job in document["jobs"]} == {
        job.name: (job.name != "db-backup", job.name == "db-backup") for job in JOBS
    }
    lines = status().stdout.splitlines()
    row = next(line for line in lines if line.startswith("db-backup "))
    assert (row.split()[1], row.split()[-1]) == ("died", "off")
    listed = CliRunner().invoke(app, ["jobs"]).stdout.splitlines()
    assert [line.split()[0] for line in listed if " off " in line] == ["db-backup"]
    rows = json.loads(CliRunner().invoke(app, ["jobs", "--json"]).stdout)["jobs"]
    assert [row["name"] for row in rows if not row["enabled"] and row["next_run"] is None] == ["db-backup"]


def test_one_that_is_off_and_has_never_run(
    status: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(tmp_path / "etc"))
    install(tmp_path, [job.timer for job in JOBS])
    done = status()
    assert done.stdout.splitlines()[0] == "HEALTHY \u2013 every job is switched off"
    row = next(line for line in done.stdout.splitlines() if line.startswith("db-backup "))
    assert (row.split()[1], row.split()[-1]) == ("never", "off")


def test_a_pipeline_that_is_not_in_use_is_a_note_only(
    status: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(tmp_path / "etc"))
    system = install(tmp_path, [job.timer for job in JOBS])
    for job in of_pipeline("commercial_log"):
        system.switch(job.timer, on=True)
    record(tmp_path / "state", good_nights(now()))
    fresh(tmp_path)
    text = status("--verbose").stdout
    assert text.splitlines()[0] == "HEALTHY \u2013 last night worked"
    for name in ("circuits", "fms", "directory", "bdc"):
        assert f"Note    {name} is not in use; to begin: sudo ctvpipe enable {name}\n" in text
        assert text.count(name) == 2
    document = json.loads(status("--json").stdout)
    in_use = {job["pipeline"]: job["in_use"] for job in document["jobs"]}
    assert in_use == {"commercial_log": True, "circuits": False, "fms": False, "directory": False, "bdc": False}


def test_what_was_skipped_is_called_so_with_the_reason(status: Callable[..., Result], tmp_path: Path) -> None:
    off = run("fms-sync", now(), "skipped", message="the nightly sync is switched off (SYNC_ENABLED)")
    record(tmp_path / "state", [*good_nights(now()), off])
    fresh(tmp_path)
    text = status().stdout
    assert text.splitlines()[0] == "HEALTHY \u2013 last night worked; fms-sync was skipped"
    row = next(line for line in text.splitlines() if line.startswith("fms-sync "))
    assert row.split()[1] == "skipped"
    assert "○ skipped" in text
    assert "Note    fms-sync was skipped: the nightly sync is switched off (SYNC_ENABLED)\n" in text
    assert "not configured" not in text


def test_any_user_who_may_read_the_ledger(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = public_dir / "state"
    record(state, good_nights(now()))
    state.chmod(0o555)
    (state / FILE_NAME).chmod(0o444)
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(public_dir))
    monkeypatch.setenv("CTVPIPE_STATE_DIR", str(state))
    monkeypatch.setenv("CTV_DATA_DIR", str(public_dir / "data"))
    monkeypatch.setenv("CTVPIPE_TIMEZONE", "UTC")

    def look() -> tuple[str, list[str]]:
        done = CliRunner().invoke(app, ["status"])
        return done.stdout, [path.name for path in state.iterdir()]

    text, left = as_another_user(look)
    state.chmod(0o755)
    assert "commercial-import    success" in text
    assert "CRITICAL" not in text
    assert left == [FILE_NAME]


def test_while_another_process_writes_the_ledger(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even for a user who may not write there: SQLite's files beside the ledger are there already."""
    state = public_dir / "state"
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(public_dir))
    monkeypatch.setenv("CTVPIPE_STATE_DIR", str(state))
    monkeypatch.setenv("CTV_DATA_DIR", str(public_dir / "data"))
    monkeypatch.setenv("CTVPIPE_TIMEZONE", "UTC")
    fresh(public_dir)
    record(state, good_nights(now()))
    ledger = Ledger(state)
    ledger.begin(run("db-backup", now(), RUNNING))
    writer = sqlite3.connect(state / FILE_NAME, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    for path in state.iterdir():
        path.chmod(0o444)
    state.chmod(0o555)
    text = as_another_user(lambda: CliRunner().invoke(app, ["status"]).stdout)
    state.chmod(0o755)
    writer.close()
    ledger.close()
    assert "db-backup is running" in text.splitlines()[0]
