"""The sales database as the daily update reads and writes it; every statement runs in the caller's transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.commercial_log import columns, markets
from ctvpipe.stores import bulk, ingestion
from ctvpipe.stores.engine import is_sqlite

MIGRATIONS = "ctvpipe.pipelines.commercial_log.schema.versions"
_MODE = "WEEKLY_UPDATE"  # what the daily run is called in the books (facts 3.6)
_ENTITY = "spots"
_SPOT_COLUMNS = (
    "spot_id",
    *columns.FIELDS,
    "customer_id",
    "agency_id",
    "market_id",
    "language_id",
    "load_date",
    "source_file",
    "import_batch_id",
    "spot_category",
    "row_hash",
)
_ASSIGNMENT_COLUMNS = (
    "spot_id",
    "language_code",
    "language_status",
    "confidence",
    "assignment_method",
    "assigned_date",
    "requires_review",
    "notes",
)


def closed_months(connection: sa.Connection) -> frozenset[str]:
    """The closed months. Raises ``PermanentError`` when they cannot be read: that never means that none is closed."""
    try:
        return frozenset(connection.execute(sa.text("SELECT broadcast_month FROM month_closures")).scalars())
    except sa.exc.DBAPIError as error:
        if isinstance(error, sa.exc.OperationalError) and not is_sqlite(connection):
            raise  # the server went away, or a lock was not to be had: says the transaction
        reason = (str(error.orig).splitlines() or [type(error).__name__])[0]
        raise PermanentError(
            f"the closed months cannot be read ({reason}); nothing was changed",
            "The database is damaged: restore the newest backup.",
        ) from error


def hashes_by_month(connection: sa.Connection, wanted: Sequence[str]) -> dict[str, list[tuple[int, bytes]]]:
    """(spot id, row hash) of the spots of the ``wanted`` months."""
    found: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for month in wanted:
        rows = bulk.fetch(connection, "SELECT spot_id, row_hash FROM spots WHERE broadcast_month = ?", (month,))
        found[month] = [(spot_id, bytes(digest)) for spot_id, digest in rows]
    return found


def market_ids(connection: sa.Connection) -> tuple[dict[str, str], dict[str, int]]:
    """The markets: code -> name, and id by case-folded code and name."""
    names, ids = {}, {}
    for number, code, name in connection.execute(sa.text("SELECT market_id, market_code, market_name FROM markets")):
        names[code] = name
        ids[name.casefold()] = number
    for number, code in connection.execute(sa.text("SELECT market_id, market_code FROM markets")):
        ids[code.casefold()] = number
    return names, ids


def language_ids(connection: sa.Connection) -> dict[str, int]:
    """The languages: id by code as stored, in order of their ids."""
    rows = connection.execute(sa.text("SELECT language_code, language_id FROM languages ORDER BY language_id"))
    return {str(code): int(number) for code, number in rows}


def decided_languages(connection: sa.Connection) -> dict[bytes, tuple[str, str]]:
    """People's language decisions: row hash -> (language code, who decided)."""
    rows = connection.execute(sa.text("SELECT row_hash, language_code, decided_by FROM language_decisions"))
    return {bytes(digest): (code, who) for digest, code, who in rows}


def insert_markets(connection: sa.Connection, new: Iterable[markets.NewMarket]) -> None:
    """Create markets, each with its programming grid from its earliest air date on."""
    for market in new:
        market_id = connection.execute(
            sa.text("INSERT INTO markets (market_code, market_name) VALUES (:code, :name) RETURNING market_id"),
            {"code": market.code, "name": market.name},
        ).scalar_one()
        connection.execute(
            sa.text(
                "INSERT INTO schedule_market_assignments (schedule_id, market_id, effective_start_date, created_by)"
                " VALUES (:schedule, :market, :start, 'daily-update')"
            ).bindparams(sa.bindparam("start", type_=sa.Date)),
            {"schedule": market.schedule_id, "market": market_id, "start": date.fromisoformat(market.earliest)},
        )


def remember_bill_codes(connection: sa.Connection, codes: Iterable[str]) -> None:
    """Keep new distinct bill codes in ``raw_customer_inputs``, the list people resolve customers from."""
    known = set(connection.execute(sa.text("SELECT raw_text FROM raw_customer_inputs")).scalars())
    bulk.insert(connection, "raw_customer_inputs", ("raw_text",), [(code,) for code in sorted(set(codes) - known)])


def delete_spots(connection: sa.Connection, spot_ids: Sequence[int]) -> None:
    """Delete spots; their language assignments go with them."""
    bulk.delete(connection, "spots", "spot_id", spot_ids)


def insert_spots(connection: sa.Connection, spots: Sequence[tuple[object, ...]]) -> None:
    """Insert spots given in the order of ``spot_columns``."""
    bulk.insert(connection, "spots", _SPOT_COLUMNS, spots)


def insert_assignments(connection: sa.Connection, assignments: Sequence[tuple[object, ...]]) -> None:
    """Insert language assignments: (spot id, code, status, confidence, method, date, review, notes)."""
    bulk.insert(connection, "spot_language_assignments", _ASSIGNMENT_COLUMNS, assignments)


def new_spot_ids(connection: sa.Connection, count: int) -> range | list[int]:
    """``count`` spot ids that were never used."""
    return bulk.reserve_ids(connection, "spots", "spot_id", count)


@dataclass(frozen=True)
class Import:
    """What is recorded of an import in the database itself, in the same transaction as its rows."""

    run_id: str
    batch_id: str
    source_file: str
    started: datetime
    months: Mapping[str, object]
    processed: int
    imported: int
    deleted: int
    details: Mapping[str, object]


def insert_import(connection: sa.Connection, done: Import) -> None:
    """Write the batch, before its spots refer to it."""
    connection.execute(
        sa.text(
            "INSERT INTO import_batches (batch_id, import_date, import_mode, source_file, broadcast_months_affected,"
            " records_imported, records_deleted, status, started_by, completed_at) VALUES (:batch, :started, :mode, :file,"
            " :months, :imported, :deleted, 'COMPLETED', 'ctvpipe', :now)"
        ).bindparams(sa.bindparam("started", type_=sa.DateTime(True)), sa.bindparam("now", type_=sa.DateTime(True))),
        {
            "batch": done.batch_id,
            "started": done.started,
            "mode": _MODE,
            "file": done.source_file,
            "months": json.dumps(dict(done.months)),
            "imported": done.imported,
            "deleted": done.deleted,
            "now": clock.now(),
        },
    )
    ingestion.record(
        connection,
        run_id=done.run_id,
        source="commercial_log",
        entity=_ENTITY,
        started=done.started,
        processed=done.processed,
        created=done.imported,
        updated=0,
        details=done.details,
    )


def latest_details(connection: sa.Connection) -> dict[str, Any]:
    """The details recorded by the latest import; empty when there was none."""
    return ingestion.latest_details(connection, _ENTITY)


def wrong_month_totals(connection: sa.Connection, expected: Mapping[str, int]) -> list[str]:
    """The months whose row count is not the expected one, read back inside the transaction."""
    wrong = []
    for month, count in expected.items():
        sql = sa.text("SELECT count(*) FROM spots WHERE broadcast_month = :month")
        if connection.execute(sql, {"month": month}).scalar_one() != count:
            wrong.append(month)
    return wrong
