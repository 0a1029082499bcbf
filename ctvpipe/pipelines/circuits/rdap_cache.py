"""What registries have answered, kept by the range they answered for (facts 2.6).

An answer is good for 30 days from the day it was asked for, a failure for one; using it never makes it younger.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import sqlalchemy as sa

from ctvpipe.pipelines.circuits.addresses import Address
from ctvpipe.pipelines.circuits.schema.tables import RDAP_CACHE
from ctvpipe.stores.merge import Merged, merge

ANSWER_LIFE = timedelta(days=30)
FAILURE_LIFE = timedelta(days=1)
# In the order of the fields of ``Answer``.
_COLUMNS = (
    "range_start",
    "range_end",
    "last_queried",
    "provider_name",
    "network_name",
    "registrant",
    "network_type",
    "failure",
)
_MAPPED = 0xFFFF << 32  # where IPv6 keeps the addresses of IPv4


@dataclass(frozen=True)
class Answer:
    """What a registry said about the addresses from ``start`` to ``end``; ``failure``: why it knows none of them."""

    start: Address
    end: Address
    queried: datetime
    provider: str | None = None
    network_name: str | None = None
    registrant: str | None = None
    network_type: str | None = None
    failure: str | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Whether it still counts at ``now``. One from the future does not: the clock was wrong then, or is now."""
        life = FAILURE_LIFE if self.failure else ANSWER_LIFE
        return timedelta(0) <= now - self.queried < life


class Known:
    """Answers that are fresh, to be found by address: the narrowest range counts."""

    def __init__(self, answers: Iterable[Answer], now: datetime) -> None:
        self._by_size: dict[int, tuple[list[int], list[Answer]]] = {}
        for answer in sorted(answers, key=lambda one: one.queried):
            if answer.is_fresh(now):
                self.add(answer)

    def add(self, answer: Answer) -> None:
        """Let ``answer`` be found from here on; it takes the place of one for the same range."""
        start, end = _number(answer.start), _number(answer.end)
        starts, found = self._by_size.setdefault(end - start, ([], []))
        at = bisect_left(starts, start)
        if at < len(starts) and starts[at] == start:
            found[at] = answer
        else:
            starts.insert(at, start)
            found.insert(at, answer)

    def find(self, address: Address) -> Answer | None:
        """The answer for ``address``, if one is at hand."""
        number = _number(address)
        for size in sorted(self._by_size):
            starts, found = self._by_size[size]
            at = bisect_right(starts, number) - 1
            if at >= 0 and number <= starts[at] + size:
                return found[at]
        return None


def read(connection: sa.Connection) -> list[Answer]:
    """Every stored answer, old ones as well."""
    columns = [RDAP_CACHE.c[name] for name in _COLUMNS]
    return [
        Answer(_address(start), _address(end), *rest) for start, end, *rest in connection.execute(sa.select(*columns))
    ]


def store(connection: sa.Connection, answers: Iterable[Answer], now: datetime) -> Merged:
    """Keep what was asked for; for one range the last of ``answers``. Nothing is written where there are none.

    Ranges that nobody has asked for in twice an answer's life go, so that the cache ends somewhere.
    """
    rows = {(_text(one.start), _text(one.end)): (_text(one.start), _text(one.end), *_values(one)) for one in answers}
    if not rows:
        return Merged()
    merged = merge(
        connection, RDAP_CACHE, _COLUMNS, list(rows.values()), key=_COLUMNS[:2], on_insert={"created_at": now}
    )
    connection.execute(sa.delete(RDAP_CACHE).where(RDAP_CACHE.c.last_queried < now - 2 * ANSWER_LIFE))
    return merged


def _values(answer: Answer) -> tuple[object, ...]:
    return tuple(getattr(answer, field.name) for field in fields(Answer)[2:])


def _number(address: Address) -> int:
    return int(address) + (_MAPPED if isinstance(address, IPv4Address) else 0)


def _text(address: Address) -> str:
    return f"{_number(address):032x}"


def _address(text: str) -> Address:
    found = IPv6Address(int(text, 16))
    return found.ipv4_mapped or found
