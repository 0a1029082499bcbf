"""The history of the circuits, field by field: their state now against the one before today (facts 8).

The run compares whatever state there is. It waits for tonight's import, but goes on without it: there are still the
changes that people made, and what an import brings later is seen by a run later that day, or by the next night's. A
run may be repeated: it recomputes its day, so that a change that was taken back within the day leaves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import sqlalchemy as sa

from ctvpipe.core import clock
from ctvpipe.core.errors import ContractError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import awaiting, database, snapshots, tracked
from ctvpipe.pipelines.circuits.settings import HistorySettings
from ctvpipe.pipelines.circuits.snapshots import Circuit
from ctvpipe.pipelines.circuits.tracked import Change, Snapshot

_SOURCE, _ENTITY = "circuits", "history"
_BY_PEOPLE = "manual"
# Never the file's doing.
_PEOPLES_FIELDS = {"manual_override", "manual_override_by"}

Row = tuple[int, str, str | None, str | None, str, str | None]


@dataclass
class Compared:
    """What a day brings: its snapshots, and its rows of history (circuit, field, old, new, type, source)."""

    taken: list[tuple[int, Snapshot]] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    is_first: bool = False


def record(run: Run) -> None:
    """Record what has changed since the latest snapshots from before today. The first run ever takes snapshots only.

    Raises ``PermanentError`` when there are no circuits yet, ``ContractError`` when there are snapshots of a later day
    than today, and the errors of the database.
    """
    settings = run.load(HistorySettings)
    settings.require_url()
    awaiting.await_import(run, settings)
    day = clock.business_day(run.started, run.tz)
    if run.dry_run:
        with database.reading(settings) as connection:
            if connection is None:
                raise database.no_circuits()
            found = _compared(connection, day)
        _report(run, found)
        run.summary = f"would record {_changes(found)} and take {len(found.taken):,} snapshots"
        return
    with database.writing(run, settings, creates=False) as connection:
        found = _compared(connection, day)
        taken, changed = snapshots.write(connection, day, found.taken, found.changed, clock.now())
        pruned = snapshots.prune(connection, day - timedelta(days=settings.snapshot_days))
        if taken.written or changed.written:
            database.record(
                connection,
                run,
                _ENTITY,
                changed,
                source=_SOURCE,
                processed=len(found.changed),
                details={"day": day.isoformat(), "snapshots": len(found.taken), "deleted": changed.deleted},
            )
    _report(run, found)
    run.count("rows", len(found.changed))
    run.count("circuits", len({row[0] for row in found.changed}))
    run.count("snapshots", len(found.taken))
    run.count("written", changed.written)
    run.count("pruned", pruned)
    run.summary = (
        f"{len(found.taken):,} circuits are the baseline; changes are recorded from the next day on."
        if found.is_first
        else f"{_changes(found)} of {day}."
    )


def compare(circuits: Mapping[int, Circuit], before: Mapping[int, Snapshot]) -> Compared:
    """The circuits against their snapshots. Pure. Without any snapshot nothing has changed: it is the baseline."""
    if not before:
        return Compared([(number, circuit.values) for number, circuit in sorted(circuits.items())], is_first=True)
    found = Compared()
    for number in sorted(circuits.keys() | before.keys()):
        circuit, old = circuits.get(number), before.get(number)
        new = circuit.values if circuit else None
        if new == old:
            continue
        found.taken.append((number, new))
        found.changed += [
            (
                number,
                change.field_name,
                change.old_value,
                change.new_value,
                change.change_type,
                _source(change, circuit),
            )
            for change in tracked.changes(old, new)
        ]
    return found


def _compared(connection: sa.Connection, day: date) -> Compared:
    latest = snapshots.latest_day(connection)
    if latest is not None and latest > day:
        raise ContractError(
            f"today is {day} by the clock, but there is a snapshot of {latest}",
            "Compare 'date' and 'timedatectl' with a watch.",
        )
    circuits = snapshots.circuits(connection)
    if not circuits:
        raise database.no_circuits()
    return compare(circuits, snapshots.before(connection, day))


def _source(change: Change, circuit: Circuit | None) -> str | None:
    """Where the new value comes from: the file that last changed the circuit, or people; from no file if it is absent."""
    if circuit is None or change.field_name in _PEOPLES_FIELDS or circuit.values[tracked.OVERRIDE]:
        return _BY_PEOPLE
    if change.change_type == tracked.REMOVED:
        return None
    return circuit.last_csv_file or _BY_PEOPLE


def _report(run: Run, found: Compared) -> None:
    for kind, count in Counter(row[4] for row in found.changed).most_common():
        run.log.info("%s: %d", kind, count)


def _changes(found: Compared) -> str:
    count = len(found.changed)
    return f"{count:,} change{'s' if count != 1 else ''}"
