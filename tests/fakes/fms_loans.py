"""The loans of the FMS exports, invented: who has borrowed which vehicle from when to when (facts 1.3 and 3).

Most partners have a day of the week on which they usually take over a vehicle; the others have too few loans for one,
or loans on any day. That holds whatever ``today`` is, although loans of the last 365 days count twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from tests.fakes.fms_people import Partner, partner

_FAVOURITES = (0, 2, 3, 1, 0, 4, 2, 3, 1, 0, 2)  # Monday is 0
_FEW, _MANY, _SCATTERED, _ORPHANED = 4, 5, 8, 6


@dataclass(frozen=True)
class Loan:
    """``vehicle``: its number; ``start`` is the day of the hand-over."""

    activity_id: str
    borrower: Partner
    vehicle: int
    start: date
    end: date


@dataclass(frozen=True)
class _Habit:
    """What a partner at an office does: ``turns`` of the favourite day in a cycle of hand-overs, 0: any day."""

    borrower: Partner
    loans: int
    turns: int
    cycle: int

    def day(self, number: int) -> int:
        """The weekday of the loan ``number``, counted from the latest."""
        favourite = _FAVOURITES[self.borrower.number % len(_FAVOURITES)]
        if not self.turns:
            return number % 5
        if number % self.cycle < self.turns:
            return favourite
        return (favourite + (1, 2, 3, 5)[number // 2 % 4]) % 7


def prefers_a_day(number: int) -> bool:
    """Whether partner ``number`` has a preferred day, given enough loans: 72 of 100, and 426 of 592."""
    return (number + 1) * 72 // 100 > number * 72 // 100


def loans(count: int, partners: int, orphans: int, vehicles: int, today: date, seed: int) -> list[Loan]:
    """So many loans by ``partners`` of the roster and ``orphans`` who are not in it, the oldest first."""
    random = Random(seed)
    habits = _shared_out(list(_habits(partners, orphans)), count, random)
    made = [
        Loan("", habit.borrower, random.randrange(vehicles), *days)
        for habit in habits
        for days in _days(habit, today, random)
    ]
    made.sort(key=lambda loan: (loan.start, int(loan.borrower.person_id)))
    return [replace(loan, activity_id=str(20_001 + 3 * number)) for number, loan in enumerate(made)]


def _habits(partners: int, orphans: int) -> Iterator[_Habit]:
    """The habits of everybody, with as many loans as each needs; those with a preferred day first."""
    numbers = range(partners)
    for number in filter(prefers_a_day, numbers):
        yield _Habit(partner(number), _MANY, *((1, 1), (3, 4), (1, 2))[number % 3])
    for number in numbers:
        if not prefers_a_day(number) and number % 3:
            yield _Habit(partner(number), *((_FEW, 1, 1) if number % 3 == 1 else (_SCATTERED, 0, 1)))
        if number % 150 == 7:
            yield _Habit(partner(number).elsewhere(), _MANY, 1, 1)
    for number in range(partners, partners + orphans):
        yield _Habit(partner(number), _ORPHANED, 1, 1)


def _shared_out(habits: list[_Habit], count: int, random: Random) -> list[_Habit]:
    """The habits with ``count`` loans in all: what is over goes to those with a preferred day, to a few most of it."""
    taken = 0
    for place, habit in enumerate(habits):
        habits[place] = replace(habit, loans=min(habit.loans, count - taken))
        taken += habits[place].loans
    keen = [place for place, habit in enumerate(habits) if habit.turns and habit.loans == _MANY]
    if keen and taken < count:
        weights = [random.expovariate(1) for _ in keen]
        for place in random.choices(keen, weights, k=count - taken):
            habits[place] = replace(habits[place], loans=habits[place].loans + 1)
    return habits


def _days(habit: _Habit, today: date, random: Random) -> Iterator[tuple[date, date]]:
    """The days of its loans, from the latest back; all have begun before this week."""
    monday = today - timedelta(days=today.weekday())
    first, span = 1 + habit.borrower.number % 10, random.randrange(60, 200)
    for number in range(habit.loans):
        weeks = first + number * span // habit.loans
        start = monday - timedelta(weeks=weeks) + timedelta(days=habit.day(number))
        yield start, start + timedelta(days=random.randrange(3, 12))
