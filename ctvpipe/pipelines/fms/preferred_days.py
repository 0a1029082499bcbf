"""Which day of the week a partner prefers, from the loans it had (facts 3). Pure, and in whole numbers throughout.

A share of exactly 0.40 must qualify and a tie must be a tie, so weights are integers and shares fractions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from ctvpipe.pipelines.fms.schema.tables import WEEKDAYS

MIN_LOANS = 5
MIN_CONFIDENCE = Fraction(2, 5)
RECENT = timedelta(days=365)
_RECENT_WEIGHT, _OLD_WEIGHT = 2, 1

Key = tuple[str, str]  # person_id and office


class Started(NamedTuple):
    """``loans`` of one person from one office that started on the same day, which is a local date."""

    person_id: str | None
    office: str | None
    start_date: date
    loans: int = 1


@dataclass(frozen=True)
class Preferred:
    """The preferred day as an English name, its share of all weights (0 to 1), and the number of loans behind it."""

    day: str
    confidence: Fraction
    loans: int

    @property
    def confidence_percent(self) -> float:
        """The share in percent with one decimal, rounded half to even from its exact value.

        A rounded float says the same, unless the exact value lies in the middle between two decimals: there it goes
        by what the float happens to be.
        """
        tenths, rest = divmod(1000 * self.confidence.numerator, self.confidence.denominator)
        beyond = 2 * rest - self.confidence.denominator
        return (tenths + (beyond > 0 or (beyond == 0 and tenths % 2))) / 10


def preferred(starts: Iterable[Started], *, as_of: date) -> dict[Key, Preferred]:
    """The preferred day of each person and office that has one (facts 3, steps 1 to 7).

    ``as_of``: today's date in the station's time zone. A loan that started within the 365 days before it, the first
    one included, or starts later counts twice. Loans without person or office count for nobody.
    """
    weights: dict[Key, list[int]] = defaultdict(lambda: [0] * len(WEEKDAYS))
    loans: dict[Key, int] = defaultdict(int)
    recent = as_of - RECENT
    for person_id, office, start_date, number in starts:
        if person_id and office:
            key = person_id, office
            weights[key][start_date.weekday()] += number * (_RECENT_WEIGHT if start_date >= recent else _OLD_WEIGHT)
            loans[key] += number
    found = {key: _best(of_days, loans[key]) for key, of_days in weights.items() if loans[key] >= MIN_LOANS}
    return {key: best for key, best in found.items() if best.confidence >= MIN_CONFIDENCE}


def _best(weights: list[int], loans: int) -> Preferred:
    """The heaviest day; of several, the earliest in the week, which begins with Monday."""
    heaviest = max(weights)
    return Preferred(WEEKDAYS[weights.index(heaviest)], Fraction(heaviest, sum(weights)), loans)
