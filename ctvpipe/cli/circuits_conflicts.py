"""``ctvpipe circuits conflicts``: orders that claim the same circuit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ctvpipe.cli import listing, output


def conflicts(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """List the orders of the newest file that lost to another one of their site and purpose."""
    from ctvpipe.pipelines.circuits import conflicts, people

    with people.reading() as connection:
        found = conflicts.overview(connection)
    if as_json:
        listing.document({"conflicts": [asdict(one) for one in found]})
    elif not found:
        output.say("No two orders claim the same circuit.")
    else:
        head = ("SITE", "PURPOSE", "STORED", "ORDER", "NOT STORED", "ORDER", "PROVIDER")
        cells = [
            (
                one.site_name,
                one.circuit_purpose,
                one.winner_status,
                one.winner_record_number,
                one.status,
                one.record_number,
                one.provider,
            )
            for one in found
        ]
        listing.rows(head, cells)
