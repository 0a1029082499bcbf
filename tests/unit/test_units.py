"""Units, wrappers, log rotation and directories agree with the table of jobs, and systemd accepts them."""

from __future__ import annotations

import grp
import gzip
import os
import pwd
import re
import subprocess
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ctvpipe import RELEASED, __version__, envfiles
from ctvpipe.core.environment import SHARED_ENV_FILE
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import FILE_NAME
from ctvpipe.core.settings import SharedSettings
from ctvpipe.jobs import JOBS
from ctvpipe.pipelines.circuits.settings import TrackingSettings
from ctvpipe.pipelines.commercial_log.settings import DataSettings, ShareSettings
from ctvpipe.pipelines.fms.settings import SyncSettings
from ctvpipe.sources import share_mount

CHECKOUT = Path(__file__).resolve().parents[2]
UNITS = CHECKOUT / "systemd"
SHARED = SharedSettings()
MOUNT = r"mnt-k\x2ddrive.mount"
WRAPPERS = Path("/usr/lib/ctvpipe/bin")
ALERT = UNITS / "ctv-alert@.service"
BOOT = UNITS / "ctv-boot.service"
AGAIN = UNITS / "ctv-again@.timer"
CIRCUITS = Path(envfiles.CIRCUITS_DATABASE).parent
FMS = Path(envfiles.FMS_DATABASE).parent
DIRECTORY = Path(envfiles.DIRECTORY_DATABASE).parent
BDC = Path(envfiles.BDC_DATABASE).parent
EVERY_JOB = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)

Unit = dict[str, list[str]]


def read(path: Path) -> dict[str, Unit]:
    """The assignments of a unit file, by section and key."""
    unit: dict[str, Unit] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            unit[section][key].append(value)
    return unit


def service(job: Job) -> dict[str, Unit]:
    return read(UNITS / f"{job.unit}.service")


def timer(job: Job) -> dict[str, Unit]:
    return read(UNITS / f"{job.unit}.timer")


def logs(job: Job) -> list[Path]:
    return [SHARED.log_dir / log for log in (job.log, job.outcome_log) if log]


def timespan(text: str) -> timedelta:
    """A time span, as systemd itself understands it."""
    said = subprocess.run(["systemd-analyze", "timespan", text], capture_output=True, text=True, check=True).stdout
    match = re.search(r"s: (\d+)$", said, re.MULTILINE)
    assert match is not None
    return timedelta(microseconds=int(match[1]))


def test_every_job_has_its_units_and_its_wrapper_and_there_are_no_others() -> None:
    assert {path.name for path in UNITS.iterdir()} == {
        ALERT.name,
        BOOT.name,
        MOUNT,
        AGAIN.name,
        *(f"{j.unit}.{kind}" for j in JOBS for kind in ("service", "timer")),
    }
    assert {path.name for path in (CHECKOUT / "bin").iterdir()} == {"run_job.sh", *(job.wrapper for job in JOBS)}


@EVERY_JOB
def test_the_wrapper_may_be_executed(job: Job) -> None:
    assert os.access(CHECKOUT / "bin" / job.wrapper, os.X_OK)


@EVERY_JOB
def test_the_service_calls_the_wrapper_with_the_jobs_settings(job: Job) -> None:
    keys = service(job)["Service"]
    assert keys["Type"] == ["oneshot"]
    assert keys["ExecStart"] == [str(WRAPPERS / job.wrapper)]
    assert keys["EnvironmentFile"] == [f"-/etc/{SHARED_ENV_FILE}", f"-/etc/{job.env_file}"]
    assert (keys["User"], keys["Group"]) == (["ctvpipe"], ["ctvapps"])
    assert keys["SuccessExitStatus"] == ["75"]
    assert timespan(keys["TimeoutStartSec"][0]) == job.timeout


@EVERY_JOB
def test_the_service_starts_after_the_network_and_the_jobs_it_works_on(job: Job) -> None:
    keys = service(job)["Unit"]
    assert keys["Wants"] == ["network-online.target"]
    before = {"network-online.target", BOOT.name, *(f"ctv-{name}.service" for name in job.after)}
    if job.name == "commercial-import":
        before.add(MOUNT)
    assert set(keys["After"][0].split()) == before


@EVERY_JOB
def test_a_failed_service_is_spoken_for(job: Job) -> None:
    assert service(job)["Unit"]["OnFailure"] == ["ctv-alert@%N.service"]


@EVERY_JOB
def test_a_job_that_was_put_off_is_started_again(job: Job) -> None:
    assert service(job)["Unit"]["OnSuccess"] == ["ctv-again@%N.timer"]
    assert "Conflicts" not in service(job)["Unit"], "starting the timer would end a run that is going on"
    keys = read(AGAIN)
    assert keys["Unit"]["ConditionPathExists"] == [f"{SHARED.run_dir}/%i.again"]
    assert keys["Timer"] == {
        "OnActiveSec": ["10min"],
        "AccuracySec": ["1s"],
        "Unit": ["%i.service"],
        "RemainAfterElapse": ["no"],
    }
    assert "Install" not in keys


@pytest.mark.parametrize(("path", "arguments", "also"), [(ALERT, "unit %i", []), (BOOT, "boot", [SHARED.run_dir])])
def test_who_speaks_for_a_run_is_a_service_like_the_others(path: Path, arguments: str, also: list[Path]) -> None:
    unit = read(path)
    keys = unit["Service"]
    assert keys.pop("ExecStart") == [f"/usr/bin/ctvpipe alert {arguments}"]
    assert keys.pop("EnvironmentFile") == [f"-/etc/{SHARED_ENV_FILE}"]
    assert keys.pop("SupplementaryGroups") == ["systemd-journal"]
    assert timedelta(minutes=1) <= timespan(keys.pop("TimeoutStartSec")[0]) <= timedelta(minutes=5)
    written = {str(place) for place in (SHARED.state_dir, *also, *(log.parent for job in JOBS for log in logs(job)))}
    assert {path.removeprefix("-") for path in keys.pop("ReadWritePaths")} == written
    of_jobs = service(JOBS[0])["Service"]
    differ = {"ExecStart", "EnvironmentFile", "SuccessExitStatus", "TimeoutStartSec", "ReadWritePaths"}
    assert keys == {key: values for key, values in of_jobs.items() if key not in differ}
    assert "OnFailure" not in unit["Unit"]


def test_after_a_boot_every_job_may_be_started_again() -> None:
    unit = read(BOOT)
    assert unit["Unit"]["OnSuccess"] == [f"ctv-again@{job.unit}.timer" for job in JOBS]
    assert unit["Unit"]["ConditionPathExists"] == [str(SHARED.state_dir / FILE_NAME)]
    assert unit["Unit"]["After"] == unit["Unit"]["Wants"] == ["network-online.target"]
    assert unit["Install"] == {"WantedBy": ["multi-user.target"]}
    assert "Install" not in read(ALERT)


@EVERY_JOB
def test_only_its_timer_starts_a_job(job: Job) -> None:
    assert "Install" not in service(job)
    assert timer(job)["Install"] == {"WantedBy": ["timers.target"]}


@EVERY_JOB
def test_the_service_may_write_what_the_job_writes(job: Job) -> None:
    keys = service(job)["Service"]
    assert keys["ProtectSystem"] == ["strict"]
    allowed = [Path(path.removeprefix("-")) for path in keys["ReadWritePaths"]]
    data = DataSettings()
    written = [SHARED.state_dir, SHARED.run_dir, *(log.parent for log in logs(job))]
    written += {
        "commercial-import": [data.daily_dir],
        "commercial-rotation": [data.daily_dir, data.archive_dir],
        "daily-update": [data.data_dir / "database"],
        "db-backup": [data.data_dir / "database" / "backup", CIRCUITS, FMS, DIRECTORY, BDC],
        "circuits-import": [CIRCUITS, TrackingSettings().tracking_dir],
        "bdc-import": [BDC],
        "fms-sync": [FMS, SyncSettings().bodies_dir],
        "directory-sync": [DIRECTORY],
    }.get(job.name, [CIRCUITS])
    for path in written:
        assert any(path.is_relative_to(place) for place in allowed), path


def test_the_package_enables_the_timers_of_the_main_job() -> None:
    [line] = [line for line in (CHECKOUT / "debian/rules").read_text().splitlines() if line.startswith("ENABLED ")]
    enabled = line.partition("=")[2].split()
    assert sorted(enabled) == sorted(job.timer for job in JOBS if job.pipeline == "commercial_log")


@EVERY_JOB
def test_the_timer_is_the_jobs_schedule(job: Job) -> None:
    keys = timer(job)["Timer"]
    assert keys["OnCalendar"] == [job.schedule.on_calendar, *job.schedule.short_nights]
    assert timespan(keys.get("RandomizedDelaySec", ["0"])[0]) == job.schedule.random_delay
    assert timespan(keys["AccuracySec"][0]) <= timedelta(minutes=1)
    assert keys["Persistent"] == ["true"]
    assert set(keys) <= {"OnCalendar", "RandomizedDelaySec", "AccuracySec", "Persistent"}


@EVERY_JOB
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Berlin"])
def test_no_night_is_left_out_when_the_clocks_change(job: Job, zone: str) -> None:
    tz, begin, end = ZoneInfo(zone), datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    words = ["systemd-analyze", "calendar", "--iterations=400", "--base-time=2027-01-01 00:00:00 UTC"]
    said = subprocess.run(
        [*words, *timer(job)["Timer"]["OnCalendar"]],
        env=os.environ | {"TZ": zone, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    fired = {
        datetime.strptime(at, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
        for at in re.findall(r"\(in UTC\): \w+ (.*)", said)
    }
    due, instant = set(), begin
    while (instant := job.schedule.next(instant, tz)) < end:
        due.add(instant.astimezone(UTC))
    assert due <= fired
    assert len({at for at in fired if begin < at < end} - due) <= 1, "it runs twice on the other continent's Sunday"


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """The units, with a wrapper and a command that are there."""
    units = []
    for path in sorted(UNITS.iterdir()):
        text = re.sub(rf"^ExecStart={WRAPPERS}/", f"ExecStart={CHECKOUT}/bin/", path.read_text(), flags=re.MULTILINE)
        text = text.replace("ExecStart=/usr/bin/ctvpipe ", f"ExecStart={CHECKOUT}/debian/bin/ctvpipe ")
        units.append(tmp_path / path.name)
        units[-1].write_text(text)
    return units


def verified(units: list[Path]) -> tuple[int, str]:
    words = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", *map(str, units)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "ctv-" in line or MOUNT in line]
    return done.returncode, "\n".join(ours)


def test_systemd_accepts_the_units(installed: list[Path]) -> None:
    assert verified(installed) == (0, "")


def test_systemd_would_not_accept_a_misspelt_key(installed: list[Path]) -> None:
    unit = next(path for path in installed if path.name == ALERT.name)
    unit.write_text(unit.read_text().replace("PrivateTmp=", "PrivatTmp="))
    code, said = verified(installed)
    assert code != 0
    assert "PrivatTmp" in said


def test_the_mount_is_made_as_share_mount_makes_it() -> None:
    keys = read(UNITS / MOUNT)["Mount"]
    escaped = subprocess.run(
        ["systemd-escape", "--path", "--suffix=mount", *keys["Where"]], capture_output=True, text=True, check=True
    )
    assert escaped.stdout.strip() == MOUNT
    assert keys["Where"] == [str(ShareSettings().mount_point)]
    assert keys["Type"] == ["cifs"]
    own = "_netdev,nofail,credentials=/etc/ctv-k-drive.cred,uid=ctvpipe,gid=ctvapps"
    assert keys["Options"] == [f"{own},{share_mount.OPTIONS}"]
    assert timespan(keys["TimeoutSec"][0]) <= timedelta(minutes=1)


def test_the_mount_cannot_start_without_its_credentials() -> None:
    assert read(UNITS / MOUNT)["Unit"]["AssertPathExists"] == ["/etc/ctv-k-drive.cred"]


def test_a_mount_with_another_name_than_its_folder_is_not_accepted(installed: list[Path]) -> None:
    [mount] = [path for path in installed if path.name == MOUNT]
    mount.write_text(mount.read_text().replace("Where=/mnt/k-drive", "Where=/mnt/other"))
    code, said = verified(installed)
    assert code != 0
    assert "Where=" in said


@pytest.mark.parametrize("unit", [*(f"{job.unit}.service" for job in JOBS), ALERT.name, BOOT.name])
def test_the_service_is_confined(unit: str) -> None:
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager"]
    done = subprocess.run([*words, str(UNITS / unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def logrotate_text() -> str:
    return (CHECKOUT / "etc" / "logrotate.d" / "ctvpipe").read_text()


def test_exactly_the_jobs_logs_are_rotated() -> None:
    rotated = re.findall(r"^(/\S+)", logrotate_text(), re.MULTILINE)
    assert sorted(rotated) == sorted({str(log) for job in JOBS for log in logs(job)})


def test_logrotate_keeps_compressed_logs(tmp_path: Path) -> None:
    me, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    text = logrotate_text().replace("/var/log/", f"{tmp_path}/log/").replace("ctvpipe ctvapps", f"{me} {group}")
    config = tmp_path / "logrotate.conf"
    config.write_text(text)
    config.chmod(0o644)
    log = tmp_path / "log" / "ctv-daily-update" / "update.log"
    log.parent.mkdir(parents=True)
    for night in ("first", "second"):
        log.write_text(night)
        words = ["logrotate", "--force", "--state", str(tmp_path / "state"), str(config)]
        subprocess.run(
            words, check=True, capture_output=True, env=os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
        )
    assert log.read_text() == ""
    assert log.stat().st_mode & 0o777 == 0o640
    assert log.with_name("update.log.1").read_text() == "second"
    assert gzip.decompress(log.with_name("update.log.2.gz").read_bytes()) == b"first"


def tmpfiles() -> dict[str, list[str]]:
    """The other fields of the lines of tmpfiles.d, by path."""
    text = (CHECKOUT / "etc" / "tmpfiles.d" / "ctvpipe.conf").read_text()
    fields = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert len({path for _, path, *_ in fields}) == len(fields)
    return {path: [kind, *rest] for kind, path, *rest in fields}


def test_the_directories_are_made() -> None:
    made = tmpfiles()
    data = DataSettings()
    assert made[str(SHARED.run_dir)] == ["d", "2775", "ctvpipe", "ctvapps", "-"]
    for path in (SHARED.state_dir, *(log.parent for job in JOBS for log in logs(job))):
        assert made[str(path)] == ["d", "2755", "ctvpipe", "ctvapps", "-"]
    for path in (
        data.data_dir,
        data.daily_dir.parent,
        data.daily_dir,
        data.archive_dir,
        data.data_dir / "database",
        CIRCUITS,
    ):
        assert made[str(path)] == ["d", "2775", "ctvpipe", "ctvapps", "-"]
    assert made["/opt/apps/ctv-bookedbiz-db/bin"] == ["L", "-", "-", "-", "-", str(WRAPPERS)]


def test_exactly_the_jobs_lock_files_are_made() -> None:
    locks = {path: rest for path, rest in tmpfiles().items() if path.endswith(".lock")}
    assert locks == {f"{SHARED.run_dir}/{job.name}.lock": ["f", "0660", "ctvpipe", "ctvapps", "-"] for job in JOBS}


def test_exactly_the_env_files_are_kept_from_others() -> None:
    kept = {path: rest for path, rest in tmpfiles().items() if path.startswith("/etc/")}
    names = {SHARED_ENV_FILE, *(job.env_file for job in JOBS)}
    assert kept == {f"/etc/{name}": ["z", "0640", "root", "ctvapps", "-"] for name in names}


def test_the_package_holds_every_file() -> None:
    packed: set[Path] = set()
    for line in (CHECKOUT / "debian" / "ctvpipe.install").read_text().splitlines():
        found = set(CHECKOUT.glob(line.split()[0]))
        assert found, line
        packed |= found
    ours = {path for folder in ("bin", "etc") for path in (CHECKOUT / folder).rglob("*") if path.is_file()}
    assert packed == ours | {CHECKOUT / "debian" / "bin" / "ctvpipe"}


def test_the_package_has_the_programs_version() -> None:
    first = (CHECKOUT / "debian" / "changelog").read_text().splitlines()[0]
    assert first.startswith(f"ctvpipe ({__version__}) ")


def test_the_program_knows_when_its_version_was_made() -> None:
    text = (CHECKOUT / "debian" / "changelog").read_text()
    stamp = re.search(r"^ -- .*>  (.+)$", text, re.MULTILINE)
    assert stamp is not None
    assert parsedate_to_datetime(stamp[1]).date().isoformat() == RELEASED
