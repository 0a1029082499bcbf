"""What ``ctvpipe config check`` tries for the commercial log: its directories and its connections."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ctvpipe.core.errors import PermanentError, Skipped, TransientError
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.commercial_log.settings import (
    BackupSettings,
    ImportSettings,
    RotationSettings,
    UpdateSettings,
)

EnvironmentOf = Callable[[str], Environment]


def directories(environment_of: EnvironmentOf) -> dict[str, Path]:
    """The directories that the jobs write, by what they are for. Raises ``ConfigurationError`` for wrong settings.

    ``environment_of`` gives the environment of a job by its name.
    """
    return {
        "daily workbooks": environment_of("commercial-import").load(ImportSettings).daily_dir,
        "archives": environment_of("commercial-rotation").load(RotationSettings).archive_dir,
        "backups": environment_of("db-backup").load(BackupSettings).directory,
    }


def connections(environment_of: EnvironmentOf) -> dict[str, Callable[[], str]]:
    """The connections by name; calling one tries it, and says what was found.

    A call raises ``CtvpipeError`` when the connection does not work, ``Skipped`` when it is not configured.
    """
    return {
        "share": lambda: _share(environment_of("commercial-import").load(ImportSettings)),
        "database": lambda: _database(environment_of("daily-update").load(UpdateSettings)),
        "backup remote": lambda: _remote(environment_of("db-backup").load(BackupSettings)),
    }


def _share(settings: ImportSettings) -> str:
    from ctvpipe.pipelines.commercial_log.fetch import target
    from ctvpipe.sources.share import explain

    where = target(settings)
    network_seconds = min(where.waits.network_seconds, where.waits.connect_seconds)
    waits = replace(where.waits, network_seconds=network_seconds, settle_tries=1, settle_seconds=0)
    steps = explain(where.location, where.credentials, where.workbook, waits)
    for step in steps:
        if not step.ok:
            kind = TransientError if step.transient else PermanentError
            raise kind(step.detail, f"{step.advice} (step by step: ctvpipe share check)")
    return "; ".join(step.detail for step in steps[-2:])


def _database(settings: UpdateSettings) -> str:
    from ctvpipe.pipelines.commercial_log.database import MIGRATIONS
    from ctvpipe.stores.probe import probe

    return probe(settings, MIGRATIONS, made_by="the next update")


def _remote(settings: BackupSettings) -> str:
    if not settings.rclone_remote:
        raise Skipped("no copy to a remote is configured (BACKUP_RCLONE_REMOTE)")
    if shutil.which("rclone") is None:
        raise PermanentError(
            "BACKUP_RCLONE_REMOTE is set, but rclone is not installed", "Install it: sudo apt install rclone"
        )
    return f"rclone is installed; it copies to {settings.rclone_remote}"
