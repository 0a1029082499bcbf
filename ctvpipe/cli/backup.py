"""``ctvpipe backup``: keep copies of the sales database."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer()


@app.command("backup")
def backup_(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")] = False,
) -> None:
    """Copy the sales database while it is in use; check, compress and keep the copy, and send it to the remote."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("db-backup"), dry_run=dry_run) as run:
        from ctvpipe.pipelines.commercial_log.backup import backup

        backup(run)
