"""The station in a guest: its share, its settings, its nights, and what became of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from ctvpipe import RELEASED, jobs
from tests.fakes.workbook import Spec, write
from tests.guest.image import SHARED, WORKBOOK
from tests.guest.machine import Guest

DATA = "/opt/apps/ctv-bookedbiz-db/data"
DAILY = f"{DATA}/raw/daily"
_ON = jobs.of_pipeline("commercial_log")
JOBS = tuple(job.name for job in _ON)
TIMERS = " ".join(job.timer for job in _ON)
STAMPS = " ".join(f"/var/lib/systemd/timers/stamp-{job.timer}" for job in _ON)
YEAR = date.fromisoformat(RELEASED).year + 1
SYNCHRONISED = "/run/systemd/timesync/synchronized"
_ALERTS = "/run/alerts"
_BUSY = (
    "{ systemctl list-jobs --no-legend 'ctv-*';"
    " systemctl list-units --no-legend --state=active,activating,deactivating 'ctv-*.service'; } | grep -q ."
)


class Station:
    """A guest with settings, and a share that is a folder of its own."""

    def __init__(self, guest: Guest, folder: Path) -> None:
        self.guest, self._folder = guest, folder
        guest.ok(
            f"echo 'COMMERCIAL_SHARE={SHARED}' >>/etc/ctvpipe.env;"
            "echo COMMERCIAL_NETWORK_SECONDS=0 >>/etc/ctv-commercial-import.env;"
            "echo COMMERCIAL_SETTLE_SECONDS=0.1 >>/etc/ctv-commercial-import.env;"
            # sample workbooks of different seasons have little in common
            "echo DAILY_UPDATE_MAX_LOSS_PERCENT=100 >>/etc/ctv-daily-update.env"
        )

    def save(self, day: date) -> None:
        """Put the workbook of ``day`` on the share, saved before anybody's night."""
        self._put(day, WORKBOOK)
        self.guest.ok(f"touch --date=@0 '{WORKBOOK}'")

    def keep(self, *days: date) -> list[str]:
        """Daily files of earlier days, as their imports left them; their names."""
        names = [f"Commercial Log {day:%y%m%d}.xlsx" for day in days]
        for day, name in zip(days, names, strict=True):
            self._put(day, f"{DAILY}/{name}")
        self.guest.ok(f"chown ctvpipe:ctvapps {DAILY}/*")
        return names

    def daily(self) -> set[str]:
        """The names of the daily files."""
        return set(self.guest.ok(f"ls {DAILY}").splitlines())

    def archived(self) -> set[str]:
        """The names of the files in the archives."""
        script = "import sys, zipfile; [print(n) for z in sys.argv[1:] for n in zipfile.ZipFile(z).namelist()]"
        return set(self.guest.ok(f"python3 -c '{script}' $(ls -d {DATA}/raw/archive/*.zip)").splitlines())

    def kept(self) -> set[str]:
        """The names of every workbook, daily or archived, and of every backup."""
        return self.daily() | self.archived() | set(self.guest.ok(f"ls {DATA}/database/backup").splitlines())

    def tree(self) -> str:
        """Every file of the data: name, size, times and content."""
        return self.guest.ok(
            f"cd {DATA} && find . -printf '%p %s %T@\\n' | sort; find . -type f -exec sha256sum {{}} +"
        )

    def start(self, job: str) -> None:
        """``systemctl start`` of the job's service, which must count as a success."""
        self.guest.ok(f"systemctl start ctv-{job}.service", seconds=300)

    def night(self) -> None:
        """Every job, one after the other, each of which must do its work."""
        for job in JOBS:
            self.start(job)
            run = self.runs(job)[0]
            assert run.outcome == "success", f"{job}: {run.message}"

    def rest(self) -> None:
        """Wait until no job runs, nor is about to."""
        self.guest.wait_until(f"! {_BUSY}", "no job runs", 300)

    def runs(self, job: str = "") -> list[SimpleNamespace]:
        """What the ledger has, newest first."""
        which = f"--job {job}" if job else ""
        listed = json.loads(self.guest.ok(f"ctvpipe runs list --json --limit 1000 {which}", "ctvpipe"))["runs"]
        return [SimpleNamespace(**run) for run in listed]

    def synchronise(self, now: datetime) -> None:
        """Let a time server be reached that says it is ``now``; wait until the clock was set by it."""
        self.guest.ok(
            "systemctl stop time-server.service 2>/dev/null; systemctl stop systemd-timesyncd.service;"
            f"systemd-run --quiet --unit=time-server python3 -I /srv/inside/time_server.py {now.timestamp():.1f};"
            "systemctl start systemd-timesyncd.service"
        )
        self.guest.wait_until(f"test -e {SYNCHRONISED}", "the clock is synchronised")
        assert timedelta() <= self.guest.now() - now < timedelta(minutes=2)

    def receive_alerts(self) -> None:
        """Let somebody be reached by the alerts, with all the time that an emulated machine needs."""
        self.guest.ok(
            f"systemd-run --quiet --unit=alert-receiver python3 -I /srv/inside/alert_receiver.py 8080 {_ALERTS};"
            "echo SLACK_WEBHOOK_URL=http://127.0.0.1:8080/hook >>/etc/ctvpipe.env;"
            "echo CTVPIPE_ALERT_SECONDS=60 >>/etc/ctvpipe.env"
        )
        self.guest.wait_until(f"test -e {_ALERTS}", "the receiver listens")

    def alerts(self) -> list[str]:
        """The alerts that have arrived, in order."""
        return [json.loads(line)["text"] for line in self.guest.ok(f"cat {_ALERTS}").splitlines()]

    def again_in(self, job: str) -> float | None:
        """Seconds until the service of ``job`` is started again; nothing when it is not to be."""
        timer = f"ctv-again@ctv-{job}.timer"
        shown = self.guest.ok(
            f"systemctl is-active {timer} >&2; cut -d. -f1 /proc/uptime;"
            f"systemctl show --timestamp=us+utc --property=NextElapseUSecMonotonic --value {timer}"
        ).split("\n", 1)
        return None if shown[1] in {"infinity", "0", ""} else _seconds(shown[1]) - float(shown[0])

    def _put(self, day: date, name: str) -> None:
        file = self._folder / f"{day}.xlsx"
        if not file.exists():
            write(Spec(rows=60, seed=5, oddities=False, trade_rows=0, decoy_sheets=False, reference=day), file)
        self.guest.put(file, name)


def _seconds(timespan: str) -> float:
    """systemd.time(7): ``11min 2.5s``."""
    units = {"us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400}
    words = [(word.rstrip("abcdefghijklmnopqrstuvwxyz"), word.lstrip("0123456789.")) for word in timespan.split()]
    return sum(float(number) * units[unit] for number, unit in words)


def utc(text: str) -> datetime:
    """The instant of a year after this version was made: ``utc("02-10 03:00")``."""
    return datetime.fromisoformat(f"{YEAR}-{text}").replace(tzinfo=UTC)
