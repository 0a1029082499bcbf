"""The directory on a booted system: checked, switched on, a confined night of four sources, in the backup, off again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ctvpipe.jobs import find
from tests import demo_directory
from tests.appliance.appliance import Appliance
from tests.appliance.test_timers import next_time
from tests.fakes import um_api
from tests.fakes.campus import Person, Spec

JOB = find("directory-sync")
ENV = "/etc/ctv-directory.env"
DATA = "/opt/apps/ctv-directory-db/data"
CAMPUS = Spec(people=80, departments=24, groups=10)


@dataclass
class Station:
    """A machine of its own, for runs of the directory show in every status, and the sources of its campus."""

    appliance: Appliance
    campus: demo_directory.Campus


@pytest.fixture(scope="module")
def station(clean: Callable[[], AbstractContextManager[Appliance]], package: Path) -> Iterator[Station]:
    with clean() as appliance, ExitStack() as stack:
        appliance.install(package)
        appliance.configure()
        with appliance.office.network.entered():
            campus = stack.enter_context(demo_directory.serving(CAMPUS))
        with appliance.machine.path(ENV).open("a") as file:
            file.writelines(f'{name}="{value}"\n' for name, value in campus.settings.items())
        appliance.night()
        yield Station(appliance, campus)


def test_what_is_configured_is_found_before_it_is_switched_on(station: Station) -> None:
    done = station.appliance.operator("sudo -u ctvpipe ctvpipe config check directory")
    assert done.code == 0, done.text
    for source in ("UM API", "MCommunity", "Active Directory", "TDX"):
        assert f"ok       {source}: " in done.text
    assert f"ok       directory data: {DATA}" in done.text
    assert um_api.SECRET not in done.text


def test_its_timer_is_switched_on_and_no_job_is_started(station: Station) -> None:
    appliance = station.appliance
    done = appliance.operator("sudo ctvpipe enable directory")
    assert done.code == 0, done.text
    assert next_time(appliance, JOB) == JOB.schedule.next(datetime.now(UTC), appliance.zone)
    assert appliance.runs(JOB.name) == []


def test_the_sync_runs_confined_as_its_service_is(station: Station) -> None:
    appliance = station.appliance
    done = appliance.start(JOB.name)
    assert done.code == 0, done.text + appliance.machine.run(f"journalctl -n 30 -u {JOB.unit}.service").text
    run = appliance.last(JOB.name)
    assert (run.outcome, run.trigger, run.warnings) == ("success", "service", [])
    assert appliance.status()[1].startswith("HEALTHY – every run so far worked\n")
    assert appliance.office.alerts() == []
    assert appliance.machine.ok(f"find {DATA} /var/log/ctv-directory -user root") == ""
    quality = appliance.operator("sudo -u ctvpipe ctvpipe directory quality").out
    assert f"users: {CAMPUS.people} records\n" in quality


def test_people_look_and_the_log_names_nobody(station: Station) -> None:
    appliance, person = station.appliance, Person(3)
    said = appliance.operator(f"sudo -u ctvpipe ctvpipe directory explain {person.uniqname}")
    assert said.code == 0, said.text
    assert person.mail in said.out
    log = appliance.machine.ok("cat /var/log/ctv-directory/directory-sync.log")
    assert "steps done" in log
    assert person.uniqname not in log


def test_its_database_is_in_the_backup(station: Station) -> None:
    assert station.appliance.start("db-backup").code == 0
    run = station.appliance.last("db-backup")
    assert (run.outcome, run.warnings) == ("success", [])
    assert "directory-" in run.message


def test_a_source_that_fails_is_told_and_what_works_on_it_waits(station: Station) -> None:
    appliance = station.appliance
    appliance.office.receiver.requests.clear()
    station.campus.tdx.fail("/accounts", "403")
    assert appliance.start(JOB.name).code != 0
    run = appliance.last(JOB.name)
    assert (run.outcome, run.exit_code) == ("partial", 4)
    ((title, text),) = appliance.office.alerts()
    assert "directory-sync" in title
    assert "ingest tdx-accounts: TDX answered 403" in text
    station.campus.tdx.heal()
    assert appliance.start(JOB.name).code == 0


def test_switched_off_it_is_expected_no_more(station: Station) -> None:
    appliance = station.appliance
    assert appliance.operator("sudo ctvpipe disable directory").code == 0
    assert appliance.status()[1].startswith("HEALTHY – every run so far worked; directory is switched off\n")
    assert JOB.unit not in appliance.operator("systemctl list-timers").out
