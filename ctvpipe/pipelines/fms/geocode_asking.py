"""What asking any provider for coordinates has in common: the night's time, errors, and when enough is enough (facts 2).

Nothing here says an address, coordinates, a key, or the place of a server.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from ctvpipe.core.errors import ConfigurationError, CtvpipeError, PermanentError, TransientError
from ctvpipe.pipelines.fms.geocode_plan import Answer, Status
from ctvpipe.sources.http import BusyError, Client, NotJsonError, StatusError, WrongBodyError
from ctvpipe.sources.pacing import Patience, TokenBucket

CENSUS, GOOGLE, NOMINATIM = "census", "google", "nominatim"

Answers = dict[str, Answer]

_ENOUGH = 10  # errors in a row
_A_BATCH = 50  # answers that are stored together
_LONGEST_LABEL = 200
_STOPPING = frozenset({401, 403, 407, 429})


class StoppedError(PermanentError):
    """A provider is not asked any more tonight; the message completes a sentence that begins with its name."""


class OddError(PermanentError):
    """What a provider answered is no answer to the question; the message as of ``StoppedError``."""


class Provider(Protocol):
    """Somebody who knows coordinates."""

    client: Client

    def ask(self, addresses: Mapping[str, str]) -> Iterator[Answers]:
        """Answers by hash for ``addresses`` by hash, as they come, errors included.

        Raises ``StoppedError`` where it cannot go on; addresses may be left without an answer.
        """
        ...


class Budget:
    """The ``seconds`` that the night has for all providers together."""

    def __init__(
        self,
        seconds: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        self._seconds = seconds
        self._until = monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, more than none. Raises ``StoppedError`` when there are none."""
        left = self._until - self._monotonic()
        if left <= 0:
            raise self._over()
        return left

    def sleep(self, seconds: float) -> None:
        """Wait, if that long is left; raises ``StoppedError`` at once if not."""
        if seconds >= self.left():
            raise self._over()
        self._sleep(seconds)

    def client(self, *, rate: float, patience: Patience, seconds: float = math.inf) -> Client:
        """A client that ends within the budget, and gives each request ``seconds`` at most; ``rate``: requests a second."""
        pace = TokenBucket(rate, clock=self._monotonic, sleep=self.sleep)
        until = time.monotonic() + self._until - self._monotonic()
        return Client(
            patience=patience,
            pace=pace,
            sleep=self.sleep,
            timeout=seconds,
            seconds=seconds,
            until=until,
            called="the geocoder",
        )

    def _over(self) -> StoppedError:
        return StoppedError(f"was not asked for all of them within {self._seconds:.0f} s (GEOCODER_SECONDS)")


def one_by_one(
    provider: str, ask: Callable[[str], Answer], addresses: Mapping[str, str], budget: Budget
) -> Iterator[Answers]:
    """``Provider.ask`` for one that is asked for each address alone by ``ask``, whose errors become answers.

    It is not asked any more after ten errors in a row, nor when it refuses, or has had enough.
    """
    batch: Answers = {}
    failed = 0
    stopped: StoppedError | None = None
    for key, address in addresses.items():
        try:
            budget.left()
            batch[key] = _answer(provider, ask, address)
        except StoppedError as error:
            stopped = error
            break
        failed = failed + 1 if batch[key].status == Status.ERROR else 0
        if failed == _ENOUGH:
            stopped = StoppedError(f"failed {failed} times in a row: it {batch[key].reason}")
            break
        if len(batch) == _A_BATCH:
            yield batch
            batch = {}
    if batch:
        yield batch
    if stopped is not None:
        raise stopped


def _answer(provider: str, ask: Callable[[str], Answer], address: str) -> Answer:
    try:
        return ask(address)
    except StoppedError:
        raise
    except (BusyError, StatusError) as error:
        if error.status in _STOPPING:
            raise StoppedError(reason(error)) from None
        return Answer(provider, Status.ERROR, reason=reason(error))
    except CtvpipeError as error:
        return Answer(provider, Status.ERROR, reason=reason(error))


def reason(error: CtvpipeError) -> str:
    """What a failure was, in words that complete a sentence, without the place that was asked."""
    match error:
        case BusyError() | StatusError():
            return f"answered {error.status}"
        case NotJsonError():
            return "answered something that is no JSON"
        case WrongBodyError():
            return "answered a web page"
        case OddError():
            return str(error)
        case TransientError():
            return "did not answer, or not to the end"
        case ConfigurationError():
            return "has a malformed address or key"
        case _:
            return "answered too much"


def coordinates(latitude: object, longitude: object) -> tuple[float, float]:
    """Latitude and longitude in degrees, to six places, from numbers or texts.

    Raises ``OddError`` where they are none.
    """
    found = _number(latitude), _number(longitude)
    if not (abs(found[0]) <= 90 and abs(found[1]) <= 180):  # noqa: PLR2004
        raise OddError("answered with coordinates that are nowhere")
    return found


def _number(value: object) -> float:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            return round(float(value), 6) + 0.0  # no negative zero, which the databases keep differently
        except (ValueError, OverflowError):
            return math.nan
    return math.nan


def label(*parts: object) -> str | None:
    """A provider's own words, fit to be stored: the texts among ``parts`` in plain ASCII, joined by a comma."""
    texts = [part for part in parts if isinstance(part, str)]
    joined = ", ".join("".join(sign for sign in text if " " <= sign <= "~") for text in texts)
    return joined[:_LONGEST_LABEL] or None
