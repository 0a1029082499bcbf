"""Coordinates from Nominatim, one address a request, and one request a second, as its public server wants (facts 2).

Whoever shows these coordinates names their source: © OpenStreetMap contributors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ctvpipe.pipelines.fms import geocode_asking
from ctvpipe.pipelines.fms.geocode_asking import NOMINATIM, Answers, Budget, OddError
from ctvpipe.pipelines.fms.geocode_plan import Answer, Status
from ctvpipe.sources.pacing import Patience

_PATIENCE = Patience(tries=3, seconds=60, first=2)
_RATE = 1.0
_SECONDS = 10.0
_ONLY = {"format": "jsonv2", "limit": 1, "countrycodes": "us"}


class Nominatim:
    """The search endpoint at ``url``; the client says who asks, as it must."""

    def __init__(self, url: str, budget: Budget) -> None:
        self._url, self._budget = url, budget
        self.client = budget.client(rate=_RATE, patience=_PATIENCE, seconds=_SECONDS)

    def ask(self, addresses: Mapping[str, str]) -> Iterator[Answers]:
        """As of ``geocode_asking.Provider``."""
        return geocode_asking.one_by_one(NOMINATIM, self._ask, addresses, self._budget)

    def _ask(self, address: str) -> Answer:
        """The answer for one address; errors as of ``Client.get_json``, and ``OddError``."""
        return answer(self.client.get_json(self._url, {"q": address, **_ONLY}))


def answer(body: object) -> Answer:
    """The answer that is in a list of places. Raises ``OddError`` for any other document."""
    match body:
        case []:
            return Answer(NOMINATIM, Status.NO_RESULT)
        case [dict() as place, *_]:
            at = geocode_asking.coordinates(place.get("lat"), place.get("lon"))
            number = place.get("osm_id")
            ref = geocode_asking.label(place.get("osm_type"), str(number) if isinstance(number, int) else None)
            return Answer(NOMINATIM, Status.MATCH, *at, geocode_asking.label(place.get("addresstype")), ref)
        case _:
            raise OddError("answered something that it never should")
