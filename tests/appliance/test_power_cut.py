"""The plug is pulled in the middle of the update, and a machine that was off overnight."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.appliance.appliance import DATABASE, Appliance
from tests.integration.smb_server import wait_for

LEDGER = "/var/lib/ctvpipe/ledger.sqlite3"


def hold(appliance: Appliance, database: str) -> None:
    """From now on until the power is cut, nobody else may write to ``database``."""
    program = (
        "import signal, sqlite3, sys; held = sqlite3.connect(sys.argv[1], isolation_level=None);"
        " held.execute('BEGIN IMMEDIATE'); print('held', flush=True); signal.pause()"
    )
    process = appliance.machine.start(f'python3 -c "{program}" {database}', "ctvpipe")
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"


def imports(appliance: Appliance) -> int:
    """How many imports the sales database has seen."""
    program = (
        "import sqlite3, sys; counted = sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM ingestion_runs');"
        " print(*counted.fetchone())"
    )
    return int(appliance.machine.ok(f'python3 -c "{program}" {DATABASE}', "ctvpipe"))


@pytest.mark.parametrize("committed", [False, True], ids=["before its commit", "after its commit"])
def test_a_power_cut_in_the_middle_of_the_update(appliance: Appliance, tmp_path: Path, committed: bool) -> None:
    machine = appliance.machine
    before = appliance.stored(tmp_path)
    appliance.office.raise_a_third_of_the_prices()
    assert appliance.start("commercial-import").code == 0
    seen = imports(appliance)
    if committed:
        run_id = appliance.begin("daily-update")
        hold(appliance, LEDGER)
        wait_for(lambda: imports(appliance) > seen, "the update has committed")
    else:
        hold(appliance, DATABASE)
        run_id = appliance.begin("daily-update")
        log = machine.path("/var/log/ctv-daily-update/update.log")
        wait_for(lambda: "Workbook: " in log.read_text().rpartition(run_id)[2], "the update works")
    machine.cut()
    left = appliance.stored(tmp_path)
    appliance.boot()

    code, said = appliance.status()
    assert code == 2, said
    assert "daily-update" in said.split("\n\n")[1], said
    ((title, text),) = appliance.office.alerts()
    assert title == "daily-update failed"
    assert "the machine stopped while it ran (power cut, crash or reset)" in text
    dead = appliance.last("daily-update")
    assert (dead.run_id, dead.outcome) == (run_id, "failed")

    appliance.start_again_now("daily-update")
    after = appliance.stored(tmp_path)
    assert before != after
    assert left == (after if committed else before)
    run, *rest = appliance.runs("daily-update")
    assert (run.outcome, run.trigger) == ("success", "timer")
    assert rest[0] == dead
    assert [title for title, _ in appliance.office.alerts()[1:]] == ["daily-update works again"]
    code, said = appliance.status()
    assert code == 0, said
    assert appliance.start("daily-update").code == 0
    assert appliance.stored(tmp_path) == after


def test_an_orderly_power_off_in_the_middle_of_the_import(appliance: Appliance) -> None:
    appliance.office.suspend()
    run_id = appliance.begin("commercial-import")
    appliance.machine.power_off()
    appliance.office.open_again()
    appliance.boot()
    (run, *_) = appliance.runs("commercial-import")
    assert (run.run_id, run.outcome) == (run_id, "interrupted")
    assert [title for title, _ in appliance.office.alerts()] == ["commercial-import interrupted"]
    appliance.start_again_now("commercial-import")
    assert appliance.last("commercial-import").outcome == "success"
    assert [title for title, _ in appliance.office.alerts()[1:]] == ["commercial-import works again"]


def test_a_machine_that_was_off_overnight_catches_up_by_itself(appliance: Appliance) -> None:
    machine, jobs = appliance.machine, ("commercial-import", "daily-update")
    before = {job: appliance.runs(job) for job in jobs}
    begun = {job: len(appliance.begun(job)) for job in jobs}
    machine.power_off()
    for job in jobs:
        drop_in = machine.path(f"/etc/systemd/system/ctv-{job}.timer.d")
        drop_in.mkdir(parents=True, exist_ok=True)
        (drop_in / "test.conf").write_text("[Timer]\nRandomizedDelaySec=0\n")
        stamp = machine.path(f"/var/lib/systemd/timers/stamp-ctv-{job}.timer")
        os.utime(stamp, times=(stamp.stat().st_mtime - 2 * 86_400,) * 2)
    appliance.boot()
    for job in jobs:
        appliance.wait_for_a_run(job, begun[job])
        appliance.wait_for_the_end(job)
        run, *rest = appliance.runs(job)
        assert (run.outcome, run.trigger) == ("success", "timer")
        assert rest == before[job]
    update, fetched = appliance.last("daily-update"), appliance.last("commercial-import")
    assert update.warnings == []
    assert fetched.started_at < update.started_at
    machine.ok("rm -r /etc/systemd/system/ctv-*.timer.d")
