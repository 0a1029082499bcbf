"""Plan and apply the daily update inside one transaction of the sales database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.commercial_log import categories, database, identities, markets, planning
from ctvpipe.pipelines.commercial_log.columns import POSITION
from ctvpipe.pipelines.commercial_log.reading import Log

_AIR_DATE, _MARKET = POSITION["air_date"], POSITION["market_name"]
_BILL_CODE, _MONTH = POSITION["bill_code"], POSITION["broadcast_month"]
_LANGUAGE, _TYPE, _REVENUE = POSITION["language_code"], POSITION["spot_type"], POSITION["revenue_type"]
_MANUAL = "manual"
_SLICE = 2000


Connection = sa.Connection
Record = Mapping[str, object]


@dataclass(frozen=True)
class Planned:
    """What the update will do to the database as it was when it was planned."""

    plan: planning.Plan
    new_markets: tuple[markets.NewMarket, ...]


@dataclass
class Applied:
    """What the update did besides its plan, counted."""

    categories: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    to_review: int = 0
    aligned: int = 0
    without_customer: int = 0
    without_agency: int = 0


@dataclass(frozen=True)
class Origin:
    """Where the rows come from, for the record: run id, workbook's name, what reading it gave (see ``recall``), start."""

    run_id: str
    file: str
    reading: Record
    started: datetime

    @property
    def batch_id(self) -> str:
        """The batch's id; the run's part keeps two runs of one second apart."""
        return f"weekly_update_{int(self.started.timestamp())}_{self.run_id[:8]}"


def plan(connection: sa.Connection, log: Log, strategy: str) -> Planned:
    """Compare the file with the database. Fails when the closed months cannot be read."""
    closed = database.closed_months(connection)
    file_months = [str(row[_MONTH]) for row in log.rows]
    wanted = planning.open_months([*file_months, *log.other_months], closed)
    existing = database.hashes_by_month(connection, wanted)
    made = planning.make(file_months, log.hashes, existing, closed, other_months=log.other_months, strategy=strategy)
    names, _ = database.market_ids(connection)
    seen = {(str(row[_MARKET]), str(row[_AIR_DATE])) for row in log.rows if row[_MARKET] and row[_MONTH] not in closed}
    return Planned(made, tuple(markets.plan(seen, names)))


def plan_without_database(log: Log) -> Planned:
    """The plan for a database that does not exist yet."""
    made = planning.make([str(row[_MONTH]) for row in log.rows], log.hashes, {}, ())
    return Planned(made, ())


def apply(
    connection: sa.Connection,
    log: Log,
    planned: Planned,
    origin: Origin,
    *,
    rule_set: str,
    on_progress: Callable[[int], None],
) -> Applied:
    """Bring the open months of the file to the file's rows. ``on_progress`` hears how many rows are written."""
    database.insert_markets(connection, planned.new_markets)
    directory = identities.Directory.load(connection)
    new = [position for month in planned.plan.months for position in month.insert]
    database.remember_bill_codes(connection, {str(log.rows[position][_BILL_CODE]) for position in new})
    database.insert_import(connection, _record(planned.plan, origin))
    for month in planned.plan.months:
        database.delete_spots(connection, month.delete)
    build = _SpotBuilder(connection, log, origin, directory, rule_set=rule_set)
    ids = database.new_spot_ids(connection, len(new))
    for start in range(0, len(new), _SLICE):
        part = slice(start, start + _SLICE)
        spots, assignments = build(new[part], ids[part])
        database.insert_spots(connection, spots)
        database.insert_assignments(connection, assignments)
        on_progress(start + len(spots))
    applied = build.tally
    months = [month.month for month in planned.plan.months]
    applied.aligned = identities.align(connection, directory, months)
    applied.without_customer, applied.without_agency = identities.count_unmatched(connection, months)
    expected = {month.month: month.in_file for month in planned.plan.months}
    if wrong := database.wrong_month_totals(connection, expected):
        raise CtvpipeError(f"{', '.join(wrong)}: not the file's rows after the update; everything was rolled back")
    return applied


def _record(made: planning.Plan, origin: Origin) -> database.Import:
    months = {
        month.month: {"rows": month.in_file, "inserted": len(month.insert), "deleted": len(month.delete)}
        for month in made.months
    }
    return database.Import(
        run_id=origin.run_id,
        batch_id=origin.batch_id,
        source_file=origin.file,
        started=origin.started,
        months=months,
        processed=sum(month.in_file for month in made.months),
        imported=made.inserts,
        deleted=made.deletes,
        details={"file": origin.file, "unchanged": made.unchanged, "reading": origin.reading},
    )


class _SpotBuilder:
    """Builds the rows of ``spots`` and ``spot_language_assignments`` for rows of the file."""

    def __init__(
        self, connection: sa.Connection, log: Log, origin: Origin, directory: identities.Directory, *, rule_set: str
    ) -> None:
        self._log, self._origin, self._directory = log, origin, directory
        self.tally = Applied()
        _, self._markets = database.market_ids(connection)
        self._languages = database.language_ids(connection)
        self._decided = database.decided_languages(connection)
        self._categoriser = categories.Categoriser(rule_set, list(self._languages))
        self._loaded = origin.started.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def __call__(
        self, positions: Sequence[int], ids: Sequence[int]
    ) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        spots: list[tuple[object, ...]] = []
        assignments: list[tuple[object, ...]] = []
        for position, spot_id in zip(positions, ids, strict=True):
            row, digest = self._log.rows[position], self._log.hashes[position]
            decision = self._categoriser.decide(*(_text(row[p]) for p in (_LANGUAGE, _TYPE, _REVENUE)))
            assignment = self._people_first(digest, decision.assignment)
            spots.append((spot_id, *row, *self._keys(row, position), decision.category, digest))
            assignments.append(
                (
                    spot_id,
                    assignment.language_code,
                    assignment.status,
                    assignment.confidence,
                    assignment.method,
                    self._loaded,
                    assignment.requires_review,
                    assignment.notes,
                )
            )
            self.tally.categories[decision.category] += 1
            self.tally.methods[assignment.method] += 1
            self.tally.to_review += assignment.requires_review
        return spots, assignments

    def _people_first(self, digest: bytes, assignment: categories.Assignment) -> categories.Assignment:
        """What a person decided for a row like this one, else what the rules say."""
        decided = self._decided.get(digest)
        if decided is None:
            return assignment
        code, who = decided
        return manual_assignment(code, who)

    def _keys(self, row: Sequence[object], position: int) -> tuple[object, ...]:
        identity = self._directory.resolve(str(row[_BILL_CODE]))
        market = row[_MARKET]
        language = self._categoriser.language(_text(row[_LANGUAGE]))
        return (
            identity.customer_id,
            identity.agency_id,
            self._markets.get(str(market).casefold()) if market else None,
            self._languages.get(language) if language else None,
            self._loaded,
            f"{self._origin.file}:{self._log.sheets[position]}",
            self._origin.batch_id,
        )


def manual_assignment(code: str, who: str) -> categories.Assignment:
    """The assignment that follows from a person's decision."""
    return categories.Assignment(code, "determined", 1.0, _MANUAL, False, f"decided by {who}")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
