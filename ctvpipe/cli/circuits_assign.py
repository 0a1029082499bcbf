"""``ctvpipe circuits assign`` and ``assignments``: who is to enable which circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.pipelines.circuits.assignments import Assigned


def assign(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site, such as 'XYZ 01'.")],
    by: Annotated[str, typer.Option(metavar="WHO", help="Who decides it.")],
    purpose: Annotated[
        str,
        typer.Argument(
            metavar="PURPOSE", help="One circuit of it: Primary, Secondary. Else the whole site.", show_default=False
        ),
    ] = "",
    to: Annotated[str, typer.Option(metavar="NAME", help="Who is to enable it.")] = "",
    sctask: Annotated[str, typer.Option(metavar="TASK", help="The task's number; a site may have several.")] = "",
    close: Annotated[bool, typer.Option("--close", help="Close the assignment instead.")] = False,
) -> None:
    """Say who is to enable a site's circuits; enablements found from then on bear that name."""
    from ctvpipe.pipelines.circuits import assignments, people
    from ctvpipe.stores import attended

    who, person, task = attended.person(by), " ".join(to.split()), " ".join(sctask.split())
    if close == bool(person):
        raise ConfigurationError("one of --to NAME and --close is wanted", "Say who is to do it, or that it is done.")
    with people.writing() as connection:
        of = assignments.target(connection, site, purpose)
        if close:
            closed = assignments.close(connection, of, sctask=task, by=who)
        else:
            before = assignments.assign(connection, of, person=person, sctask=task, by=who, today=people.today())
    if close:
        output.say(f"{of} is no longer assigned to {listing.plain(', '.join(closed))}.")
    elif before == person:
        output.say(f"{of} is assigned to {listing.plain(person)} already; nothing was changed.")
    else:
        output.say(f"{of} is assigned to {listing.plain(person)}.")
        if before:
            output.say(f"This replaces {listing.plain(before)}.")


def list_assignments(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List who is to enable what."""
    from ctvpipe.pipelines.circuits import assignments, people

    with people.reading() as connection:
        found = assignments.overview(connection, closed=everything)
    if as_json:
        listing.document({"assignments": [_shape(one) for one in found]})
    elif not found:
        output.say("Nothing is assigned.")
    else:
        head = ("SITE", "PURPOSE", "TASK", "ASSIGNED TO", "SINCE", "STATE", "BY")
        listing.rows(head, [_row(one) for one in found])


def _row(one: Assigned) -> tuple[object, ...]:
    return (
        one.site_name,
        one.circuit_purpose or "(all)",
        one.sctask,
        one.assigned_to,
        one.assignment_date,
        one.status,
        one.updated_by or one.created_by,
    )


def _shape(one: Assigned) -> dict[str, object]:
    return {
        "site_name": one.site_name,
        "circuit_purpose": one.circuit_purpose or None,
        "site_id": one.site_id,
        "sctask": one.sctask or None,
        "assigned_to": one.assigned_to,
        "assignment_date": one.assignment_date.isoformat(),
        "status": one.status,
        "created_by": one.created_by,
        "updated_by": one.updated_by,
    }
