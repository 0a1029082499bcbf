"""One night after the other: put a workbook in place, update, look at what the database holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from tests.fakes.workbook import Spec, write_rows
from tests.fakes.workbook_cells import COLUMNS, Row
from tests.integration.station import Result, Station

FIELDS = [column.field for column in COLUMNS]
MONTH, COMMENTS = (1 + FIELDS.index(field) for field in ("broadcast_month", "comments"))
"""Where these stand in a row of ``spots``."""
BOOKS = {"import_batches", "ingestion_runs", "meta.ingestion_runs"}
"""The tables in which each night leaves its record."""
PLAIN = Spec(rows=60, seed=7, oddities=False, trade_rows=0, decoy_sheets=False, months_back=1, months_ahead=1)


def night(station: Station, lines: Iterable[Row], **options: Any) -> Result:
    """Put a workbook with these rows in place of today's, and run the update."""
    write_rows(station.workbook(), lines, spec=PLAIN)
    return station.update_here(**options)


def by_id(station: Station) -> dict[int, tuple[Any, ...]]:
    """Every spot in full, with its language assignment."""
    found = station.query(
        "SELECT s.*, l.assignment_id, l.language_code, l.language_status, l.assignment_method, l.assigned_date"
        " FROM spots s JOIN spot_language_assignments l USING (spot_id)"
    )
    return {line[0]: line for line in found}


def content(station: Station) -> Counter[tuple[Any, ...]]:
    """The spots and their assignments without ids, batch and load date."""
    spot = ", ".join(f"s.{field}" for field in FIELDS)
    return Counter(
        station.query(
            f"SELECT {spot}, customer_id, agency_id, market_id, s.language_id, source_file, is_historical, spot_category,"
            " row_hash, l.language_code, language_status, confidence, assignment_method, requires_review, l.notes"
            " FROM spots s JOIN spot_language_assignments l USING (spot_id)"
        )
    )


def in_month(lines: Iterable[Row], label: str) -> list[Row]:
    return [line for line in lines if month_label_of(line) == label]


def month_label_of(line: Row) -> str:
    cell = line.cell("broadcast_month")
    assert cell is not None
    return (date(1899, 12, 30) + timedelta(days=int(cell.value))).strftime("%b-%y")


def close(station: Station, label: str) -> None:
    station.execute(
        f"UPDATE spots SET is_historical = 1 WHERE broadcast_month = '{label}'",
        "INSERT INTO month_closures (broadcast_month, closed_date, closed_by)"
        f" VALUES ('{label}', '2026-11-22', 'bookkeeping')",
    )
