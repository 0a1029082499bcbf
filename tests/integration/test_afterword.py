"""A run that cannot say itself how it ended is spoken for: real processes, a real ledger, a real receiver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.http_receiver import Receiver
from tests.integration.door_bench import ROOT, SECONDS, Bench, wait_until

JOB, UNIT = "daily-update", "ctv-daily-update"
SECRET = "planted-p@ss/word"


@dataclass
class Start:
    """One start of the job's service: a process with an invocation id of its own, and what systemd does after it."""

    bench: Bench
    process: subprocess.Popen[str]
    invocation: str
    printed: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def ends(self, number: int | None = None) -> Start:
        """Wait for its end, after sending it the signal ``number``; say it as systemd does."""
        if number is not None:
            self.process.send_signal(number)
        self.printed, _ = self.process.communicate(timeout=SECONDS)
        code = self.process.returncode
        if code < 0:
            self.fails("signal", "killed", signal.Signals(-code).name.removeprefix("SIG"))
        else:
            self.fails("exit-code", "exited", str(code))
        return self

    def fails(self, result: str, code: str = "", status: str = "") -> Start:
        """What systemd says of the end."""
        self.variables = {"MONITOR_SERVICE_RESULT": result, "MONITOR_EXIT_CODE": code, "MONITOR_EXIT_STATUS": status}
        return self

    def spoken_for(self) -> str:
        """What ``OnFailure=`` starts; returns what it printed."""
        said = self.variables | {"MONITOR_INVOCATION_ID": self.invocation, "MONITOR_UNIT": f"{UNIT}.service"}
        done = subprocess.run(
            [sys.executable, "-m", "ctvpipe", "alert", "unit", UNIT],
            cwd=ROOT,
            env=self.bench.environ(**said, PATH=f"{self.bench.base}/bin:{os.environ['PATH']}", INVOCATION_ID="f" * 32),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr


class Station(Bench):
    """A bench whose job is the daily update, as a service with a journal."""

    def __init__(self, base: Path, receiver: Receiver) -> None:
        super().__init__(base)
        self.receiver = receiver
        self.configure(APPRISE_URLS=f"json://{receiver.address}/alerts", HEARTBEAT_URL=f"{receiver.url}/ping/{{job}}")
        (self.etc / "ctv-daily-update.env").write_text(
            f"DATABASE_URL=postgresql://u:{SECRET.replace('@', '%40').replace('/', '%2F')}@db.example/sales\n"
        )
        command = base / "bin" / "journalctl"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\ncat "{base}/journal.${{1#_SYSTEMD_INVOCATION_ID=}}"\n')
        command.chmod(0o755)

    def service(self, *words: str, **variables: str) -> Start:  # type: ignore[override]
        """Start the job as systemd would."""
        invocation = uuid.uuid4().hex
        environ = {"INVOCATION_ID": invocation, "SAMPLE_JOB": JOB, **variables}
        return Start(self, self.start(*words, environ=environ), invocation)

    def working(self, place: str = ".", **variables: str) -> Start:
        """Start the job, and wait until its body works; it goes on when ``place`` has a file ``go``."""
        directory = self.base / place
        directory.mkdir(exist_ok=True)
        (directory / "begun").unlink(missing_ok=True)
        started = self.service("gate", str(directory), **variables)
        wait_until((directory / "begun").exists)
        return started

    def journal(self, start: Start, text: str) -> None:
        """What the journal has of a start."""
        (self.base / f"journal.{start.invocation}").write_text(text)

    def told(self) -> list[str]:
        """The titles of the alerts, without the host."""
        return [request.json["title"].partition("] ")[2] for request in self.receiver.on("/alerts")]

    def beats(self) -> list[str]:
        """The heartbeats that ended a run."""
        paths = [request.path.removeprefix(f"/ping/{JOB}") for request in self.receiver.on("/ping")]
        return [path for path in paths if path != "/start"]

    def update_log(self) -> str:
        return (self.logs / "ctv-daily-update" / "wrapper.log").read_text()


@pytest.fixture
def station(tmp_path: Path, receiver: Receiver) -> Station:
    return Station(tmp_path, receiver)


def test_a_killed_run_is_closed_and_told_once_with_its_last_lines(station: Station) -> None:
    killed = station.working()
    station.journal(killed, f"first\nconnecting with {SECRET}\nlast words\n")
    killed.ends(signal.SIGKILL)
    assert station.last().outcome == "running"
    for _ in range(2):
        killed.spoken_for()
    (record,) = station.runs()
    assert (record.outcome, record.exit_code, record.invocation, record.told) == (
        "failed",
        137,
        killed.invocation,
        True,
    )
    assert record.message == "killed by signal 9 (SIGKILL)"
    assert station.told() == ["daily-update failed"]
    (alert,) = station.receiver.on("/alerts")
    lines = alert.json["message"].splitlines()
    assert lines[0] == "killed by signal 9 (SIGKILL)"
    assert lines[2:] == [
        "Its last lines:",
        "first",
        "connecting with ***",
        "last words",
        f"More: ctvpipe runs show {record.run_id[:8]}",
    ]
    assert station.beats() == ["/137"]
    assert station.update_log().count("ERROR: daily-update failed: killed by signal 9 (SIGKILL). If nobody") == 1
    assert [(kind, delivered) for kind, delivered, _ in station.alerts()] == [("alert", 1)]


def test_without_a_journal_it_is_told_all_the_same(station: Station) -> None:
    said = station.working().ends(signal.SIGKILL).spoken_for()
    assert "WARNING - cannot read the journal" in said
    assert "last lines" not in station.receiver.on("/alerts")[0].json["message"]


@pytest.mark.parametrize("body", ["fail", "refuse", "partial", "boom", "misconfigured"])
def test_a_run_that_spoke_for_itself_is_left_alone(station: Station, body: str) -> None:
    start = station.service(body).ends()
    before = station.runs(), station.told(), station.beats(), station.update_log()
    assert len(station.told()) == 1
    start.spoken_for()
    assert (station.runs(), station.told(), station.beats(), station.update_log()) == before


def test_a_run_that_ran_into_its_time_limit_says_so_itself_and_once(station: Station) -> None:
    start = station.working(SAMPLE_SECONDS="30").ends(signal.SIGTERM)
    assert start.process.returncode == 130
    assert station.last().outcome == "interrupted"
    assert station.last().message.startswith("stopped by SIGTERM after the ")
    assert station.last().message.endswith(" it may take (TimeoutStartSec)")
    start.fails("timeout", "exited", "130").spoken_for()
    assert station.told() == ["daily-update interrupted"]
    start = station.working().ends(signal.SIGTERM)
    assert station.last().message == "stopped by SIGTERM"
    start.spoken_for()
    assert station.told() == ["daily-update interrupted"]


def test_a_run_that_came_not_as_far_as_the_ledger_is_recorded(station: Station) -> None:
    env = station.etc / "ctvpipe.env"
    good = env.read_text()
    env.write_text(f"{good}CTVPIPE_TIMEZONE=Mars\nCTVPIPE_ALERT_SECONDS=soon\n")
    start = station.service("ok").ends()
    station.journal(start, start.printed)
    said = start.spoken_for()
    assert "not in force: CTVPIPE_TIMEZONE: not a time zone" in said
    (record,) = station.runs()
    assert (record.outcome, record.exit_code, record.job) == ("failed", 2, JOB)
    assert record.message == "ended with exit code 2 before it could say anything"
    assert station.told() == ["daily-update failed"]
    assert "ERROR: daily-update: CTVPIPE_TIMEZONE: not a" in station.receiver.on("/alerts")[0].json["message"]
    env.write_text(good)
    missing = subprocess.Popen(["sh", "-c", "exec /no/such/interpreter"], stderr=subprocess.PIPE, text=True)
    Start(station, missing, uuid.uuid4().hex).ends().spoken_for()
    assert station.last().message == "could not be started: a command it needs is missing (exit code 127)"
    assert station.told() == ["daily-update failed"]
    assert station.beats() == ["/2", "/127"]
    station.service("ok").ends()
    assert station.told() == ["daily-update failed", "daily-update works again"]


def test_a_run_killed_while_it_told_its_ending_is_told(station: Station) -> None:
    station.receiver.behaviours = {"/alerts": "hang"}
    start = station.service("refuse")
    station.receiver.wait_for("/alerts")
    start.ends(signal.SIGKILL)
    assert (station.last().outcome, station.last().told) == ("refused", False)
    station.receiver.behaviours = {}
    start.spoken_for()
    assert station.told() == ["daily-update refused"] * 2
    assert [(kind, delivered) for kind, delivered, _ in station.alerts()] == [("alert", 1)]
    assert (station.last().outcome, station.last().told) == ("refused", True)


def test_a_newer_run_is_not_disturbed(station: Station) -> None:
    old = station.working().ends(signal.SIGKILL)
    newer = station.working("newer")
    old.spoken_for()
    (running, closed) = station.runs()
    assert (running.outcome, closed.outcome) == ("running", "failed")
    assert closed.message == "killed by signal 9 (SIGKILL)"
    (station.base / "newer" / "go").touch()
    newer.ends()
    assert newer.process.returncode == 0
    assert station.told() == ["daily-update failed", "daily-update works again"]


def test_what_a_newer_run_has_made_good_is_no_alarm_any_more(station: Station) -> None:
    old = station.working().ends(signal.SIGKILL)
    station.service("ok").ends()
    old.spoken_for()
    (good, closed) = station.runs()
    assert (good.outcome, closed.message) == ("success", "killed by signal 9 (SIGKILL)")
    assert station.told() == []
    assert station.beats() == [""]


def test_a_process_that_still_runs_is_left_alone(station: Station) -> None:
    start = station.working()
    said = start.fails("timeout", "killed", "KILL").spoken_for()
    assert "still runs" in said
    assert station.last().outcome == "running"
    assert station.told() == []
    start.ends(signal.SIGKILL)


def test_without_a_ledger_it_is_told_where_the_job_could_not(station: Station) -> None:
    station.state.write_text("a file where the directory should be")
    start = station.service("ok").ends()
    assert start.process.returncode == 1
    assert station.told() == ["daily-update failed"]
    start.spoken_for()
    assert station.told() == ["daily-update failed"]
    start.fails("oom-kill", "killed", "KILL").spoken_for()
    assert station.told() == ["daily-update failed"] * 2
    assert "out of memory" in station.receiver.on("/alerts")[-1].json["message"]


def booted(station: Station, **variables: str) -> str:
    """What ctv-boot.service does when the machine starts; returns what it printed."""
    words = [sys.executable, "-m", "ctvpipe", "alert", "boot"]
    environ = station.environ(**variables, PATH=f"{station.base}/bin:{os.environ['PATH']}", INVOCATION_ID="e" * 32)
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def asked_for(station: Station) -> list[str]:
    """The services that are to be started again."""
    return sorted(path.stem for path in station.run_dir.glob("*.again"))


def test_a_power_cut_is_told_once_and_what_it_cut_short_starts_again(station: Station) -> None:
    cut = station.working()
    station.journal(cut, "half way\n")
    cut.ends(signal.SIGKILL)  # and nobody is left to speak for it
    for _ in range(2):
        booted(station)
    (record,) = station.runs()
    assert (record.outcome, record.exit_code, record.told, record.finished_at) == ("failed", 1, True, record.started_at)
    assert record.message == "the machine stopped while it ran (power cut, crash or reset)"
    assert record.advice == "What it had committed is whole; it starts again by itself in ten minutes."
    assert station.told() == ["daily-update failed"]
    assert "half way" in station.receiver.on("/alerts")[0].json["message"]
    assert station.beats() == ["/1"]
    assert asked_for(station) == [UNIT]
    station.service("ok").ends()
    assert asked_for(station) == []
    assert station.told() == ["daily-update failed", "daily-update works again"]
    booted(station)
    assert asked_for(station) == []


@pytest.mark.parametrize("how", ["stopped", "put off", "put off, and then by hand", "put off, and then a part"])
def test_what_was_stopped_or_put_off_before_a_boot_starts_again(station: Station, how: str) -> None:
    if how == "stopped":
        station.working().ends(signal.SIGTERM)
    else:
        no_clock = {"CTVPIPE_CLOCK": "check", "CTVPIPE_HOST_DIR": str(station.base / "no clock")}
        station.service("ok", **no_clock).ends()
        if how == "put off, and then a part":
            station.service("ok", SAMPLE_ONLY="one table").ends()
        elif how != "put off":
            station.service("ok", **no_clock, INVOCATION_ID="").ends()
        (station.run_dir / f"{UNIT}.again").unlink()  # on a disk that is gone with the power
    before = station.runs(), station.told(), station.beats()
    assert before[0][-1].outcome == ("interrupted" if how == "stopped" else "not_now")
    said = booted(station)
    assert "daily-update was not finished when the machine stopped: it starts again in ten minutes" in said
    assert asked_for(station) == [UNIT]
    assert (station.runs(), station.told(), station.beats()) == before


def test_a_boot_starts_nothing_that_a_person_began_or_whose_timer_is_off(station: Station) -> None:
    timer = station.base / "host" / "usr/lib/systemd/system" / f"{UNIT}.timer"
    timer.parent.mkdir(parents=True)
    timer.touch()
    station.working().ends(signal.SIGKILL)
    booted(station, CTVPIPE_HOST_DIR=str(station.base / "host"))
    assert station.last().advice == f"What it had committed is whole; sudo systemctl start {UNIT}."
    station.working(INVOCATION_ID="").ends(signal.SIGKILL)
    booted(station)
    station.working(SAMPLE_ONLY="one table").ends(signal.SIGKILL)
    booted(station)
    assert [run.trigger for run in station.runs()] == ["service", "manual", "service"]
    assert [run.outcome for run in station.runs()] == ["failed"] * 3
    assert station.told() == ["daily-update failed"]
    assert asked_for(station) == []


def test_a_boot_leaves_alone_what_runs_and_what_never_ran(station: Station) -> None:
    assert booted(station) == ""
    assert not station.state.exists()
    start = station.working()
    assert booted(station) == ""
    assert (station.last().outcome, asked_for(station)) == ("running", [])
    start.ends(signal.SIGKILL)


def alert_unit(bench: Bench, name: str, **variables: str) -> Any:
    words = [sys.executable, "-m", "ctvpipe", "alert", "unit", name]
    return subprocess.run(
        words, cwd=ROOT, env=bench.environ(**variables), capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_it_is_for_systemd_only(station: Station) -> None:
    by_hand = alert_unit(station, UNIT)
    assert (by_hand.returncode, "This is for systemd" in by_hand.stderr) == (2, True)
    unknown = alert_unit(station, "ssh", MONITOR_INVOCATION_ID="1", MONITOR_SERVICE_RESULT="signal")
    assert (unknown.returncode, "no job with a service called 'ssh'" in unknown.stderr) == (2, True)
    assert station.runs() == []
