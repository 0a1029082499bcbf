"""``ctvpipe backup``: keep copies of the SQLite databases."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer()


@app.command("backup")
def backup_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")] = False,
) -> None:
    """Copy the SQLite databases while they are in use; check, compress and keep the copies, send them to the remote.

    These are the sales database and that of every other pipeline that has one.
    """
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("db-backup"), dry_run=dry_run) as run:
        from ctvpipe.cli.declared import sqlite_files
        from ctvpipe.pipelines.commercial_log.backup import backup

        found, unknown = sqlite_files()
        for text in unknown:
            run.warn(text)
        backup(run, found)
