"""``ctvpipe months``: the broadcast months of the sales database, and closing one for good."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output
from ctvpipe.core.errors import ConfigurationError

if TYPE_CHECKING:
    from ctvpipe.pipelines.commercial_log.closures import Month

app = typer.Typer(help="Broadcast months.", no_args_is_help=True)


@app.callback()
def _months() -> None:
    """Broadcast months: what each holds, and closing one so that it can never change again."""


@app.command("list")
def list_months(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List every month of the database, oldest first."""
    from ctvpipe.pipelines.commercial_log import closures, people

    with people.reading() as connection:
        found = closures.overview(connection)
    if as_json:
        listing.document({"months": [_shape(month) for month in found]})
    elif not found:
        output.say("No month is in the database yet.")
    else:
        cells = [
            (
                month.month,
                f"{month.rows:,}",
                listing.money(month.gross),
                f"{month.to_review:,}",
                f"{month.without_customer:,}",
                _state(month),
            )
            for month in found
        ]
        head = ("MONTH", "ROWS", "GROSS", "TO REVIEW", "NO CUSTOMER", "STATE")
        listing.rows(head, cells, right=(1, 2, 3, 4))


@app.command()
def close(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="The month, as Nov-24.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who closes it.")],
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note to keep with it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Close it without asking.")] = False,
) -> None:
    """Close a month for good: no update and no person can change its rows from then on."""
    from ctvpipe.pipelines.commercial_log import closures, people
    from ctvpipe.stores import attended

    who, today, wanted = attended.person(by), people.today(), closures.stored_form(month)
    asks = not yes
    if asks and not sys.stdin.isatty():
        raise ConfigurationError(
            f"closing {wanted} is permanent and nobody can be asked here; nothing was closed",
            "If it is right, say --yes.",
        )
    seen = None
    if asks:
        with people.reading() as connection:
            seen = closures.prospect(connection, wanted)
        output.say(f"{wanted}: {seen.rows:,} rows, gross {listing.money(seen.gross)}.")
        for caution in closures.cautions(seen, today):
            output.say(f"WARNING: {caution}")
        if not typer.confirm(f"Closing is permanent, there is no way back. Close {wanted}?"):
            output.say("Declined; nothing was closed.")
            return
    with people.writing() as connection:
        done = closures.close(connection, wanted, by=who, note=note.strip() or None, today=today, seen=seen)
    if not asks:
        for caution in closures.cautions(done, today):
            output.say(f"WARNING: {caution}")
    output.say(f"{wanted} is closed, permanently: {done.rows:,} rows, gross {listing.money(done.gross)}.")


def _state(month: Month) -> str:
    return f"closed {month.closure.day} by {month.closure.by}" if month.closure else "open"


def _shape(month: Month) -> dict[str, object]:
    closure = month.closure
    return {
        "month": month.month,
        "rows": month.rows,
        "gross": month.gross,
        "to_review": month.to_review,
        "without_customer": month.without_customer,
        "closed": closure is not None,
        "closed_date": closure.day.isoformat() if closure else None,
        "closed_by": closure.by if closure else None,
        "note": closure.note if closure else None,
    }
