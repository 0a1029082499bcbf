"""What the import reads from the circuits' database and writes there; every statement in the caller's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.circuits.import_plan import TRACKING, WRITTEN, Key, Plan, Stored, complete
from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS, CONFLICTS, DAILY_SUMMARIES
from ctvpipe.pipelines.circuits.tracking_clashes import Choice
from ctvpipe.pipelines.circuits.tracking_columns import FIELDS, KEY
from ctvpipe.stores.merge import Merged, merge
from ctvpipe.stores.reconcile import insert, reconcile

_IDS_A_STATEMENT = 500
_MANY_ENABLED = 2
_ENABLED = "enabled"
# Not repeated in the side list: the key, what has a column there, and people's names and addresses.
_NOT_IN_DETAILS = {*KEY, "record_number", "status", "provider", "primary_contact_name", "primary_contact_email"}
# What the words of a status count for, by substring (facts 3.2).
SUMMARY_WORDS = {
    "enabled_count": ("enabled", "activated"),
    "ready_count": ("ready",),
    "customer_action_count": ("customer action",),
    "construction_count": ("construction",),
    "planning_count": ("planning",),
}


def stored(connection: sa.Connection) -> dict[Key, Stored]:
    """Every circuit, by its key. An override is one only where the flag is true (facts 11, 2)."""
    extra = ("fingerprint", "data_source", "missing_since", "manual_override")
    rows = connection.execute(sa.select(CIRCUITS.c.id, *(CIRCUITS.c[name] for name in (*FIELDS, *extra))))
    width = len(FIELDS) + 1
    found = {}
    for row in rows:
        values = tuple(row)
        mark, source, missing, override = values[width:]
        found[values[1], values[2]] = Stored(values[0], values[1:width], mark, source, missing, override is True)
    return found


def write(connection: sa.Connection, planned: Plan, *, day: date, csv_file: str, now: datetime) -> Merged:
    """Insert and update the planned rows, and mark those that are missing from the file; overridden ones stay."""
    may_change = CIRCUITS.c.manual_override.is_not(sa.true())
    stamps = {"updated_at": now, "last_csv_file": csv_file}
    if planned.new:
        made = {**stamps, "created_at": now, "manual_override": False}
        insert(connection, CIRCUITS, WRITTEN, map(complete, planned.new), also=made)
    written = Merged()
    if planned.changed:
        changed = [complete(values) for values in planned.changed]
        written = merge(connection, CIRCUITS, WRITTEN, changed, key=KEY, on_update=stamps, only=may_change)
    for start in range(0, len(planned.missing), _IDS_A_STATEMENT):
        ids = planned.missing[start : start + _IDS_A_STATEMENT]
        gone = sa.update(CIRCUITS).where(CIRCUITS.c.id.in_(ids), may_change)
        connection.execute(gone.values(missing_since=day, updated_at=now))
    return Merged(len(planned.new) + written.inserted, written.updated, 0, written.unchanged)


def write_conflicts(connection: sa.Connection, choices: Iterable[Choice], *, csv_file: str, now: datetime) -> Merged:
    """Make the side list hold the records that lost to another of their key, and no others (facts 10.1)."""
    columns = (
        *KEY,
        "position",
        "record_number",
        "status",
        "provider",
        "winner_record_number",
        "winner_status",
        "details",
    )
    rows = [
        (
            *loser.key,
            position,
            *(loser[name] for name in ("record_number", "status", "provider")),
            *(choice.winner[name] for name in ("record_number", "status")),
            _details(loser.values),
        )
        for choice in choices
        for position, loser in enumerate(choice.losers, 1)
    ]
    stamps = {"updated_at": now, "csv_file": csv_file}
    return reconcile(
        connection,
        CONFLICTS,
        columns,
        rows,
        key=(*KEY, "position"),
        on_insert={**stamps, "created_at": now},
        on_update=stamps,
        scope=sa.true(),
    )


def write_summary(
    connection: sa.Connection,
    statuses: Sequence[str | None],
    *,
    day: date,
    csv_file: str,
    seconds: float,
    now: datetime,
) -> Merged:
    """Write the day's counts, unless they are there already."""
    found = Counter((status or "").casefold() for status in statuses)
    counts = [
        sum(times for status, times in found.items() if any(word in status for word in words))
        for words in SUMMARY_WORDS.values()
    ]
    return reconcile(
        connection,
        DAILY_SUMMARIES,
        ("summary_date", "total_circuits", *SUMMARY_WORDS, "csv_file_processed"),
        [(day, len(statuses), *counts, csv_file)],
        key=("summary_date",),
        scope=DAILY_SUMMARIES.c.summary_date == day,
        on_insert={"processing_time_seconds": seconds, "created_at": now},
        on_update={"processing_time_seconds": seconds},
    )


def enabled(connection: sa.Connection) -> int:
    """How many circuits of the newest file are enabled, without the overridden ones."""
    columns = CIRCUITS.c
    here = sa.select(sa.func.count()).where(
        sa.func.lower(columns.status) == _ENABLED,
        columns.data_source == TRACKING,
        columns.missing_since.is_(None),
        columns.manual_override.is_not(sa.true()),
    )
    return int(connection.execute(here).scalar_one())


def is_enabled(status: str | None) -> bool:
    """Whether a status is that of an enabled circuit."""
    return (status or "").casefold() == _ENABLED


def sites_with_many_enabled(connection: sa.Connection) -> list[str]:
    """The sites with more than two enabled circuits (facts 3.3, 9), in order."""
    name = CIRCUITS.c.site_name
    many = (
        sa.select(name)
        .where(sa.func.lower(CIRCUITS.c.status) == _ENABLED)
        .group_by(name)
        .having(sa.func.count() > _MANY_ENABLED)
    )
    return sorted(connection.execute(many).scalars())


def _details(values: Sequence[Any]) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in zip(FIELDS, values, strict=True)
        if value is not None and name not in _NOT_IN_DETAILS
    }
