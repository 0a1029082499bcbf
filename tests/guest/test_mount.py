"""The share as a folder: the kernel's own client, by the unit that the package brings, against a real server."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.guest.image import ACCOUNT, PASSWORD, SHARE
from tests.guest.machine import Guest
from tests.guest.station import Station, utc

UNIT = r"mnt-k\x2ddrive.mount"
NOON = utc("02-10 12:00")
# Start of the command, waiting for the file once, and the kernel's own patience with what it was asked.
BOUND = 180


@pytest.fixture(scope="module")
def station(
    guest: Callable[..., AbstractContextManager[Guest]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Station]:
    """A station that chose the path, and mounts it as the unit says in its own words."""
    with guest(began=NOON, chip=True) as machine:
        made = Station(machine, tmp_path_factory.mktemp("station"))
        made.save(NOON.date())
        made.receive_alerts()
        machine.ok("sed -i 's,^COMMERCIAL_SHARE=.*,COMMERCIAL_SHARE=/mnt/k-drive,' /etc/ctvpipe.env")
        override = shlex.quote(f"/etc/systemd/system/{UNIT}.d")
        machine.ok(
            f"systemctl start smbd.service && mkdir {override}"
            f" && printf '[Mount]\\nWhat=//127.0.0.1/{SHARE}\\n' >{override}/override.conf"
            " && install -m 600 /dev/null /etc/ctv-k-drive.cred"
            f" && printf 'username=%s\\npassword=%s\\n' {ACCOUNT} '{PASSWORD}' >/etc/ctv-k-drive.cred"
            f" && systemctl daemon-reload && systemctl enable --now '{UNIT}'"
        )
        yield made


def test_an_import_through_the_mount(station: Station, say: Callable[[str], None]) -> None:
    shown = station.guest.ok("mount | grep k-drive")
    assert f"//127.0.0.1/{SHARE} on /mnt/k-drive type cifs (ro," in shown
    assert {"seal", "soft", "vers=3.1.1", "nosuid", "nodev", "noexec"} <= set(shown.partition("(")[2].split(","))
    assert PASSWORD not in shown
    station.start("commercial-import")
    run = station.runs("commercial-import")[0]
    assert run.outcome == "success"
    say(f"\n{shown}\n{run.message}")


def test_a_server_that_stops_answering(station: Station, say: Callable[[str], None]) -> None:
    guest = station.guest
    guest.ok("systemctl kill --signal=STOP smbd.service")
    began = time.monotonic()
    assert guest.run("systemctl start ctv-commercial-import.service", seconds=BOUND).code == 1
    taken = time.monotonic() - began
    run = station.runs("commercial-import")[0]
    assert (run.outcome, "/mnt/k-drive stopped answering" in run.message) == ("failed", True), run.message
    guest.ok(f"systemctl stop '{UNIT}'")
    assert guest.run("mount | grep k-drive").code == 1
    station.rest()  # who speaks for the failed service has nothing to add
    (alert,) = station.alerts()
    assert "commercial-import failed" in alert
    assert run.message in alert
    assert PASSWORD not in alert
    say(f"\nafter {taken:.0f} s: {run.message}; unmounted\n{alert}")

    guest.ok(f"systemctl kill --signal=CONT smbd.service && systemctl start '{UNIT}'")
    station.start("commercial-import")
    assert station.runs("commercial-import")[0].outcome == "success"
    _, recovery = station.alerts()
    assert "commercial-import works again" in recovery


def test_a_folder_that_is_not_mounted_is_no_empty_share(station: Station) -> None:
    guest = station.guest
    guest.ok(f"systemctl stop '{UNIT}'")
    assert guest.run("systemctl start ctv-commercial-import.service").code == 1
    assert "/mnt/k-drive is empty: is the share mounted?" in station.runs("commercial-import")[0].message
