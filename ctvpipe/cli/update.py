"""``ctvpipe update``: the daily update."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ctvpipe.cli.extra_args import OPTION, WithExtraArgs

app = typer.Typer()


@app.command(cls=WithExtraArgs)
def update(
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Import this workbook instead of the newest local one.")
    ] = None,
    strategy: Annotated[
        Literal["diff", "replace"], typer.Option(help="Write only the difference, or replace whole months.")
    ] = "diff",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Go on when a month would lose too many rows.")] = False,
    unattended: Annotated[bool, typer.Option("--unattended", help="Ask nothing, even on a terminal.")] = False,
    new_database: Annotated[
        bool, typer.Option("--new-database", help="Make a new database where an earlier one is missing.")
    ] = False,
    extra_args: Annotated[  # noqa: ARG001  (its command class puts the options in)
        bool, typer.Option(OPTION, help="Add the options in DAILY_UPDATE_EXTRA_ARGS, as the wrapper does.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tracebacks on the console too.")] = False,
) -> None:
    """Bring the sales database's open months to what the newest workbook says."""
    from ctvpipe.core.bounded import Child

    # The reader gets ready while the rest is imported; but root's run goes on as another user, and so must its reader.
    with Child("ctvpipe.pipelines.commercial_log.reading", at_once=os.geteuid() != 0) as reader:
        from ctvpipe import jobs
        from ctvpipe.core.run import run_of
        from ctvpipe.pipelines.commercial_log.update import Options
        from ctvpipe.pipelines.commercial_log.update import update as run_update

        asks = sys.stdin.isatty() and not (unattended or force or dry_run)
        options = Options(file, strategy, force, new_database, typer.confirm if asks else None)
        with run_of(jobs.find("daily-update"), dry_run=dry_run, verbose=verbose) as run:
            run_update(run, options, reader)
