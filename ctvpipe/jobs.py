"""The one table of jobs. Units, wrappers, docs and ``ctvpipe status`` agree with it, and a test proves that."""

from __future__ import annotations

from datetime import time, timedelta

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.job import Job, Schedule

JOBS = (
    Job(
        name="commercial-import",
        pipeline="commercial_log",
        command=("commercial", "import"),
        schedule=Schedule(time(1, 0), random_delay=timedelta(minutes=5)),
        wrapper="commercial_import.sh",
        env_file="ctv-commercial-import.env",
        log="ctv-commercial-import/import.log",
        settings="ctvpipe.pipelines.commercial_log.settings:ImportSettings",
    ),
    Job(
        name="daily-update",
        pipeline="commercial_log",
        command=("update", "--unattended"),
        schedule=Schedule(time(1, 30), random_delay=timedelta(minutes=10)),
        wrapper="daily_update.sh",
        env_file="ctv-daily-update.env",
        log="ctv-daily-update/update.log",
        outcome_log="ctv-daily-update/wrapper.log",
        settings="ctvpipe.pipelines.commercial_log.settings:UpdateSettings",
        after=("commercial-import",),
    ),
    Job(
        name="db-backup",
        pipeline="commercial_log",
        command=("backup",),
        schedule=Schedule(time(2, 5)),
        wrapper="db_backup.sh",
        env_file="ctv-daily-update.env",
        log="ctv-daily-update/backup.log",
        settings="ctvpipe.pipelines.commercial_log.settings:BackupSettings",
        timeout=timedelta(hours=2),
    ),
    Job(
        name="commercial-rotation",
        pipeline="commercial_log",
        command=("commercial", "rotate"),
        schedule=Schedule(time(2, 30), weekday=6),
        wrapper="rotate_commercial_logs.sh",
        env_file="ctv-commercial-import.env",
        log="ctv-commercial-import/rotation.log",
        settings="ctvpipe.pipelines.commercial_log.settings:RotationSettings",
    ),
)


def find(name: str) -> Job:
    """The job called ``name``; raises ``ConfigurationError`` with the names there are."""
    for job in JOBS:
        if job.name == name:
            return job
    names = ", ".join(job.name for job in JOBS)
    raise ConfigurationError(f"there is no job called {name!r}", f"The jobs are: {names}.")


def of_unit(unit: str) -> Job:
    """The job whose service is called ``unit``, without the ending; raises ``ConfigurationError`` for another."""
    for job in JOBS:
        if job.unit == unit:
            return job
    raise ConfigurationError(f"there is no job with a service called {unit!r}", "'ctvpipe jobs' shows the jobs.")


def of_pipeline(name: str) -> tuple[Job, ...]:
    """The jobs of the pipeline called ``name``, with ``_`` or ``-``; raises ``ConfigurationError`` with the names."""
    found = tuple(job for job in JOBS if job.pipeline == name.replace("-", "_"))
    if not found:
        names = ", ".join(dict.fromkeys(job.pipeline for job in JOBS))
        raise ConfigurationError(f"there is no pipeline called {name!r}", f"The pipelines are: {names}.")
    return found
