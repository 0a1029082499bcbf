"""Which partitions of a search are still to be read, and how many of them the next one takes together.

A wrong guess costs a search, never a result. It is a guess from what has come so far: how often a sign follows another
in the values, and how much more or less than expected the neighbours held. A campus of 700,000 people at 350 results a
search takes some 5,000 searches, where 2,000 full ones would be the least.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ctvpipe.sources.ldap_split import SIGNS, Partition, folded

# How full a search may be expected to become, and how many partitions its filter may name.
_AIM = 0.75
_MOST_TOGETHER = 40
# A partition that was cut holds so many times the limit, if nothing better is known; one that was guessed too small is
# guessed so many times as large the next time.
_GUESS = 1.5
# Results and followers that are taken for seen before any are: first guesses weigh little, and none is zero.
_DAMPING = 50
_SMOOTHING = 1
_END = ""


@dataclass
class _Family:
    """The parts of one partition, and how many entries all of them are expected to hold."""

    expected: float


class _Pending(NamedTuple):
    partition: Partition
    share: float
    family: _Family

    @property
    def expected(self) -> float:
        return self.share * self.family.expected


class Plan:
    """The partitions that are still to be read, in order."""

    def __init__(self) -> None:
        self._pending = deque([_Pending(Partition(), 1, _Family(0))])
        self._taken: list[_Pending] = []
        self._followers: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def next(self, limit: int) -> tuple[Partition, ...]:
        """What the next search takes, of a server that returns ``limit`` results; empty when everything is read."""
        self._taken, expected = [], 0.0
        for one in self._pending:
            expected += one.expected
            if self._taken and (expected > _AIM * limit or len(self._taken) == _MOST_TOGETHER):
                break
            self._taken.append(one)
        return tuple(one.partition for one in self._taken)

    def read(self, results: int) -> None:
        """What was taken has been read, and held ``results`` entries."""
        for _ in self._taken:
            self._pending.popleft()
        self._correct((results + _DAMPING) / (self._expected + _DAMPING))

    def split(self, limit: int) -> bool:
        """What was taken holds more than ``limit`` entries: fewer next time, or parts of the one. Whether it can be."""
        if len(self._taken) > 1:
            self._correct(_GUESS * max(1.0, limit / max(self._expected, 1.0)))
            return True
        (taken,) = self._taken
        if not taken.partition.can_be_split:
            return False
        family = _Family(max(taken.expected, _GUESS * limit))
        shares = self._shares(taken.partition.prefix[-1:])
        self._pending.popleft()
        parts = [_Pending(*part, family) for part in zip(taken.partition.split(), shares, strict=True)]
        self._pending.extendleft(reversed(parts))
        return True

    def learn(self, values: Iterable[bytes]) -> None:
        """See which signs follow which in these values."""
        for value in values:
            for sign, follower in pairwise((_END, *folded(value), _END)):
                self._followers[sign][follower] += 1

    @property
    def _expected(self) -> float:
        return sum(one.expected for one in self._taken)

    def _correct(self, factor: float) -> None:
        for family in {id(one.family): one.family for one in self._taken}.values():
            family.expected *= factor

    def _shares(self, sign: str) -> list[float]:
        """What share of the values that have come to ``sign`` goes on with each of ``SIGNS``, and ends there."""
        seen = [self._followers[sign][follower] + _SMOOTHING for follower in (*SIGNS, _END)]
        return [count / sum(seen) for count in seen]
