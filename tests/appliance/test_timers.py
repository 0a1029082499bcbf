"""Timers on a booted system: when they are due, that they fire, a missed night, two starts at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from ctvpipe.core.job import Job
from ctvpipe.jobs import find, of_pipeline
from tests.appliance.appliance import DATA, Appliance

EVERY_JOB = pytest.mark.parametrize("job", of_pipeline("commercial_log"), ids=lambda job: job.name)
IMPORT = find("commercial-import")
STAMP = "/var/lib/systemd/timers/stamp-ctv-commercial-import.timer"


def next_time(appliance: Appliance, job: Job) -> datetime:
    """When systemd will start the job next."""
    listed = appliance.machine.ok(f"systemctl list-timers --output=json {job.unit}.timer")
    (timer,) = json.loads(listed)
    return datetime.fromtimestamp(timer["next"] / 1e6, UTC)


@EVERY_JOB
def test_the_timer_waits_for_the_jobs_time(appliance: Appliance, job: Job) -> None:
    due = job.schedule.next(datetime.now(UTC), appliance.zone)
    assert due <= next_time(appliance, job) <= due + job.schedule.random_delay


@EVERY_JOB
def test_every_job_runs_confined_as_its_service_is(appliance: Appliance, job: Job) -> None:
    """Each has something to write, the rotation an old workbook to archive."""
    old = f"{datetime.now(appliance.zone) - timedelta(days=30):%y%m%d}"
    appliance.machine.ok(f"cd {DATA}/raw/daily && cp --archive \"$(ls | tail -1)\" 'Commercial Log {old}.xlsx'")
    done = appliance.start(job.name)
    appliance.machine.ok(f"rm -f {DATA}/raw/daily/*{old}.xlsx {DATA}/raw/archive/*.zip")
    assert done.code == 0, done.text
    run = appliance.last(job.name)
    assert (run.outcome, run.trigger, run.warnings) == ("success", "service", [])


def test_a_timer_that_is_due_starts_the_job(appliance: Appliance) -> None:
    begun = len(appliance.begun("commercial-import"))
    often = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/3\nRandomizedDelaySec=0\nAccuracySec=1ms\n"
    appliance.drop_in("ctv-commercial-import.timer", often)
    appliance.machine.ok("systemctl restart ctv-commercial-import.timer")
    appliance.wait_for_a_run("commercial-import", begun)
    appliance.machine.ok("systemctl stop ctv-commercial-import.timer")
    appliance.wait_for_the_end("commercial-import")
    run = appliance.last("commercial-import")
    assert (run.outcome, run.trigger) == ("success", "timer")


def test_a_missed_night_is_caught_up_once(appliance: Appliance) -> None:
    before, begun = appliance.runs("commercial-import"), len(appliance.begun("commercial-import"))
    appliance.drop_in("ctv-commercial-import.timer", "[Timer]\nRandomizedDelaySec=0\n")
    appliance.machine.ok(f"systemctl stop ctv-commercial-import.timer; touch --date='2 days ago' {STAMP}")
    for _ in range(2):
        appliance.machine.ok("systemctl start ctv-commercial-import.timer")
        appliance.wait_for_a_run("commercial-import", begun)
        appliance.wait_for_the_end("commercial-import")
        assert next_time(appliance, IMPORT) == IMPORT.schedule.next(datetime.now(UTC), appliance.zone)
        appliance.machine.ok("systemctl stop ctv-commercial-import.timer")
    run, *rest = appliance.runs("commercial-import")
    assert rest == before
    assert (run.outcome, run.trigger) == ("success", "timer")


def test_two_starts_at_once_are_one_run(appliance: Appliance) -> None:
    before = appliance.runs("daily-update")
    starts = [appliance.machine.start("systemctl start ctv-daily-update.service") for _ in range(2)]
    assert [(start.communicate()[0], start.returncode) for start in starts] == [("", 0), ("", 0)]
    assert appliance.runs("daily-update")[1:] == before


def test_a_run_by_hand_during_the_services_run_says_not_now(appliance: Appliance) -> None:
    appliance.office.suspend()
    run_id = appliance.begin("commercial-import")
    by_hand = appliance.operator("sudo -u ctvpipe /opt/apps/ctv-bookedbiz-db/bin/commercial_import.sh")
    assert by_hand.code == 75
    assert "another run of commercial-import is going on" in by_hand.text
    appliance.office.open_again()
    appliance.wait_for_the_end("commercial-import")
    refused, run, *_ = appliance.runs("commercial-import")
    assert (refused.outcome, refused.trigger) == ("not_now", "manual")
    assert (run.run_id, run.outcome) == (run_id, "success")
    assert appliance.office.alerts() == []


def test_nothing_of_it_stays_when_no_job_runs(appliance: Appliance) -> None:
    appliance.night()
    assert appliance.machine.run("ps -U ctvpipe -o pid=,args=").out == ""
    assert [line for line in appliance.machine.ok("ps -e -o args=").splitlines() if "ctv" in line] == []
    assert "0 loaded units" in appliance.machine.ok("systemctl list-units --state=active 'ctv*.service'")
