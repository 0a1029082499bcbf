"""No job runs by a clock that may be wrong: the door with planted evidence, and real nights at other times."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.fakes.http_receiver import Receiver
from tests.fakes.workbook import Spec, write
from tests.integration.door_bench import Bench, wait_until
from tests.integration.station import Result, Station, tree

TIMESYNCD, CHIP = "run/systemd/timesync/synchronized", "sys/class/rtc/rtc0"
WITHOUT_TIME = "#!/bin/sh\necho no\n"


def time_service(directory: Path, script: str = WITHOUT_TIME) -> str:
    """A PATH on which ``timedatectl`` says what a test wants, and not how the machine it runs on is."""
    directory.mkdir(exist_ok=True)
    (directory / "timedatectl").write_text(script)
    (directory / "timedatectl").chmod(0o755)
    return f"{directory}:{os.environ['PATH']}"


def plant(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


class Doubting(Bench):
    """A bench that checks the clock of a machine below ``host``."""

    def __init__(self, base: Path) -> None:
        super().__init__(base)
        self.host = base / "host"
        self.configure(CTVPIPE_CLOCK="check", CTVPIPE_HOST_DIR=self.host)

    def environ(self, **variables: str) -> dict[str, str]:
        return super().environ(**{"PATH": time_service(self.base / "bin"), **variables})

    @property
    def again(self) -> bool:
        """Whether the service is to be started again."""
        return (self.run_dir / "ctv-sample.again").exists()


@pytest.fixture
def bench(tmp_path: Path) -> Doubting:
    return Doubting(tmp_path)


def test_without_chip_and_time_server_nothing_runs_until_one_was_reached(bench: Doubting, receiver: Receiver) -> None:
    bench.configure(
        CTVPIPE_CLOCK="check",
        CTVPIPE_HOST_DIR=bench.host,
        APPRISE_URLS=f"json://{receiver.address}/alerts",
        HEARTBEAT_URL=f"{receiver.url}/ping",
    )
    for _ in range(2):
        code, printed = bench.service("ok")
        assert (code, "NOT_NOW: sample: the clock has not been set" in printed) == (75, True)
        assert (bench.last().outcome, bench.last().exit_code) == ("not_now", 75)
        assert bench.last().counters == {"clock_doubted": 1}
        assert bench.again
    assert receiver.requests == []
    plant(bench.host / TIMESYNCD)
    assert bench.service("ok")[0] == 0
    assert not bench.again
    (bench.host / TIMESYNCD).unlink()
    assert bench.service("ok")[0] == 0, "it was seen synchronised since the machine started"
    assert [record.outcome for record in bench.runs()] == ["success"] * 2 + ["not_now"] * 2


def test_a_person_is_told_the_same_and_nothing_starts_again_by_itself(bench: Doubting) -> None:
    code, printed = bench.run("ok")
    assert code == 75
    assert "CTVPIPE_CLOCK=trust says so" in printed
    assert not bench.again


def test_a_dry_run_warns_and_touches_nothing(bench: Doubting) -> None:
    plant(bench.base / "bin" / "timedatectl")
    time_service(bench.base / "bin")
    before = bench.tree()
    code, printed = bench.run("ok", "--dry-run")
    assert code == 0
    assert "WARNING - the clock has not been set since this machine started" in printed
    assert bench.tree() == before
    plant(bench.host / TIMESYNCD)
    assert "the clock" not in bench.run("ok", "--dry-run")[1]
    assert not bench.run_dir.exists()


def test_the_clock_may_be_trusted_by_setting(bench: Doubting) -> None:
    bench.configure(CTVPIPE_CLOCK="trust", CTVPIPE_HOST_DIR=bench.host)
    assert bench.service("ok")[0] == 0


def test_a_service_that_finds_another_run_going_on_is_started_again(bench: Doubting) -> None:
    plant(bench.host / TIMESYNCD)
    process = bench.start("gate", str(bench.base))
    wait_until((bench.base / "begun").exists)
    assert bench.service("ok")[0] == 75
    assert bench.again
    (bench.base / "go").touch()
    process.communicate(timeout=40)
    assert bench.service("ok")[0] == 0
    assert not bench.again


SPEC = Spec(rows=60, seed=5, oddities=False, trade_rows=0, decoy_sheets=False, months_back=1, months_ahead=1)
ZONE = ZoneInfo("America/Los_Angeles")
NIGHT = {
    "commercial-import": ("commercial", "import"),
    "daily-update": ("update", "--unattended"),
    "db-backup": ("backup",),
    "commercial-rotation": ("commercial", "rotate"),
}
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class Moved(Station):
    """A station whose commands, and their children, see another time than the machine's."""

    def prepare(self, *, chip: bool = True) -> None:
        """A share, and a machine whose clock has a chip or not, and has not been set by a time server."""
        share = self.root / "share"
        share.mkdir()
        host = self.root.with_name("host")
        if chip:
            plant(host / CHIP)
        self.settings = {
            "PATH": time_service(self.root.with_name("bin")),
            "CTVPIPE_CLOCK": "check",
            "CTVPIPE_HOST_DIR": str(host),
            "CTVPIPE_TIMEZONE": str(ZONE),
            "COMMERCIAL_SHARE": str(share),
            "COMMERCIAL_WORKBOOK": "log.xlsx",
            "COMMERCIAL_SETTLE_SECONDS": "0.1",
            "INVOCATION_ID": "0123456789abcdef0123456789abcdef",
        }

    def synchronise(self) -> None:
        plant(self.root.with_name("host") / TIMESYNCD)

    def at(self, moment: datetime) -> None:
        """Let commands begin at ``moment``, and the workbook be of an hour before."""
        offset = moment - datetime.now(UTC)
        self.settings |= {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"{offset.total_seconds():+.3f}"}
        workbook = self.root / "share" / "log.xlsx"
        write(replace(SPEC, reference=moment.astimezone(ZONE).date()), workbook)
        saved = workbook.stat().st_mtime - 3600
        os.utime(workbook, (saved, saved))

    def night(self) -> dict[str, Result]:
        return {job: self.run(*words) for job, words in NIGHT.items()}

    def local(self, day: date) -> Path:
        """An empty-ish daily file of an earlier day."""
        path = self.workbook(day)
        write(replace(SPEC, reference=day), path)
        return path

    def status(self) -> dict:
        return json.loads(self.run("status", "--json").out)


@pytest.fixture
def station(tmp_path: Path) -> Moved:
    made = Moved(tmp_path / "station")
    made.prepare()
    return made


def today() -> date:
    return datetime.now(ZONE).date()


def assert_put_off(station: Moved, reason: str) -> None:
    """Every job says ``reason`` and leaves the data as it was; what only looks goes on looking."""
    before = tree(station.data)
    for job, done in station.night().items():
        assert done.code == 75, done.text
        assert re.search(f"NOT_NOW: {job}: the clock .*{reason}", done.text)
        assert station.runs(job)[0].outcome == "not_now"
    assert station.run("commercial", "rotate", "--status").code == 0
    dry = station.run("commercial", "rotate", "--dry-run")
    assert "WARNING - the clock " in dry.text
    assert tree(station.data) == before
    (found,) = [problem for problem in station.status()["problems"] if problem["subject"] == "clock"]
    assert found["state"] == "warning"
    assert found["reason"].endswith("put off: commercial-import, commercial-rotation, daily-update, db-backup")


def test_1970(station: Moved) -> None:
    station.synchronise()
    station.local(today())
    station.at(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    assert_put_off(station, "1970-01-01, which is before this version was made")


def test_two_hours_back_and_400_days_ahead(station: Moved) -> None:
    station.local(today() - timedelta(days=20))
    station.at(datetime.now(UTC))
    good = station.night()
    assert {job: done.code for job, done in good.items()} == dict.fromkeys(NIGHT, 0), good
    assert [path.name for path in station.daily.iterdir()] == [station.workbook(today()).name]
    station.at(datetime.now(UTC) - timedelta(hours=2))
    assert_put_off(station, "but the latest run was at")
    station.at(datetime.now(UTC) + timedelta(days=400))
    assert_put_off(station, "(399|400) days after the latest run")
    for run in station.runs()[:4]:
        assert run.started_at > datetime.now(UTC) + timedelta(days=300), "that is what the job saw"
    assert_put_off(station, "(399|400) days after the latest run")
    station.at(datetime.now(UTC))
    assert {done.code for done in station.night().values()} == {0}
    assert station.status()["state"] == "healthy"


def test_a_bounded_child_sees_the_time_of_its_parent(station: Moved) -> None:
    station.at(datetime.now(UTC) + timedelta(days=400))
    program = (
        "import time; from ctvpipe.core import bounded;"
        " print(time.time(), bounded.call(time.time, limits=bounded.Limits(20)), time.time())"
    )
    done = station._run([sys.executable, "-c", program], 60, None)
    before, in_child, after = map(float, done.out.split())
    assert before <= in_child <= after
    assert before > time.time() + timedelta(days=399).total_seconds()


DAYS_OF_CHANGE = {
    "summer": [
        ("commercial-import", "2027-03-14T01:00:00-08:00"),
        ("daily-update", "2027-03-14T01:30:00-08:00"),
        ("db-backup", "2027-03-14T03:05:00-07:00"),
        ("commercial-rotation", "2027-03-14T03:30:00-07:00"),
    ],
    "winter": [
        ("commercial-import", "2027-11-07T01:00:00-07:00"),
        ("daily-update", "2027-11-07T01:30:00-07:00"),
        ("commercial-import", "2027-11-07T01:00:00-08:00"),
        ("daily-update", "2027-11-07T01:30:00-08:00"),
        ("db-backup", "2027-11-07T02:05:00-08:00"),
        ("commercial-rotation", "2027-11-07T02:30:00-08:00"),
    ],
}


@pytest.mark.parametrize("season", DAYS_OF_CHANGE)
def test_the_night_in_which_the_clocks_change(station: Moved, season: str) -> None:
    station.synchronise()
    steps = [(job, datetime.fromisoformat(text)) for job, text in DAYS_OF_CHANGE[season]]
    day = steps[0][1].date()
    due = [station.local(day - timedelta(days=days)) for days in (8, 9)]
    kept = station.local(day - timedelta(days=7))
    for job, moment in steps:
        station.at(moment)
        done = station.run(*NIGHT[job])
        assert done.code == 0, done.text
    assert {path.name for path in station.daily.iterdir()} == {kept.name, station.workbook(day).name}
    assert not any(path.exists() for path in due)
    runs = station.runs()[::-1]
    assert [run.job for run in runs] == [job for job, _ in steps]
    assert {run.outcome for run in runs} == {"success"}
    assert [run.started_at for run in runs] == sorted(run.started_at for run in runs)
    for run, (_, moment) in zip(runs, steps, strict=True):
        assert timedelta() <= run.started_at - moment < timedelta(minutes=1)
        assert run.warnings == ()
    assert f"{day:%Y-%m-%d} {steps[0][1]:%H}:" in (station.log / "ctv-commercial-import" / "import.log").read_text()
    assert station.status()["state"] == "healthy"
    station.at(steps[-1][1] + timedelta(days=1, hours=2))
    late = {problem["subject"] for problem in station.status()["problems"] if problem["state"] == "critical"}
    assert late == {"commercial-import", "daily-update", "db-backup"}
