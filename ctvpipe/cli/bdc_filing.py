"""``ctvpipe bdc snapshot``, ``quality`` and ``export``: the data of a day, what is doubtful in it, and the files of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output

if TYPE_CHECKING:
    from ctvpipe.pipelines.bdc.counting import Count
    from ctvpipe.pipelines.bdc.filing import Kind

_MOST = 10

Prefix = Annotated[
    str | None,
    typer.Option("-p", "--prefix", metavar="PREFIX", help="What the tables' names begin with.", show_default="sonar."),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--snapshot", metavar="DATE", formats=["%Y-%m-%d"], help="As of that snapshot; else as it is now."),
]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON document.")]
Target = Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")]
Mapping = Annotated[
    Path | None, typer.Option("--technologies", metavar="FILE", help="Instead of the file of BDC_TECHNOLOGY_FILE.")
]
Counting = Annotated[
    str | None,
    typer.Option(
        "--count",
        metavar="HOW",
        help="A service counts as often as it was sold (quantity), once (line), or once a technology (account).",
        show_default="quantity",
    ),
]
Allow = Annotated[bool, typer.Option("--allow-exceptions", help="Write the file without those who cannot be counted.")]

exports = typer.Typer(
    no_args_is_help=True,
    help="The files of the filing, and a map. A technology that Sonar does not tell is told by a TOML file with the "
    'sections [service], [model], [group], [code] and [voice], and lines such as "Home 100" = 71.',
)


def snapshot(
    day: Annotated[datetime, typer.Argument(metavar="DATE", formats=["%Y-%m-%d"], help="The day that it stands for.")],
    replace: Annotated[bool, typer.Option("--replace", help="Take it instead of the one that there is.")] = False,
    prefix: Prefix = None,
) -> None:
    """Keep all customers, services and equipment as they are now, as those of a day: June 30, December 31."""
    from ctvpipe.pipelines.bdc import database, people
    from ctvpipe.pipelines.bdc import snapshot as snapshots
    from ctvpipe.pipelines.bdc.settings import DatabaseSettings

    settings = people.settings(DatabaseSettings, BDC_PREFIX=prefix)
    tables, today = database.tables(settings), people.today()
    with people.writing(settings) as connection:
        taken = snapshots.take(connection, tables, day.date(), today=today, replace=replace)
    output.say(f"{taken.customers:,} customers are kept as of {taken.as_of}.")
    if taken.data_of is not None and taken.data_of.date() != taken.as_of:
        output.say(f"They are as the import of {taken.data_of:%Y-%m-%d %H:%M} UTC left them.")


def list_snapshots(prefix: Prefix = None, as_json: Json = False) -> None:
    """List the snapshots."""
    from ctvpipe.pipelines.bdc import database, people
    from ctvpipe.pipelines.bdc import snapshot as snapshots
    from ctvpipe.pipelines.bdc.settings import DatabaseSettings

    settings = people.settings(DatabaseSettings, BDC_PREFIX=prefix)
    with database.filled(settings) as connection:
        found = snapshots.every(connection, database.tables(settings))
    if as_json:
        shapes = [
            {"date": str(one.as_of), "taken_at": one.taken_at.isoformat(), "customers": one.customers} for one in found
        ]
        listing.document({"snapshots": shapes})
    elif not found:
        output.say("There is no snapshot.")
    else:
        cells = [(one.as_of, f"{one.taken_at:%Y-%m-%d %H:%M} UTC", f"{one.customers:,}") for one in found]
        listing.rows(("DATE", "TAKEN", "CUSTOMERS"), cells, right=(2,))


def quality(as_of: AsOf = None, prefix: Prefix = None, technologies: Mapping = None, as_json: Json = False) -> None:
    """Show what is doubtful: coordinates, services, who cannot be counted and why; by the ids of the accounts."""
    from ctvpipe.pipelines.bdc import people
    from ctvpipe.pipelines.bdc import quality as looking
    from ctvpipe.pipelines.bdc.settings import FilingSettings
    from ctvpipe.pipelines.bdc.tally import listed

    settings = people.settings(FilingSettings, BDC_PREFIX=prefix, BDC_TECHNOLOGY_FILE=technologies)
    found = looking.look(settings, as_of=as_of.date() if as_of else None)
    if as_json:
        findings = [
            {"about": one.about, "finding": one.text, "customers": list(one.customers)} for one in found.findings
        ]
        listing.document({"customers": found.customers, "points": found.points, "findings": findings})
        return
    output.say(f"{found.customers:,} customers count, {found.points:,} of them have a point.")
    if found.findings:
        output.say()
        cells = [
            (one.about, f"{len(one.customers):,}", one.text, listed(one.customers, _MOST)) for one in found.findings
        ]
        listing.rows(("ABOUT", "CUSTOMERS", "FINDING", "ACCOUNTS"), cells, right=(1,))


@exports.command()
def subscription(
    file: Target,
    as_of: AsOf = None,
    prefix: Prefix = None,
    technologies: Mapping = None,
    count: Counting = None,
    allow_exceptions: Allow = False,
) -> None:
    """Fixed broadband subscription: connections by census tract, technology and speeds."""
    from ctvpipe.pipelines.bdc.filing import SUBSCRIPTION

    _export(SUBSCRIPTION, file, as_of, prefix, technologies, count, allow=allow_exceptions)


@exports.command()
def voice(
    file: Target,
    as_of: AsOf = None,
    prefix: Prefix = None,
    technologies: Mapping = None,
    count: Counting = None,
    allow_exceptions: Allow = False,
) -> None:
    """Fixed voice subscription: lines by census tract and type of service."""
    from ctvpipe.pipelines.bdc.filing import VOICE

    _export(VOICE, file, as_of, prefix, technologies, count, allow=allow_exceptions)


@exports.command()
def geojson(
    file: Target,
    as_of: AsOf = None,
    prefix: Prefix = None,
    names: Annotated[bool, typer.Option("--names", help="With names and addresses, for whoever may see them.")] = False,
    gone: Annotated[bool, typer.Option("--gone", help="With those who do not count any more.")] = False,
) -> None:
    """A map of the customers."""
    from ctvpipe.pipelines.bdc import geojson as mapping
    from ctvpipe.pipelines.bdc import people
    from ctvpipe.pipelines.bdc.settings import DatabaseSettings

    settings = people.settings(DatabaseSettings, BDC_PREFIX=prefix)
    day = as_of.date() if as_of else None
    written = mapping.export(settings, file, as_of=day, personal=names, gone=gone)
    output.say(f"{file}: {written:,} customers")


def _export(
    kind: Kind,
    file: Path,
    as_of: datetime | None,
    prefix: str | None,
    technologies: Path | None,
    count: str | None,
    *,
    allow: bool,
) -> None:
    from ctvpipe.pipelines.bdc import filing, people
    from ctvpipe.pipelines.bdc.settings import FilingSettings

    instead = {"BDC_PREFIX": prefix, "BDC_TECHNOLOGY_FILE": technologies, "BDC_COUNTING": count}
    settings = people.settings(FilingSettings, **instead)
    day = as_of.date() if as_of else None
    counted = filing.export(kind, settings, file, as_of=day, allow_uncounted=allow)
    _tell(file, counted)


def _tell(file: Path, counted: Count) -> None:
    from ctvpipe.pipelines.bdc import filing

    output.say(f"{file}: {len(counted.rows):,} rows, {counted.total:,} connections")
    if counted.slow:
        output.say(f"{counted.slow:,} services of at most 200 kbps are no broadband and in no row.")
    if counted.uncounted:
        beside = filing.exceptions_file(file)
        output.say(f"{len(counted.uncounted):,} services cannot be counted and are in no row; {beside} lists them.")
