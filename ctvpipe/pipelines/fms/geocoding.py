"""Coordinates for the partners' addresses: what is known, then the Census, then Google or Nominatim (facts 2).

Read (partners, what is known of addresses) → plan (which to ask for) → ask, outside any transaction → store each batch
of answers → report. A failure is counted and told, and never the end of a run: what is known stays, and another night
asks again. A night in which nothing can be due only looks at what the last one has
recorded, see ``geocode_idle``.

Google's coordinates are asked for anew after five sixths of ``GEOCODER_GOOGLE_DAYS`` days, and removed after all of
them, as its terms want it, if no night could renew them; those of the Census and of Nominatim stay.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from ctvpipe.core import ahead
from ctvpipe.core.run import Run
from ctvpipe.pipelines.fms import geocode_plan, geocode_store
from ctvpipe.pipelines.fms.geocode_asking import CENSUS, GOOGLE, NOMINATIM, Answers, Budget, Provider, StoppedError
from ctvpipe.pipelines.fms.geocode_census import Census
from ctvpipe.pipelines.fms.geocode_google import Google
from ctvpipe.pipelines.fms.geocode_nominatim import Nominatim
from ctvpipe.pipelines.fms.geocode_plan import Answer, Entry, Partner, Status, Terms
from ctvpipe.pipelines.fms.settings import GeocodingSettings

GOAL_PERCENT = 90
_NAMES = {CENSUS: "the Census", GOOGLE: "Google", NOMINATIM: "Nominatim"}


@dataclass(frozen=True)
class Geocoded:
    """What a night's geocoding has done.

    Addresses, each counted once: ``attempted`` were to be asked for, and ``succeeded``, had ``no_result`` or ``errors``,
    or are ``waiting`` for another night; of ``cached`` enough was known. ``requests``: sent to providers. Partners:
    ``usable`` have an address that can be looked up, ``with_coordinates`` have its coordinates now.
    ``idle_until``: see ``geocode_plan``.
    """

    attempted: int
    cached: int
    succeeded: int
    no_result: int
    errors: int
    waiting: int
    requests: int
    usable: int
    with_coordinates: int
    idle_until: datetime | None = field(default=None, compare=False)

    @property
    def success_percent(self) -> float | None:
        """Partners with coordinates among those with an address, in percent; ``None`` where there are none of these."""
        return 100 * self.with_coordinates / self.usable if self.usable else None

    def shape(self) -> dict[str, float | int | None]:
        """The same as a JSON object; percent to one place, rounded down, so that it never looks like the goal."""
        percent = self.success_percent
        counts = {name: value for name, value in vars(self).items() if name != "idle_until"}
        return {**counts, "success_percent": None if percent is None else int(percent * 10) / 10}


def run(
    run: Run,
    settings: GeocodingSettings,
    connection: sa.Connection,
    *,
    now: datetime,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Geocoded:
    """Give every partner the coordinates of its address, as far as they can be known at ``now``.

    ``connection`` is in no transaction, nor is it while anybody is asked. Warns on ``run`` of a provider that fails, and
    of a success rate under the goal. Raises the database's own errors.
    """
    return Geocoding(run, settings, connection, now=now, monotonic=monotonic, sleep=sleep).finish()


class Geocoding:
    """The same in two steps: the first provider is asked from now on, and the connection is the caller's until ``finish``."""

    def __init__(
        self,
        run: Run,
        settings: GeocodingSettings,
        connection: sa.Connection,
        *,
        now: datetime,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        with connection.begin():
            partners, entries = geocode_store.read(connection)
        self._run, self._settings, self._now = run, settings, now
        self._terms = terms_of(settings)
        self._due = geocode_plan.due(partners, entries, self._terms, now)
        self._night = _Night(run, connection, now, partners, entries)
        self._night.settle({})
        self._budget = Budget(settings.geocoding_seconds, monotonic=monotonic, sleep=sleep)
        self._asked: list[_Asked] = []
        if self._due:
            self._ask(self._terms.chain[0], self._due)

    def finish(self) -> Geocoded:
        """Ask the others for what the first does not know, and store what they say."""
        left, chain = self._due, self._terms.chain
        for name in chain:
            if not left:
                break
            asked = self._asked[-1] if self._asked and name == chain[0] else self._ask(name, left)
            try:
                left = self._night.learn_from(asked, left, is_last=name == chain[-1])
            finally:
                asked.provider.client.close()
        self._night.settle(geocode_plan.expired(self._night.entries, self._terms, self._now), is_last=True)
        requests = sum(asked.provider.client.sent for asked in self._asked)
        made = _report(self._night, self._due, requests, self._terms, self._now)
        warn_below_goal(self._run, made, self._terms)
        return made

    def _ask(self, name: str, addresses: Mapping[str, str]) -> _Asked:
        provider = _provider(name, self._settings, self._budget)
        self._asked.append(_Asked(name, provider, ahead.chunks(_answers(provider, addresses), 1)))
        return self._asked[-1]


def _answers(provider: Provider, addresses: Mapping[str, str]) -> Iterator[Answers]:
    """What the provider answers; whatever stops it is raised where that is read."""
    yield from provider.ask(addresses)


@dataclass(frozen=True)
class _Asked:
    """A provider that is being asked, and its answers as they come."""

    name: str
    provider: Provider
    batches: Iterable[list[Answers]]


def warn_below_goal(run: Run, made: Geocoded, terms: Terms) -> None:
    """Warn on ``run`` of a success rate under the goal, where anybody may be asked."""
    percent = made.success_percent
    if terms.chain and percent is not None and percent < GOAL_PERCENT:
        run.warn(
            f"geocoding: {made.with_coordinates:,} of {made.usable:,} partners with an address have coordinates, "
            f"{made.shape()['success_percent']} %: the goal is {GOAL_PERCENT} %"
        )


def preview(settings: GeocodingSettings, connection: sa.Connection, *, now: datetime) -> int:
    """How many addresses would be asked for at ``now``; only reads, in the caller's transaction."""
    partners, entries = geocode_store.read(connection)
    return len(geocode_plan.due(partners, entries, terms_of(settings), now))


def terms_of(settings: GeocodingSettings) -> Terms:
    """Who may be asked, and for how long their answers may be kept."""
    first: list[str] = [] if settings.geocoder == "none" else [settings.geocoder]
    second = [settings.second] if settings.geocoder == CENSUS and settings.second != "none" else []
    return Terms((*first, *second), {GOOGLE: timedelta(days=settings.google_days)})


def _provider(name: str, settings: GeocodingSettings, budget: Budget) -> Provider:
    match name:
        case "google":
            return Google(settings.google_url, settings.google_key.get_secret_value(), budget)
        case "nominatim":
            return Nominatim(settings.nominatim_url, budget)
        case _:
            return Census(settings.census_url, budget)


class _Night:
    """What is known while it grows, and the database along with it. ``outcomes``: how each address that was asked for ended."""

    def __init__(
        self,
        run: Run,
        connection: sa.Connection,
        now: datetime,
        partners: list[Partner],
        entries: dict[str, Entry],
    ) -> None:
        self._run, self._connection, self._now = run, connection, now
        self.partners, self.entries = partners, entries
        self.outcomes: dict[str, Status] = {}

    def learn_from(self, asked: _Asked, addresses: Mapping[str, str], *, is_last: bool) -> dict[str, str]:
        """Store what is answered to ``addresses`` by hash; what is not known there is for the next one.

        Returns that; where it ``is_last``, there is no next one, and an address has no result.
        """
        missed: dict[str, str] = {}
        errors: dict[str, Answer] = {}
        answered = 0
        stopped = ""
        try:
            for (batch,) in asked.batches:
                failed = {key: answer for key, answer in batch.items() if answer.status == Status.ERROR}
                unknown = {key for key, answer in batch.items() if answer.status == Status.NO_RESULT and not is_last}
                missed |= {key: addresses[key] for key in unknown}
                errors |= failed
                self._learn({key: batch[key] for key in batch.keys() - failed.keys() - unknown})
                answered += len(batch) - len(failed)
        except StoppedError as error:
            stopped = str(error)
        if answered:
            self._learn(errors)
        else:  # an outage says nothing of the addresses: they are asked for again the next night
            self.outcomes |= dict.fromkeys(errors, Status.ERROR)
        self._tell(asked.name, errors, stopped, len(addresses) - answered)
        return missed

    def settle(self, learned: Mapping[str, Entry], *, is_last: bool = False) -> None:
        """Store what was ``learned`` by hash, and the partners that it, or a new address, changes."""
        new = [entry for key, entry in learned.items() if key not in self.entries]
        other = [entry for key, entry in learned.items() if self.entries.get(key, entry) != entry]
        self.entries |= learned
        changed = geocode_plan.settle(self.partners, self.entries, is_last=is_last)
        if new or other or changed:
            with self._connection.begin():
                geocode_store.write(self._connection, new, other, changed, self._now)

    def _learn(self, answers: Mapping[str, Answer]) -> None:
        self.outcomes |= {key: answer.status for key, answer in answers.items()}
        self.settle(
            {key: geocode_plan.after(key, self.entries.get(key), answer, self._now) for key, answer in answers.items()}
        )

    def _tell(self, name: str, errors: Mapping[str, Answer], stopped: str, open_: int) -> None:
        if not stopped and not errors:
            return
        reason = stopped or Counter(answer.reason for answer in errors.values()).most_common(1)[0][0]
        self._run.warn(
            f"geocoding: {_NAMES[name]} {reason}; addresses left for another night: {open_:,}; known coordinates stay"
        )


def _report(night: _Night, due: Mapping[str, str], requests: int, terms: Terms, now: datetime) -> Geocoded:
    found = Counter(night.outcomes.values())
    usable = [partner for partner in night.partners if partner.address_hash is not None]
    return Geocoded(
        attempted=len(due),
        cached=len({partner.address_hash for partner in usable} - due.keys()),
        succeeded=found[Status.MATCH],
        no_result=found[Status.NO_RESULT],
        errors=found[Status.ERROR],
        waiting=len(due) - found.total(),
        requests=requests,
        usable=len(usable),
        with_coordinates=sum(partner.stored.latitude is not None for partner in usable),
        idle_until=geocode_plan.idle_until(night.partners, night.entries, terms, now),
    )
