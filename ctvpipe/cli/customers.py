"""``ctvpipe customers``: bill codes that mean nobody, and making them mean somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output

if TYPE_CHECKING:
    from ctvpipe.pipelines.commercial_log.customers import Effect
    from ctvpipe.pipelines.commercial_log.unmatched import Some, Unmatched

app = typer.Typer(help="Customers of the spots.", no_args_is_help=True)

By = Annotated[str, typer.Option(metavar="WHO", help="Who decides it.")]


@app.callback()
def _customers() -> None:
    """Customers of the spots: the nightly update never makes one, people do."""


@app.command()
def unmatched(
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, max=1_000_000, help="How many, the most gross first.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List the bill codes of open months without customer, and the agencies nobody knows."""
    from ctvpipe.pipelines.commercial_log import people
    from ctvpipe.pipelines.commercial_log import unmatched as looked_for

    with people.reading() as connection:
        customers = looked_for.customers(connection, limit)
        agencies = looked_for.agencies(connection, limit)
    if as_json:
        parts = {"customers": customers, "agencies": agencies}
        listing.document(
            {
                name: {"count": some.count, "rows": some.rows, "first": [_shape(item) for item in some.first]}
                for name, some in parts.items()
            }
        )
        return
    _show("BILL CODE", customers, "Every row of the open months has its customer.")
    output.say()
    _show("AGENCY", agencies, "Every agency of the open months is known.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="CUSTOMER, or AGENCY:CUSTOMER for that agency's only.")],
    by: By,
    agency: Annotated[str, typer.Option(metavar="NAME", help="The agency it belongs to.")] = "",
    new_agency: Annotated[bool, typer.Option("--new-agency", help="Make that agency, too.")] = False,
    sector: Annotated[str, typer.Option(metavar="CODE", help="Its sector, such as AUTO.")] = "",
) -> None:
    """Make a customer; the rows of open months that mean it get it at once."""
    from ctvpipe.pipelines.commercial_log import customers, people
    from ctvpipe.stores import attended

    who = attended.person(by)
    with people.writing() as connection:
        made = customers.add(
            connection, name, by=who, agency=agency or None, new_agency=new_agency, sector=sector or None
        )
    belongs = f", of the {'new ' if made.new_agency else ''}agency {made.agency!r}" if made.agency else ""
    output.say(f"Added the customer {made.name!r}{belongs}.")
    _tell(made.effect, "customer")


@app.command()
def alias(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A name or bill code as the workbook writes it.")],
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The existing customer (or agency) it means.")],
    by: By,
    agency: Annotated[bool, typer.Option("--agency", help="It is an agency, not a customer.")] = False,
) -> None:
    """Make a text mean an existing customer; the rows of open months that hold it get it at once."""
    from ctvpipe.pipelines.commercial_log import customers, people
    from ctvpipe.stores import attended

    who = attended.person(by)
    kind = customers.AGENCY if agency else customers.CUSTOMER
    with people.writing() as connection:
        made = customers.alias(connection, text, customer, kind=kind, by=who)
    if made.effect is None:
        output.say(f"{made.text!r} means the {kind.word} {made.target!r} already; nothing was changed.")
        return
    output.say(f"{made.text!r} means the {kind.word} {made.target!r} now.")
    _tell(made.effect, kind.word)


def _tell(effect: Effect, what: str) -> None:
    output.say(
        f"Rows of open months: {effect.matched:,} without {what} got theirs; {effect.changed:,} were changed in all."
    )


def _show(head: str, some: Some, none: str) -> None:
    if not some.count:
        output.say(none)
        return
    rows = [
        (item.text, f"{item.rows:,}", listing.money(item.gross), item.newest, " | ".join(item.similar))
        for item in some.first
    ]
    listing.rows((head, "ROWS", "GROSS", "NEWEST", "SIMILAR, KNOWN ALREADY"), rows, right=(1, 2))
    if some.count > len(some.first):
        output.say(f"{len(some.first)} of {some.count:,}; --limit shows more.")


def _shape(item: Unmatched) -> dict[str, object]:
    return {
        "text": item.text,
        "rows": item.rows,
        "gross": item.gross,
        "newest_air_date": item.newest.isoformat(),
        "agencies": list(item.agencies),
        "customer": item.customer,
        "similar": list(item.similar),
    }
