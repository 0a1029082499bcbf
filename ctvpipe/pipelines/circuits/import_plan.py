"""What an import would change in ``circuits``: the file's records against the stored rows (facts 3.3). Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from ctvpipe.pipelines.circuits.tracking_columns import FIELDS, KEY, PLACES

Key = tuple[str, str]
TRACKING = "tracking"
WRITTEN = (*FIELDS, "fingerprint", "data_source", "missing_since")
# Once stored, never overwritten (facts 3.3, 7).
_KEPT = ("assigned_to", "sctask")
_as_json = json.JSONEncoder(separators=(",", ":"), default=str, check_circular=False).encode
_ENDED = ("enabled", "cancelled", "canceled")


class Stored(NamedTuple):
    """A row of ``circuits``; ``values`` in the order of ``FIELDS``. ``protected``: a person has overridden it."""

    id: int
    values: tuple[Any, ...]
    fingerprint: str | None
    data_source: str
    missing_since: date | None
    protected: bool


class StatusChange(NamedTuple):
    """A circuit whose status changes."""

    site_name: str
    purpose: str
    before: str | None
    after: str | None


@dataclass
class Plan:
    """What is to be written. ``new`` and ``changed``: values in the order of ``FIELDS``, which ``complete`` makes rows;
    ``missing``: ids of stored circuits that are not in the file any more; ``protected``: the keys of the file's that
    are overridden, and so skipped.
    """

    new: list[tuple[Any, ...]] = field(default_factory=list)
    changed: list[tuple[Any, ...]] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    status_changes: list[StatusChange] = field(default_factory=list)
    protected: list[Key] = field(default_factory=list)
    unchanged: int = 0
    notes_cleared: int = 0


def plan(
    wanted: Sequence[tuple[Any, ...]],
    stored: Mapping[Key, Stored],
    *,
    fields: Collection[str],
    clear_notes: bool = False,
) -> Plan:
    """Compare ``wanted``, values in the order of ``FIELDS``, one row a key, with what is stored.

    ``fields``: the columns that the file has; what is stored of the others stays. ``clear_notes``: whether notes of
    ours go when the order has ended (facts 3.3, 7).
    """
    made = Plan()
    absent = [PLACES[name] for name in FIELDS if name not in fields]
    clear_notes = clear_notes and "notes" not in fields
    keys = set()
    for values in wanted:
        key = (values[0], values[1])
        keys.add(key)
        _take(made, list(values), stored.get(key), absent, clear_notes=clear_notes)
    made.missing = [
        row.id
        for key, row in stored.items()
        if key not in keys and row.data_source == TRACKING and not row.protected and row.missing_since is None
    ]
    return made


def fingerprint(values: Sequence[Any]) -> str:
    """SHA-256 over a circuit's imported values but its key, in their fixed order; nothing is not an empty text."""
    return hashlib.sha256(_as_json(values[len(KEY) :]).encode()).hexdigest()


def complete(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row in the order of ``WRITTEN``: ``values`` in the order of ``FIELDS``, and what the import says of them."""
    return (*values, fingerprint(values), TRACKING, None)


def _take(made: Plan, values: list[Any], before: Stored | None, absent: Sequence[int], *, clear_notes: bool) -> None:
    if before is not None and before.protected:
        made.protected.append((values[0], values[1]))
        return
    if before is not None:
        _keep(values, before.values, absent)
    if clear_notes and values[PLACES["notes"]] is not None and _is_ended(values[PLACES["status"]]):
        values[PLACES["notes"]] = None
        made.notes_cleared += 1
    found = tuple(values)
    if before is None:
        made.new.append(found)
        return
    if before[1:5] == (found, fingerprint(found), TRACKING, None):
        made.unchanged += 1
        return
    made.changed.append(found)
    old, new = before.values[PLACES["status"]], found[PLACES["status"]]
    if old != new:
        made.status_changes.append(StatusChange(found[0], found[1], old, new))


def _keep(values: list[Any], before: Sequence[Any], absent: Sequence[int]) -> None:
    for place in absent:
        values[place] = before[place]
    for name in _KEPT:
        if before[PLACES[name]] is not None:
            values[PLACES[name]] = before[PLACES[name]]


def _is_ended(status: str | None) -> bool:
    return any(word in (status or "").casefold() for word in _ENDED)
