"""``ctvpipe circuits``: the six nightly jobs of the circuits, and what people decide of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ctvpipe.cli import (
    circuits_assign,
    circuits_confirm,
    circuits_conflicts,
    circuits_new_stores,
    circuits_override,
    circuits_providers,
)

app = typer.Typer(help="Circuits: from the order tracking file and the device API to history.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")]


@app.command("import")
def import_(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Import this file instead of the newest one.", show_default=False),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take a file that is not of today, or has lost too many rows.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Bring the newest order tracking file into the circuits; what is overridden stays as it is."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("circuits-import"), dry_run=dry_run) as run:
        from ctvpipe.pipelines.circuits.importing import import_orders

        import_orders(run, file=file, force=force)


@app.command("meraki")
def meraki(
    all_orgs: Annotated[bool, typer.Option("--all-orgs", help="All devices of every organisation.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Go on when too many devices would be gone.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Collect the appliances and their uplinks from the device API, and who provides each address."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("meraki-inventory-all" if all_orgs else "meraki-inventory"), dry_run=dry_run) as run:
        from ctvpipe.pipelines.circuits import meraki as appliances
        from ctvpipe.pipelines.circuits import meraki_all as stock

        (stock if all_orgs else appliances).collect(run, force=force)


@app.command("enrich")
def enrich(
    force: Annotated[
        bool, typer.Option("--force", help="Go on although today's import or inventory did not finish.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Match the circuits with the appliances' uplinks, and rebuild what follows from that."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("circuits-enrich"), dry_run=dry_run) as run:
        from ctvpipe.pipelines.circuits.enriching import enrich as run_enrich

        run_enrich(run, force=force)


@app.command("enablement")
def enablement(dry_run: DryRun = False) -> None:
    """Find the circuits that went from Ready for Enablement to Enabled in the last 90 days."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("circuits-enablement"), dry_run=dry_run) as run:
        from ctvpipe.pipelines.circuits.enabling import track

        track(run)


@app.command("history")
def history(dry_run: DryRun = False) -> None:
    """Record, field by field, what has changed of the circuits since the day before."""
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("circuits-history"), dry_run=dry_run) as run:
        from ctvpipe.pipelines.circuits.history import record

        record(run)


app.command("assign")(circuits_assign.assign)
app.command("assignments")(circuits_assign.list_assignments)
app.command("override")(circuits_override.override)
app.command("overrides")(circuits_override.list_overrides)
app.command("confirm")(circuits_confirm.confirm)
app.command("confirmations")(circuits_confirm.list_confirmations)
app.command("conflicts")(circuits_conflicts.conflicts)
app.add_typer(circuits_new_stores.app, name="new-stores")
app.add_typer(circuits_providers.app, name="providers")
