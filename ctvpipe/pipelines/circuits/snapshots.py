"""What history reads and writes: the circuits, the snapshots of their values, and the changes (facts 8).

A snapshot is written only when a circuit's values differ from those of its latest one, so that a quiet night writes
nothing; a circuit's state on a day is that of its latest snapshot up to it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ctvpipe.pipelines.circuits import tracked
from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS, HISTORY, SNAPSHOTS
from ctvpipe.pipelines.circuits.tracked import Snapshot, Values
from ctvpipe.stores.merge import Merged, merge

_SNAPSHOT = ("circuit_id", "snapshot_date", "state")
_HISTORY = ("circuit_id", "field_name", "snapshot_date", "old_value", "new_value", "change_type", "source")
_HISTORY_KEY = _HISTORY[:3]


class Circuit(NamedTuple):
    """A stored circuit: its tracked values, and the file that last changed it."""

    values: Values
    last_csv_file: str | None


def circuits(connection: sa.Connection) -> dict[int, Circuit]:
    """Every circuit, by its id."""
    columns = [CIRCUITS.c[name] for name in ("id", "last_csv_file", *tracked.FIELDS)]
    rows = connection.execute(sa.select(*columns)).mappings()
    return {row["id"]: Circuit(tracked.values(row), row["last_csv_file"]) for row in rows}


def before(connection: sa.Connection, day: date) -> dict[int, Snapshot]:
    """The latest snapshot of every circuit from before ``day``."""
    columns = SNAPSHOTS.c
    last = (
        sa.select(columns.circuit_id, sa.func.max(columns.snapshot_date).label("day"))
        .where(columns.snapshot_date < day)
        .group_by(columns.circuit_id)
        .subquery()
    )
    same = sa.and_(columns.circuit_id == last.c.circuit_id, columns.snapshot_date == last.c.day)
    found = connection.execute(sa.select(columns.circuit_id, columns.state).select_from(SNAPSHOTS.join(last, same)))
    return {number: snapshot for number, snapshot in found}  # noqa: C416  (a result is no mapping)


def latest_day(connection: sa.Connection) -> date | None:
    """The day of the latest snapshot."""
    found: date | None = connection.execute(sa.select(sa.func.max(SNAPSHOTS.c.snapshot_date))).scalar()
    return found


def write(
    connection: sa.Connection, day: date, taken: Collection[tuple[int, Snapshot]], changed: Collection[Sequence[Any]],
    now: datetime,
) -> tuple[Merged, Merged]:  # fmt: skip
    """Make ``taken`` the snapshots of ``day`` and ``changed`` its history, whatever an earlier run of the day wrote.

    ``changed``: rows of ``circuit_history`` without the day, in the order circuit, field, old, new, type, source.
    """
    snapshots = merge(
        connection,
        SNAPSHOTS,
        _SNAPSHOT,
        [(number, day, values) for number, values in taken],
        key=_SNAPSHOT[:2],
        delete=SNAPSHOTS.c.snapshot_date == day,
    )
    history = merge(
        connection,
        HISTORY,
        _HISTORY,
        [(number, field, day, *rest) for number, field, *rest in changed],
        key=_HISTORY_KEY,
        on_insert={"change_date": now},
        on_update={"change_date": now},
        delete=HISTORY.c.snapshot_date == day,
    )
    return snapshots, history


def prune(connection: sa.Connection, since: date) -> int:
    """Delete the snapshots from before ``since``, but a circuit's latest one of them, which still holds on that day."""
    older, newer = SNAPSHOTS.c, SNAPSHOTS.alias("newer").c
    replaced = sa.exists().where(
        newer.circuit_id == older.circuit_id,
        newer.snapshot_date > older.snapshot_date,
        newer.snapshot_date <= since,
    )
    return connection.execute(sa.delete(SNAPSHOTS).where(older.snapshot_date < since, replaced)).rowcount
