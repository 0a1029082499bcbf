"""Preferred days in the database: worked out from all loans, written to the partners where they differ (facts 3).

Only automatic days are set and cleared. A manual one, in the table or among people's choices, is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.fms.preferred_days import RECENT, Key, Preferred, Started, preferred
from ctvpipe.pipelines.fms.schema.tables import AUTO, LOAN_HISTORY, MANUAL, MEDIA_PARTNERS, PARTNER_CHOICES
from ctvpipe.stores.merge import merge

_KEY = ("person_id", "office")
_COLUMNS = (*_KEY, "preferred_day_of_week", "preferred_day_confidence", "preferred_day_source")
_NONE = (None, None, None)
_IS_MANUAL = MEDIA_PARTNERS.c.preferred_day_source == MANUAL

_Day = tuple[str | None, float | None, str | None]  # the last three of _COLUMNS


@dataclass(frozen=True)
class Days:
    """What became of the analysis.

    ``qualifying``: pairs of person and office that have a preferred day; ``updated`` and ``cleared``: partners whose
    automatic day was written or taken away; ``skipped_manual``: qualifying pairs whose partner has a manual day;
    ``without_partner``: qualifying pairs that are not in the roster.
    """

    qualifying: int
    updated: int
    cleared: int
    skipped_manual: int
    without_partner: int

    def shape(self) -> dict[str, int]:
        """The counts by name, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class _Plan:
    """The partners whose automatic day differs from what it ought to be, and the counts that go with them."""

    changed: Mapping[Key, _Day]
    stale: Sequence[Key]
    qualifying: int
    skipped_manual: int
    without_partner: int

    def days(self, *, updated: int, cleared: int) -> Days:
        return Days(self.qualifying, updated, cleared, self.skipped_manual, self.without_partner)


def apply(connection: sa.Connection, *, as_of: date, now: datetime) -> Days:
    """Bring the partners' automatic days to what the loans say, in the caller's transaction.

    ``as_of``: today's date in the station's time zone; ``now``: the instant that changed rows get as ``updated_at``.
    When nothing differs the database is only read.
    """
    plan = _plan(connection, as_of)
    cleared = dict.fromkeys(plan.stale, _NONE)
    return plan.days(updated=_write(connection, plan.changed, now), cleared=_write(connection, cleared, now))


def still_hold(connection: sa.Connection, worked_out: date, as_of: date) -> bool:
    """Whether the days that were worked out on one day are right on another, the loans being the same: whether no loan
    has become older than a year in between.
    """
    if as_of < worked_out:
        return False
    start = LOAN_HISTORY.c.start_date
    older = sa.select(sa.literal(1)).where(start >= worked_out - RECENT, start < as_of - RECENT)
    return worked_out == as_of or connection.execute(older.limit(1)).first() is None


def preview(connection: sa.Connection, *, as_of: date) -> Days:
    """What ``apply`` would do; nothing is written."""
    plan = _plan(connection, as_of)
    return plan.days(updated=len(plan.changed), cleared=len(plan.stale))


def analysed(connection: sa.Connection, person_id: str, office: str, *, as_of: date) -> Preferred | None:
    """What the loans say of one person and office; ``None`` when they do not qualify."""
    these = sa.and_(LOAN_HISTORY.c.person_id == person_id, LOAN_HISTORY.c.office == office)
    return preferred(_starts(connection, these, as_of), as_of=as_of).get((person_id, office))


def columns_of(found: Preferred | None) -> dict[str, Any]:
    """The columns of a partner for what the analysis has found."""
    return dict(zip(_COLUMNS[len(_KEY) :], _day(found), strict=True))


def _plan(connection: sa.Connection, as_of: date) -> _Plan:
    wanted = preferred(_starts(connection, sa.true(), as_of), as_of=as_of)
    stored: dict[Key, _Day] = {
        (row[0], row[1]): (row[2], row[3], row[4])
        for row in connection.execute(sa.select(*(MEDIA_PARTNERS.c[name] for name in _COLUMNS)))
    }
    manual = {key for key, (_, _, source) in stored.items() if source == MANUAL} | _chosen(connection)
    free = [key for key in stored if key not in manual]
    return _Plan(
        changed={key: day for key in free if key in wanted and stored[key] != (day := _day(wanted[key]))},
        stale=[key for key in free if key not in wanted and stored[key][2] == AUTO],
        qualifying=len(wanted),
        skipped_manual=sum(1 for key in wanted if key in stored and key in manual),
        without_partner=sum(1 for key in wanted if key not in stored),
    )


def _starts(connection: sa.Connection, these: sa.ColumnElement[bool], as_of: date) -> list[Started]:
    """The loans, those that count the same put together under one of their days: half as many rows come over."""
    start = LOAN_HISTORY.c.start_date
    by = (LOAN_HISTORY.c.person_id, LOAN_HISTORY.c.office)
    alike = (sa.extract("dow", start), start >= as_of - RECENT)
    rows = connection.execute(sa.select(*by, sa.func.min(start), sa.func.count()).where(these).group_by(*by, *alike))
    return [Started._make(row) for row in rows.all()]


def _chosen(connection: sa.Connection) -> set[Key]:
    chosen = sa.select(PARTNER_CHOICES.c.person_id, PARTNER_CHOICES.c.office)
    rows = connection.execute(chosen.where(PARTNER_CHOICES.c.preferred_day_of_week.is_not(None)))
    return {(person_id, office) for person_id, office in rows}


def _day(found: Preferred | None) -> _Day:
    return _NONE if found is None else (found.day, found.confidence_percent, AUTO)


def _write(connection: sa.Connection, days: Mapping[Key, _Day], now: datetime) -> int:
    """Write what differs; a partner that somebody has made manual since it was read stays as it is."""
    if not days:
        return 0
    rows = [(*key, *day) for key, day in days.items()]
    only = _IS_MANUAL.is_not(sa.true())
    return merge(
        connection, MEDIA_PARTNERS, _COLUMNS, rows, key=_KEY, on_update={"updated_at": now}, only=only, insert=False
    ).updated
