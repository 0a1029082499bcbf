"""``ctvpipe circuits confirm`` and ``confirmations``: what people know better than notes, registries and the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.pipelines.circuits.confirming import Confirmed


def confirm(
    site: Annotated[str, typer.Argument(metavar="SITE", help="The site, such as 'XYZ 01'.")],
    purpose: Annotated[str, typer.Argument(metavar="PURPOSE", help="Which circuit of it: Primary, Secondary.")],
    provider: Annotated[str, typer.Option(metavar="NAME", help="Its provider, shown as it is written here.")] = "",
    speed: Annotated[str, typer.Option(metavar="SPEED", help="Its speed: '300M x 30M', Cell, Satellite.")] = "",
    slot: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=2, help="The WAN it is on: 1 or 2.", show_default=False)
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note to keep with it.")] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who confirms it.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Take back what was confirmed instead.")] = False,
) -> None:
    """Confirm what a circuit is and where; every enrichment from then on shows that."""
    from ctvpipe.pipelines.circuits import confirming, people
    from ctvpipe.stores import attended

    name, said = " ".join(provider.split()) or None, confirming.normal_speed(speed)
    if clear and (name or said or slot or note or by):
        raise ConfigurationError("--clear goes alone", "It takes back all that was confirmed of the circuit.")
    if not clear and not (name or said or slot):
        raise ConfigurationError(
            "there is nothing to confirm", "Say --provider, --speed or --slot; or --clear to take it back."
        )
    who = "" if clear else attended.person(by)
    with people.writing() as connection:
        of = confirming.circuit(connection, site, purpose)
        if clear:
            changed = confirming.clear(connection, of)
        else:
            found, changed = confirming.confirm(
                connection, of, provider=name, speed=said, slot=slot, note=note.strip() or None, by=who
            )
    if clear:
        output.say(f"{of}: {'nothing is confirmed any more' if changed else 'nothing was confirmed'}.")
        return
    output.say(f"{of} is confirmed{'' if changed else ' already'}: {listing.plain(found)}.")
    if changed:
        output.say("The next enrichment shows it; now: ctvpipe circuits enrich.")


def list_confirmations(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List what people confirmed."""
    from ctvpipe.pipelines.circuits import confirming, people

    with people.reading() as connection:
        found = confirming.overview(connection)
    if as_json:
        listing.document({"confirmations": [_shape(one) for one in found]})
    elif not found:
        output.say("Nothing is confirmed.")
    else:
        head = ("SITE", "PURPOSE", "PROVIDER", "SPEED", "WAN", "BY", "SINCE")
        listing.rows(head, [_row(one) for one in found])


def _row(one: Confirmed) -> tuple[object, ...]:
    day = f"{one.updated_at:%Y-%m-%d}"
    return one.site_name, one.circuit_purpose, one.provider, one.speed, one.wan_slot, one.confirmed_by, day


def _shape(one: Confirmed) -> dict[str, object]:
    return {
        "site_name": one.site_name,
        "circuit_purpose": one.circuit_purpose,
        "provider": one.provider,
        "speed": one.speed,
        "wan_slot": one.wan_slot,
        "confirmed_by": one.confirmed_by,
        "updated_at": one.updated_at.isoformat(),
    }
