"""A machine without a clock chip boots in 1970: nothing is named, pruned or aged until a time server was reached."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.guest.machine import Guest
from tests.guest.station import DATA, JOBS, TIMERS, Station, utc

NOON = utc("02-10 12:00")  # no timer is due, and no day ends
Booting = Callable[..., AbstractContextManager[Guest]]


def test_a_machine_without_a_clock_chip(guest: Booting, tmp_path: Path, say: Callable[[str], None]) -> None:
    """The service accepts 75 and asks for a retry; once the clock is set, each job runs once."""
    with guest(began=datetime(1970, 1, 1, tzinfo=UTC), chip=False) as machine:
        station = Station(machine, tmp_path)
        assert machine.run("ls /sys/class/rtc/rtc0").code != 0, "it has a clock chip"
        kept = set(station.keep(*(NOON.date() - timedelta(days=days) for days in (1, 8, 9, 400))))
        station.save(NOON.date())
        before = station.tree()
        say(f"\nbooted; the clock says {machine.now():%Y-%m-%d %H:%M}")
        for job in JOBS:
            station.start(job)
            (run,) = station.runs(job)
            assert (run.outcome, run.exit_code) == ("not_now", 75)
            assert "the clock says" in run.message
            assert 540 < (station.again_in(job) or 0) <= 600
            say(f"{job}: {run.outcome}, {run.message}; again in {station.again_in(job):.0f} s")
        assert station.tree() == before

        machine.ok(f"systemctl stop {TIMERS}")  # that the retries do it, and not the timers that find themselves late
        station.synchronise(NOON)
        station.start(JOBS[0])  # a person does not wait for the retry
        assert station.runs(JOBS[0])[0].outcome == "success"
        assert machine.run(f"test -e /run/ctvpipe/ctv-{JOBS[0]}.again").code != 0
        say(f"{JOBS[0]}: success, by hand")

        machine.ok("systemctl stop 'ctv-again@*'")  # one after the other, as the night has them
        shorter = "/run/systemd/system/ctv-again@.timer.d"
        machine.ok(f"mkdir -p {shorter} && printf '[Timer]\\nOnActiveSec=\\nOnActiveSec=1s\\n' >{shorter}/test.conf")
        machine.ok("systemctl daemon-reload")
        for job in JOBS[1:]:
            machine.ok(f"systemctl start ctv-again@ctv-{job}.timer")
            machine.wait_until(f"! test -e /run/ctvpipe/ctv-{job}.again", f"{job} was tried again")
            station.rest()
            run = station.runs(job)[0]
            assert run.outcome == "success", run.message
            assert station.again_in(job) is None
            say(f"{job}: {run.outcome}, {run.message}")
        today, *old = sorted((f"Commercial Log {NOON:%y%m%d}.xlsx", *kept), reverse=True)
        assert station.daily() == {today, old[0]}
        assert station.archived() == set(old[1:])  # what has just come into an archive stays for this time
        assert machine.run(f"ls {DATA}/database/backup").out
