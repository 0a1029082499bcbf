"""Rows of open months whose bill code means no known customer, or no known agency (facts 3.8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from ctvpipe.pipelines.commercial_log import billcode, names

_OPEN = "broadcast_month NOT IN (SELECT broadcast_month FROM month_closures)"


@dataclass(frozen=True)
class Unmatched:
    """A bill code, or an agency's name, that nothing is known of: its rows, their gross, the newest air date.

    ``agencies`` and ``customer`` are the parts of a bill code (``customer`` is ``None`` for an agency, and for a code
    that names no customer); ``similar``: existing names like it.
    """

    text: str
    rows: int
    gross: float
    newest: date
    agencies: tuple[str, ...] = ()
    customer: str | None = None
    similar: tuple[str, ...] = ()


@dataclass(frozen=True)
class Some:
    """The first of them, most gross first, and how many there are with how many rows."""

    first: tuple[Unmatched, ...]
    count: int
    rows: int


def customers(connection: sa.Connection, limit: int) -> Some:
    """Bill codes of open months without customer."""
    found = _without(connection, "customer_id")
    similar = names.Similar(_names(connection, "SELECT normalized_name FROM customers WHERE is_active"))
    return _some(found, lambda item: _parts(item, similar), limit)


def _parts(item: Unmatched, similar: names.Similar) -> Unmatched:
    parsed = billcode.parse(item.text)
    if parsed is None:
        return replace(item, similar=tuple(similar.to(item.text)))
    alike = tuple(similar.to(parsed.qualified))
    return replace(item, agencies=parsed.agencies, customer=parsed.customer, similar=alike)


def agencies(connection: sa.Connection, limit: int) -> Some:
    """Agencies named by bill codes of open months that are not known."""
    by_name: dict[str, tuple[str, list[Unmatched]]] = {}
    for item in _without(connection, "agency_id"):
        parsed = billcode.parse(item.text)
        if parsed is not None and parsed.agencies:
            agency = parsed.agencies[0]
            by_name.setdefault(names.folded(agency), (agency, []))[1].append(item)
    similar = names.Similar(_names(connection, "SELECT agency_name FROM agencies WHERE is_active"))
    found = sorted((_together(*each) for each in by_name.values()), key=_most_first)
    return _some(found, lambda item: replace(item, similar=tuple(similar.to(item.text))), limit)


def _some(found: list[Unmatched], explain: Callable[[Unmatched], Unmatched], limit: int) -> Some:
    return Some(tuple(map(explain, found[:limit])), len(found), sum(item.rows for item in found))


def _without(connection: sa.Connection, key: str) -> list[Unmatched]:
    statement = sa.text(
        "SELECT bill_code, count(*) AS number, sum(gross_rate) AS gross, max(air_date) AS newest FROM spots"  # noqa: S608
        f" WHERE {key} IS NULL AND {_OPEN} GROUP BY bill_code"
    ).columns(newest=sa.Date())
    rows = connection.execute(statement)
    found = [Unmatched(code, number, round(float(gross or 0), 2), newest) for code, number, gross, newest in rows]
    return sorted(found, key=_most_first)


def _together(name: str, items: list[Unmatched]) -> Unmatched:
    gross = round(sum(item.gross for item in items), 2)
    return Unmatched(name, sum(item.rows for item in items), gross, max(item.newest for item in items))


def _most_first(item: Unmatched) -> tuple[float, int, str]:
    return -item.gross, -item.rows, item.text


def _names(connection: sa.Connection, sql: str) -> list[str]:
    return list(connection.execute(sa.text(sql)).scalars())
