"""The logs on a booted system: rotated by the distribution's logrotate, read by the group and by nobody else."""

from __future__ import annotations

from tests.appliance.appliance import Appliance
from tests.appliance.roots import STRANGER

LOG = "/var/log/ctv-commercial-import/import.log"
ROTATE = "sudo logrotate --force /etc/logrotate.d/ctvpipe"


def test_logs_are_rotated_and_the_next_run_writes_to_the_new_one(appliance: Appliance) -> None:
    appliance.night()
    first = appliance.last("commercial-import").run_id
    done = appliance.operator(ROTATE)
    assert (done.code, done.text) == (0, "")
    assert appliance.operator(f"cat {LOG}").text == ""
    appliance.night()
    second = appliance.last("commercial-import").run_id
    assert appliance.operator(f"grep --count {second} {LOG}; grep --count {first} {LOG}.1").out == "1\n1\n"
    done = appliance.operator(ROTATE)
    assert (done.code, done.text) == (0, "")
    assert appliance.operator(f"grep --count {second} {LOG}.1; zgrep --count {first} {LOG}.2.gz").out == "1\n1\n"
    owned = appliance.machine.ok("find /var/log/ctv-*/ -type f -printf '%u %g %m\n'")
    assert set(owned.splitlines()) == {"ctvpipe ctvapps 640"}


def test_a_log_is_rotated_during_a_run(appliance: Appliance) -> None:
    appliance.office.suspend()
    run_id = appliance.begin("commercial-import")
    done = appliance.operator(ROTATE)
    assert (done.code, done.text) == (0, "")
    appliance.office.open_again()
    appliance.wait_for_the_end("commercial-import")
    run = appliance.last("commercial-import")
    assert (run.run_id, run.outcome) == (run_id, "success")
    assert "SUCCESS: commercial-import" in appliance.operator(f"cat {LOG}.1 {LOG}").out


def test_logs_are_rotated_with_no_more_rights_than_the_services_user_has(appliance: Appliance) -> None:
    """What lies in a directory of that user's is not for root to rename or open: the user may put links there."""
    machine = appliance.machine
    appliance.night()
    machine.ok("chown root /var/log/ctv-commercial-import")
    done = appliance.operator(ROTATE)
    machine.ok("chown ctvpipe /var/log/ctv-commercial-import")
    assert done.code == 1
    assert "Permission denied" in done.err
    assert appliance.operator(f"grep --count SUCCESS {LOG}").code == 0, "it was left alone"


def test_others_read_neither_logs_nor_settings_nor_data(appliance: Appliance) -> None:
    for file in (
        LOG,
        "/etc/ctvpipe.env",
        "/var/lib/ctvpipe/ledger.sqlite3",
        "/opt/apps/ctv-bookedbiz-db/data/raw/daily/*",
    ):
        done = appliance.machine.run(f"cat {file}", STRANGER)
        assert (done.code, done.out) == (1, ""), file
        assert "Permission denied" in done.err
    places = "/var/lib/ctvpipe /var/log/ctv-* /run/ctvpipe /opt/apps/ctv-bookedbiz-db/data"
    assert appliance.machine.ok(f"find {places} -type f -perm /007") == ""
