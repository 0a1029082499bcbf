"""A machine's life with the package: installed, used by root, upgraded, removed, installed again. In this order."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from tests.appliance.appliance import DATA, JOBS, OTHERS, Appliance
from tests.appliance.package import changed

SERVICES = [f"ctv-{job}.service" for job in (*JOBS, *OTHERS)]
TIMERS = " ".join(f"ctv-{job}.timer" for job in JOBS)
OFF = " ".join(f"ctv-{job}.timer" for job in OTHERS)
FIRST, SECOND = "0.0.1", "0.0.2"
OURS = "/var/lib/ctvpipe /run/ctvpipe /var/log/ctv-* /etc/ctv* /usr/lib/ctvpipe /var/lib/systemd/timers/stamp-ctv-*"
# A process of another version cannot load a module that ends so.
GUARD = f"""
import ctvpipe as _ctvpipe
assert _ctvpipe.__version__ == "{SECOND}", "code of another version was loaded"
"""
# What root types first on a new machine, in the order in which it can work.
BY_ROOT = (
    "ctvpipe status",
    "ctvpipe config check",
    "ctvpipe commercial import",
    "/opt/apps/ctv-bookedbiz-db/bin/daily_update.sh",
    "ctvpipe update",
    "ctvpipe months list",
    "ctvpipe commercial rotate",
    "ctvpipe backup",
    "ctvpipe runs list",
)


@pytest.fixture(scope="module")
def first(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package again, as an earlier version."""
    return changed(package, FIRST, tmp_path_factory.mktemp("package"), partial(say_version, version=FIRST))


@pytest.fixture(scope="module")
def second(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version after it, whose code does not go together with the code before."""
    return changed(package, SECOND, tmp_path_factory.mktemp("package"), guard)


def say_version(content: Path, version: str) -> Path:
    """Have the command say ``version``, too; returns the module that does."""
    initial = content / "usr/lib/ctvpipe/python/ctvpipe/__init__.py"
    initial.write_text(re.sub('(?m)^__version__ = ".*"$', f'__version__ = "{version}"', initial.read_text()))
    return initial


def guard(content: Path) -> None:
    initial = say_version(content, SECOND)
    for module in initial.parent.rglob("*.py"):
        if module != initial:
            with module.open("a") as file:
                file.write(GUARD)


@pytest.fixture(scope="module")
def fresh(clean: Callable[[], AbstractContextManager[Appliance]]) -> Iterator[Appliance]:
    """A clean machine."""
    with clean() as appliance:
        yield appliance


def test_installing_starts_the_timers_and_no_job(fresh: Appliance, first: Path) -> None:
    fresh.install(first)
    assert fresh.machine.ok(f"systemctl is-active {TIMERS}").split() == ["active"] * len(JOBS)
    assert fresh.machine.ok(f"systemctl is-enabled {TIMERS}").split() == ["enabled"] * len(JOBS)
    assert fresh.machine.run(f"systemctl is-active {OFF}").out.split() == ["inactive"] * len(OTHERS)
    assert fresh.machine.run(f"systemctl is-enabled {OFF}").out.split() == ["disabled"] * len(OTHERS)
    assert started(fresh) == ["0"] * len(SERVICES)
    assert fresh.machine.run("ctvpipe runs list", "ctvpipe").out == "No run is recorded yet.\n"
    assert fresh.machine.run("systemctl --failed --no-legend").out == ""


def started(appliance: Appliance) -> list[str]:
    """When each service was started; 0: never."""
    shown = appliance.machine.ok(
        f"systemctl show --property=ExecMainStartTimestampMonotonic --value {' '.join(SERVICES)}"
    )
    return shown.split()


def test_what_root_runs_first_does_not_lock_the_service_out(fresh: Appliance) -> None:
    fresh.configure()
    for command in BY_ROOT:
        done = fresh.operator(f"sudo {command}")
        assert done.code == 0, f"{command}:\n{done.text}"
        owned = fresh.machine.ok(f"find {DATA} /var/lib/ctvpipe /run/ctvpipe /var/log/ctv-* -user root")
        assert owned == "", command
    for job in JOBS:
        assert fresh.start(job).code == 0, job


def test_an_upgrade_waits_for_the_run_that_is_going_on(fresh: Appliance, second: Path) -> None:
    fresh.office.suspend()
    run_id = fresh.begin("commercial-import")
    upgrade = fresh.begin_to_install(second)
    assert upgrade.stdout is not None
    assert any("waiting for commercial-import" in line for line in upgrade.stdout), "apt did not wait"
    assert fresh.machine.run("systemctl is-active ctv-commercial-import.service").out == "activating\n"
    fresh.office.open_again()
    said, _ = upgrade.communicate(timeout=120)
    assert upgrade.returncode == 0, said
    run = fresh.last("commercial-import")
    assert (run.run_id, run.outcome, run.version) == (run_id, "success", FIRST)
    assert fresh.office.alerts() == []
    fresh.night()
    assert fresh.last("commercial-import").version == SECOND


def test_an_upgrade_keeps_what_was_edited_or_switched_off_and_starts_no_job(fresh: Appliance, package: Path) -> None:
    fresh.operator("echo '# ours' | sudo tee --append /etc/ctv-daily-update.env")
    fresh.machine.ok("ctvpipe disable commercial_log")
    before = started(fresh)
    fresh.install(package)
    assert fresh.machine.ok("dpkg-query --show --showformat='${Version}' ctvpipe") != FIRST
    assert started(fresh) == before
    assert fresh.machine.ok("tail -1 /etc/ctv-daily-update.env") == "# ours\n"
    assert "NTFY_TOPIC=station-alerts" in fresh.machine.ok("cat /etc/ctvpipe.env")
    assert fresh.machine.ok("stat --format='%a %U %G' /etc/ctv-daily-update.env") == "640 root ctvapps\n"
    assert fresh.machine.run(f"systemctl is-active {TIMERS}").out.split() == ["inactive"] * len(JOBS)
    assert fresh.machine.run(f"systemctl is-enabled {TIMERS}").out.split() == ["disabled"] * len(JOBS)
    fresh.machine.ok("ctvpipe enable commercial_log")
    fresh.night()


def test_an_upgrade_goes_on_with_the_timers_that_are_on_and_starts_no_job(fresh: Appliance, package: Path) -> None:
    before = started(fresh)
    fresh.machine.ok("apt-get install --reinstall --yes /var/tmp/ctvpipe.deb 2>&1", seconds=120)
    assert started(fresh) == before
    assert fresh.machine.ok(f"systemctl is-active {TIMERS}").split() == ["active"] * len(JOBS)
    assert fresh.machine.ok(f"systemctl is-enabled {TIMERS}").split() == ["enabled"] * len(JOBS)
    assert fresh.machine.run(f"systemctl is-enabled {OFF}").out.split() == ["disabled"] * len(OTHERS)


def test_removing_keeps_state_settings_and_data(fresh: Appliance) -> None:
    with fresh.machine.path("/run/ctvpipe/commercial-import.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert fresh.start("commercial-import").code == 0
    assert "ctv-again@ctv-commercial-import.timer" in fresh.machine.ok("systemctl list-timers 'ctv-again@*'")
    data = fresh.machine.ok(f"find {DATA} -type f | sort")
    fresh.machine.ok("apt-get remove --yes ctvpipe 2>&1")
    assert fresh.machine.run("systemctl list-timers --no-legend 'ctv-*'").out == ""
    assert fresh.machine.run("command -v ctvpipe").code != 0
    assert fresh.machine.ok(f"find {DATA} -type f | sort") == data
    assert fresh.machine.path("/var/lib/ctvpipe/ledger.sqlite3").exists()
    assert "# ours" in fresh.machine.ok("cat /etc/ctv-daily-update.env")


def test_purging_keeps_the_data_and_installing_again_goes_on_with_them(fresh: Appliance, package: Path) -> None:
    data = fresh.machine.ok(f"find {DATA} -type f | sort")
    assert f"{DATA}/database/production.db\n" in data
    fresh.machine.ok("apt-get purge --yes ctvpipe 2>&1")
    assert fresh.machine.ok(f"ls -d {OURS} 2>/dev/null || true") == ""
    assert fresh.machine.run("systemctl --failed --no-legend").out == ""
    assert fresh.machine.ok(f"find {DATA} -type f | sort") == data
    fresh.install(package)
    fresh.configure()
    fresh.night()
    counters = fresh.last("daily-update").counters
    assert (counters["inserted"], counters["deleted"]) == (0, 0)
