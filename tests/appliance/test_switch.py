"""``ctvpipe disable`` and ``ctvpipe enable`` on a booted system."""

from __future__ import annotations

from datetime import UTC, datetime

from ctvpipe.core.job import Job
from ctvpipe.jobs import of_pipeline
from tests.appliance.appliance import Appliance
from tests.appliance.test_timers import next_time

JOBS, CIRCUITS = of_pipeline("commercial_log"), of_pipeline("circuits")


def states(appliance: Appliance, jobs: tuple[Job, ...] = JOBS) -> set[tuple[str, str]]:
    """``(is-enabled, is-active)`` of the timers of ``jobs``."""
    timers = " ".join(job.timer for job in jobs)
    enabled, active = (appliance.machine.run(f"systemctl {verb} {timers}").out for verb in ("is-enabled", "is-active"))
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


def test_a_pipeline_that_is_off_at_install_is_switched_on_when_its_settings_are_right(appliance: Appliance) -> None:
    machine, env = appliance.machine, "/etc/ctv-circuits.env"
    before = appliance.status()
    assert "Note    circuits is not in use; to begin: sudo ctvpipe enable circuits\n" in before[1]
    assert states(appliance, CIRCUITS) == {("disabled", "inactive")}
    machine.ok(f"cp --archive {env} /root/; echo TRACKING_DATA_DIR=/srv/nowhere >>{env}")
    done = appliance.operator("sudo ctvpipe enable circuits")
    assert done.code == 1
    assert "FAILED   tracking files: the directory /srv/nowhere does not exist" in done.text
    assert states(appliance, CIRCUITS) == {("disabled", "inactive")}

    machine.ok("install -d -o ctvpipe /srv/nowhere")
    done = appliance.operator("sudo ctvpipe enable circuits")
    assert done.code == 0, done.text
    assert states(appliance, CIRCUITS) == states(appliance) == {("enabled", "active")}
    for job in CIRCUITS:
        due = job.schedule.next(datetime.now(UTC), appliance.zone)
        assert next_time(appliance, job) == due
        assert f"{due.astimezone(appliance.zone):%a %H:%M}" in appliance.status()[1]
        assert appliance.runs(job.name) == [], "no job is started"
    assert appliance.operator("sudo -u ctvpipe ctvpipe config check").code == 0

    assert appliance.operator("sudo ctvpipe disable circuits").code == 0
    machine.ok(f"mv /root/ctv-circuits.env {env}; rmdir /srv/nowhere")
    assert states(appliance, CIRCUITS) == {("disabled", "inactive")}
    assert states(appliance) == {("enabled", "active")}
    code, said = appliance.status()
    assert (code, said.partition("\n")[0]) == (before[0], before[1].partition("\n")[0])
