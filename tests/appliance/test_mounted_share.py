"""The share as the folder /mnt/k-drive, for those who chose the path. Containers have no CIFS: the unit binds a folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.appliance.appliance import Appliance
from tests.integration.share_station import WORKBOOK

UNIT = r"mnt-k\x2ddrive.mount"
ENV = "/etc/ctv-commercial-import.env"
BOUND = "[Mount]\nWhat=/srv/share\nType=none\nOptions=bind,ro\n"


@pytest.fixture
def mounted(appliance: Appliance) -> Iterator[Appliance]:
    """The share is mounted, and the settings say so."""
    machine = appliance.machine
    workbook = machine.path("/srv/share") / WORKBOOK
    workbook.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(appliance.office.share.workbook, workbook)
    appliance.drop_in(UNIT, BOUND)
    machine.ok(f"touch /etc/ctv-k-drive.cred; cp --archive {ENV} /root/; echo COMMERCIAL_SHARE=/mnt/k-drive >>{ENV}")
    yield appliance
    machine.ok(f"systemctl disable --now '{UNIT}'; rm -r '/run/systemd/system/{UNIT}.d' /etc/ctv-k-drive.cred")
    machine.ok(f"mv /root/ctv-commercial-import.env {ENV}; systemctl daemon-reload; systemctl reset-failed")


def test_the_mount_is_off_until_somebody_switches_it_on(appliance: Appliance) -> None:
    assert appliance.machine.run(f"systemctl is-enabled '{UNIT}'; systemctl is-active '{UNIT}'").out == (
        "disabled\ninactive\n"
    )
    assert appliance.operator("mount | grep k-drive").out == ""


def test_the_import_reads_the_mounted_share_and_fails_without_it(mounted: Appliance) -> None:
    done = mounted.operator(f"sudo systemctl enable --now '{UNIT}'")
    assert done.code == 0, done.text
    assert " on /mnt/k-drive type " in mounted.operator("mount | grep k-drive          # where it is chosen").out
    begun = len(mounted.begun("commercial-import"))
    mounted.machine.ok("systemctl start ctv-commercial-import.service")
    assert "Share: /mnt/k-drive" in mounted.operator("tail -20 /var/log/ctv-commercial-import/import.log").out
    assert len(mounted.begun("commercial-import")) == begun + 1

    mounted.machine.ok(f"systemctl stop '{UNIT}'")
    assert mounted.start("commercial-import").code != 0
    ((title, text),) = mounted.office.alerts()
    assert title == "commercial-import failed"
    assert "/mnt/k-drive" in text
