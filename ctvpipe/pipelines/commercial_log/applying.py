"""Plan and apply the daily update inside one transaction of the sales database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import sqlalchemy as sa

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.commercial_log import categories, database, identities, markets, planning
from ctvpipe.pipelines.commercial_log.columns import POSITION
from ctvpipe.pipelines.commercial_log.reading import Log
from ctvpipe.pipelines.commercial_log.values import Value

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
    alignment: identities.Alignment = field(default_factory=identities.Alignment)


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
    applied.alignment = identities.align(connection, directory, months)
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
        # a log has few distinct values
        self._decide = cache(self._decision)
        self._keys = cache(self._look_up_keys)
        self._columns = cache(self._assignment_columns)

    def __call__(
        self, positions: Sequence[int], ids: Sequence[int]
    ) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        log, tally = self._log, self.tally
        spots: list[tuple[object, ...]] = []
        assignments: list[tuple[object, ...]] = []
        given: list[categories.Assignment] = []
        for position, spot_id in zip(positions, ids, strict=True):
            row, digest = log.rows[position], log.hashes[position]
            decision = self._decide(row[_LANGUAGE], row[_TYPE], row[_REVENUE])
            assignment = self._people_first(digest, decision.assignment)
            keys = self._keys(row[_BILL_CODE], row[_MARKET], row[_LANGUAGE], log.sheets[position])
            spots.append((spot_id, *row, *keys, decision.category, digest))
            assignments.append((spot_id, *self._columns(assignment)))
            given.append(assignment)
        tally.categories.update(str(spot[-2]) for spot in spots)
        tally.methods.update(assignment.method for assignment in given)
        tally.to_review += sum(assignment.requires_review for assignment in given)
        return spots, assignments

    def _decision(self, code: Value, spot_type: Value, revenue: Value) -> categories.Decision:
        return self._categoriser.decide(_text(code), _text(spot_type), _text(revenue))

    def _people_first(self, digest: bytes, assignment: categories.Assignment) -> categories.Assignment:
        """What a person decided for a row like this one, else what the rules say."""
        decided = self._decided.get(digest)
        if decided is None:
            return assignment
        code, who = decided
        return manual_assignment(code, who)

    def _assignment_columns(self, given: categories.Assignment) -> tuple[object, ...]:
        """The columns of an assignment after its spot."""
        return (
            given.language_code,
            given.status,
            given.confidence,
            given.method,
            self._loaded,
            given.requires_review,
            given.notes,
        )

    def _look_up_keys(self, bill_code: Value, market: Value, language: Value, sheet: str) -> tuple[object, ...]:
        """The columns of a spot between the workbook's and its category."""
        identity = self._directory.resolve(str(bill_code))
        known = self._categoriser.language(_text(language))
        return (
            identity.customer_id,
            identity.agency_id,
            self._markets.get(str(market).casefold()) if market else None,
            self._languages.get(known) if known else None,
            self._loaded,
            f"{self._origin.file}:{sheet}",
            self._origin.batch_id,
        )


def manual_assignment(code: str, who: str) -> categories.Assignment:
    """The assignment that follows from a person's decision."""
    return categories.Assignment(code, "determined", 1.0, _MANUAL, False, f"decided by {who}")


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
