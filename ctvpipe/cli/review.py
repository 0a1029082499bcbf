"""``ctvpipe review``: spots whose language a person must decide on, and deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ctvpipe.cli import listing, output

if TYPE_CHECKING:
    from ctvpipe.pipelines.commercial_log.review import Spot

app = typer.Typer(help="Spots that a person must decide on.", no_args_is_help=True)


@app.callback()
def _review() -> None:
    """Spots that a person must decide on; a decision outlives every update."""


@app.command("list")
def list_spots(
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, max=1_000_000, help="How many, the highest gross first.")
    ] = 20,
    month: Annotated[str, typer.Option(metavar="MONTH", help="Only this month, as Nov-24.")] = "",
    min_gross: Annotated[
        float | None, typer.Option(metavar="AMOUNT", help="Only spots of at least this gross (else: of more than 500).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Small ones, and types COM and BB, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List the spots of open months to review."""
    from ctvpipe.pipelines.commercial_log import closures, people, review

    wanted = review.Wanted(closures.stored_form(month) if month else None, min_gross, everything)
    with people.reading() as connection:
        found = review.to_review(connection, wanted, limit)
    if as_json:
        spots = [_shape(spot) for spot in found.spots]
        listing.document({"count": found.fitting, "to_review": found.total, "spots": spots})
        return
    if found.spots:
        head = ("SPOT", "MONTH", "AIR DATE", "BILL CODE", "TYPE", "CODE", "GROSS", "HIGH", "WHY")
        listing.rows(head, [_row(spot) for spot in found.spots], right=(0, 6))
    else:
        output.say("No such spot is to be reviewed." if found.total else "Nothing is to be reviewed.")
    if found.fitting > len(found.spots):
        output.say(f"{len(found.spots)} of {found.fitting:,}; --limit shows more.")
    if hidden := found.total - found.fitting:
        output.say(f"{hidden:,} more are left out (small ones, types COM and BB); --all shows them.")


@app.command()
def decide(
    spot_id: Annotated[
        int, typer.Argument(metavar="SPOT", min=1, max=2**63 - 1, help="The spot's number in 'ctvpipe review list'.")
    ],
    language: Annotated[str, typer.Argument(metavar="LANGUAGE", help="A language code, such as M.")],
    by: Annotated[str, typer.Option(metavar="WHO", help="Who decides it.")],
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note to keep with it.")] = "",
) -> None:
    """Decide on a spot's language, and on that of every row identical to it."""
    from ctvpipe.pipelines.commercial_log import people, review
    from ctvpipe.stores import attended

    who = attended.person(by)
    with people.writing() as connection:
        decided = review.decide(connection, spot_id, language, by=who, note=note.strip() or None)
    others = f", and {decided.spots - 1:,} identical to it" if decided.spots > 1 else ""
    output.say(f"Spot {spot_id} of {decided.month}{others}: {decided.code} ({decided.language}).")
    if decided.replaced:
        code, before = decided.replaced
        output.say(f"This replaces {code}, decided by {listing.plain(before)}.")


def _row(spot: Spot) -> tuple[object, ...]:
    why = f"{spot.method}: {spot.notes}" if spot.notes else spot.method
    return (
        spot.spot_id,
        spot.month,
        spot.air_date,
        spot.bill_code,
        spot.spot_type,
        spot.language_code,
        listing.money(spot.gross),
        "high" if spot.high_value else "",
        why,
    )


def _shape(spot: Spot) -> dict[str, object]:
    return {
        "spot_id": spot.spot_id,
        "month": spot.month,
        "air_date": spot.air_date.isoformat(),
        "bill_code": spot.bill_code,
        "spot_type": spot.spot_type,
        "revenue_type": spot.revenue_type,
        "gross": spot.gross,
        "language_code": spot.language_code,
        "status": spot.status,
        "method": spot.method,
        "notes": spot.notes,
        "high_value": spot.high_value,
    }
