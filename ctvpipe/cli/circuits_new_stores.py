"""``ctvpipe circuits new-stores``: stores that have a network and no circuit, and stores that people expect."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.pipelines.circuits.expected_stores import Listed

app = typer.Typer(help="New stores: list, add.", no_args_is_help=True)


@app.command("list")
def list_stores(
    everything: Annotated[bool, typer.Option("--all", help="Those that are no longer new, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List the stores that have a network and no circuit yet, and those that are expected."""
    from ctvpipe.pipelines.circuits import expected_stores, people

    with people.reading() as connection:
        found = expected_stores.overview(connection, everything=everything)
    if as_json:
        listing.document({"new_stores": [_shape(one) for one in found]})
    elif not found:
        output.say("There are no new stores.")
    else:
        listing.rows(("SITE", "STATE", "NETWORK SINCE", "OPENING", "CITY", "ADDED BY"), [_row(one) for one in found])


@app.command("add")
def add(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site as its network will be called.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who says so.")],
    opening: Annotated[str, typer.Option(metavar="DATE", help="The day it is to open: YYYY-MM-DD.")] = "",
    region: Annotated[str, typer.Option(metavar="NAME", help="The region it is in.")] = "",
    city: Annotated[str, typer.Option(metavar="NAME", help="The city it is in.")] = "",
    state: Annotated[str, typer.Option(metavar="NAME", help="The state it is in.")] = "",
    project_status: Annotated[str, typer.Option("--status", metavar="TEXT", help="How far its project is.")] = "",
    notes: Annotated[str, typer.Option(metavar="TEXT", help="What else is known of it.")] = "",
) -> None:
    """Expect a store: the next inventory looks for its network. No circuit is made of it."""
    from ctvpipe.pipelines.circuits import expected_stores, people
    from ctvpipe.stores import attended

    who = attended.person(by)
    values = (_day(opening), *(" ".join(text.split()) for text in (region, city, state, project_status, notes)))
    details = dict(zip(expected_stores.DETAILS, values, strict=True))
    with people.writing() as connection:
        listed = expected_stores.add(connection, site, details, by=who, today=people.today())
    if listed is None:
        output.say(f"{' '.join(site.split())} is expected.")
    elif any(values):
        output.say(f"{listing.plain(listed)} was on the list already; what you said of it is noted.")
    else:
        output.say(f"{listing.plain(listed)} is on the list already; nothing was changed.")


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ConfigurationError(f"--opening {text!r} is not a day", "Write it as 2027-03-04.") from None


def _row(one: Listed) -> tuple[object, ...]:
    found, opening = one.meraki_found_date, one.target_opening_date
    return (one.site_name, _state(one), found, opening, one.city, one.added_by)


def _state(one: Listed) -> str:
    if not one.is_active:
        return "no longer new"
    return "no circuit yet" if one.meraki_network_found else "expected"


def _shape(one: Listed) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(one).items()}
