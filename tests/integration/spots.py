"""Logs made from a few words, and their way into a database without a workbook and without a process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from ctvpipe.pipelines.commercial_log import applying, database, planning, reading
from ctvpipe.pipelines.commercial_log.columns import FIELDS
from ctvpipe.stores import engine, migrate

_PLAIN = {
    "bill_code": "Northlight Media:Amber Foods",
    "air_date": "2026-11-03",
    "time_in": "06:00:00",
    "time_out": "24:00:00",
    "language_code": "M",
    "spot_type": "COM",
    "gross_rate": 40.0,
    "spot_value": 40.0,
    "broadcast_month": "Nov-26",
    "revenue_type": "Internal Ad Sales",
    "market_name": "SFO",
}


def spot(**fields: object) -> reading.SpotValues:
    """The 29 values of a spot; what is not named is plain."""
    assert set(fields) <= set(FIELDS)
    values: dict[str, object] = {**_PLAIN, **fields}
    return tuple(values.get(field) for field in FIELDS)  # type: ignore[return-value,arg-type]


def log_of(spots: Iterable[reading.SpotValues], *, other_months: Iterable[str] = ()) -> reading.Log:
    """A log as it comes out of a workbook with these rows."""
    rows = list(spots)
    return reading.Log(
        rows=rows,
        hashes=[reading.spot_hash(row) for row in rows],
        sheets=["Commercials"] * len(rows),
        other_months=set(other_months),
        counts=Counter(read=len(rows)),
    )


def prepare(url: str) -> None:
    """Bring the schema of the database at ``url`` forward."""
    with engine.transaction(engine.open_engine(url)) as connection:
        migrate.upgrade(connection, database.MIGRATIONS)


def merge(
    url: str, log: reading.Log, *, strategy: str = planning.DIFF, force: bool = True, rule_set: str = "A"
) -> applying.Applied:
    """One night's transaction; raises what the plan and the database raise."""
    with engine.transaction(engine.open_engine(url)) as connection:
        planned = applying.plan(connection, log, strategy)
        if not force:
            planning.require_no_collapse(planned.plan, 40)
        if not planned.plan.months:
            return applying.Applied()
        origin = applying.Origin(str(uuid4()), "Commercial Log 261122.xlsx", {}, datetime.now(UTC))
        return applying.apply(connection, log, planned, origin, rule_set=rule_set, on_progress=lambda _: None)
