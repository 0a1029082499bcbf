"""The broadcast months of the database, and closing one for good (facts 3.6). Runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from ctvpipe.core.errors import ConfigurationError, ContractError, CtvpipeError
from ctvpipe.pipelines.commercial_log import months

_TOTALS = (
    "SELECT s.broadcast_month, count(*), sum(s.gross_rate), count(a.spot_id),"
    " sum(CASE WHEN s.customer_id IS NULL THEN 1 ELSE 0 END)"
    " FROM spots s LEFT JOIN spot_language_assignments a ON a.spot_id = s.spot_id AND a.requires_review"
)
_SEE_LIST = "See 'ctvpipe months list'."


@dataclass(frozen=True)
class Closure:
    """That a month is closed: when (the station's day), by whom, and what was noted."""

    day: date
    by: str
    note: str | None


@dataclass(frozen=True)
class Month:
    """A month of the database; ``to_review`` and ``without_customer`` count rows, ``gross`` is rounded to cents."""

    month: str
    rows: int
    gross: float
    to_review: int
    without_customer: int
    closure: Closure | None = None


def stored_form(text: str) -> str:
    """The month that ``text`` means, as stored. Raises ``ConfigurationError`` when it means none."""
    month = months.parse(text)
    if month is None:
        raise ConfigurationError(f"{text!r} is not a month", "Write it as Nov-24.")
    return month


def overview(connection: sa.Connection) -> list[Month]:
    """Every month that has spots or is closed, oldest first."""
    closures = _closures(connection)
    rows = connection.execute(sa.text(f"{_TOTALS} GROUP BY s.broadcast_month"))
    found = {row[0]: _month(row, closures.get(row[0])) for row in rows}
    missing = {name: Month(name, 0, 0.0, 0, 0, closure) for name, closure in closures.items() if name not in found}
    return sorted((found | missing).values(), key=lambda month: months.order(month.month))


def prospect(connection: sa.Connection, month: str) -> Month:
    """What closing ``month`` would make permanent. Raises ``ContractError`` when it cannot be closed."""
    closure = _closures(connection).get(month)
    if closure is not None:
        raise ContractError(f"{month} is closed already, since {closure.day} by {closure.by}", _SEE_LIST)
    totals = connection.execute(
        sa.text(f"{_TOTALS} WHERE s.broadcast_month = :month GROUP BY s.broadcast_month"), {"month": month}
    ).one_or_none()
    if totals is None:
        raise ContractError(f"the database has no row of {month}: only a month with rows can be closed", _SEE_LIST)
    return _month(totals, None)


def cautions(month: Month, today: date) -> list[str]:
    """What a person should know before closing ``month``, one sentence each."""
    said = []
    if today < _next_first(month.month):
        said.append(f"{month.month} is not over yet: rows that come later will be ignored.")
    if month.to_review:
        said.append(f"{month.to_review:,} rows are still to review; they can no longer be decided.")
    if month.without_customer:
        said.append(f"{month.without_customer:,} rows have no customer; they will never get one.")
    return said


def _next_first(month: str) -> date:
    """The first day after the calendar month."""
    first = months.first_day(month)
    return (first + timedelta(days=31)).replace(day=1)


def close(
    connection: sa.Connection, month: str, *, by: str, note: str | None, today: date, seen: Month | None = None
) -> Month:
    """Close ``month`` for good: mark its spots as historical, then record the closure. Returns what was closed.

    ``seen``: the month as it was shown to the person. Raises ``ContractError`` when it has changed since, is closed,
    or has no row.
    """
    found = prospect(connection, month)
    if seen is not None and found != seen:
        raise ContractError(
            f"{month} has changed while you were asked; nothing was closed",
            "An update ran meanwhile: look at it again.",
        )
    marked = connection.execute(
        sa.text("UPDATE spots SET is_historical = true WHERE broadcast_month = :month"), {"month": month}
    ).rowcount
    if marked != found.rows:
        raise CtvpipeError(f"{month}: {marked} rows were marked, {found.rows} were expected; nothing was closed")
    connection.execute(
        sa.text(
            "INSERT INTO month_closures (broadcast_month, closed_date, closed_by, notes)"
            " VALUES (:month, :today, :by, :note)"
        ).bindparams(sa.bindparam("today", type_=sa.Date)),
        {"month": month, "today": today, "by": by, "note": note},
    )
    return found


def require_open(connection: sa.Connection, month: str) -> None:
    """Raise ``ContractError`` when ``month`` is closed."""
    closure = _closures(connection).get(month)
    if closure is not None:
        raise ContractError(
            f"{month} is closed, since {closure.day} by {closure.by}: nothing in it can be changed",
            "Closing is for good.",
        )


def _closures(connection: sa.Connection) -> dict[str, Closure]:
    rows = connection.execute(
        sa.text("SELECT broadcast_month, closed_date, closed_by, notes FROM month_closures").columns(
            closed_date=sa.Date()
        )
    )
    return {month: Closure(day, by, note) for month, day, by, note in rows}


def _month(row: Sequence[Any], closure: Closure | None) -> Month:
    month, rows, gross, to_review, without_customer = row
    return Month(month, rows, round(float(gross or 0), 2), to_review, without_customer, closure)
