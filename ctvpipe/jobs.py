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
    Job(
        name="circuits-import",
        pipeline="circuits",
        command=("circuits", "import"),
        schedule=Schedule(time(0, 0)),
        wrapper="circuits_import.sh",
        env_file="ctv-circuits.env",
        log="ctv-circuits/circuits-import.log",
        settings="ctvpipe.pipelines.circuits.settings:ImportSettings",
    ),
    Job(
        name="meraki-inventory",
        pipeline="circuits",
        command=("circuits", "meraki"),
        schedule=Schedule(time(1, 0)),
        wrapper="meraki_inventory.sh",
        env_file="ctv-circuits.env",
        log="ctv-circuits/meraki-inventory.log",
        settings="ctvpipe.pipelines.circuits.settings:InventorySettings",
        after=("circuits-import",),
        timeout=timedelta(hours=2),
    ),
    Job(
        name="meraki-inventory-all",
        pipeline="circuits",
        command=("circuits", "meraki", "--all-orgs"),
        schedule=Schedule(time(2, 0)),
        wrapper="meraki_inventory_all.sh",
        env_file="ctv-circuits.env",
        log="ctv-circuits/meraki-inventory-all.log",
        settings="ctvpipe.pipelines.circuits.settings:AllInventorySettings",
        timeout=timedelta(hours=2),
    ),
    Job(
        name="circuits-enrich",
        pipeline="circuits",
        command=("circuits", "enrich"),
        schedule=Schedule(time(3, 0)),
        wrapper="circuits_enrich.sh",
        env_file="ctv-circuits.env",
        log="ctv-circuits/circuits-enrich.log",
        settings="ctvpipe.pipelines.circuits.settings:EnrichSettings",
        after=("circuits-import", "meraki-inventory"),
        timeout=timedelta(hours=1),
    ),
    Job(
        name="circuits-enablement",
        pipeline="circuits",
        command=("circuits", "enablement"),
        schedule=Schedule(time(4, 0)),
        wrapper="circuits_enablement.sh",
        env_file="ctv-circuits.env",
        log="ctv-circuits/circuits-enablement.log",
        settings="ctvpipe.pipelines.circuits.settings:EnablementSettings",
        after=("circuits-import",),
    ),
    Job(
        name="circuits-history",
        pipeline="circuits",
        command=("circuits", "history"),
        schedule=Schedule(time(4, 30)),
        wrapper="circuits_history.sh",
        env_file="ctv-circuits.env",
        log="ctv-circuits/circuits-history.log",
        settings="ctvpipe.pipelines.circuits.settings:HistorySettings",
        after=("circuits-import",),
    ),
    Job(
        name="fms-sync",
        pipeline="fms",
        command=("fms", "sync"),
        schedule=Schedule(time(2, 0)),
        wrapper="fms_sync.sh",
        env_file="ctv-fms.env",
        log="ctv-fms/fms-sync.log",
        settings="ctvpipe.pipelines.fms.settings:SyncSettings",
        timeout=timedelta(hours=1),
    ),
    Job(
        name="directory-sync",
        pipeline="directory",
        command=("directory", "sync"),
        schedule=Schedule(time(5, 0)),
        wrapper="directory_sync.sh",
        env_file="ctv-directory.env",
        log="ctv-directory/directory-sync.log",
        settings="ctvpipe.pipelines.directory.settings:SyncSettings",
        timeout=timedelta(hours=6),
    ),
    Job(
        name="bdc-import",
        pipeline="bdc",
        command=("bdc", "import"),
        schedule=Schedule(time(5, 30)),
        wrapper="bdc_import.sh",
        env_file="ctv-bdc.env",
        log="ctv-bdc/bdc-import.log",
        settings="ctvpipe.pipelines.bdc.settings:ImportSettings",
        timeout=timedelta(hours=4),
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
