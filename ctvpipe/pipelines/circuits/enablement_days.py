"""The days whose statuses can be compared: those that were imported, and before the first of them the kept files.

Facts 7.2: the source of the previous day is open; the statuses stored by the import outlive a clean-up of the files.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from ctvpipe.core.errors import ContractError, PermanentError
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits import statuses, tracking_files, tracking_reading
from ctvpipe.pipelines.circuits.schema.tables import STATUS_CHANGES, STATUS_DAYS
from ctvpipe.pipelines.circuits.settings import TrackingSettings
from ctvpipe.pipelines.circuits.statuses import State
from ctvpipe.pipelines.circuits.transitions import Day


class KeptDay(NamedTuple):
    """A day read from its file, which has so many ``rows``."""

    day: Day
    csv_file: str
    rows: int


def first_stored(connection: sa.Connection) -> date | None:
    """The first day that was imported."""
    found: date | None = connection.execute(sa.select(sa.func.min(STATUS_DAYS.c.date))).scalar()
    return found


def stored(connection: sa.Connection, since: date) -> Iterator[Day]:
    """The imported days from ``since`` on, oldest first, and before them the last one before ``since``."""
    days = STATUS_DAYS.c.date
    base = connection.execute(sa.select(sa.func.max(days)).where(days < since)).scalar()
    first = sa.select(days).order_by(days)
    wanted = list(connection.execute(first if base is None else first.where(days >= base)).scalars())
    if not wanted:
        return
    states = statuses.at(connection, wanted[0])
    yield Day(wanted[0], dict(states))
    changes = _changes(connection, wanted[0])
    for day in wanted[1:]:
        states.update(changes.get(day, {}))
        yield Day(day, dict(states))


def kept(run: Run, settings: TrackingSettings, since: date, first: date | None) -> list[KeptDay]:
    """The days of the kept files before ``first``, oldest first: those from ``since`` on and the last one before it.

    None where the stored days reach back that far. A file that cannot be read is no day: the run warns of it.
    """
    if first is not None and first < since:
        return []
    try:
        files = [file for file in tracking_files.listing(settings.tracking_dir) if first is None or file.day < first]
    except PermanentError as error:
        run.warn(f"{error}: no day before the first import can be compared")
        return []
    found: list[KeptDay] = []
    same: dict[State, State] = {}  # most circuits are the same on all days: one object for each state is enough
    for file in files:  # newest first
        try:
            found.append(_read(file.path, file.day, settings, same))
        except (ContractError, PermanentError) as error:
            run.warn(f"a day is left out: {error}")
            continue
        if file.day < since:
            break
    return found[::-1]


def _changes(connection: sa.Connection, after: date) -> dict[date, dict[str, State]]:
    columns = STATUS_CHANGES.c
    wanted = (columns.date, columns.site_key, *(columns[name] for name in State._fields))
    rows = connection.execute(sa.select(*wanted).where(columns.date > after).order_by(columns.date))
    return {day: {row[1]: State(*row[2:]) for row in group} for day, group in groupby(rows, key=itemgetter(0))}


def _read(path: Path, day: date, settings: TrackingSettings, same: dict[State, State]) -> KeptDay:
    data = tracking_files.content(path, settings.max_file_mib)
    reading = tracking_reading.read(
        data, path.name, synonyms=settings.synonyms, trading_names=settings.trading_name_forms
    )
    states = {sys.intern(key): same.setdefault(state, state) for key, state in statuses.of(reading.records).items()}
    return KeptDay(Day(day, states), path.name, reading.rows)
