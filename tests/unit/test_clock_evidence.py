"""What is found out about the machine's clock: planted files, a time service that answers, and none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctvpipe.core import clock, clock_evidence, process
from ctvpipe.core.errors import Outcome
from ctvpipe.core.ledger import Ledger
from tests.unit.test_ledger import ended, record


class Machine:
    """A machine below a directory, whose ``timedatectl`` says what it is told to say."""

    def __init__(self, base: Path) -> None:
        self.root, self.run_dir, self.state = base / "host", base / "run", base / "state"
        self.command = base / "bin" / "timedatectl"
        self.command.parent.mkdir()

    def plant(self, path: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).touch()

    def time_service(self, script: str) -> None:
        self.command.write_text(f"#!/bin/sh\n{script}\n")
        self.command.chmod(0o755)

    def look(self) -> clock_evidence.Evidence:
        return clock_evidence.collect(self.run_dir, self.state, {"CTVPIPE_HOST_DIR": str(self.root)})


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("PATH", str(made.command.parent))
    return made


def test_nothing_known(machine: Machine) -> None:
    found = machine.look()
    assert not any((found.synchronised, found.set_once, found.chip, found.last_run))


@pytest.mark.parametrize("path", ["sys/class/rtc/rtc0", "dev/rtc0"])
def test_a_clock_chip(machine: Machine, path: str) -> None:
    machine.plant(path)
    assert machine.look().chip


def test_the_time_service_of_systemd(machine: Machine) -> None:
    machine.plant("run/systemd/timesync/synchronized")
    assert machine.look().set_once


ANSWERS = {
    'echo "$@" >"$0.asked"; echo yes': True,
    "echo no": False,
    "echo yes; exit 1": False,
    "echo 'Failed to connect to bus' >&2; exit 1": False,
    "exec /bin/sleep 60": False,
}


@pytest.mark.parametrize("script", ANSWERS)
def test_another_time_service(machine: Machine, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "sleep" in script:
        monkeypatch.setattr(clock_evidence, "_SECONDS", 0.1)
    machine.time_service(script)
    assert machine.look().synchronised == ANSWERS[script]
    if ANSWERS[script]:
        asked = machine.command.with_name("timedatectl.asked").read_text()
        assert asked == "show --property=NTPSynchronized --value\n"


def test_it_is_remembered_until_the_machine_restarts(machine: Machine) -> None:
    clock_evidence.remember(machine.run_dir)
    assert machine.look().set_once
    (marker,) = machine.run_dir.iterdir()
    assert marker.read_text() == process.boot_id()
    marker.write_text("another boot")
    assert not machine.look().set_once
    clock_evidence.remember(machine.run_dir)
    assert machine.look().set_once


def test_a_run_directory_that_cannot_be_used_is_left_to_the_lock(machine: Machine) -> None:
    machine.run_dir.write_text("a file")
    clock_evidence.remember(machine.run_dir)
    assert not machine.look().set_once


def test_the_latest_run_that_really_began(machine: Machine) -> None:
    ledger = Ledger(machine.state)
    latest = ended(record(5))
    ledger.record(replace(ended(record(9000)), outcome=Outcome.NOT_NOW))
    ledger.record(latest)
    ledger.record(ended(record(1)))
    ledger.begin(record(2))
    ledger.close()
    assert machine.look().last_run == latest.finished_at
    (machine.state / "ledger.sqlite3").write_bytes(b"no database" * 500)
    assert machine.look().last_run is None


def test_the_time_service_is_asked_of_a_clock_in_doubt_only(machine: Machine) -> None:
    machine.time_service('echo asked >>"$0.log"; echo yes')
    asked = machine.command.with_name("timedatectl.log")
    machine.plant("run/systemd/timesync/synchronized")
    assert not machine.look().synchronised
    assert not asked.exists()
    ledger = Ledger(machine.state)
    ledger.record(replace(ended(record(5)), finished_at=clock.now() + timedelta(hours=2)))
    ledger.close()
    assert machine.look().synchronised
    assert asked.read_text() == "asked\n"
