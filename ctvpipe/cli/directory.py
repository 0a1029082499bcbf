"""``ctvpipe directory``: the nightly sync of the campus directory, and each of its steps by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ctvpipe.cli import complete, directory_views
from ctvpipe.cli.directory_views import TABLES

app = typer.Typer(help="The campus directory: departments, people and groups of four sources.", no_args_is_help=True)

# As the table of stages has them, which is slow to load; a test compares.
INGESTS = "umapi-departments, umapi-employees, mcommunity-users, ad-groups, tdx-accounts, tdx-users"
ENRICHMENTS = "tdx-accounts, tdx-users"


FullSync = Annotated[
    bool, typer.Option("--full-sync", help="As if nothing had been read before; what has not changed stays unwritten.")
]
Force = Annotated[bool, typer.Option("--force", help="Write what has not changed too, and take any loss.")]
Limit = Annotated[
    int, typer.Option("--limit", min=0, metavar="N", help="So many records of each step, and nothing is gone; 0: all.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read, check and plan; write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as a JSON document.")]


@app.command("sync")
def sync(
    full_sync: FullSync = False,
    force: Force = False,
    limit: Limit = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring the directory to what its sources hold: every step, in the order in which they follow from each other."""
    _run(None, full_sync=full_sync, force=force, limit=limit, dry_run=dry_run, as_json=as_json)


@app.command("ingest")
def ingest(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE", help=f"One or more of: {INGESTS}.", autocompletion=complete.among(INGESTS)),
    ],
    full_sync: FullSync = False,
    force: Force = False,
    limit: Limit = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Fetch all that a source has, and keep what is new or changed, as it came."""
    _run(("ingest", sources), full_sync=full_sync, force=force, limit=limit, dry_run=dry_run, as_json=as_json)


@app.command("enrich")
def enrich(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE", help=f"One or more of: {ENRICHMENTS}.", autocompletion=complete.among(ENRICHMENTS)
        ),
    ],
    full_sync: FullSync = False,
    force: Force = False,
    limit: Limit = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Ask TDX, one by one, for what its lists do not tell; so many a night, the next one goes on."""
    _run(("enrich", sources), full_sync=full_sync, force=force, limit=limit, dry_run=dry_run, as_json=as_json)


@app.command("transform")
def transform(
    tables: Annotated[
        list[str],
        typer.Argument(metavar="TABLE", help=f"One or more of: {TABLES}.", autocompletion=complete.among(TABLES)),
    ],
    full_sync: FullSync = False,
    force: Force = False,
    limit: Limit = 0,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Merge what the sources have of each into one record, with a score of its quality."""
    _run(("transform", tables), full_sync=full_sync, force=force, limit=limit, dry_run=dry_run, as_json=as_json)


def _run(
    only: tuple[str, Sequence[str]] | None, *, full_sync: bool, force: bool, limit: int, dry_run: bool, as_json: bool
) -> None:
    from ctvpipe import jobs
    from ctvpipe.core.run import run_of

    with run_of(jobs.find("directory-sync"), only=_narrowed(only, limit), dry_run=dry_run) as run:
        from ctvpipe.pipelines.directory import stages
        from ctvpipe.pipelines.directory.syncing import Wanted
        from ctvpipe.pipelines.directory.syncing import sync as run_sync

        chosen = stages.STAGES if only is None else stages.chosen(*only)
        result = run_sync(run, Wanted(full_sync=full_sync, force=force, limit=limit), chosen)
        if as_json:
            from ctvpipe.cli import listing

            listing.document(result.shape())
        result.require_any()


def _narrowed(only: tuple[str, Sequence[str]] | None, limit: int) -> str:
    """To what part of the night it is narrowed, in words; empty for a whole one."""
    kind, names = only or ("", ())
    parts = [f"{kind} {name}" for name in names]
    return ", ".join([*parts, *([f"the first {limit:,} of each step"] if limit else [])])


app.command("quality")(directory_views.quality)
app.command("explain")(directory_views.explain)
