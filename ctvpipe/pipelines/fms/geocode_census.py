"""Coordinates from the US Census Bureau: all addresses in one request, no key; the answer in any order (facts 2)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.fms import addresses as texts
from ctvpipe.pipelines.fms import geocode_asking
from ctvpipe.pipelines.fms.addresses import Parts
from ctvpipe.pipelines.fms.geocode_asking import CENSUS, Answers, Budget, OddError, StoppedError
from ctvpipe.pipelines.fms.geocode_plan import Answer, Status
from ctvpipe.sources import http
from ctvpipe.sources.pacing import Patience

_MOST_ROWS = 10_000  # of one request
_BENCHMARK = "Public_AR_Current"
_PATIENCE = Patience(tries=3, seconds=60)
_NUMBER = re.compile(r"[0-9]{1,9}")
_SILENT = "left some of them out of its answer"


class Census:
    """The batch endpoint at ``url``; ``rows``: the most addresses of one request."""

    def __init__(self, url: str, budget: Budget, *, rows: int = _MOST_ROWS) -> None:
        self._url, self._rows, self._budget = url, rows, budget
        self.client = budget.client(rate=1, patience=_PATIENCE)

    def ask(self, addresses: Mapping[str, str]) -> Iterator[Answers]:
        """As of ``geocode_asking.Provider``. What is no street, city and state cannot be asked for, and has no result."""
        parts = {key: texts.split(address) for key, address in addresses.items()}
        if unfit := [key for key, found in parts.items() if found is None]:
            yield dict.fromkeys(unfit, Answer(CENSUS, Status.NO_RESULT))
        fit = [(key, found) for key, found in parts.items() if found is not None]
        for start in range(0, len(fit), self._rows):
            self._budget.left()
            keys, rows = zip(*fit[start : start + self._rows], strict=True)
            try:
                found = parse(self._post(rows), len(rows))
            except StoppedError:
                raise
            except CtvpipeError as error:
                reason = geocode_asking.reason(error)
                yield dict.fromkeys(keys, Answer(CENSUS, Status.ERROR, reason=reason))
                raise StoppedError(reason) from None
            yield dict(zip(keys, found, strict=True))

    def _post(self, rows: Iterable[Parts]) -> bytes:
        """The answer to one request; errors as of ``Client.request``."""
        document = io.StringIO()
        csv.writer(document).writerows((number, *row) for number, row in enumerate(rows))
        answer = self.client.request(
            "POST",
            self._url,
            check=_require_no_page,
            data={"benchmark": _BENCHMARK},
            files={"addressFile": ("addresses.csv", document.getvalue().encode(), "text/csv")},
        )
        return answer.body


def _require_no_page(answer: http.Answer) -> None:
    if "html" in answer.headers.get("Content-Type", "").casefold() or answer.body.lstrip().startswith(b"<"):
        raise http.WrongBodyError("answered a web page")


def parse(body: bytes, asked: int) -> list[Answer]:
    """The answers to the rows 0 to ``asked`` - 1; an error for each that ``body`` says nothing of, or nothing whole.

    Raises ``OddError`` for an answer about other rows, or twice about one: it may be that to another question.
    """
    found: dict[int, Answer] = {}
    for row in _rows(body):
        number = int(row[0]) if _NUMBER.fullmatch(row[0]) else -1
        if number not in range(asked) or number in found:
            raise OddError("answered about something that it was not asked for")
        found[number] = _answer(row)
    silent = Answer(CENSUS, Status.ERROR, reason=_SILENT)
    return [found.get(number, silent) for number in range(asked)]


def _rows(body: bytes) -> Iterator[list[str]]:
    """The rows of the answer up to where it breaks off: a last line that ends within quotes is none."""
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig", "replace"), newline=""), strict=True)
    try:
        yield from filter(None, reader)
    except csv.Error:
        return


def _answer(row: Sequence[str]) -> Answer:
    """What a row says: id, input, Match, Exact or Non_Exact, matched address, "longitude,latitude", TIGER line, side;
    without a match, only the first three.
    """
    match row:
        case [_, _, "Match", kind, _, place, line, _]:
            longitude, _, latitude = place.partition(",")
            try:
                at = geocode_asking.coordinates(latitude, longitude)
            except OddError as error:
                return Answer(CENSUS, Status.ERROR, reason=str(error))
            return Answer(CENSUS, Status.MATCH, *at, geocode_asking.label(kind), geocode_asking.label(line))
        case [_, _, "No_Match" | "Tie" as said, *_]:
            return Answer(CENSUS, Status.NO_RESULT, match_type=said)
        case _:
            return Answer(CENSUS, Status.ERROR, reason=_SILENT)
