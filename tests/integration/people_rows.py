"""Small invented logs, and a daily update of them in this process: fetch and check are left out, the rest is real."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ctvpipe.core import clock
from ctvpipe.pipelines.commercial_log import applying, database, planning, recall
from ctvpipe.pipelines.commercial_log.columns import FIELDS
from ctvpipe.pipelines.commercial_log.reading import Log, SpotValues, spot_hash
from ctvpipe.stores import engine, migrate

_PLAIN = {
    "bill_code": "Quartz Agency:Plover Foods",
    "air_date": "2024-11-04",
    "spot_type": "BNS",
    "revenue_type": "Internal Ad Sales",
    "broadcast_month": "Nov-24",
    "market_name": "SFO",
}


def row(**fields: object) -> SpotValues:
    """The 29 values of a spot; what is not given is plain or empty."""
    values = {**_PLAIN, **fields}
    return tuple(values.get(field) for field in FIELDS)  # type: ignore[return-value]


def log_of(rows: Iterable[SpotValues]) -> Log:
    """What reading a workbook with these rows gives."""
    log = Log()
    for values in rows:
        log.rows.append(values)
        log.hashes.append(spot_hash(values))
        log.sheets.append("Commercials")
    return log


def address(database_name: str) -> str:
    """The URL of a database given as the station gives it: a path, or a PostgreSQL address."""
    return database_name if "://" in database_name else f"sqlite:///{database_name}"


@contextmanager
def updating(where: str, rows: Iterable[SpotValues], strategy: str = planning.DIFF) -> Iterator[None]:
    """Apply the daily update of ``rows``, known ones by recalling them; it commits when the block ends."""
    log = log_of(rows)
    key = b"".join(log.hashes).hex()
    with engine.transaction(engine.open_engine(address(where))) as connection:
        engine.require_sole_run(connection, "daily-update")
        migrate.upgrade(connection, database.MIGRATIONS)
        known = recall.recall(connection, key) if strategy == planning.DIFF else None
        if known is None:
            planned, record = applying.plan(connection, log, strategy), recall.record(log, key)
        else:
            log, planned, record = known.log, applying.Planned(known.plan, ()), known.record
        origin = applying.Origin(str(uuid.uuid4()), "Commercial Log 241130.xlsx", record, clock.now())
        if planned.plan.months:
            applying.apply(connection, log, planned, origin, rule_set="A", on_progress=lambda _: None)
        yield


def update(where: str, rows: Iterable[SpotValues], strategy: str = planning.DIFF) -> None:
    """Run the daily update of ``rows``."""
    with updating(where, rows, strategy):
        pass
