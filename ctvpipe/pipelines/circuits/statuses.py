"""The status of every circuit on every day for which a file was imported, kept as changes (facts 7.2).

A circuit's state on a day is that of its latest change up to it; a null status means that the day's file did not have
it. Days may be imported again, and in any order: a change of one day leaves every other imported day as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from ctvpipe.pipelines.circuits import site_names, tracking_clashes
from ctvpipe.pipelines.circuits.schema.tables import STATUS_CHANGES, STATUS_DAYS
from ctvpipe.pipelines.circuits.tracking_reading import Record
from ctvpipe.stores.merge import Merged
from ctvpipe.stores.reconcile import reconcile

_COLUMNS = ("site_key", "date", "status", "site_name", "circuit_purpose", "record_number", "assigned_to")


class State(NamedTuple):
    """A circuit's state; ``status`` is ``None`` for one that is not in the day's file, and empty for a blank one."""

    status: str | None
    site_name: str | None = None
    circuit_purpose: str | None = None
    record_number: str | None = None
    assigned_to: str | None = None


States = Mapping[str, State]


def of(records: Iterable[Record]) -> dict[str, State]:
    """The states that a file's records stand for; of those with one site key the best counts (facts 7.2)."""
    choices = tracking_clashes.resolved(records, lambda record: site_names.site_key(record["site_id"], *record.key))
    return {key: _state(choice.winner) for key, choice in choices.items()}


class Latest(NamedTuple):
    """The latest imported day, and how many rows its file had."""

    day: date
    rows: int


def latest(connection: sa.Connection, *, until: date | None = None) -> Latest | None:
    """The latest day that was imported, or the latest up to ``until``."""
    days = sa.select(STATUS_DAYS.c.date, STATUS_DAYS.c.rows).order_by(STATUS_DAYS.c.date.desc()).limit(1)
    found = connection.execute(days if until is None else days.where(STATUS_DAYS.c.date <= until)).first()
    return Latest(*found) if found else None


def at(connection: sa.Connection, day: date) -> dict[str, State]:
    """The state of every circuit known by the end of ``day``, by its site key."""
    changes = STATUS_CHANGES.c
    last = (
        sa.select(changes.site_key, sa.func.max(changes.date).label("date"))
        .where(changes.date <= day)
        .group_by(changes.site_key)
        .subquery()
    )
    columns = (changes.site_key, *(changes[name] for name in State._fields))
    same = sa.and_(changes.site_key == last.c.site_key, changes.date == last.c.date)
    rows = connection.execute(sa.select(*columns).select_from(STATUS_CHANGES.join(last, same)))
    return {key: State(*values) for key, *values in rows}


def changed(before: States, after: States) -> dict[str, State]:
    """The states of ``after`` whose status differs from that of ``before``."""
    found = {}
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        if (old.status if old else None) != (new.status if new else None):
            found[key] = new or (old or State(None))._replace(status=None)
    return found


def store(connection: sa.Connection, day: date, states: States, *, csv_file: str, rows: int) -> Merged:
    """Make ``states`` what is known of ``day``. The next imported day stays as it is, and so do all after it."""
    days = STATUS_DAYS.c.date
    following = connection.execute(sa.select(sa.func.min(days)).where(days > day)).scalar()
    before = connection.execute(sa.select(sa.func.max(days)).where(days < day)).scalar()
    wanted = {day: changed(at(connection, before) if before else {}, states)}
    if following:
        wanted[following] = changed(states, at(connection, following))
    written = reconcile(
        connection,
        STATUS_CHANGES,
        _COLUMNS,
        [(key, date_, *state) for date_, found in wanted.items() for key, state in sorted(found.items())],
        key=("site_key", "date"),
        scope=STATUS_CHANGES.c.date.in_(wanted),
    )
    noted = reconcile(
        connection, STATUS_DAYS, ("date", "csv_file", "rows"), [(day, csv_file, rows)], key=("date",), scope=days == day
    )
    return Merged(
        written.inserted + noted.inserted,
        written.updated + noted.updated,
        written.deleted,
        written.unchanged + noted.unchanged,
    )


def _state(record: Record) -> State:
    site_name, purpose = record.key
    return State(record["status"] or "", site_name, purpose, record["record_number"], record["assigned_to"])
