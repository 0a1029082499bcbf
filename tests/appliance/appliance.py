"""The package on a machine: installed as an operator would, pointed at an office, and asked how it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from ctvpipe import jobs
from tests.appliance.machine import Machine
from tests.appliance.office import Office
from tests.appliance.roots import OPERATOR
from tests.integration.smb_server import wait_for
from tests.integration.station import Dump, Result, dump

DATA = "/opt/apps/ctv-bookedbiz-db/data"
DATABASE = f"{DATA}/database/production.db"
JOBS = tuple(job.name for job in jobs.of_pipeline("commercial_log"))  # what is on when the package is installed
OTHERS = tuple(job.name for job in jobs.JOBS if job.name not in JOBS)  # what waits until somebody switches it on
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes /var/tmp/ctvpipe.deb 2>&1"
_BOOKS = {"import_batches", "ingestion_runs"}
_DROP_INS = "/run/systemd/system"


class Appliance:
    """``machine`` with the package on it, and the ``office`` it works for.

    It is about noon there, wherever that is: no timer is due while the tests run, and no day ends.
    """

    def __init__(self, machine: Machine, office: Office) -> None:
        self.machine, self.office = machine, office
        self._zone = f"Etc/GMT{datetime.now(UTC).hour - 12:+}"
        self.zone = ZoneInfo(self._zone)

    def boot(self) -> None:
        """Boot."""
        self.machine.boot()
        self.machine.ok(f"ln -sf /usr/share/zoneinfo/{self._zone} /etc/localtime")

    def install(self, package: Path) -> str:
        """Install or upgrade to ``package``; what apt said. There is no network to fetch anything from."""
        shutil.copy(package, self.machine.path("/var/tmp/ctvpipe.deb"))
        return self.machine.ok(INSTALL, seconds=120)

    def begin_to_install(self, package: Path) -> subprocess.Popen[str]:
        """The same, not waited for; the caller collects it."""
        shutil.copy(package, self.machine.path("/var/tmp/ctvpipe.deb"))
        return self.machine.start(INSTALL)

    def configure(self) -> None:
        """Write the office's settings into the env files; the operator joins the group."""
        for name, text in self.office.settings().items():
            with self.machine.path(f"/etc/{name}").open("a") as file:
                file.write(text)
        self.machine.ok(f"usermod --append --groups ctvapps {OPERATOR}")

    def operator(self, command: str) -> Result:
        """What an operator types."""
        return self.machine.run(command, OPERATOR)

    def start(self, job: str) -> Result:
        """``systemctl start`` of the job's service, which waits for the run's end."""
        return self.operator(f"sudo systemctl start ctv-{job}.service")

    def begin(self, job: str) -> str:
        """Start the job's service; the id of the run, as soon as it is under way."""
        begun = len(self.begun(job))
        self.machine.ok(f"systemctl start --no-block ctv-{job}.service")
        return self.wait_for_a_run(job, begun)

    def begun(self, job: str) -> list[str]:
        """The ids of the runs that the job's log has the beginning of."""
        log = self.machine.path(f"/var/log/{jobs.find(job).log}")
        return re.findall(r"started \(run (\S+),", log.read_text()) if log.exists() else []

    def wait_for_a_run(self, job: str, number: int) -> str:
        """Wait until the log has more than ``number`` beginnings; the id of the run that is under way then."""
        wait_for(lambda: len(self.begun(job)) > number, f"{job} has begun")
        return self.begun(job)[number]

    def wait_for_the_end(self, job: str) -> None:
        """Wait until the job's service does not run (any more)."""
        self.machine.wait_until(f"systemctl is-active ctv-{job}.service | grep -E '^(inactive|failed)'", f"{job} ends")

    def start_again_now(self, job: str) -> None:
        """The ten minutes after which systemd starts again what it was asked to are over; wait for that run's end."""
        begun, timer = len(self.begun(job)), f"ctv-again@ctv-{job}.timer"
        assert self.machine.run(f"systemctl is-active {timer}").out == "active\n"
        self.drop_in("ctv-again@.timer", "[Timer]\nOnActiveSec=\nOnActiveSec=10ms\n")
        self.machine.ok(f"systemctl restart {timer}")
        self.wait_for_a_run(job, begun)
        self.wait_for_the_end(job)

    def night(self) -> None:
        """Import and update, both of which must work."""
        for job in ("commercial-import", "daily-update"):
            done = self.start(job)
            assert done.code == 0, done.text + self.machine.run(f"journalctl -n 30 -u ctv-{job}.service").text

    def status(self) -> tuple[int, str]:
        """Exit code and text of ``ctvpipe status``."""
        done = self.operator("ctvpipe status")
        return done.code, done.text

    def runs(self, job: str) -> list[SimpleNamespace]:
        """What the ledger has of a job, newest first, by the names of its JSON document."""
        listed = self.operator(f"ctvpipe runs list --json --limit 1000 --job {job}")
        return [SimpleNamespace(**run) for run in json.loads(listed.out)["runs"]]

    def last(self, job: str) -> SimpleNamespace:
        """The latest run of a job."""
        return self.runs(job)[0]

    def drop_in(self, unit: str, text: str) -> None:
        """Change a unit, until the next boot or until ``calm``."""
        directory = self.machine.path(f"{_DROP_INS}/{unit}.d")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "test.conf").write_text(text)
        self.machine.ok("systemctl daemon-reload")

    def stored(self, folder: Path) -> Dump:
        """Every row of the sales database but its own books, read from a copy in ``folder``; the machine may be off."""
        source = self.machine.path(DATABASE)
        copies = folder / f"copy-{len(list(folder.iterdir()))}"
        copies.mkdir()
        for file in source.parent.glob(f"{source.name}*"):
            shutil.copy(file, copies)
        return dump(str(copies / source.name), without=_BOOKS)

    def calm(self) -> None:
        """End what runs and take back what was changed for a test."""
        self.office.open_again()
        services, timers = (" ".join(f"ctv-{job}.{kind}" for job in JOBS) for kind in ("service", "timer"))
        self.machine.ok(
            f"systemctl stop 'ctv-again@*.timer' {services};"
            f"rm -rf {_DROP_INS}/ctv-*; systemctl daemon-reload; systemctl reset-failed; systemctl restart {timers}"
        )
