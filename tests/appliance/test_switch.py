"""``ctvpipe disable`` and ``ctvpipe enable`` on a booted system."""

from __future__ import annotations

from datetime import UTC, datetime

from ctvpipe.jobs import JOBS
from tests.appliance.appliance import Appliance
from tests.appliance.test_timers import next_time

TIMERS = " ".join(job.timer for job in JOBS)


def states(appliance: Appliance) -> set[tuple[str, str]]:
    """``(is-enabled, is-active)`` of all timers."""
    enabled, active = (appliance.machine.run(f"systemctl {verb} {TIMERS}").out for verb in ("is-enabled", "is-active"))
    return set(zip(enabled.split(), active.split(), strict=True))


def test_only_root_switches_the_timers(appliance: Appliance) -> None:
    done = appliance.operator("ctvpipe disable commercial_log")
    assert (done.code, done.text) == (1, "ERROR: only root can switch timers: sudo ctvpipe disable commercial_log\n")
    assert states(appliance) == {("enabled", "active")}


def test_what_is_switched_off_stays_off_over_a_reboot_until_it_is_switched_on(appliance: Appliance) -> None:
    before = {job.name: appliance.runs(job.name) for job in JOBS}
    done = appliance.operator("sudo ctvpipe disable commercial_log")
    assert done.code == 0, done.text
    appliance.machine.power_off()
    appliance.boot()
    assert states(appliance) == {("disabled", "inactive")}
    assert appliance.operator("systemctl list-timers | grep ctv").out == ""
    assert appliance.status()[1].startswith("HEALTHY – every job is switched off\n")

    done = appliance.operator("sudo ctvpipe enable commercial_log")
    assert done.code == 0, done.text
    assert states(appliance) == {("enabled", "active")}
    for job in JOBS:
        due = job.schedule.next(datetime.now(UTC), appliance.zone)
        assert due <= next_time(appliance, job) <= due + job.schedule.random_delay
    assert {job.name: appliance.runs(job.name) for job in JOBS} == before


def test_wrong_settings_switch_nothing_on(appliance: Appliance) -> None:
    machine, env = appliance.machine, "/etc/ctv-commercial-import.env"
    machine.ok(f"ctvpipe disable commercial_log; cp --archive {env} /root/; echo COMMERCIAL_KEEP_DAYS=many >>{env}")
    done = appliance.operator("sudo ctvpipe enable commercial_log")
    assert done.code == 2
    assert "COMMERCIAL_KEEP_DAYS" in done.text
    assert states(appliance) == {("disabled", "inactive")}
    machine.ok(f"mv /root/ctv-commercial-import.env {env} && ctvpipe enable commercial_log")
    assert states(appliance) == {("enabled", "active")}
