"""The night's difference: what each month of the database must lose and gain to equal the file. Pure, no database.

Rows are compared as multisets of their hashes within a month. A row that stands on both sides keeps its id, and
with it its category and language decision.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.commercial_log import months

DIFF, REPLACE = "diff", "replace"


@dataclass(frozen=True)
class MonthPlan:
    """What happens to one open month: ``insert`` are positions of rows in the file, ``delete`` spot ids."""

    month: str
    existing: int
    in_file: int
    insert: tuple[int, ...]
    delete: tuple[int, ...]

    @property
    def unchanged(self) -> int:
        """How many rows stay as they are."""
        return self.existing - len(self.delete)

    @property
    def loss_percent(self) -> float:
        """By how much the month shrinks, as a share of what it has."""
        return max(0.0, 100.0 * (self.existing - self.in_file) / self.existing) if self.existing else 0.0


@dataclass(frozen=True)
class Plan:
    """The plans of the open months in the file, oldest first; ``closed``: rows in the file by closed month."""

    months: tuple[MonthPlan, ...]
    closed: Mapping[str, int]

    @property
    def inserts(self) -> int:
        return sum(len(month.insert) for month in self.months)

    @property
    def deletes(self) -> int:
        return sum(len(month.delete) for month in self.months)

    @property
    def unchanged(self) -> int:
        return sum(month.unchanged for month in self.months)

    @property
    def filtered(self) -> int:
        """Rows in the file that belong to closed months."""
        return sum(self.closed.values())


def open_months(file_months: Iterable[str], closed: Collection[str]) -> list[str]:
    """The months of the file that are open, oldest first."""
    return sorted(set(file_months) - set(closed), key=months.order)


def make(
    file_months: Sequence[str],
    hashes: Sequence[bytes],
    existing: Mapping[str, Iterable[tuple[int, bytes]]],
    closed: Collection[str],
    *,
    other_months: Iterable[str] = (),
    strategy: str = DIFF,
) -> Plan:
    """Plan the update.

    ``file_months`` and ``hashes``: month and hash of each row of the file; ``existing``: per open month of the file
    the (spot id, hash) of its rows in the database; ``closed``: the closed months; ``other_months``: those that stand
    in the file too, perhaps without any row to store: nothing is left of them.
    """
    positions: dict[str, list[int]] = defaultdict(list)
    filtered: dict[str, int] = defaultdict(int)
    closed_months = frozenset(closed)
    for position, month in enumerate(file_months):
        if month in closed_months:
            filtered[month] += 1
        else:
            positions[month].append(position)
    plans = []
    for month in open_months([*positions, *other_months], closed_months):
        rows = sorted(existing.get(month, ()))
        if strategy == REPLACE:
            insert, delete = positions[month], [spot_id for spot_id, _ in rows]
        else:
            insert, delete = _difference(positions[month], hashes, rows)
        plans.append(MonthPlan(month, len(rows), len(positions[month]), tuple(insert), tuple(delete)))
    return Plan(tuple(plans), dict(filtered))


def _difference(
    positions: Iterable[int], hashes: Sequence[bytes], rows: Sequence[tuple[int, bytes]]
) -> tuple[list[int], list[int]]:
    there: dict[bytes, list[int]] = defaultdict(list)
    for spot_id, digest in reversed(rows):
        there[digest].append(spot_id)  # popped from the end: the oldest id is kept first
    insert = []
    for position in positions:
        same = there.get(hashes[position])
        if same:
            same.pop()
        else:
            insert.append(position)
    return insert, sorted(spot_id for left in there.values() for spot_id in left)


def require_no_collapse(plan: Plan, most_percent: float) -> None:
    """Raise ``ContractError`` when a month would lose more than ``most_percent`` of its rows."""
    for month in plan.months:
        if month.loss_percent > most_percent:
            raise ContractError(
                f"{month.month} would go from {month.existing:,} to {month.in_file:,} rows, a loss of "
                f"{month.loss_percent:.4g} % (at most {most_percent:g} % is allowed); nothing was changed",
                "If traffic confirms that the workbook is right: ctvpipe update --force",
            )
