"""The whole report, from real ledgers and real directories."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core import timetable
from ctvpipe.core.errors import PermanentError
from ctvpipe.core.ledger import FILE_NAME, RUNNING, AlertState, Ledger, RunRecord
from ctvpipe.core.settings import SharedSettings
from ctvpipe.health import disk, freshness, shape
from ctvpipe.health.logtail import lines_of_run
from ctvpipe.health.model import Mark, Report, State
from ctvpipe.health.places import places
from ctvpipe.health.report import look
from ctvpipe.jobs import JOBS, find, of_pipeline
from ctvpipe.pipelines.commercial_log.daily_files import newest, path_for
from ctvpipe.pipelines.commercial_log.settings import DataSettings
from tests.fakes.nights import DEAD, good_nights, record, run
from tests.fakes.systemctl import System, install

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MIB = 1024 * 1024
COMMERCIAL_LOG = {job.name for job in of_pipeline("commercial_log")}
UNUSED = tuple(
    f"{name} is not in use; to begin: sudo ctvpipe enable {name}" for name in ("circuits", "fms", "directory", "bdc")
)


@dataclass(frozen=True)
class Appliance:
    root: Path

    @property
    def environ(self) -> dict[str, str]:
        return {
            "CTVPIPE_ETC_DIR": str(self.root / "etc"),
            "CTVPIPE_STATE_DIR": str(self.state),
            "CTVPIPE_TIMEZONE": "UTC",
            "CTV_DATA_DIR": str(self.root / "data"),
        }

    @property
    def state(self) -> Path:
        return self.root / "state"

    def workbook(self, day: date) -> None:
        path = path_for(self.root / "data" / "raw" / "daily", day)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"workbook")

    def report(self, now: datetime = NOW, **more: str) -> Report:
        return look(JOBS, places(JOBS, self.environ | more), now, newest)


@pytest.fixture
def appliance(tmp_path: Path) -> Appliance:
    return Appliance(tmp_path)


@pytest.fixture
def system(tmp_path: Path) -> System:
    """Units of all jobs; those of the commercial log are switched on."""
    made = install(tmp_path, [job.timer for job in JOBS])
    for job in of_pipeline("commercial_log"):
        made.switch(job.timer, on=True)
    return made


def switch_off(system: System, *names: str) -> None:
    for job in JOBS:
        if not names or job.name in names:
            system.switch(job.timer, on=False)


def test_with_all_timers_on_all_is_as_without_units(appliance: Appliance, system: System) -> None:
    record(appliance.state, good_nights(NOW))
    appliance.workbook(NOW.date())
    report = appliance.report()
    assert report.headline == "HEALTHY \u2013 last night worked"
    assert {job.name for job in report.jobs if job.enabled and job.next_run} == COMMERCIAL_LOG


def test_a_pipeline_that_is_not_in_use_stays_out_of_it(appliance: Appliance, system: System) -> None:
    record(appliance.state, good_nights(NOW, days=9))
    appliance.workbook(NOW.date())
    report = appliance.report()
    assert (report.headline, report.notes) == ("HEALTHY \u2013 last night worked", UNUSED)
    assert {job.name for job in report.jobs if job.in_use} == COMMERCIAL_LOG
    assert {job.summary for job in report.jobs if not job.in_use} == {"switched off; it has never run"}


def test_neither_is_it_missed_where_there_are_no_units(appliance: Appliance) -> None:
    record(appliance.state, good_nights(NOW, days=9))
    appliance.workbook(NOW.date())
    report = appliance.report()
    assert (report.headline, report.notes) == ("HEALTHY \u2013 last night worked", UNUSED)


def test_one_timer_that_is_switched_on_puts_a_pipeline_to_use(appliance: Appliance, system: System) -> None:
    record(appliance.state, good_nights(NOW, days=9))
    appliance.workbook(NOW.date())
    system.switch("ctv-circuits-history.timer", on=True)
    report = appliance.report()
    assert report.notes == UNUSED[1:]
    assert {job.pipeline for job in report.jobs if job.in_use} == {"commercial_log", "circuits"}
    assert report.headline.startswith("CRITICAL \u2013 circuits-history: did not run")


def test_so_does_a_run_by_hand_of_which_no_more_are_expected(appliance: Appliance, system: System) -> None:
    record(appliance.state, [*good_nights(NOW, days=9), run("circuits-import", NOW - timedelta(days=3), "failed")])
    appliance.workbook(NOW.date())
    report = appliance.report()
    assert report.headline == "HEALTHY \u2013 last night worked; circuits is switched off"
    record(appliance.state, good_nights(NOW, days=2, pipeline="circuits"))
    for job in of_pipeline("circuits"):
        system.switch(job.timer, on=True)
    assert appliance.report().headline == "HEALTHY \u2013 last night worked"


def test_a_job_is_due_at_the_time_that_its_timer_was_given(appliance: Appliance, system: System) -> None:
    sync = find("fms-sync")
    system.switch(sync.timer, on=True)
    timetable.set_schedule(sync, timetable.scheduled(sync, time(6, 30)), system.root)
    long_ago = (NOW - timedelta(days=30)).timestamp()
    os.utime(timetable.dropin(sync, system.root).parent, (long_ago, long_ago))
    record(appliance.state, [*good_nights(NOW, days=9), run("fms-sync", NOW - timedelta(hours=25))])
    appliance.workbook(NOW.date())

    def at(hour: int, minute: int) -> Report:
        return appliance.report(NOW.replace(hour=hour, minute=minute))

    assert at(7, 29).headline == "HEALTHY \u2013 last night worked"
    [job] = [job for job in at(6, 0).jobs if job.name == "fms-sync"]
    assert job.next_run == NOW.replace(hour=6, minute=30)
    assert at(7, 31).headline.startswith("CRITICAL \u2013 fms-sync: did not run when it was due (Sun 22 Nov 06:30)")


def test_a_sync_that_is_switched_off_by_its_settings_is_no_alarm(appliance: Appliance, system: System) -> None:
    system.switch("ctv-fms-sync.timer", on=True)
    off = run("fms-sync", NOW - timedelta(days=3), "skipped", message="the nightly sync is switched off (SYNC_ENABLED)")
    record(appliance.state, [*good_nights(NOW, days=9), off])
    appliance.workbook(NOW.date())
    report = appliance.report()
    assert report.headline == "HEALTHY \u2013 last night worked; fms-sync was skipped"
    assert report.notes[0] == "fms-sync was skipped: the nightly sync is switched off (SYNC_ENABLED)"
    sync = next(job for job in report.jobs if job.name == "fms-sync")
    assert sync.summary == "skipped: the nightly sync is switched off (SYNC_ENABLED)"


def test_a_job_that_is_switched_off_is_not_overdue(appliance: Appliance, system: System) -> None:
    record(appliance.state, [item for item in good_nights(NOW, days=9) if item.job != "db-backup"])
    appliance.workbook(NOW.date())
    assert appliance.report().headline.startswith("CRITICAL \u2013 db-backup: did not run")
    switch_off(system, "db-backup")
    report = appliance.report()
    assert report.headline == "HEALTHY \u2013 last night worked; db-backup is switched off"
    [backup] = [job for job in report.jobs if job.in_use and not job.enabled]
    assert (backup.name, backup.summary, backup.next_run) == ("db-backup", "switched off; it has never run", None)
    assert {night.mark for night in backup.nights} == {Mark.NOT_DUE}


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (run("db-backup", NOW - timedelta(hours=2), "failed", message="disk full"), "failed 1 h ago: disk full"),
        (run("db-backup", NOW - timedelta(minutes=5), RUNNING), "running for 5 min"),
        (
            run("db-backup", NOW - timedelta(hours=2), RUNNING, process=DEAD),
            "its run of 2 h ago ended without a word",
        ),
    ],
)
def test_how_a_run_by_hand_ended_is_told_and_no_alarm(
    appliance: Appliance, system: System, last: RunRecord, told: str
) -> None:
    record(appliance.state, [*good_nights(NOW), last])
    appliance.workbook(NOW.date())
    switch_off(system, "db-backup")
    report = appliance.report()
    backup = next(job for job in report.jobs if job.name == "db-backup")
    assert report.state is State.HEALTHY
    assert (backup.summary, backup.last) == (f"switched off; {told}", last)


def test_with_every_job_off_nothing_is_expected(appliance: Appliance, system: System) -> None:
    record(appliance.state, good_nights(NOW - timedelta(days=30)))
    appliance.workbook(NOW.date() - timedelta(days=30))
    switch_off(system)
    report = appliance.report(COMMERCIAL_SHARE="//server/share")
    assert (report.state, report.headline) == (State.HEALTHY, "HEALTHY \u2013 every job is switched off")


def test_the_first_run_due_is_that_of_a_job_that_is_on(appliance: Appliance, system: System) -> None:
    switch_off(system, "commercial-import", "daily-update")
    assert appliance.report().headline == (
        "HEALTHY \u2013 nothing has run yet; the first run is due Mon 23 Nov 02:05"
        "; commercial-import is switched off; daily-update is switched off"
    )


def test_a_fresh_machine_is_healthy_and_waits(appliance: Appliance) -> None:
    report = appliance.report()
    assert (report.state, report.headline) == (
        State.HEALTHY,
        "HEALTHY \u2013 nothing has run yet; the first run is due Mon 23 Nov 00:00",
    )
    assert all(job.in_use for job in report.jobs), "nothing is in use yet, so anything may be"
    assert {job.summary for job in report.jobs} == {"waiting for its first run"}
    assert not appliance.state.exists()


def test_good_nights_are_healthy(appliance: Appliance) -> None:
    record(appliance.state, good_nights(NOW))
    appliance.workbook(NOW.date())
    report = appliance.report()
    assert (report.state, report.headline) == (State.HEALTHY, "HEALTHY \u2013 last night worked")
    assert report.freshness is not None
    assert (report.freshness.workbook, report.freshness.age_days) == ("Commercial Log 261122.xlsx", 0)
    assert report.freshness.updated_at == datetime(2026, 11, 22, 1, 30, 37, tzinfo=UTC)


def test_the_headline_names_the_one_job_that_failed(appliance: Appliance) -> None:
    failed = run(
        "daily-update", NOW - timedelta(hours=2), "refused", message="month 2026-11 would lose 41 % of its rows"
    )
    record(appliance.state, [*good_nights(NOW), failed])
    appliance.workbook(NOW.date())
    report = appliance.report()
    assert report.headline == "CRITICAL \u2013 daily-update: refused 1 h ago: month 2026-11 would lose 41 % of its rows"


def test_the_gravest_come_first(appliance: Appliance) -> None:
    record(
        appliance.state,
        [*good_nights(NOW), run("commercial-import", NOW, warnings=("w",)), run("db-backup", NOW, "failed")],
    )
    appliance.workbook(NOW.date() - timedelta(days=9))
    report = appliance.report()
    assert [finding.subject for finding in report.findings] == ["db-backup", "commercial-import", "data"]
    assert report.headline.endswith("(and 2 warnings)")


@pytest.mark.parametrize("content", [b"", b"this is no database " * 500])
def test_a_ledger_that_is_none_is_critical(appliance: Appliance, content: bytes) -> None:
    appliance.state.mkdir()
    (appliance.state / FILE_NAME).write_bytes(content)
    yesterday = (NOW - timedelta(days=1)).timestamp()
    os.utime(appliance.state / FILE_NAME, (yesterday, yesterday))
    report = appliance.report()
    assert report.state is State.CRITICAL
    assert report.findings[0].subject == "ledger"
    assert str(appliance.state / FILE_NAME) in report.findings[0].reason
    assert report.jobs == ()


def test_a_ledger_damaged_in_the_middle_is_critical(appliance: Appliance) -> None:
    record(appliance.state, good_nights(NOW, days=60))
    path = appliance.state / FILE_NAME
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    report = appliance.report()
    assert report.state is State.CRITICAL
    assert [finding.subject for finding in report.findings] == ["ledger"]


def test_an_alert_that_reached_nobody_is_a_warning_and_told(appliance: Appliance) -> None:
    bad = run("daily-update", NOW - timedelta(hours=2), "partial", message="1 of 3 failed")
    record(appliance.state, [*good_nights(NOW), bad])
    appliance.workbook(NOW.date())
    ledger = Ledger(appliance.state)
    ledger.told(bad, AlertState(bad.job, bad.started_at, 2, None))
    ledger.record_alert(run_id=bad.run_id, job=bad.job, kind="alert", delivered=0, error="ntfy: no answer in time")
    ledger.close()
    report = appliance.report(datetime.now(UTC))
    [alert] = report.alerts
    assert (alert.job, alert.bad_since, alert.bad_runs, alert.told_at) == (bad.job, bad.started_at, 2, None)
    assert any(f.subject == "alerts" and "ntfy: no answer in time" in f.reason for f in report.findings)


def test_without_any_target_an_open_alert_is_no_extra_warning(appliance: Appliance) -> None:
    ledger = Ledger(appliance.state)
    ledger.record_alert(run_id="x", job="db-backup", kind="alert", delivered=0, error="no alert target is configured")
    ledger.close()
    assert not appliance.report(datetime.now(UTC)).findings


@pytest.mark.parametrize(
    ("age", "state"),
    [(0, State.HEALTHY), (2, State.HEALTHY), (3, State.WARNING), (-1, State.HEALTHY), (-2, State.WARNING)],
)
def test_the_newest_workbook_may_be_two_days_old(appliance: Appliance, age: int, state: State) -> None:
    record(appliance.state, good_nights(NOW))
    appliance.workbook(NOW.date() - timedelta(days=age))
    appliance.workbook(NOW.date() - timedelta(days=30))
    report = appliance.report()
    assert report.freshness is not None
    assert (report.freshness.state, report.freshness.age_days, report.state) == (state, age, state)


def test_old_workbooks_do_not_matter_where_nothing_is_imported(appliance: Appliance) -> None:
    appliance.workbook(NOW.date() - timedelta(days=300))
    assert appliance.report().state is State.HEALTHY
    assert appliance.report(COMMERCIAL_SHARE="//server/share").state is State.WARNING


def test_a_vanished_workbook_is_a_warning_once_imports_have_succeeded(appliance: Appliance) -> None:
    record(appliance.state, good_nights(NOW))
    (appliance.root / "data" / "raw" / "daily").mkdir(parents=True)
    assert "no workbook" in appliance.report().findings[0].reason


def test_a_directory_only_others_may_read_is_a_note() -> None:
    def forbidden(directory: Path) -> freshness.Dated | None:
        raise PermanentError("cannot list", "advice") from PermissionError(13, "Permission denied")

    fresh, findings = freshness.look(
        Path("/data"), forbidden, today=NOW.date(), now=NOW, expected=True, imported=True, updated_at=None
    )
    assert not findings
    assert fresh.note == "/data is not readable for this user"


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (50 * MIB - 1, 100 * MIB, State.CRITICAL),
        (50 * MIB, 100 * MIB, State.WARNING),
        (200 * MIB - 1, 1000 * MIB, State.WARNING),
        (200 * MIB, 4000 * MIB, State.HEALTHY),
        (200 * MIB, 4001 * MIB, State.WARNING),
    ],
)
def test_how_much_of_a_disk_must_be_free(free: int, total: int, state: State) -> None:
    assert disk.state_of(free, total) is state


@given(st.integers(0, 10**13), st.integers(1, 10**13), st.integers(0, 10**12))
def test_more_free_space_is_never_worse(free: int, total: int, more: int) -> None:
    assert disk.state_of(free + more, total) <= disk.state_of(free, total)


def test_directories_on_one_disk_are_told_once(tmp_path: Path) -> None:
    disks, findings = disk.look({"state": tmp_path / "not" / "yet", "data": tmp_path})
    assert not findings
    assert [entry.uses for entry in disks] == [("state", "data")]


def test_the_quickly_read_defaults_are_the_declared_ones(tmp_path: Path) -> None:
    found = places(JOBS, {"CTVPIPE_ETC_DIR": str(tmp_path)})
    shared = SharedSettings()
    assert (found.state_dir, found.data_dir) == (shared.state_dir, DataSettings().data_dir)
    assert found.daily_dir == DataSettings().daily_dir
    assert set(found.log_dirs.values()) == {shared.log_dir}


def test_places_come_from_the_env_files_of_their_jobs(tmp_path: Path) -> None:
    (tmp_path / "ctvpipe.env").write_text("CTVPIPE_STATE_DIR='/s t'\nCTVPIPE_LOG_DIR=/logs\n")
    (tmp_path / "ctv-commercial-import.env").write_text("CTV_DATA_DIR=/d\nCTVPIPE_LOG_DIR=/other\n")
    found = places(JOBS, {"CTVPIPE_ETC_DIR": str(tmp_path)})
    assert (found.state_dir, found.data_dir) == (Path("/s t"), Path("/d"))
    assert found.log(JOBS[0]) == Path("/other/ctv-commercial-import/import.log")
    assert found.log(JOBS[1]) == Path("/logs/ctv-daily-update/update.log")


def test_an_env_file_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    (tmp_path / "ctvpipe.env").mkdir()
    found = places(JOBS, {"CTVPIPE_ETC_DIR": str(tmp_path), "CTVPIPE_TIMEZONE": "Mars/Olympus"})
    assert "ctvpipe.env (Is a directory): defaults are assumed" in found.notes[0]
    assert "'Mars/Olympus' is not a time zone" in found.notes[1]


def test_the_shape_for_machines(appliance: Appliance) -> None:
    record(appliance.state, [*good_nights(NOW), run("db-backup", NOW, "failed", message="disk full")])
    appliance.workbook(NOW.date())
    document = json.loads(json.dumps(shape.report(appliance.report())))
    assert set(document) == {
        "schema_version",
        "version",
        "generated_at",
        "state",
        "exit_code",
        "headline",
        "problems",
        "jobs",
        "disks",
        "freshness",
        "alerts",
        "notes",
        "ledger",
    }
    assert (document["schema_version"], document["state"], document["exit_code"]) == (1, "critical", 2)
    assert document["generated_at"] == "2026-11-22T08:00:00.000+00:00"
    backup = next(job for job in document["jobs"] if job["name"] == "db-backup")
    assert (backup["state"], backup["last_run"]["outcome"], backup["next_run"]) == (
        "critical",
        "failed",
        "2026-11-23T02:05:00.000+00:00",
    )
    assert backup["nights"][-1] == {"date": "2026-11-22", "mark": "failed"}
    first = document["jobs"][0]["last_run"]
    assert (first["rows"], first["seconds"]) == (15_532, 30.0)
    assert first["age_seconds"] == timedelta(hours=7, seconds=-37).total_seconds()


def test_the_lines_of_one_run(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    log.write_text(
        "1 - INFO - job 0.1 started (run aaa, timer)\n2 - INFO - work\n3 - INFO - SUCCESS: job\n"
        "4 - INFO - job 0.1 started (run bbb, timer)\nTraceback\n  line\n5 - ERROR - ERROR: job failed\n"
        "6 - INFO - job 0.1 started (run ccc, timer)\n"
    )
    assert lines_of_run(log, "bbb") == log.read_text().splitlines()[3:7]
    assert lines_of_run(log, "aa") == []
