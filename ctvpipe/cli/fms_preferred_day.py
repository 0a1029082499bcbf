"""``ctvpipe fms preferred-day`` and ``preferred-days``: the days that people set for partners by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.pipelines.fms.manual_days import Partner


def preferred_day(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The partner's Person_ID in FMS.")],
    office: Annotated[str, typer.Argument(metavar="OFFICE", help="The office it belongs to, such as Dallas.")],
    day: Annotated[
        str,
        typer.Argument(metavar="DAY", help="The day it prefers: Monday, or mon, and so on.", show_default=False),
    ] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decides it.")] = "",
    auto: Annotated[bool, typer.Option("--auto", help="Let the analysis of the loans decide again instead.")] = False,
) -> None:
    """Set the day of the week that a partner prefers: from then on it stays, whatever the loans say."""
    from ctvpipe.core import clock
    from ctvpipe.pipelines.fms import manual_days, people
    from ctvpipe.stores import attended

    if auto and (day or by):
        raise ConfigurationError("--auto goes alone", "DAY and --by NAME set a day, --auto gives it back.")
    if not auto and not day:
        raise ConfigurationError("one of DAY and --auto is wanted", "Say which day, or that the analysis decides.")
    if auto:
        with people.writing() as connection:
            partner = manual_days.find(connection, person, office)
            given_back, found = manual_days.give_back(connection, partner, as_of=people.today(), now=clock.now())
        if not given_back:
            output.say(f"{listing.plain(partner)} has no day set by hand; nothing was changed.")
        elif found is None:
            output.say(f"{listing.plain(partner)} has no preferred day now: its loans do not show one.")
        else:
            share = f"{found.confidence_percent} % of its {found.loans} loans, weighted"
            output.say(f"{listing.plain(partner)} prefers {found.day} now, as its loans say ({share}).")
        return
    wanted, who = manual_days.weekday(day), attended.person(by)
    with people.writing() as connection:
        partner = manual_days.find(connection, person, office)
        changed = manual_days.choose(connection, partner, wanted, by=who, now=clock.now())
    if changed:
        output.say(f"{listing.plain(partner)} prefers {wanted}: the analysis leaves it as it is.")
    else:
        output.say(f"{listing.plain(partner)} prefers {wanted} already; nothing was changed.")


def list_preferred_days(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List the preferred days that were set by hand, by office and person."""
    from ctvpipe.pipelines.fms import manual_days, people

    with people.reading() as connection:
        found = manual_days.overview(connection)
    if as_json:
        listing.document({"preferred_days": [_shape(one) for one in found]})
    elif not found:
        output.say("No preferred day was set by hand.")
    else:
        cells = [
            (one.person_id, one.office, one.day, one.by, f"{one.since:%Y-%m-%d}" if one.since else None, _state(one))
            for one in found
        ]
        listing.rows(("PERSON", "OFFICE", "DAY", "BY", "SINCE", "STATE"), cells)


def _state(one: Partner) -> str:
    return "in force" if one.present else "not in the roster"


def _shape(one: Partner) -> dict[str, object]:
    return {
        "person_id": one.person_id,
        "office": one.office,
        "preferred_day_of_week": one.day,
        "by": one.by,
        "since": one.since.isoformat() if one.since else None,
        "in_roster": one.present,
    }
