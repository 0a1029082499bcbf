"""``ctvpipe circuits override`` and ``overrides``: circuits that the import leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.pipelines.circuits.overrides import Circuit


def override(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site, such as 'XYZ 01'.")],
    purpose: Annotated[str, typer.Argument(metavar="PURPOSE", help="Which circuit of it: Primary, Secondary.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decides it.")] = "",
    status: Annotated[str, typer.Option(metavar="TEXT", help="Give it this status, too.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Take the override off instead.")] = False,
) -> None:
    """Take one circuit out of the import's hands: from then on it stays as it is."""
    from ctvpipe.pipelines.circuits import overrides, people
    from ctvpipe.stores import attended

    if clear and (by or status):
        raise ConfigurationError("--clear goes alone", "--by NAME sets an override, --clear takes it off.")
    who = "" if clear else attended.person(by)
    new_status = " ".join(status.split()) or None
    with people.writing() as connection:
        circuit = overrides.find(connection, site, purpose)
        if clear:
            changed = overrides.release(connection, circuit)
        else:
            changed = overrides.protect(connection, circuit, by=who, status=new_status)
    if not changed:
        output.say(f"{circuit} is {'not overridden' if clear else 'overridden already'}; nothing was changed.")
    elif clear:
        output.say(f"{circuit} is no longer overridden: the next import brings the file's values.")
    else:
        output.say(f"{circuit} is overridden: imports leave it as it is.")
        if new_status and new_status != circuit.status:
            output.say(f"Its status is {listing.plain(new_status)} now; it was {listing.plain(circuit.status)}.")


def list_overrides(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List the circuits that the import leaves alone."""
    from ctvpipe.pipelines.circuits import overrides, people

    with people.reading() as connection:
        found = overrides.overview(connection)
    if as_json:
        listing.document({"overrides": [_shape(circuit) for circuit in found]})
    elif not found:
        output.say("No circuit is overridden.")
    else:
        cells = [
            (one.site_name, one.purpose, one.status, one.by, f"{one.since:%Y-%m-%d}" if one.since else None)
            for one in found
        ]
        listing.rows(("SITE", "PURPOSE", "STATUS", "BY", "SINCE"), cells)


def _shape(circuit: Circuit) -> dict[str, object]:
    return {
        "site_name": circuit.site_name,
        "circuit_purpose": circuit.purpose,
        "status": circuit.status,
        "by": circuit.by,
        "since": circuit.since.isoformat() if circuit.since else None,
    }
