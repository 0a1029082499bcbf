"""``ctvpipe fms``: the nightly sync of the five exports, and what people decide and upload."""

from __future__ import annotations

from typing import Annotated

import typer

from ctvpipe.cli import fms_preferred_day, fms_upload, fms_views

app = typer.Typer(help="FMS: five exports every night, preferred days, coordinates, uploads.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")]


@app.command("sync")
def sync(
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", metavar="TABLE", help="Only this table; may be given several times.", show_default=False
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take an export that has lost many rows, or has not changed.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as a JSON document.")] = False,
) -> None:
    """Fetch the five exports, and bring each table to what its export holds.

    A run of some tables only is no night: 'ctvpipe status' and the alerts go by runs of all of them.
    """
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("fms-sync"), only=", ".join(table or ()), dry_run=dry_run) as run:
        from ctvpipe.pipelines.fms.syncing import sync as run_sync

        result = run_sync(run, only=table or (), force=force)
        if as_json:
            from ctvpipe.cli import listing

            listing.document(result.shape())
        result.require_any()


app.command("status")(fms_views.status)
app.command("config")(fms_views.config)
app.command("preferred-day")(fms_preferred_day.preferred_day)
app.command("preferred-days")(fms_preferred_day.list_preferred_days)
app.add_typer(fms_upload.app, name="upload")
