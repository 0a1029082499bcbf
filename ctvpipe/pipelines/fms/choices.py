"""What people chose for the partners, kept through the nights in ``partner_choices`` (facts 1.2 and 3).

Partners come and go with the export, and with their rows goes what people keep in them: the days on which a loan may
start, and a preferred day set in the table itself. ``remember`` copies that before a load, ``restore`` puts it back
after. The command's choices are in both places from the start, see ``manual_days``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.fms.schema.tables import MANUAL, MEDIA_PARTNERS, PARTNER_CHOICES

IN_THE_TABLE = "media_partners"  # who has chosen what was set in that table, and not by the command

_P, _C = MEDIA_PARTNERS.c, PARTNER_CHOICES.c
_SAME = sa.and_(_P.person_id == _C.person_id, _P.office == _C.office)
_IS_MANUAL = sa.and_(_P.preferred_day_source == MANUAL, _P.preferred_day_of_week.is_not(None))


def remember(connection: sa.Connection, now: datetime) -> int:
    """Copy what people keep in ``media_partners`` to their choices, before rows of it are deleted.

    The table is where the allowed days are kept, so a choice follows it as long as the partner is in the roster, when
    they are taken away, too. A manual day in the table replaces the choice; one that is not there any more was given
    back, unless the command has set it. ``now``: the instant of the choice. Returns how many choices were written.
    """
    kept = sa.or_(_IS_MANUAL, _P.allowed_start_dows.is_not(None))
    by_hand = sa.case((_IS_MANUAL, _P.preferred_day_of_week))
    new = sa.select(_P.person_id, _P.office, by_hand, _P.allowed_start_dows, *_by_the_table(now).values())
    new = new.where(kept, ~sa.exists().where(_SAME).correlate(MEDIA_PARTNERS))
    columns = ["person_id", "office", "preferred_day_of_week", "allowed_start_dows", *_by_the_table(now)]
    made = connection.execute(sa.insert(PARTNER_CHOICES).from_select(columns, new)).rowcount

    of_the_table = _C.chosen_by.is_not_distinct_from(IN_THE_TABLE)
    day = sa.case((sa.or_(_IS_MANUAL, of_the_table), by_hand), else_=_C.preferred_day_of_week)
    other_day = _C.preferred_day_of_week.is_distinct_from(day)
    differs = sa.or_(other_day, _C.allowed_start_dows.is_distinct_from(_P.allowed_start_dows))
    who_and_when = {name: sa.case((other_day, value), else_=_C[name]) for name, value in _by_the_table(now).items()}
    update = sa.update(PARTNER_CHOICES).where(_SAME, differs)
    values = {"preferred_day_of_week": day, "allowed_start_dows": _P.allowed_start_dows, **who_and_when}
    changed = connection.execute(update.values(values)).rowcount
    forget_empty(connection)
    return made + changed


def restore(connection: sa.Connection, now: datetime) -> int:
    """Put the choices into the rows of ``media_partners`` that differ from them, after rows were inserted.

    ``now``: the instant that changed rows get as ``updated_at``. Returns how many rows were written.
    """
    has_day = _C.preferred_day_of_week.is_not(None)
    wanted: dict[str, sa.ColumnElement[Any]] = {
        "preferred_day_of_week": sa.func.coalesce(_C.preferred_day_of_week, _P.preferred_day_of_week),
        "preferred_day_confidence": sa.case((has_day, sa.null()), else_=_P.preferred_day_confidence),
        "preferred_day_source": sa.case((has_day, MANUAL), else_=_P.preferred_day_source),
        "allowed_start_dows": sa.func.coalesce(_C.allowed_start_dows, _P.allowed_start_dows),
    }
    differs = sa.or_(*(_P[name].is_distinct_from(value) for name, value in wanted.items()))
    update = sa.update(MEDIA_PARTNERS).where(_SAME, differs)
    return connection.execute(update.values(**wanted, updated_at=now)).rowcount


def forget_empty(connection: sa.Connection) -> int:
    """Delete the choices in which nothing is chosen any more; returns how many."""
    nothing = sa.and_(_C.preferred_day_of_week.is_(None), _C.allowed_start_dows.is_(None))
    return connection.execute(sa.delete(PARTNER_CHOICES).where(nothing)).rowcount


def _by_the_table(now: datetime) -> dict[str, sa.ColumnElement[Any]]:
    return {"chosen_by": sa.literal(IN_THE_TABLE), "chosen_at": sa.literal(now, _C.chosen_at.type)}
