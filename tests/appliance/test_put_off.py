"""What is put off on a booted system comes to its turn: by itself, or after what it waits for."""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, datetime, timedelta

from ctvpipe.jobs import find
from tests.appliance.appliance import Appliance

IMPORT = find("commercial-import")
AGAIN = f"ctv-again@{IMPORT.unit}.timer"
TEN_MINUTES = timedelta(minutes=10)


def test_a_run_that_is_put_off_is_started_again(appliance: Appliance) -> None:
    with appliance.machine.path(f"/run/ctvpipe/{IMPORT.name}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run is going on
        assert appliance.start(IMPORT.name).code == 0
        (timer,) = json.loads(appliance.machine.ok(f"systemctl list-timers --output=json {AGAIN}"))
    assert appliance.last(IMPORT.name).outcome == "not_now"
    due = datetime.fromtimestamp(timer["next"] / 1e6, UTC)
    assert timedelta() < due - datetime.now(UTC) <= TEN_MINUTES
    appliance.start_again_now(IMPORT.name)
    run = appliance.last(IMPORT.name)
    assert (run.outcome, run.trigger) == ("success", "timer")
    assert appliance.machine.run(f"systemctl is-active {AGAIN}").out == "inactive\n"
    assert appliance.office.alerts() == []


def test_an_update_waits_for_the_import_that_is_going_on(appliance: Appliance) -> None:
    appliance.office.suspend()
    appliance.begin(IMPORT.name)
    update = appliance.machine.start("systemctl start ctv-daily-update.service")
    appliance.machine.wait_until("systemctl list-jobs | grep 'ctv-daily-update.service .*waiting'", "the update waits")
    appliance.office.open_again()
    assert update.communicate()[0] == ""
    assert update.returncode == 0
    fetched, updated = appliance.last(IMPORT.name), appliance.last("daily-update")
    assert (fetched.outcome, updated.outcome, updated.warnings) == ("success", "success", [])
    assert fetched.finished_at < updated.started_at
