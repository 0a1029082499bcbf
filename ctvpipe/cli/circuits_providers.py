"""``ctvpipe circuits providers``: what the name of a provider means, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ctvpipe.cli import listing, output

app = typer.Typer(help="The names of Internet providers.", no_args_is_help=True)


@app.callback()
def _providers() -> None:
    """The names of Internet providers: in notes, in orders, and in the registries."""


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name as notes, orders or a registry write it.")],
    from_broker: Annotated[bool, typer.Option("--from-broker", help="It is the broker's own spelling.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """Show step by step which provider a name means; the first step that knows it decides."""
    from ctvpipe.pipelines.circuits import providers

    found = providers.explain(name, from_broker=from_broker)
    compared = providers.comparable(name)
    if as_json:
        steps = [{"step": step, "text": text} for step, text in found.steps]
        nearest = [asdict(candidate) for candidate in found.candidates]
        parts = {"label": name, "provider": found.result, "compared_as": compared or None, "steps": steps}
        listing.document({**parts, "nearest": nearest, "enough": providers.ENOUGH})
        return
    listing.rows(("STEP", "GIVES"), found.steps)
    if found.candidates:
        output.say()
        cells = [(candidate.alias, candidate.name, f"{candidate.score:.1f}") for candidate in found.candidates]
        listing.rows(("NEAREST KNOWN", "MEANS", "ALIKE"), cells, right=(2,))
        output.say(f"The nearest counts when it is {providers.ENOUGH} of 100 alike.")
    output.say()
    output.say(f"Provider: {listing.plain(found.result or 'none')}")
    if compared:
        output.say(f"Compared as: {listing.plain(compared)}")
