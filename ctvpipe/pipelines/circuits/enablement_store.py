"""Enablements as rows: what is already stored of them, and what is to be (facts 7.3 to 7.5).

What describes an enablement (who did it, provider, speed, cost) is taken when it is first seen, and stays: the
circuit and its assignment go on changing, that day does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from ctvpipe.pipelines.circuits import site_names
from ctvpipe.pipelines.circuits.attribution import UNKNOWN, Assignment, Attribution
from ctvpipe.pipelines.circuits.schema.tables import ASSIGNMENTS, CIRCUITS, DAILY_ENABLEMENTS, ENABLEMENT_SUMMARY
from ctvpipe.pipelines.circuits.transitions import Enablement, Found
from ctvpipe.stores.merge import Merged, merge

_KEY = ("site_id", "date")
_TAKEN_ONCE = ("enabled_by", "circuit_id", "provider", "speed", "monthly_cost")
_OF_THE_DAYS = ("record_number", "site_name", "circuit_purpose", "previous_status", "current_status", "gap_days")
_COLUMNS = (*_KEY, *_TAKEN_ONCE, *_OF_THE_DAYS)
_SUMMARY = ("date", "enablements_count", "ready_count")
_ACTIVE = "active"

Key = tuple[str, date]


class Circuit(NamedTuple):
    """What an enablement takes from its circuit."""

    id: int
    provider: str | None
    speed: str | None
    monthly_cost: Any
    assigned_to: str | None


class Row(NamedTuple):
    """A row of ``daily_enablements`` in the order of ``_COLUMNS``."""

    site_id: str
    date: date
    enabled_by: str
    circuit_id: int | None
    provider: str | None
    speed: str | None
    monthly_cost: Any
    record_number: str | None
    site_name: str | None
    circuit_purpose: str | None
    previous_status: str | None
    current_status: str | None
    gap_days: int

    @property
    def key(self) -> Key:
        """What names it."""
        return self.site_id, self.date


def known(connection: sa.Connection, since: date) -> dict[Key, Row]:
    """The stored enablements from ``since`` on."""
    columns = DAILY_ENABLEMENTS.c
    rows = connection.execute(sa.select(*(columns[name] for name in _COLUMNS)).where(columns.date >= since))
    return {row.key: row for row in (Row(*values) for values in rows)}


def rows(connection: sa.Connection, enablements: Iterable[Enablement], before: Mapping[Key, Row]) -> list[Row]:
    """The rows of ``enablements``; ``before``: the stored ones, of which what is taken only once stays."""
    circuits, attribution = _Circuits(connection), Attribution(_assignments(connection))
    return [_row(one, circuits.of(one), attribution, before.get((one.site_id, one.day))) for one in enablements]


def write(connection: sa.Connection, wanted: Collection[Row], days: Collection[date], now: datetime) -> Merged:
    """Make ``wanted`` the enablements of ``days``; those of other days stay as they are."""
    stamps = {"updated_at": now}
    return merge(
        connection,
        DAILY_ENABLEMENTS,
        _COLUMNS,
        list(wanted),
        key=_KEY,
        on_insert={**stamps, "created_at": now},
        on_update=stamps,
        delete=DAILY_ENABLEMENTS.c.date.in_(days),
    )


def write_summary(connection: sa.Connection, found: Found, now: datetime) -> Merged:
    """One row a calendar day, with zero where nothing happened. A day without a file gets one too, and keeps it."""
    if not found.ready:
        return Merged()
    counts = Counter(one.day for one in found.enablements)
    days = ENABLEMENT_SUMMARY.c.date
    first, last = min(found.ready), max(found.ready)
    there = set(connection.execute(sa.select(days).where(days.between(first, last))).scalars())
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    stamps = {"updated_at": now}
    return merge(
        connection,
        ENABLEMENT_SUMMARY,
        _SUMMARY,
        [(day, counts[day], found.ready.get(day)) for day in every if day in found.ready or day not in there],
        key=("date",),
        on_insert={**stamps, "created_at": now},
        on_update=stamps,
    )


class _Circuits:
    """The stored circuits, by their key and, where that is one circuit's only, by their site id."""

    def __init__(self, connection: sa.Connection) -> None:
        columns = CIRCUITS.c
        wanted = (columns.site_name, columns.circuit_purpose, columns.site_id)
        found = connection.execute(sa.select(*wanted, *(columns[name] for name in Circuit._fields)))
        self._by_key: dict[tuple[str | None, str | None], Circuit] = {}
        self._by_id: dict[str, list[Circuit]] = {}
        for site_name, purpose, site_id, *values in found:
            circuit = self._by_key[site_name, purpose] = Circuit(*values)
            self._by_id.setdefault(site_names.site_key(site_id, site_name, purpose), []).append(circuit)

    def of(self, enablement: Enablement) -> Circuit | None:
        state = enablement.after
        found = self._by_key.get((state.site_name, state.circuit_purpose))
        same_id = self._by_id.get(enablement.site_id, [])
        return found or (same_id[0] if len(same_id) == 1 else None)


def _assignments(connection: sa.Connection) -> list[Assignment]:
    columns = ASSIGNMENTS.c
    active = sa.select(*(columns[name] for name in Assignment._fields)).where(columns.status == _ACTIVE)
    return [Assignment(*values) for values in connection.execute(active)]


def _row(one: Enablement, circuit: Circuit | None, attribution: Attribution, before: Row | None) -> Row:
    enabled_by = before.enabled_by if before and before.enabled_by != UNKNOWN else None
    made = Row(
        one.site_id,
        one.day,
        enabled_by or attribution.of(one, circuit.assigned_to if circuit else None),
        circuit.id if circuit else None,
        circuit.provider if circuit else None,
        circuit.speed if circuit else None,
        circuit.monthly_cost if circuit else None,
        one.after.record_number,
        one.after.site_name,
        one.after.circuit_purpose,
        one.before.status,
        one.after.status,
        one.gap_days,
    )
    if before is None:
        return made
    stays = {name: getattr(before, name) for name in _TAKEN_ONCE if name != "enabled_by"}
    return made._replace(**{name: value for name, value in stays.items() if value is not None})
