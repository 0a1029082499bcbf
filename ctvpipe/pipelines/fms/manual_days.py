"""Preferred days that people set by hand, or give back to the analysis (facts 3).

A choice is kept in ``partner_choices``, apart from the partners, who come and go with the export (see ``choices``). It
wins over the analysis, and is in force from the moment it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.fms import preferred_days_store
from ctvpipe.pipelines.fms.choices import IN_THE_TABLE, forget_empty
from ctvpipe.pipelines.fms.preferred_days import Key, Preferred
from ctvpipe.pipelines.fms.schema.tables import MANUAL, MEDIA_PARTNERS, PARTNER_CHOICES, WEEKDAYS

_P, _C = MEDIA_PARTNERS.c, PARTNER_CHOICES.c
_SHORTEST = 3


@dataclass(frozen=True)
class Partner:
    """A partner as far as its manual day goes. Nothing in here is personal but the id.

    ``day``: set by hand, ``None`` where the analysis decides; ``by`` and ``since``: who chose it, and when, as far as
    that is recorded; ``present``: whether it is in the roster.
    """

    person_id: str
    office: str
    day: str | None
    by: str | None
    since: datetime | None
    present: bool

    def __str__(self) -> str:
        return f"{self.person_id} {self.office}"

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self.person_id, self.office


def weekday(text: str) -> str:
    """The English name of a day, given in any case and with all or three of its letters.

    Raises ``ConfigurationError`` with the names there are.
    """
    word = text.strip().casefold()
    for name in WEEKDAYS:
        if word in {name.casefold(), name[:_SHORTEST].casefold()}:
            return name
    raise ConfigurationError(f"{text!r} is not a day of the week", f"The days are: {', '.join(WEEKDAYS)}.")


def overview(connection: sa.Connection) -> list[Partner]:
    """The partners whose day was set by hand, those who have left the roster too, by office and person."""
    found = [one for one in _read(connection, sa.true(), sa.true()) if one.day is not None]
    return sorted(found, key=lambda one: (one.office, len(one.person_id), one.person_id))


def find(connection: sa.Connection, person_id: str, office: str) -> Partner:
    """The partner that ``person_id`` and ``office`` name; blanks, case and leading zeros do not count.

    One who has left the roster is found as long as something was chosen for it. Raises ``ConfigurationError`` with
    the offices there are when there is no such partner.
    """
    digits = person_id.strip().lstrip("0")
    these = _read(connection, _P.person_id == digits, _C.person_id == digits)
    wanted = " ".join(office.split()).casefold()
    for one in these:
        if one.office.casefold() == wanted:
            return one
    if not these:
        raise ConfigurationError(f"there is no partner {person_id!r}", "The id is the Person_ID of FMS.")
    offices = ", ".join(sorted(one.office for one in these))
    raise ConfigurationError(f"the partner {digits} has no office {office!r}", f"It has: {offices}.")


def choose(connection: sa.Connection, partner: Partner, day: str, *, by: str, now: datetime) -> bool:
    """Set ``day`` for ``partner`` until it is given back. Returns whether that changed anything.

    Raises ``ConfigurationError`` for a partner who is not in the roster.
    """
    if not partner.present:
        raise ConfigurationError(f"the partner {partner} is not in the roster", "The next sync may bring it back.")
    # The choice first, as the sync does it: two who lock the same rows in two orders would wait for each other.
    if not _is_stored(connection, partner.key):
        person_id, office = partner.key
        connection.execute(sa.insert(PARTNER_CHOICES).values(person_id=person_id, office=office, chosen_at=now))
    chosen = {"preferred_day_of_week": day, "chosen_by": by}
    is_new = _write(connection, PARTNER_CHOICES, partner.key, chosen, {"chosen_at": now})
    manual = {"preferred_day_of_week": day, "preferred_day_confidence": None, "preferred_day_source": MANUAL}
    return _write(connection, MEDIA_PARTNERS, partner.key, manual, {"updated_at": now}) or is_new


def give_back(
    connection: sa.Connection, partner: Partner, *, as_of: date, now: datetime
) -> tuple[bool, Preferred | None]:
    """Let the analysis decide again for ``partner``: what it says goes into the roster at once, ``None`` for nothing.

    ``as_of``: today's date in the station's time zone. Returns whether that changed anything, too.
    """
    if partner.day is None:
        return False, None
    nobody = {"preferred_day_of_week": None, "chosen_by": IN_THE_TABLE}
    _write(connection, PARTNER_CHOICES, partner.key, nobody, {"chosen_at": now})
    forget_empty(connection)
    if not partner.present:
        return True, None
    found = preferred_days_store.analysed(connection, *partner.key, as_of=as_of)
    _write(connection, MEDIA_PARTNERS, partner.key, preferred_days_store.columns_of(found), {"updated_at": now})
    return True, found


def _write(connection: sa.Connection, table: sa.Table, key: Key, values: dict[str, Any], also: dict[str, Any]) -> bool:
    """Write ``values``, and ``also`` with them, to the row at ``key`` where they differ. Returns whether they did."""
    differs = sa.or_(*(table.c[name].is_distinct_from(value) for name, value in values.items()))
    update = sa.update(table).where(_at(table, key), differs)
    return connection.execute(update.values(**values, **also)).rowcount > 0


def _is_stored(connection: sa.Connection, key: Key) -> bool:
    return connection.execute(sa.select(_C.person_id).where(_at(PARTNER_CHOICES, key))).first() is not None


def _at(table: sa.Table, key: Key) -> sa.ColumnElement[bool]:
    person_id, office = key
    return sa.and_(table.c.person_id == person_id, table.c.office == office)


def _read(
    connection: sa.Connection, partners: sa.ColumnElement[bool], choices: sa.ColumnElement[bool]
) -> list[Partner]:
    """The partners that are meant by ``partners``, and those of whom something is chosen that is meant by ``choices``."""
    chosen = {(row.person_id, row.office): row for row in connection.execute(sa.select(PARTNER_CHOICES).where(choices))}
    columns = (_P.person_id, _P.office, _P.preferred_day_of_week, _P.preferred_day_source)
    found = []
    for person_id, office, day, source in connection.execute(sa.select(*columns).where(partners)):
        choice = chosen.pop((person_id, office), None)
        found.append(_partner((person_id, office), day if source == MANUAL else None, choice, present=True))
    return found + [_partner(key, None, choice, present=False) for key, choice in chosen.items()]


def _partner(key: Key, in_table: str | None, choice: sa.Row[Any] | None, *, present: bool) -> Partner:
    """A partner with the day that is manual in the table of partners, or else the one that was chosen."""
    chosen = None if choice is None else choice.preferred_day_of_week
    day = in_table or chosen
    if choice is None or day is None or day != chosen:
        return Partner(*key, day, None, None, present)
    return Partner(*key, day, choice.chosen_by, choice.chosen_at, present)
