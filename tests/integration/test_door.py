"""The door as processes: outcomes, lock, signals, logs, dry run."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ctvpipe.core.ledger import FILE_NAME, is_alive
from tests.fakes.http_receiver import Receiver
from tests.integration.door_bench import Bench, wait_until

# Root that has to respect permissions; another user could perhaps not run this very Python.
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
WRAPPER = 'exec 9>>"$0"; flock -n 9 || exit 75; exec "$@"'


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


ENDINGS = {
    "ok": (0, "success", "5 rows"),
    "skip": (0, "skipped", "nothing is configured"),
    "fail": (1, "failed", "the share did not answer"),
    "full": (1, "failed", r"unexpected OSError \(No space left on device\) in door_job\.py, line \d+"),
    "memory": (1, "failed", "out of memory"),
    "boom": (1, "failed", r"unexpected ValueError in door_job\.py, line \d+"),
    "misconfigured": (2, "failed", "SAMPLE_NUMBER: must be even"),
    "refuse": (3, "refused", "the sheet is not what it was"),
    "partial": (4, "partial", "1 of its units failed: site 3 did not answer"),
    "later": (75, "not_now", "the clock cannot be trusted yet"),
    "leave": (1, "failed", r"unexpected SystemExit in door_job\.py, line \d+"),
    "uncountable": (0, "success", r"file \\udce9"),
}


@pytest.mark.parametrize("body", ENDINGS)
def test_every_ending_is_recorded_logged_and_given_back(bench: Bench, body: str) -> None:
    code, outcome, message = ENDINGS[body]
    assert bench.run(body)[0] == code
    record = bench.last()
    assert (record.outcome, record.exit_code, record.trigger) == (outcome, code, "manual")
    assert re.fullmatch(message, record.message)
    assert record.seconds is not None
    (line,) = bench.log("wrapper.log").splitlines()
    label = {"success": "SUCCESS: sample: ", "skipped": "SKIPPED: ", "not_now": "NOT_NOW: "}
    assert re.search(label.get(outcome, f"ERROR: sample {outcome}: ") + ".*Duration: \\d+\\.\\d s$", line)
    assert line in bench.log().splitlines()
    assert len(bench.runs()) == 1


def test_what_a_run_counts_and_warns_is_kept(bench: Bench) -> None:
    _, printed = bench.run("ok")
    assert bench.last().counters == {"rows": 5}
    assert bench.last().warnings == ("one thing to know",)
    assert printed == bench.log()


def test_the_text_of_an_unforeseen_error_stays_in_the_log_file(bench: Bench) -> None:
    _, printed = bench.run("boom")
    assert "Traceback" in bench.log()
    assert "ValueError: Jane Example" in bench.log()
    for other in (printed, bench.log("wrapper.log"), repr(bench.runs())):
        assert "Jane" not in other
        assert "Traceback" not in other


def test_triggers(bench: Bench) -> None:
    bench.service("ok")
    bench.run("ok", environ={"INVOCATION_ID": "1", "TRIGGER_UNIT": "ctv-sample.timer"})
    assert [record.trigger for record in bench.runs()] == ["timer", "service"]


def test_settings_that_are_wrong_are_one_line_and_nothing_else(bench: Bench) -> None:
    bench.configure(CTVPIPE_ALERT_SECONDS="soon", CTVPIPE_TIMEZONE="Mars")
    before = bench.tree()
    code, printed = bench.run("ok")
    assert code == 2
    assert re.fullmatch(r"ERROR: sample: .*CTVPIPE_TIMEZONE.*CTVPIPE_ALERT_SECONDS.*config check'\.\n", printed)
    assert bench.tree() == before
    bench.configure()
    (bench.etc / "ctv-sample.env").write_text("SAMPLE_NUMBER=none\n")
    assert bench.run("ok")[0] == 2
    assert bench.last().message.startswith("SAMPLE_NUMBER: ")


def test_an_env_file_that_a_person_may_not_read_is_said(bench: Bench) -> None:
    (bench.etc / "ctv-sample.env").write_text("SAMPLE_NUMBER=2\n")
    (bench.etc / "ctv-sample.env").chmod(0o000)
    code, printed = bench.run("ok", prefix=UNPRIVILEGED if os.geteuid() == 0 else ())
    assert code == 0
    assert f"cannot read {bench.etc}/ctv-sample.env (Permission denied)" in printed
    assert len(bench.last().warnings) == 2


def test_twenty_at_once_are_one_run(bench: Bench, receiver: Receiver) -> None:
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts")
    others = [bench.start("gate", str(bench.base), environ={"INVOCATION_ID": "1"}) for _ in range(20)]
    wait_until(lambda: sum(process.poll() is not None for process in others) == 19)
    assert (bench.base / "begun").exists()
    (bench.base / "go").touch()
    printed = [process.communicate(timeout=40)[0] for process in others]
    assert sorted(process.returncode for process in others) == [0, *[75] * 19]
    assert sum("NOT_NOW: sample: another run of sample is going on" in text for text in printed) == 19
    assert sorted(record.outcome for record in bench.runs()) == [*["not_now"] * 19, "success"]
    assert bench.alerts() == []
    assert receiver.requests == []


def test_the_lock_of_the_wrapper_is_taken_over(bench: Bench) -> None:
    bench.run_dir.mkdir()
    wrapper = ("bash", "-c", WRAPPER, str(bench.run_dir / "sample.lock"))
    first = bench.start("gate", str(bench.base), prefix=wrapper, environ={"CTVPIPE_LOCK_FD": "9"})
    wait_until((bench.base / "begun").exists)
    assert bench.run("ok")[0] == 75
    assert bench.run("ok", prefix=wrapper, environ={"CTVPIPE_LOCK_FD": "9"}) == (75, "")
    (bench.base / "go").touch()
    first.communicate(timeout=40)
    assert first.returncode == 0
    assert bench.run("ok")[0] == 0


def test_a_descriptor_that_is_not_the_lock_is_not_taken_over(bench: Bench) -> None:
    bench.run_dir.mkdir()
    wrapper = ("bash", "-c", f'exec 8>"$0.other"; {WRAPPER}', str(bench.run_dir / "sample.lock"))
    assert bench.run("ok", prefix=wrapper, environ={"CTVPIPE_LOCK_FD": "8"})[0] == 75
    assert bench.last().outcome == "not_now"


def test_a_killed_run_leaves_neither_lock_nor_a_running_row(bench: Bench) -> None:
    process = bench.start("child", str(bench.base))
    wait_until((bench.base / "begun").exists)
    child = int((bench.base / "child").read_text())
    try:
        assert is_alive(bench.last().process)
        process.kill()
        process.wait(timeout=40)
        assert bench.last().outcome == "running"
        assert not is_alive(bench.last().process)
        os.kill(child, 0)
        assert bench.run("ok")[0] == 0
        new, old = bench.runs()
        assert (new.outcome, old.outcome, old.exit_code, old.finished_at) == ("success", "failed", 1, new.started_at)
        assert "ended without a word" in old.message
        assert "ended without a word" in bench.log()
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate(timeout=40)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_stop_signal_is_recorded(bench: Bench, name: str) -> None:
    process = bench.start("gate", str(bench.base))
    wait_until((bench.base / "begun").exists)
    process.send_signal(signal.Signals[name])
    printed, _ = process.communicate(timeout=40)
    assert process.returncode == 130
    assert (bench.last().outcome, bench.last().exit_code) == ("interrupted", 130)
    assert bench.last().message == f"stopped by {name}"
    assert "Traceback" not in printed + bench.log()


def test_a_second_signal_does_not_tear_the_cleaning_up(bench: Bench) -> None:
    process = bench.start("slow_cleanup", str(bench.base))
    wait_until((bench.base / "begun").exists)
    process.send_signal(signal.SIGTERM)
    wait_until((bench.base / "cleaning").exists)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=40)
    assert (process.returncode, bench.last().outcome) == (130, "interrupted")
    assert (bench.base / "clean").exists()


def test_signals_while_ending_do_not_lose_the_record(bench: Bench, receiver: Receiver) -> None:
    receiver.behaviours = {"/": "hang"}
    bench.configure(APPRISE_URLS=f"json://{receiver.address}/alerts", CTVPIPE_ALERT_SECONDS=3)
    process = bench.start("gate", str(bench.base), environ={"INVOCATION_ID": "1"})
    wait_until((bench.base / "begun").exists)
    process.send_signal(signal.SIGTERM)
    receiver.wait_for("/alerts")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    process.communicate(timeout=40)
    assert (process.returncode, bench.last().outcome) == (130, "interrupted")
    assert [kind for kind, _, _ in bench.alerts()] == ["alert"]


def test_a_signal_after_the_work_does_not_change_the_outcome(bench: Bench, receiver: Receiver) -> None:
    receiver.behaviours = {"/ping": "hang", "/ping/abc123/start": 200}
    bench.configure(HEARTBEAT_URL=f"{receiver.url}/ping/abc123", CTVPIPE_ALERT_SECONDS=4)
    process = bench.start("ok")
    wait_until(lambda: "/ping/abc123" in [request.path for request in receiver.requests])
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=40)
    assert (process.returncode, bench.last().outcome) == (0, "success")


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has a file open at the moment."""
    try:
        return any(file.samefile(path) for file in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return False  # a descriptor that was closed while we looked


def test_a_signal_before_the_body_is_recorded_and_the_body_does_not_begin(bench: Bench) -> None:
    bench.run("ok")
    with closing(sqlite3.connect(bench.state / FILE_NAME, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        process = bench.start("gate", str(bench.base))
        wait_until(lambda: has_open(process.pid, bench.state / FILE_NAME))
        process.send_signal(signal.SIGTERM)
        db.execute("ROLLBACK")
    process.communicate(timeout=40)
    assert (process.returncode, bench.last().outcome) == (130, "interrupted")
    assert not (bench.base / "begun").exists()


def test_nohup_is_respected(bench: Bench) -> None:
    process = bench.start("gate", str(bench.base), prefix=("nohup",))
    wait_until((bench.base / "begun").exists)
    process.send_signal(signal.SIGHUP)
    (bench.base / "go").touch()
    process.communicate(timeout=40)
    assert (process.returncode, bench.last().outcome) == (0, "success")


def test_a_log_that_cannot_be_written_does_not_stop_the_job(bench: Bench) -> None:
    bench.logs.write_text("a file where the directory should be")
    code, printed = bench.run("ok")
    assert (code, bench.last().outcome) == (0, "success")
    assert printed.count("WARNING: cannot write the log") == 2
    assert "SUCCESS: sample: 5 rows" in printed


def test_log_times_are_in_the_configured_zone(bench: Bench) -> None:
    bench.configure(CTVPIPE_TIMEZONE="Asia/Kolkata")
    bench.run("ok")
    text = bench.log().partition(" - ")[0]
    logged = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo("Asia/Kolkata"))
    assert abs(logged - bench.last().started_at) < timedelta(minutes=1)


@pytest.mark.parametrize(("body", "expected"), [("ok", 0), ("refuse", 3)])
def test_a_dry_run_touches_nothing(bench: Bench, receiver: Receiver, body: str, expected: int) -> None:
    bench.configure(HEARTBEAT_URL=f"{receiver.url}/ping/abc123", APPRISE_URLS=f"json://{receiver.address}/alerts")
    before = bench.tree()
    code, printed = bench.run(body, "--dry-run", environ={"INVOCATION_ID": "1"})
    assert code == expected
    assert "dry run, nothing was written" in printed
    assert bench.tree() == before
    assert receiver.requests == []


def test_a_dry_run_does_not_mind_the_lock(bench: Bench) -> None:
    process = bench.start("gate", str(bench.base))
    wait_until((bench.base / "begun").exists)
    assert bench.run("ok", "--dry-run")[0] == 0
    (bench.base / "go").touch()
    process.communicate(timeout=40)
    assert [record.outcome for record in bench.runs()] == ["success"]
