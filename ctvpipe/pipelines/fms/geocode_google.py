"""Coordinates from Google's geocoding API, one address a request; its terms limit how long they may be kept (facts 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ctvpipe.pipelines.fms import geocode_asking
from ctvpipe.pipelines.fms.geocode_asking import GOOGLE, Answers, Budget, OddError, StoppedError
from ctvpipe.pipelines.fms.geocode_plan import Answer, Status
from ctvpipe.sources.pacing import Patience

_PATIENCE = Patience(tries=3, seconds=20)
_RATE = 10.0  # requests a second; the limit is 50
_SECONDS = 10.0
_PAUSE = 5.0  # before the one other try of a request over the limit
_ONLY = {"region": "us", "components": "country:US"}
# With the filter to a country an address that is not found gives the country, or its state, instead of nothing.
_NO_ADDRESS = frozenset({"country", "administrative_area_level_1"})


class Google:
    """The endpoint at ``url``, asked with ``key``."""

    def __init__(self, url: str, key: str, budget: Budget) -> None:
        self._url, self._key, self._budget = url, key, budget
        self.client = budget.client(rate=_RATE, patience=_PATIENCE, seconds=_SECONDS)

    def ask(self, addresses: Mapping[str, str]) -> Iterator[Answers]:
        """As of ``geocode_asking.Provider``."""
        if not self._key:
            raise StoppedError("cannot be asked without a key (GOOGLE_MAPS_API_KEY)")
        return geocode_asking.one_by_one(GOOGLE, self._ask, addresses, self._budget)

    def _ask(self, address: str) -> Answer:
        """The answer for one address; errors as of ``Client.get_json``, ``OddError``, and ``StoppedError``."""
        failed = limited = 0
        while True:
            body = self.client.get_json(self._url, {"address": address, "key": self._key, **_ONLY})
            match _get(body, "status"):
                case "UNKNOWN_ERROR" if failed < _PATIENCE.tries - 1:
                    failed += 1
                    self._budget.sleep(_PATIENCE.wait(failed))
                case "OVER_QUERY_LIMIT" if not limited:
                    limited += 1
                    self._budget.sleep(_PAUSE)
                case "REQUEST_DENIED" | "OVER_DAILY_LIMIT" | "OVER_QUERY_LIMIT" as said:
                    raise StoppedError(f"answered {said}")
                case "INVALID_REQUEST" | "UNKNOWN_ERROR" as said:
                    raise OddError(f"answered {said}")
                case _:
                    return answer(body)


def answer(body: object) -> Answer:
    """The answer that is in a document of status ``OK`` or ``ZERO_RESULTS``. Raises ``OddError`` for any other."""
    results = _get(body, "results")
    if _get(body, "status") == "ZERO_RESULTS":
        return Answer(GOOGLE, Status.NO_RESULT)
    if _get(body, "status") != "OK" or not isinstance(results, list) or not results:
        raise OddError("answered something that it never should")
    best = results[0]
    kinds = _get(best, "types")
    if isinstance(kinds, list) and not _NO_ADDRESS.isdisjoint(kind for kind in kinds if isinstance(kind, str)):
        return Answer(GOOGLE, Status.NO_RESULT)
    geometry = _get(best, "geometry")
    location = _get(geometry, "location")
    at = geocode_asking.coordinates(_get(location, "lat"), _get(location, "lng"))
    partial = "partial" if _get(best, "partial_match") is True else None
    kind = geocode_asking.label(_get(geometry, "location_type"), partial)
    return Answer(GOOGLE, Status.MATCH, *at, kind, geocode_asking.label(_get(best, "place_id")))


def _get(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None
