"""Spots whose language a person must decide on, and the decisions (facts 3.12). Runs in the caller's transaction.

A decision belongs to the content of a row, not to its spot id: identical rows share it, and a row that leaves the
workbook and comes back, or is replaced, gets it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.commercial_log import applying, categories, closures, people

PRIORITY_GROSS = 500
"""Review lists show spots with more gross than this."""
HIGH_VALUE_GROSS = 1000
"""An undetermined spot of at least this gross is marked."""
_OPEN = "s.broadcast_month NOT IN (SELECT broadcast_month FROM month_closures)"
_TO_REVIEW = (
    f"FROM spot_language_assignments a JOIN spots s ON s.spot_id = a.spot_id WHERE a.requires_review AND {_OPEN}"
)
_NO_COM_BB = "coalesce(s.spot_type, '') NOT IN ('COM', 'BB')"


@dataclass(frozen=True)
class Spot:
    """A spot to review: where and what it is, the workbook's language code, and why it is to be reviewed."""

    spot_id: int
    month: str
    air_date: date
    bill_code: str
    spot_type: str
    revenue_type: str | None
    gross: float | None
    language_code: str | None
    status: str
    method: str
    notes: str | None

    @property
    def high_value(self) -> bool:
        """Whether it is undetermined and of high value."""
        return self.status == "undetermined" and self.gross is not None and self.gross >= HIGH_VALUE_GROSS


@dataclass(frozen=True)
class Wanted:
    """Which spots to list. ``min_gross`` ``None``: more than ``PRIORITY_GROSS``; ``everything``: no limit but
    ``min_gross``, and COM and BB too."""

    month: str | None = None
    min_gross: float | None = None
    everything: bool = False


@dataclass(frozen=True)
class Found:
    """The first of the spots, how many fit what was wanted, and how many there are to review in all."""

    spots: tuple[Spot, ...]
    fitting: int
    total: int


@dataclass(frozen=True)
class Decided:
    """A decision taken: the language's code and name, how many spots it holds for, and what it replaced, by whom."""

    month: str
    code: str
    language: str
    spots: int
    replaced: tuple[str, str] | None


def to_review(connection: sa.Connection, wanted: Wanted, limit: int) -> Found:
    """Spots of open months to review, the highest gross first. Trade is never among them, it is never stored.

    Raises ``ContractError`` when the wanted month is closed.
    """
    scope, values = _TO_REVIEW, dict[str, object]()
    if wanted.month is not None:
        closures.require_open(connection, wanted.month)
        scope += " AND s.broadcast_month = :month"
        values["month"] = wanted.month
    total = connection.execute(sa.text(f"SELECT count(*) {scope}"), values).scalar_one()
    scope, values = _narrowed(scope, values, wanted)
    fitting = connection.execute(sa.text(f"SELECT count(*) {scope}"), values).scalar_one()
    rows = connection.execute(
        sa.text(
            "SELECT s.spot_id, s.broadcast_month, s.air_date, s.bill_code, s.spot_type, s.revenue_type, s.gross_rate,"
            f" s.language_code, a.language_status, a.assignment_method, a.notes {scope}"
            " ORDER BY s.gross_rate DESC NULLS LAST, s.spot_id LIMIT :limit"
        ).columns(air_date=sa.Date()),
        {**values, "limit": limit},
    )
    return Found(tuple(_spot(row) for row in rows), fitting, total)


def _narrowed(scope: str, values: Mapping[str, object], wanted: Wanted) -> tuple[str, dict[str, object]]:
    narrowed = dict(values)
    if not wanted.everything:
        scope += f" AND {_NO_COM_BB}"
    if wanted.min_gross is not None:
        scope += " AND s.gross_rate >= :gross"
        narrowed["gross"] = wanted.min_gross
    elif not wanted.everything:
        scope += " AND s.gross_rate > :gross"
        narrowed["gross"] = PRIORITY_GROSS
    return scope, narrowed


def _spot(row: Sequence[Any]) -> Spot:
    spot_id, month, air_date, bill_code, spot_type, revenue, amount, code, status, method, notes = row
    gross = None if amount is None else round(float(amount), 2)
    return Spot(spot_id, month, air_date, bill_code, spot_type, revenue, gross, code, status, method, notes)


def decide(connection: sa.Connection, spot_id: int, language: str, *, by: str, note: str | None = None) -> Decided:
    """Decide on the language of a spot and of all rows identical to it; a decision taken before is replaced.

    ``language``: a code of the languages table in any case, or EN or ENG. It is kept in capitals, as the rules keep it.
    Raises ``ConfigurationError`` for an unknown spot or language, ``ContractError`` for a spot of a closed month.
    """
    found = connection.execute(
        sa.text("SELECT broadcast_month, row_hash FROM spots WHERE spot_id = :spot"), {"spot": spot_id}
    ).one_or_none()
    if found is None:
        raise ConfigurationError(
            f"there is no spot {spot_id}", "See 'ctvpipe review list'; changed rows get new numbers."
        )
    month, digest = found[0], bytes(found[1])
    closures.require_open(connection, month)
    code, name = _language(connection, language)
    replaced = connection.execute(
        sa.text("SELECT language_code, decided_by FROM language_decisions WHERE row_hash = :digest"), {"digest": digest}
    ).one_or_none()
    now = people.timestamp()
    connection.execute(
        sa.text(
            "INSERT INTO language_decisions (row_hash, broadcast_month, language_code, decided_by, decided_at, notes)"
            " VALUES (:digest, :month, :code, :by, :now, :note) ON CONFLICT (row_hash) DO UPDATE SET"
            " language_code = excluded.language_code, decided_by = excluded.decided_by,"
            " decided_at = excluded.decided_at, notes = excluded.notes"
        ),
        {"digest": digest, "month": month, "code": code, "by": by, "now": now, "note": note},
    )
    same = connection.execute(
        sa.text("SELECT spot_id FROM spots WHERE broadcast_month = :month AND row_hash = :digest"),
        {"month": month, "digest": digest},
    )
    spots = list(same.scalars())
    _assign(connection, spots, applying.manual_assignment(code, by), now)
    return Decided(month, code, name, len(spots), (replaced[0], replaced[1]) if replaced else None)


def _language(connection: sa.Connection, language: str) -> tuple[str, str]:
    rows = connection.execute(sa.text("SELECT language_code, language_name FROM languages ORDER BY language_id")).all()
    known = {code.upper(): name for code, name in rows}
    wanted = language.strip().upper()
    wanted = categories.LANGUAGE_ALIASES.get(wanted, wanted)
    if wanted not in known:
        codes = ", ".join(f"{code} {name}" for code, name in rows)
        raise ConfigurationError(f"there is no language {language!r}", f"The languages are: {codes}.")
    return wanted, known[wanted]


def _assign(connection: sa.Connection, spots: list[int], made: categories.Assignment, now: str) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO spot_language_assignments (spot_id, language_code, language_status, confidence,"
            " assignment_method, assigned_date, requires_review, notes)"
            " VALUES (:spot, :code, :status, :confidence, :method, :now, :review, :notes)"
            " ON CONFLICT (spot_id) DO UPDATE SET language_code = excluded.language_code,"
            " language_status = excluded.language_status, confidence = excluded.confidence,"
            " assignment_method = excluded.assignment_method, assigned_date = excluded.assigned_date,"
            " requires_review = excluded.requires_review, notes = excluded.notes"
        ),
        [
            {
                "spot": spot,
                "code": made.language_code,
                "status": made.status,
                "confidence": made.confidence,
                "method": made.method,
                "now": now,
                "review": made.requires_review,
                "notes": made.notes,
            }
            for spot in spots
        ],
    )
