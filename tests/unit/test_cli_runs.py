"""``ctvpipe runs`` and ``ctvpipe jobs``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ctvpipe.cli.app import app
from ctvpipe.core.ledger import RUNNING, Ledger
from ctvpipe.core.run import run_of
from ctvpipe.jobs import JOBS, find
from tests.fakes.nights import DEAD, record, run

NIGHT = datetime(2026, 11, 22, 9, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(tmp_path / "etc"))
    monkeypatch.setenv("CTVPIPE_TIMEZONE", "America/Los_Angeles")
    monkeypatch.setenv("CTVPIPE_CLOCK", "trust")
    for name in ("STATE", "LOG", "RUN"):
        monkeypatch.setenv(f"CTVPIPE_{name}_DIR", str(tmp_path / name.lower()))


def call(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_an_empty_ledger_is_said() -> None:
    done = call("runs", "list")
    assert (done.exit_code, done.stdout) == (0, "No run is recorded yet.\n")


def test_the_latest_runs_come_first_in_the_stations_time(tmp_path: Path) -> None:
    runs = [
        run("commercial-import", NIGHT, counters={"rows": 15_532}),
        run("daily-update", NIGHT + timedelta(minutes=30), "refused", message="no sheet"),
        run("db-backup", NIGHT + timedelta(hours=1), RUNNING, process=DEAD),
    ]
    record(tmp_path / "state", runs)
    head, backup, update, first = call("runs", "list").stdout.splitlines()
    assert head.split() == ["RUN", "JOB", "STARTED", "TOOK", "OUTCOME", "EXIT", "ROWS", "BY", "MESSAGE"]
    assert backup.split()[4] == "died"
    assert update.split()[4:] == ["30", "s", "refused", "3", "timer", "no", "sheet"]
    started = [runs[0].run_id[:8], "commercial-import", "2026-11-22", "01:03:00"]
    assert first.split() == [*started, "30", "s", "success", "0", "15,532", "timer"]


def test_runs_of_one_job_and_no_more_than_wanted(tmp_path: Path) -> None:
    record(tmp_path / "state", [run(name, NIGHT) for name in ["db-backup", "daily-update"] * 3])
    document = json.loads(call("runs", "list", "--job", "db-backup", "--limit", "2", "--json").stdout)
    assert [entry["job"] for entry in document["runs"]] == ["db-backup"] * 2
    assert document["runs"][0]["started_at"] == "2026-11-22T09:03:00.000+00:00"


def test_an_unknown_job_is_a_usage_error() -> None:
    done = call("runs", "list", "--job", "nightly")
    assert "there is no job called 'nightly'" in str(done.exception)


def test_everything_about_a_run(tmp_path: Path) -> None:
    """Made by the door itself: the run, its log and its alert."""

    def fail() -> None:
        with run_of(find("db-backup")) as door:
            door.count("rows", 12_345)
            door.warn("a table is empty")
            raise ValueError("the page is gone")

    with pytest.raises(SystemExit):
        fail()
    ledger = Ledger(tmp_path / "state")
    run_id = ledger.reader.runs()[0].run_id
    ledger.close()
    done = call("runs", "show", run_id[:6])
    lines = done.stdout.splitlines()
    assert (done.exit_code, lines[0]) == (0, f"Run        {run_id}")
    assert "Outcome    failed (exit code 1)" in lines
    assert "Advice     The log has the traceback." in lines
    assert "Counter    rows: 12,345" in lines
    assert "Warning    a table is empty" in lines
    assert any(line.startswith("Alert      alert of ") and "no alert target" in line for line in lines)
    assert f"Log        {tmp_path / 'log' / 'ctv-daily-update' / 'backup.log'}" in lines
    assert "  ValueError: the page is gone" in lines
    assert any("ERROR: db-backup failed" in line for line in lines)
    document = json.loads(call("runs", "show", run_id, "--json", "--lines", "1").stdout)
    assert (document["outcome"], len(document["log"]), document["alerts"][0]["kind"]) == ("failed", 1, "alert")


def test_a_log_that_is_gone_is_said(tmp_path: Path) -> None:
    record(tmp_path / "state", [first := run("db-backup", NIGHT), later := run("db-backup", NIGHT, "not_now")])
    assert "Log        cannot read" in call("runs", "show", first.run_id).stdout
    assert "Log        none: the run did not begin" in call("runs", "show", later.run_id).stdout


@pytest.mark.parametrize(("prefix", "message"), [("zz", "there is no run whose id begins"), ("", "2 runs have an id")])
def test_an_id_must_fit_exactly_one_run(tmp_path: Path, prefix: str, message: str) -> None:
    record(tmp_path / "state", [run("db-backup", NIGHT), run("db-backup", NIGHT)])
    assert message in str(call("runs", "show", prefix).exception)


def test_the_table_of_jobs() -> None:
    done = call("jobs")
    rows = [line.split("  ") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows[1:]] == [job.name for job in JOBS]
    assert "daily 01:00 +5 min" in done.stdout
    assert "Sun 02:30" in done.stdout
    document = json.loads(call("jobs", "--json").stdout)
    first = document["jobs"][0]
    assert (first["name"], first["command"], first["unit"]) == (
        "commercial-import",
        "ctvpipe commercial import",
        "ctv-commercial-import",
    )
    assert datetime.fromisoformat(first["next_run"]) > datetime.now(UTC)
