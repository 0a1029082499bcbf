"""Nights that go wrong on a booted system: each is told once, can be seen in the status, and is over the next night."""

from __future__ import annotations

import pytest

from tests.appliance.appliance import DATA, Appliance
from tests.integration.share_station import PASSWORD
from tests.integration.smb_server import wait_for

IMPORT_ENV = "/etc/ctv-commercial-import.env"
ROOM = 1 << 20


def killed(appliance: Appliance) -> None:
    appliance.office.suspend()
    appliance.begin("commercial-import")
    appliance.machine.ok("systemctl kill --signal=KILL ctv-commercial-import.service")


def timed_out(appliance: Appliance) -> None:
    appliance.drop_in("ctv-commercial-import.service", "[Service]\nTimeoutStartSec=3\n")
    appliance.office.suspend()
    appliance.begin("commercial-import")


def timed_out_and_deaf(appliance: Appliance) -> None:
    """Past its time, and a stop signal does not end it either: systemd kills it."""
    appliance.drop_in(
        "ctv-commercial-import.service", "[Service]\nTimeoutStartSec=3\nTimeoutStopSec=1\nKillSignal=SIGURG\n"
    )
    appliance.office.suspend()
    appliance.begin("commercial-import")


def locked_out(appliance: Appliance) -> None:
    """The share has another password."""
    appliance.machine.ok(f"cp --archive {IMPORT_ENV} /root/import.env && echo 'CIFS_PASSWORD=wrong' >>{IMPORT_ENV}")
    appliance.start("commercial-import")
    appliance.machine.ok(f"mv /root/import.env {IMPORT_ENV}")


def not_startable(appliance: Appliance) -> None:
    """What the service is to execute is not there."""
    appliance.drop_in("ctv-commercial-import.service", "[Service]\nExecStart=\nExecStart=/usr/lib/ctvpipe/bin/gone\n")
    appliance.start("commercial-import")


TROUBLES = {
    killed: "killed",
    timed_out: "stopped by SIGTERM",
    timed_out_and_deaf: "ran longer than it may",
    locked_out: "password",
    not_startable: "commercial-import",
}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_trouble_is_told_once_and_over_the_next_night(appliance: Appliance, trouble: object) -> None:
    assert callable(trouble)
    trouble(appliance)
    appliance.wait_for_the_end("commercial-import")
    wait_for(lambda: appliance.office.alerts() != [], "somebody is alerted")
    appliance.machine.wait_until("systemctl list-jobs 'ctv-*' | grep '^No jobs'", "all is told")
    ((title, text),) = appliance.office.alerts()
    assert title == "commercial-import failed" or "interrupted" in title
    assert TROUBLES[trouble] in text, text
    assert PASSWORD not in text
    code, said = appliance.status()
    assert code == 2
    assert "commercial-import" in said.split("\n\n")[1], said

    appliance.calm()
    assert appliance.start("commercial-import").code == 0
    assert [title for title, _ in appliance.office.alerts()[1:]] == ["commercial-import works again"]
    code, said = appliance.status()
    assert (code, said.partition("\n")[0]) == (0, "HEALTHY – every run so far worked"), said


@pytest.fixture
def full_disk(appliance: Appliance) -> str:
    """The data directory's raw files are on a disk of their own that has no room left."""
    place = f"{DATA}/raw/daily"
    appliance.machine.ok(
        f"mount -t tmpfs -o size=60m,mode=2775,uid=ctvpipe,gid=ctvapps tmpfs {place}"
        f" && fallocate --length=$((60 * {ROOM} - 4096)) {place}/ballast || true"
    )
    return place


def test_a_full_disk_is_told_and_over_when_there_is_room(appliance: Appliance, full_disk: str) -> None:
    assert appliance.start("commercial-import").code != 0
    ((title, text),) = appliance.office.alerts()
    assert title == "commercial-import failed"
    assert "MiB" in text, text
    code, said = appliance.status()
    assert code == 2, said
    assert "commercial-import" in said
    appliance.machine.ok(f"rm {full_disk}/ballast")
    assert appliance.start("commercial-import").code == 0
    appliance.machine.ok(f"umount {full_disk}")
    assert [title for title, _ in appliance.office.alerts()[1:]] == ["commercial-import works again"]
