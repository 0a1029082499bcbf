"""FMS on a booted system: checked, switched on at the time of its settings, a confined night, in the backup, off again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from ctvpipe.core import timetable
from ctvpipe.jobs import find
from tests.appliance.appliance import Appliance
from tests.appliance.test_timers import next_time
from tests.fakes import fms_reports, fms_rows, geocoders
from tests.fakes.fms_reports import ReportServer

JOB = find("fms-sync")
ENV = "/etc/ctv-fms.env"
DATA, BODIES = "/opt/apps/ctv-fms-db/data", "/var/lib/ctvpipe/fms"
EXPORTS = fms_rows.Spec(vehicles=90, partners=60, loans=900, activity=120, approvals=300, orphans=5)
ROWS = 90 + 60 + 900 + 120 + 300


@dataclass
class Station:
    """A machine of its own, for runs of FMS show in every status, and the server of its reports."""

    appliance: Appliance
    server: ReportServer


@pytest.fixture(scope="module")
def station(clean: Callable[[], AbstractContextManager[Appliance]], package: Path) -> Iterator[Station]:
    with clean() as appliance, ExitStack() as stack:
        appliance.install(package)
        appliance.configure()
        with appliance.office.network.entered():
            server = stack.enter_context(fms_reports.serving(fms_rows.bodies(EXPORTS)))
            asked = stack.enter_context(geocoders.serving(found=fms_rows.is_found))
        settings = {
            **server.settings,
            **asked.settings,
            "SYNC_HOUR": "3",
            "SYNC_MINUTE": "15",
            "SYNC_RETRY_SECONDS": "0",
        }
        with appliance.machine.path(ENV).open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())
        appliance.night()
        yield Station(appliance, server)


def test_what_is_configured_is_found_before_it_is_switched_on(station: Station) -> None:
    done = station.appliance.operator("sudo -u ctvpipe ctvpipe config check fms")
    assert done.code == 0, done.text
    assert "ok       FMS loan_history: its export begins like a CSV\n" in done.text
    assert f"ok       FMS data: {DATA}" in done.text
    assert fms_reports.KEY not in done.text


def test_its_timer_gets_the_time_of_its_settings(station: Station) -> None:
    appliance = station.appliance
    done = appliance.operator("sudo ctvpipe enable fms")
    assert done.code == 0, done.text
    due = timetable.scheduled(JOB, time(3, 15)).next(datetime.now(UTC), appliance.zone)
    assert next_time(appliance, JOB) == due
    assert f"{due.astimezone(appliance.zone):%a %H:%M}" in appliance.status()[1]
    assert appliance.runs(JOB.name) == [], "no job is started"
    said = appliance.operator("sudo -u ctvpipe ctvpipe fms status").out
    assert said.startswith(f"Next sync {due.astimezone(appliance.zone):%a %d %b %Y} 03:15 (daily 03:15)\n")
    appliance.machine.power_off()
    appliance.boot()
    assert next_time(appliance, JOB) == timetable.scheduled(JOB, time(3, 15)).next(datetime.now(UTC), appliance.zone)


def test_the_sync_runs_confined_as_its_service_is(station: Station) -> None:
    appliance = station.appliance
    done = appliance.start(JOB.name)
    assert done.code == 0, done.text + appliance.machine.run(f"journalctl -n 30 -u {JOB.unit}.service").text
    run = appliance.last(JOB.name)
    assert (run.outcome, run.trigger, run.rows, run.warnings) == ("success", "service", ROWS, [])
    assert appliance.status()[1].startswith("HEALTHY – every run so far worked\n")
    assert appliance.office.alerts() == []
    assert appliance.machine.ok(f"find {DATA} {BODIES} /var/log/ctv-fms -user root") == ""
    assert len(appliance.machine.ok(f"ls {BODIES}").split()) == 5
    said = appliance.operator("sudo -u ctvpipe ctvpipe fms status").out
    for table, rows in (("vehicles", "90"), ("loan_history", "900")):
        assert [line.split()[1] for line in said.splitlines() if line.startswith(table)] == [rows]


def test_its_database_is_in_the_backup(station: Station) -> None:
    assert station.appliance.start("db-backup").code == 0
    run = station.appliance.last("db-backup")
    assert (run.outcome, run.warnings) == ("success", [])
    assert "fms-" in run.message


def test_people_decide_and_the_next_night_abides_by_it(station: Station) -> None:
    appliance = station.appliance
    person, _, _, office, *_ = fms_rows.rows(EXPORTS)["media_partners"][0]
    said = appliance.operator(
        f"sudo -u ctvpipe ctvpipe fms preferred-day {person} '{office.strip()}' sat --by Operator"
    )
    assert said.code == 0, said.text
    assert appliance.start(JOB.name).code == 0
    listed = appliance.operator("sudo -u ctvpipe ctvpipe fms preferred-days").out
    assert [line.split()[-5:] for line in listed.splitlines() if "Operator" in line] != []
    assert "Saturday" in listed


def test_a_report_that_fails_is_told_and_its_table_stays(station: Station) -> None:
    appliance, report = station.appliance, station.server.reports["vehicles"]
    appliance.office.receiver.requests.clear()
    report.status = 404
    assert appliance.start(JOB.name).code != 0
    run = appliance.last(JOB.name)
    assert (run.outcome, run.exit_code) == ("partial", 4)
    ((title, text),) = appliance.office.alerts()
    assert "fms-sync" in title
    assert "vehicles: HTTP 404" in text
    report.status = 200
    assert appliance.start(JOB.name).code == 0
    assert appliance.last(JOB.name).rows == ROWS


def test_switched_off_it_is_expected_no_more(station: Station) -> None:
    appliance = station.appliance
    assert appliance.operator("sudo ctvpipe disable fms").code == 0
    assert appliance.status()[1].startswith("HEALTHY – every run so far worked; fms is switched off\n")
    assert JOB.unit not in appliance.operator("systemctl list-timers").out
