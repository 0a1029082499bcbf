"""Whether there is anything to do about coordinates: what a night leaves is recorded, and holds until something changes.

It follows from the partners' export, from who may be asked, and from the clock, and holds while there are as many
coordinates as it left: those that somebody removes are looked up again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ctvpipe.core import clock
from ctvpipe.pipelines.fms.geocode_plan import Terms
from ctvpipe.pipelines.fms.geocoding import Geocoded
from ctvpipe.pipelines.fms.past import Past


def left(found: Geocoded, terms: Terms, body: str | None, rows: int, now: datetime) -> dict[str, Any]:
    """What the night of ``now`` leaves, to be recorded.

    ``body``: the hash of the partners' export; ``rows``: what ``past.places`` counts.
    """
    return {
        "as_of": clock.to_text(now),
        "until": None if found.idle_until is None else clock.to_text(found.idle_until),
        "body": body,
        "terms": _told(terms),
        "rows": rows,
        "addresses": found.attempted + found.cached,
        "usable": found.usable,
        "with_coordinates": found.with_coordinates,
    }


def still(known: Past, terms: Terms, body: str | None, now: datetime) -> Geocoded | None:
    """What a night at ``now`` would find, ``known`` being the past of ``COORDINATES``; ``None`` where it has to look."""
    before = known.latest
    if not before or before["until"] is None:
        return None
    if (before["body"], before["terms"], before["rows"]) != (body, _told(terms), known.rows):
        return None
    until = clock.from_text(before["until"])
    if not clock.from_text(before["as_of"]) <= now < until:
        return None
    return Geocoded(
        attempted=0,
        cached=before["addresses"],
        succeeded=0,
        no_result=0,
        errors=0,
        waiting=0,
        requests=0,
        usable=before["usable"],
        with_coordinates=before["with_coordinates"],
        idle_until=until,
    )


def _told(terms: Terms) -> list[str]:
    return [*terms.chain, *(f"{name} {life.days} days" for name, life in terms.lives.items())]
