"""The operator's guide, as typed, by an operator: every line does something and shows something useful."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.appliance.appliance import DATA, Appliance
from tests.appliance.roots import OPERATOR
from tests.fakes.workbook import Spec, write
from tests.integration.station import CHECKOUT

BIN = "/opt/apps/ctv-bookedbiz-db/bin"
IMPORT_LOG = "/var/log/ctv-commercial-import/import.log"
UPDATE_LOG = "/var/log/ctv-daily-update/update.log"
WRAPPER_LOG = "/var/log/ctv-daily-update/wrapper.log"
# A line of the guide, and what its output must hold; in the guide's order, for the jobs come before their logs.
GUIDE = {
    "systemctl list-timers | grep ctv": r"01:0.* ctv-commercial-import\.timer +ctv-commercial-import\.service",
    "sudo systemctl status ctv-commercial-import.service ctv-daily-update.service": (
        r"● ctv-commercial-import\.timer[\s\S]*SUCCESS: commercial-import[\s\S]*SUCCESS: daily-update: 15566 rows"
    ),
    "sudo systemctl start ctv-commercial-import.service": r"^$",
    "sudo systemctl start ctv-daily-update.service": r"^$",
    "sudo systemctl start ctv-commercial-rotation.service": r"^$",
    f"tail -20 {IMPORT_LOG}": r"SUCCESS: commercial-import: Commercial Log \d{6}\.xlsx: 15576 rows",
    f"tail -20 {UPDATE_LOG}": r"SUCCESS: daily-update: 15566 rows",
    f"tail -10 {WRAPPER_LOG}": r"SUCCESS: daily-update: 15566 rows",
    f"{BIN}/rotate_commercial_logs.sh status": r"Current files: \d[\s\S]*Archives: 1 ",
    f"sudo -u ctvpipe {BIN}/daily_update.sh": r"SUCCESS: daily-update: 15566 rows in 6 open months: 0 new, 0 gone",
    f"ls -la {DATA}/raw/daily/Commercial*.xlsx": r"ctvpipe ctvapps .*/Commercial Log \d{6}\.xlsx",
    f"ls -la {DATA}/raw/archive/commercial-logs-*.zip": r"ctvpipe ctvapps .*/commercial-logs-.*\.zip",
    f'grep "SUCCESS\\|ERROR" {IMPORT_LOG} | tail -3': r"SUCCESS: commercial-import",
    f'grep "SUCCESS\\|ERROR" {WRAPPER_LOG} | tail -3': r"SUCCESS: daily-update",
    f"grep \"$(date '+%Y-%m-%d')\" {UPDATE_LOG}": r"SUCCESS: daily-update",
    f'grep "Duration:" {UPDATE_LOG} | tail -10': r"Duration: \d+\.\d s",
    "sudo journalctl -u ctv-commercial-import.service -n 20": r"SUCCESS: commercial-import[\s\S]*Finished ctv-",
    "sudo cat /etc/ctv-commercial-import.env /etc/ctv-daily-update.env": (
        r'\nCOMMERCIAL_SHARE="//[\s\S]*\nDATABASE_PATH=/opt'
    ),
    f"du -sh {DATA}/raw/daily/ {DATA}/raw/archive/": r"\dM\t.*daily/\n.*[MK]\t.*archive/\n",
    "mount | grep k-drive          # where the mounted path is chosen": r" on /mnt/k-drive type ",
    "ctvpipe status": r"^HEALTHY – every run so far worked\n",
}
QUIET_ABOUT_ITS_STATE = {"sudo systemctl status ctv-commercial-import.service ctv-daily-update.service": 3}


@pytest.fixture(scope="module", autouse=True)
def _old_workbook(installed: Appliance, tmp_path_factory: pytest.TempPathFactory) -> None:
    """There is a workbook that the rotation will archive; an operator has added it."""
    old = tmp_path_factory.mktemp("old") / "old.xlsx"
    write(Spec(rows=40), old)
    day = datetime.now(installed.zone).date() - timedelta(days=40)
    shutil.copy(old, installed.machine.path(f"/home/{OPERATOR}"))
    done = installed.operator(f'cp old.xlsx "{DATA}/raw/daily/Commercial Log {day:%y%m%d}.xlsx"')
    assert done.code == 0, done.text


@pytest.fixture(scope="module", autouse=True)
def _mounted(installed: Appliance) -> Iterator[None]:
    """The mounted path is chosen; what is mounted there matters to no line of the guide."""
    installed.machine.ok("mkdir -p /mnt/k-drive && mount --bind /srv /mnt/k-drive")
    yield
    installed.machine.ok("umount /mnt/k-drive")


def test_the_guide_is_the_one_in_the_readme() -> None:
    _, _, text = (CHECKOUT / "README.md").read_text().partition("## The operator's guide\n")
    block = text.split("```")[1]
    assert block.strip().splitlines() == list(GUIDE)


@pytest.mark.parametrize("command", GUIDE)
def test_the_guides_line_works_as_typed(appliance: Appliance, command: str) -> None:
    done = appliance.operator(command)
    assert done.code == QUIET_ABOUT_ITS_STATE.get(command, 0), done.text
    assert re.search(GUIDE[command], done.text), done.text
