"""The table of jobs is consistent in itself and says what the operators were promised."""

from __future__ import annotations

import importlib
from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe import jobs
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.job import Job, Schedule
from ctvpipe.core.settings import Settings

TZ = ZoneInfo("America/Los_Angeles")
# Facts 1.4, 3.1 and C4 of the commercial log, 1.1 of the circuits, 4.1 of FMS: what operators schedule, edit and tail.
PROMISED = {
    "commercial-import": ("*-*-* 01:00:00", 5, "ctv-commercial-import.env", "ctv-commercial-import/import.log", None),
    "daily-update": (
        "*-*-* 01:30:00",
        10,
        "ctv-daily-update.env",
        "ctv-daily-update/update.log",
        "ctv-daily-update/wrapper.log",
    ),
    "db-backup": ("*-*-* 02:05:00", 0, "ctv-daily-update.env", "ctv-daily-update/backup.log", None),
    "circuits-import": ("*-*-* 00:00:00", 0, "ctv-circuits.env", "ctv-circuits/circuits-import.log", None),
    "meraki-inventory": ("*-*-* 01:00:00", 0, "ctv-circuits.env", "ctv-circuits/meraki-inventory.log", None),
    "meraki-inventory-all": ("*-*-* 02:00:00", 0, "ctv-circuits.env", "ctv-circuits/meraki-inventory-all.log", None),
    "circuits-enrich": ("*-*-* 03:00:00", 0, "ctv-circuits.env", "ctv-circuits/circuits-enrich.log", None),
    "circuits-enablement": ("*-*-* 04:00:00", 0, "ctv-circuits.env", "ctv-circuits/circuits-enablement.log", None),
    "circuits-history": ("*-*-* 04:30:00", 0, "ctv-circuits.env", "ctv-circuits/circuits-history.log", None),
    "bdc-import": ("*-*-* 05:30:00", 0, "ctv-bdc.env", "ctv-bdc/bdc-import.log", None),
    "fms-sync": ("*-*-* 02:00:00", 0, "ctv-fms.env", "ctv-fms/fms-sync.log", None),
    "directory-sync": ("*-*-* 05:00:00", 0, "ctv-directory.env", "ctv-directory/directory-sync.log", None),
    "commercial-rotation": (
        "Sun *-*-* 02:30:00",
        0,
        "ctv-commercial-import.env",
        "ctv-commercial-import/rotation.log",
        None,
    ),
}
every_job = pytest.mark.parametrize("job", jobs.JOBS, ids=[job.name for job in jobs.JOBS])


@pytest.mark.parametrize("name", PROMISED)
def test_what_operators_know(name: str) -> None:
    job = jobs.find(name)
    minutes = job.schedule.random_delay // timedelta(minutes=1)
    assert (job.schedule.on_calendar, minutes, job.env_file, job.log, job.outcome_log) == PROMISED[name]
    assert job.unit == f"ctv-{name}"


def test_every_job_is_promised() -> None:
    assert set(PROMISED) == {job.name for job in jobs.JOBS}


def test_wrappers_of_the_commercial_log_keep_their_names() -> None:
    assert jobs.find("commercial-import").wrapper == "commercial_import.sh"
    assert jobs.find("daily-update").wrapper == "daily_update.sh"
    assert jobs.find("commercial-rotation").wrapper == "rotate_commercial_logs.sh"


@pytest.mark.parametrize("what", ["name", "unit", "wrapper", "command", "log"])
def test_unique(what: str) -> None:
    repeated = [value for value, count in Counter(getattr(job, what) for job in jobs.JOBS).items() if count > 1]
    assert repeated == []


def test_no_two_jobs_write_one_outcome_log() -> None:
    files = [file for job in jobs.JOBS for file in (job.log, job.outcome_log) if file]
    assert len(files) == len(set(files))


@every_job
def test_settings_can_be_imported_from_its_pipeline(job: Job) -> None:
    module, _, name = job.settings.partition(":")
    cls = getattr(importlib.import_module(module), name)
    assert issubclass(cls, Settings)
    assert module.startswith(f"ctvpipe.pipelines.{job.pipeline}.")
    for variable, field in cls.variables().items():
        assert variable.isupper()
        assert field.description


@every_job
def test_what_it_follows_exists(job: Job) -> None:
    assert job.name not in job.after
    for name in job.after:
        assert jobs.find(name)


def test_find_names_the_jobs_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there is no job called 'nightly'") as caught:
        jobs.find("nightly")
    assert all(job.name in caught.value.advice for job in jobs.JOBS)


schedules = st.builds(
    Schedule, st.times().map(lambda at: at.replace(second=0, microsecond=0)), st.none() | st.integers(0, 6)
)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(ZoneInfo("UTC")))


@given(schedules, instants)
def test_a_schedules_neighbours(schedule: Schedule, instant: datetime) -> None:
    before, after = schedule.previous(instant, TZ), schedule.next(instant, TZ)
    assert before.timestamp() <= instant.timestamp() < after.timestamp()
    period = timedelta(days=1 if schedule.weekday is None else 7)
    assert abs((after - before) - period) <= timedelta(hours=1)
    for neighbour in (before, after):
        assert neighbour.time() == schedule.at
        assert schedule.weekday in {None, neighbour.weekday()}


def test_the_hour_that_summer_time_skips() -> None:
    schedule = Schedule(time(2, 30))
    midnight = datetime(2026, 3, 8, 8, 0, tzinfo=ZoneInfo("UTC"))
    assert schedule.next(midnight, TZ).timestamp() > midnight.timestamp()
