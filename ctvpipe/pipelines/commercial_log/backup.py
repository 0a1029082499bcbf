"""Job ``db-backup``: a copy of every SQLite database of the appliance each night, the newest seven of each are kept.

One job for all pipelines, so that there is one directory to look into, one way back, and one line in ``status`` that
says whether there is a backup. A database that cannot be copied does not keep the others from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from ctvpipe.core.errors import CtvpipeError, Outcome, PermanentError, Skipped
from ctvpipe.core.run import Run
from ctvpipe.pipelines.commercial_log import backup_copy
from ctvpipe.pipelines.commercial_log.settings import BackupSettings
from ctvpipe.stores.address import File

_UPDATE = "daily-update"


def backup(run: Run, others: Sequence[File] = ()) -> None:
    """Back up the sales database, and ``others``: the databases of the other pipelines.

    One of several that cannot be backed up is a failed unit. Raises ``Skipped`` where there is nothing to back up: on
    PostgreSQL and on a station that is not configured yet. Where nothing could be backed up, raises what the first one
    raised: ``PermanentError`` for a database or disk that will not do, ``TransientError`` for a locked one.
    """
    settings = run.load(BackupSettings)
    done: list[backup_copy.Copied] = []
    failed: list[CtvpipeError] = []
    skipped: list[Skipped] = []
    for found in _databases(run, settings, others):
        try:
            done.append(backup_copy.copy(run, settings, found()))
        except Skipped as nothing:
            skipped.append(nothing)
        except CtvpipeError as error:
            failed.append(error)
    if not done:
        raise [*failed, *skipped][0]
    for fault in failed:
        run.fail_unit(f"{fault}. {fault.advice}".rstrip())
    for nothing_there in skipped:
        run.log.info("%s", nothing_there)
    if not run.dry_run:
        run.count("rows", sum(copied.rows for copied in done))
        run.count("tables", sum(copied.tables for copied in done))
    run.count("bytes", sum(copied.size for copied in done))
    run.summary = "; ".join(copied.said for copied in done) + "."


def _databases(run: Run, settings: BackupSettings, others: Sequence[File]) -> Iterator[Callable[[], File]]:
    """What there may be to back up, each when it is called: it raises where there is nothing, or where it must not."""
    yield partial(_sales, run, settings)
    taken = {} if settings.database_path is None else {settings.database_path.stem: settings.database_path}
    for file in others:
        first = taken.setdefault(file.path.stem, file.path)
        if first != file.path:
            yield partial(_of_the_same_name, first, file)
        elif first != settings.database_path:
            yield partial(_other, settings, file)


def _sales(run: Run, settings: BackupSettings) -> File:
    url = settings.require_url()
    path = settings.database_path
    if not url.startswith("sqlite:") or path is None:
        raise Skipped(
            "the sales database is on a PostgreSQL server (DATABASE_URL), which is backed up there",
            "Use pg_dump or the server's own backups.",
        )
    update = run.latest(_UPDATE)
    nothing_yet = update is not None and update.outcome == Outcome.SKIPPED and not path.exists()
    if nothing_yet and not backup_copy.existing(settings.directory, path.stem):
        raise Skipped(f"there is no database yet at {path}", "The first 'ctvpipe update' makes it.")
    return File(path, settings.names)


def _other(settings: BackupSettings, file: File) -> File:
    """Of a pipeline that may not be in use: only a database that there was once is missed."""
    if not file.path.exists() and not backup_copy.existing(settings.directory, file.path.stem):
        raise Skipped(f"there is no database yet at {file.path}", "The first run of its pipeline makes it.")
    return file


def _of_the_same_name(first: Path, file: File) -> File:
    raise PermanentError(
        f"{file.path} has the file name of {first}: their backups could not be told apart",
        f"Give it another name, and say so in {file.names.path}.",
    )
