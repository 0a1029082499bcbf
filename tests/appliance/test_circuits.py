"""The circuits on a booted system: switched on, a whole night of them as confined services, in the backup, off again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ctvpipe.jobs import of_pipeline
from tests.appliance.appliance import Appliance
from tests.fakes import meraki_api, rdap_registry, tracking_csv
from tests.fakes.rdap_registry import Registered

JOBS = of_pipeline("circuits")
ENV = "/etc/ctv-circuits.env"
TRACKING = "/var/www/html/circuitinfo"
DATA = "/opt/apps/ctv-circuits-db/data"
ORDERS = tracking_csv.Spec(circuits=60, oddities=False, addresses="8.8.0.0/16")
DEVICES = meraki_api.Spec(appliances=30, networks=36, devices=120, tracking=ORDERS)


@pytest.fixture(scope="module")
def station(clean: Callable[[], AbstractContextManager[Appliance]], package: Path) -> Iterator[Appliance]:
    """A machine of its own, for runs of the circuits show in every status; yesterday's orders are in, today's there."""
    with clean() as appliance, ExitStack() as stack:
        appliance.install(package)
        appliance.configure()
        with appliance.office.network.entered():
            api = stack.enter_context(meraki_api.serving(DEVICES))
            registry = stack.enter_context(rdap_registry.serving(Registered(ORDERS.addresses, "Acme Telecom LLC")))
        settings = api.settings | {"RDAP_URL": registry.url, "RDAP_REQUESTS_PER_SECOND": "1000"}
        with appliance.machine.path(ENV).open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in settings.items())
        today = datetime.now(appliance.zone).date()
        for day in (today, today - timedelta(days=1)):
            path = tracking_csv.path_for(appliance.machine.path(TRACKING), day)
            tracking_csv.write(path, tracking_csv.rows(ORDERS))
        appliance.machine.ok(f"chmod -R a+rX {TRACKING}")
        done = appliance.operator(f"sudo -u ctvpipe ctvpipe circuits import {TRACKING}/{path.name} --force")
        assert done.code == 0, done.text
        appliance.night()
        yield appliance


def test_what_is_configured_is_found_before_it_is_switched_on(station: Appliance) -> None:
    done = station.operator("sudo -u ctvpipe ctvpipe config check circuits")
    assert done.code == 0, done.text
    assert f"ok       tracking files: {TRACKING} can be read; tracking files in it: 2\n" in done.text
    assert f"ok       circuits' data: {DATA}" in done.text
    assert station.operator("sudo ctvpipe enable circuits").code == 0


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_runs_confined_as_its_service_is(station: Appliance, job: object) -> None:
    name = getattr(job, "name", "")
    done = station.start(name)
    assert done.code == 0, done.text + station.machine.run(f"journalctl -n 30 -u ctv-{name}.service").text
    run = station.last(name)
    assert (run.outcome, run.trigger, run.warnings) == ("success", "service", [])


def test_the_night_has_worked(station: Appliance) -> None:
    assert station.status()[1].startswith("HEALTHY – every run so far worked\n")
    assert station.office.alerts() == []
    counted = {job.name: station.last(job.name).rows for job in JOBS}
    assert (counted["circuits-import"], counted["meraki-inventory"], counted["meraki-inventory-all"]) == (60, 30, 120)
    assert station.machine.ok(f"find {DATA} /var/log/ctv-circuits -user root") == ""


def test_their_database_is_in_the_backup(station: Appliance) -> None:
    assert station.start("db-backup").code == 0
    run = station.last("db-backup")
    assert (run.outcome, run.warnings) == ("success", [])
    assert "circuits-" in run.message
    assert "production-" in run.message


def test_people_decide_and_the_next_night_abides_by_it(station: Appliance) -> None:
    site = tracking_csv.rows(ORDERS)[0]["Site Name"]
    said = station.operator(f"sudo -u ctvpipe ctvpipe circuits override '{site}' Primary --by Operator")
    assert said.code == 0, said.text
    assert site in station.operator("sudo -u ctvpipe ctvpipe circuits overrides").out
    assert station.start("circuits-import").code == 0
    assert station.last("circuits-import").outcome == "success"


def test_a_device_api_that_is_away_is_told_and_nothing_is_lost(station: Appliance) -> None:
    station.office.receiver.requests.clear()
    machine = station.machine
    machine.ok(f"cp --archive {ENV} /root/; echo MERAKI_API_KEY=revoked >>{ENV}")
    assert station.start("meraki-inventory").code != 0
    assert station.last("meraki-inventory").outcome == "failed"
    assert [title for title, _ in station.office.alerts()] == ["meraki-inventory failed"]
    machine.ok(f"mv /root/ctv-circuits.env {ENV}")
    assert station.start("meraki-inventory").code == 0
    assert station.last("meraki-inventory").rows == 30


def test_switched_off_they_are_expected_no_more(station: Appliance) -> None:
    assert station.operator("sudo ctvpipe disable circuits").code == 0
    assert station.status()[1].startswith("HEALTHY – every run so far worked; circuits is switched off\n")
    assert "ctv-circuits" not in station.operator("systemctl list-timers").out
