"""``ctvpipe commercial``: the commercial log's files."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="The commercial log: fetch it, keep it.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")]


@app.command("import")
def import_(dry_run: DryRun = False) -> None:
    """Copy the workbook from the share into local storage, as today's daily file."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("commercial-import"), dry_run=dry_run) as run:
        from ctvpipe.pipelines.commercial_log.fetch import import_log

        import_log(run)


@app.command("rotate")
def rotate_(
    dry_run: DryRun = False,
    status: Annotated[bool, typer.Option("--status", help="Only say what is kept; needs no privileges.")] = False,
) -> None:
    """Archive daily files of the week before and earlier by month; remove archives that are over a year old."""
    from ctvpipe import jobs

    job = jobs.find("commercial-rotation")
    if status:
        _print_status(job.env_file)
        return
    from ctvpipe.core.run import run_of

    with run_of(job, dry_run=dry_run) as run:
        from ctvpipe.pipelines.commercial_log.rotate import rotate

        rotate(run)


def _print_status(env_file: str) -> None:
    from ctvpipe.core.settings import environment
    from ctvpipe.pipelines.commercial_log.rotation_status import status_lines
    from ctvpipe.pipelines.commercial_log.settings import RotationSettings

    env = environment([env_file])
    for path, reason in env.unreadable.items():
        typer.echo(f"{path}: {reason}; the defaults are shown", err=True)
    for line in status_lines(env.load(RotationSettings)):
        typer.echo(line)
