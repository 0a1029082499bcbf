"""``ctvpipe bdc``: the nightly import of Sonar's customers, and the filing that it is for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctvpipe.cli import bdc_filing
from ctvpipe.core.errors import ConfigurationError

app = typer.Typer(
    help="BDC: Sonar's customers every night, as points on a map, and the files of the FCC's filing.",
    no_args_is_help=True,
)


@app.command("import")
def import_(
    workers: Annotated[
        int | None,
        typer.Option("-w", "--workers", metavar="N", min=1, max=64, help="Requests at a time.", show_default="10"),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "-b", "--batch-size", metavar="N", min=1, max=2000, help="Customers written at a time.", show_default="100"
        ),
    ] = None,
    commit_interval: Annotated[
        int | None,
        typer.Option(
            "-c", "--commit-interval", metavar="N", min=1, help="Customers between commits.", show_default="1000"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("-f", "--force", help="Fetch every customer, however fresh.")] = False,
    days: Annotated[
        int | None,
        typer.Option(
            "-d", "--days", metavar="DAYS", min=0, help="Fetch those older than so many days.", show_default="7"
        ),
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(
            "-p", "--prefix", metavar="PREFIX", help="What the tables' names begin with.", show_default="sonar."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "-l", "--limit", metavar="N", min=1, help="At most so many customers, to try it; nobody is taken for gone."
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Tell more of what is done.")] = False,
    inventory_only: Annotated[
        bool, typer.Option("--inventory-only", help="Only the models and the equipment.")
    ] = False,
    customers_only: Annotated[bool, typer.Option("--customers-only", help="All but models and makers.")] = False,
    max_retries: Annotated[
        int | None,
        typer.Option("--max-retries", metavar="N", min=0, help="Tries after the first of a call.", show_default="5"),
    ] = None,
    initial_backoff: Annotated[
        float | None,
        typer.Option(
            "--initial-backoff", metavar="SECONDS", min=0, help="Seconds before the first of them.", show_default="1.0"
        ),
    ] = None,
    report_layout: Annotated[
        str | None,
        typer.Option(
            "--report-layout",
            metavar="LAYOUT",
            help="The order of the report's columns: auto, documented, seed, or a file.",
            show_default="auto",
        ),
    ] = None,
    bbox: Annotated[
        str | None,
        typer.Option("--bbox", metavar="BOX", help="The box that customers are in: south,west,north,east in degrees."),
    ] = None,
    fix_swapped: Annotated[
        bool | None,
        typer.Option("--fix-swapped", help="Put right what the box proves to be exchanged.", show_default=False),
    ] = None,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Mark customers as gone even if the report has lost many.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Fetch the report and check its layout; write nothing.")
    ] = False,
    log_file: Annotated[
        Path | None, typer.Option("--log-file", metavar="FILE", help="Write the log there as well.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")] = False,
) -> None:
    """Bring the tables to what Sonar knows of its customers, their services and their equipment.

    A run with a limit, or of one half, is no night: 'ctvpipe status' and the alerts go by runs of everything.
    """
    if inventory_only and customers_only:
        raise ConfigurationError("--inventory-only and --customers-only exclude each other", "Give one, or neither.")
    instead = {
        "BDC_WORKERS": workers,
        "BDC_BATCH_SIZE": batch_size,
        "BDC_COMMIT_INTERVAL": commit_interval,
        "BDC_DAYS": days,
        "BDC_PREFIX": prefix,
        "BDC_MAX_RETRIES": max_retries,
        "BDC_INITIAL_BACKOFF": initial_backoff,
        "BDC_REPORT_LAYOUT": _layout(report_layout),
        "BDC_BBOX": bbox,
        "BDC_FIX_SWAPPED": fix_swapped,
    }
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    parts = {"the equipment": inventory_only, "customers": customers_only, f"{limit} customers": limit is not None}
    only = ", ".join(part for part, chosen in parts.items() if chosen)
    with run_of(
        jobs.find("bdc-import"), only=only, dry_run=dry_run or check, verbose=verbose, log_file=log_file
    ) as run:
        from ctvpipe.pipelines.bdc import importing

        run.environment = run.environment.instead(instead)
        half = importing.Half.INVENTORY if inventory_only else importing.Half.CUSTOMERS if customers_only else None
        options = importing.Options(force=force, limit=limit, only=half, accept_shrink=accept_shrink, check=check)
        result = importing.import_(run, options)
        if as_json:
            from ctvpipe.cli import output

            output.say(result.line())


def _layout(name: str | None) -> str | None:
    """A layout by its name; anything else is a file, wherever the command is called."""
    return name if name in {None, "auto", "documented", "seed"} else str(Path(str(name)).absolute())


app.command("snapshot")(bdc_filing.snapshot)
app.command("snapshots")(bdc_filing.list_snapshots)
app.command("quality")(bdc_filing.quality)
app.add_typer(bdc_filing.exports, name="export")
