"""Which addresses are looked up tonight, and what a partner's row says afterwards; pure (facts 2).

An address is asked for when nothing is known of it, when its coordinates come to the age at which their provider wants
them gone, and when it was not found and its back-off is over. What is known belongs to the address, not to the partner:
one who moves to a known address has coordinates at once, and keeps none of the old one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

_LONGEST = timedelta(days=30)
# A night that begins earlier than the last one did still counts as the next day.
_EARLY = timedelta(hours=6)
# From this share of their life on coordinates are asked for anew: an outage of some nights then costs none of them.
_AGING = 5 / 6


class Status(StrEnum):
    """What is known of an address."""

    MATCH = "match"
    NO_RESULT = "no_result"  # everybody who was to be asked knows no such address, or not which of several it is
    ERROR = "error"  # somebody answered, but not about this address
    EXPIRED = "expired"  # there were coordinates, and their provider's terms ended
    WAITING = "waiting"  # not asked for yet


@dataclass(frozen=True)
class Answer:
    """What ``provider`` says of an address. Coordinates are degrees, WGS 84, to six places.

    ``match_type``: how good they are in the provider's words; ``provider_ref``: its name for the place; ``reason``: of
    an error, fit to be shown.
    """

    provider: str
    status: Status
    latitude: float | None = None
    longitude: float | None = None
    match_type: str | None = None
    provider_ref: str | None = None
    reason: str = ""


class Entry(NamedTuple):
    """A row of ``geocode_cache``. ``fetched_at``: when the coordinates came, without any when it was last asked for.

    ``attempts``: how often in a row it was not found.
    """

    address_hash: str
    provider: str
    status: str
    latitude: float | None
    longitude: float | None
    match_type: str | None
    provider_ref: str | None
    fetched_at: datetime
    attempts: int
    next_try_at: datetime | None

    @property
    def has_coordinates(self) -> bool:
        return self.latitude is not None and self.longitude is not None


class Position(NamedTuple):
    """The columns of ``media_partners`` that geocoding writes."""

    latitude: float | None = None
    longitude: float | None = None
    address_hash: str | None = None
    geocode_status: str | None = None
    geocoded_at: datetime | None = None


@dataclass
class Partner:
    """A partner's row: its key, its address (``None``: none that can be looked up) with its hash, what is ``stored``."""

    person_id: str
    office: str
    address: str | None
    address_hash: str | None
    stored: Position


@dataclass(frozen=True)
class Terms:
    """Who is asked, in this order, and how long the coordinates of some providers may be kept; the others' for ever."""

    chain: Sequence[str]
    lives: Mapping[str, timedelta]


def due(partners: Iterable[Partner], entries: Mapping[str, Entry], terms: Terms, now: datetime) -> dict[str, str]:
    """The addresses to ask for at ``now``, by their hash; each once, whoever has it."""
    asked: dict[str, str] = {}
    for partner in partners:
        key = partner.address_hash
        if key is not None and key not in asked and partner.address and is_due(entries.get(key), terms, now):
            asked[key] = partner.address
    return asked


def is_due(entry: Entry | None, terms: Terms, now: datetime) -> bool:
    """Whether the address of ``entry`` is asked for at ``now``; ``None``: nothing is known of it."""
    if not terms.chain:
        return False
    if entry is None:
        return True
    if entry.has_coordinates:
        return _is_older(entry, terms, now, share=_AGING)
    if entry.status == Status.NO_RESULT and entry.provider != terms.chain[-1]:
        return True  # somebody may be asked now who was not asked then
    return entry.next_try_at is None or not now < entry.next_try_at <= now + _LONGEST


def idle_until(
    partners: Iterable[Partner], entries: Mapping[str, Entry], terms: Terms, now: datetime
) -> datetime | None:
    """The instant until which there is nothing to ask for and nothing to remove, if nothing else changes.

    ``None``: there is something now. The end of time where only a change brings anything to do.
    """
    if due(partners, entries, terms, now) or expired(entries, terms, now):
        return None
    lived_at = {partner.address_hash for partner in partners} if terms.chain else set()
    until = datetime.max.replace(tzinfo=UTC)
    for key, entry in entries.items():
        life = terms.lives.get(entry.provider)
        if entry.has_coordinates:
            share = _AGING if key in lived_at else 1
            moment = entry.fetched_at + life * share if life is not None else until
        else:
            moment = entry.next_try_at if key in lived_at and entry.next_try_at is not None else until
        until = min(until, moment)
    return until


def back_off(failed: int) -> timedelta:
    """How long an address that was not found ``failed`` times in a row is left alone: 1, 2, 4 … 30 days."""
    return min(timedelta(days=2 ** (min(failed, 10) - 1)), _LONGEST) - _EARLY


def after(key: str, entry: Entry | None, answer: Answer, now: datetime) -> Entry:
    """What is known of the address with the hash ``key`` after an ``answer``; coordinates at hand outlast a failure."""
    if answer.status == Status.MATCH:
        found = (answer.latitude, answer.longitude, answer.match_type, answer.provider_ref)
        return Entry(key, answer.provider, answer.status, *found, now, 0, None)
    if entry is not None and entry.has_coordinates:
        return entry
    failed = 1 + (entry.attempts if entry else 0)
    again = now + back_off(failed)
    return Entry(key, answer.provider, answer.status, None, None, answer.match_type, None, now, failed, again)


def expired(entries: Mapping[str, Entry], terms: Terms, now: datetime) -> dict[str, Entry]:
    """The entries whose coordinates may not be kept any longer, without them; whether anybody lives there or not."""
    return {
        key: entry._replace(status=Status.EXPIRED, latitude=None, longitude=None, match_type=None)
        for key, entry in entries.items()
        if entry.has_coordinates and _is_older(entry, terms, now, share=1)
    }


def wanted(partner: Partner, entry: Entry | None) -> Position:
    """What the row of ``partner`` is to say, given what is known of its address.

    Coordinates are always those of its present address; those of the same address stay until their terms end. Those
    that somebody else has stored, for there is no hash with them, stay until the address is found or changes.
    """
    if partner.address_hash is None:
        return partner.stored if partner.stored.address_hash is None else Position()
    if entry is not None and entry.has_coordinates:
        return Position(entry.latitude, entry.longitude, partner.address_hash, Status.MATCH, entry.fetched_at)
    has_moved = partner.stored.address_hash not in {None, partner.address_hash}
    if not has_moved and partner.stored.latitude is not None and (entry is None or entry.status != Status.EXPIRED):
        return partner.stored._replace(address_hash=partner.address_hash)
    return Position(None, None, partner.address_hash, entry.status if entry else Status.WAITING, None)


def settle(partners: Iterable[Partner], entries: Mapping[str, Entry], *, is_last: bool = False) -> list[Partner]:
    """Bring what is ``stored`` of ``partners`` to what is known of their addresses; returns those whose rows change.

    That an address waits is only said at the last, unless coordinates of another one go with it.
    """
    changed = []
    for partner in partners:
        position = wanted(partner, entries.get(partner.address_hash or ""))
        only_waits = position.geocode_status == Status.WAITING and partner.stored.latitude is None
        if position != partner.stored and (is_last or not only_waits):
            partner.stored = position
            changed.append(partner)
    return changed


def _is_older(entry: Entry, terms: Terms, now: datetime, *, share: float) -> bool:
    """Whether ``share`` of the entry's life is over. One from the future is: the clock was wrong then, or is now."""
    life = terms.lives.get(entry.provider)
    return life is not None and not -_EARLY <= now - entry.fetched_at < life * share
