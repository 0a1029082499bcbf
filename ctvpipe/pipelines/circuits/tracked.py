"""Which values of a circuit history compares, and how: normalised and typed, never as they are printed (facts 8).

Left out is only what keeps the books: when a row was written, by which file, the broker's own clock. Business dates
are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import sqlalchemy as sa

from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS

BOOKKEEPING = frozenset(
    {"id", "created_at", "updated_at", "date_record_updated", "last_csv_file", "fingerprint", "manual_override_date"}
)
FIELDS = tuple(column.name for column in CIRCUITS.c if column.name not in BOOKKEEPING)
# Whether there is such a circuit: its field in history, and the only value of it.
PRESENCE, PRESENT = "Circuit Status", "Active"
MISSING, OVERRIDE = "missing_since", "manual_override"

Values = dict[str, str | bool | None]
Snapshot = Mapping[str, str | bool | None] | None  # None: the circuit was deleted

STATUS_TYPES = {
    "enabled": "CIRCUIT_ENABLED",
    "order canceled": "CIRCUIT_DISABLED",
    "enabled/disconnected": "CIRCUIT_DISABLED",
    "ready for enablement": "READY_FOR_ENABLEMENT",
    "customer action required": "CUSTOMER_ACTION_REQUIRED",
    "information/approval needed from sponsor": "SPONSOR_APPROVAL_REQUIRED",
    "provider contact required": "CONTACT_REQUIRED",
    "end-user contact required": "CONTACT_REQUIRED",
}
FIELD_TYPES = {
    "status": "STATUS_CHANGE",  # one that is not above
    "sub_status": "STATUS_CHANGE",
    "provider": "PROVIDER_CHANGE",
    "speed": "SPEED_CHANGE",
    "service_speed": "SPEED_CHANGE",
    "monthly_cost": "COST_CHANGE",
    "install_cost": "COST_CHANGE",
    "manual_override": "OVERRIDE_CHANGE",
    "manual_override_by": "OVERRIDE_CHANGE",
}
# Our own word, for the fields of which the facts' vocabulary does not speak.
OTHER_TYPE = "FIELD_CHANGE"
NEW, REMOVED = "NEW_CIRCUIT", "REMOVED_CIRCUIT"


class Change(NamedTuple):
    """A field that changed, with both values as history keeps them."""

    field_name: str
    old_value: str | None
    new_value: str | None
    change_type: str


def values(row: sa.RowMapping) -> Values:
    """The tracked values of a row of ``circuits`` as a snapshot keeps them: equal values are equal there."""
    found: Values = {name: _plain(row[name]) for name in FIELDS}
    found[OVERRIDE] = row[OVERRIDE] is True  # null is no override (facts 11, 2)
    return found


def changes(before: Snapshot, after: Snapshot) -> list[Change]:
    """What has changed between two snapshots of a circuit.

    One that appears, or goes, is one change; so is one that is no longer in the broker's file, or there again: its
    row stays, but the order is gone (facts 3.3, 8). A field that the earlier snapshot does not know has not changed.
    """
    if _is_present(before) != _is_present(after):
        old, new = (PRESENT if _is_present(each) else None for each in (before, after))
        presence = [Change(PRESENCE, old, new, NEW if new else REMOVED)]
    else:
        presence = []
    if before is None or after is None:
        return presence
    return [*presence, *_fields(before, after)]


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in FIELDS:
        if name != MISSING and name in before and before[name] != after[name]:
            yield Change(name, _text(before[name]), _text(after[name]), change_type(name, after[name]))


def change_type(field: str, new: str | bool | None) -> str:
    """What kind of change it is (facts 8)."""
    if field == "status" and isinstance(new, str) and (found := STATUS_TYPES.get(" ".join(new.split()).casefold())):
        return found
    return FIELD_TYPES.get(field, OTHER_TYPE)


def _is_present(snapshot: Snapshot) -> bool:
    return snapshot is not None and snapshot.get(MISSING) is None


def _plain(value: Any) -> str | bool | None:
    """A database's value in the one form that both stores and every spelling of it share."""
    match value:
        case None | bool():
            return value
        case Decimal():
            return f"{value:.2f}"
        case date():
            return value.isoformat()
        case _:
            return str(value).strip() or None


def _text(value: str | bool | None) -> str | None:
    return str(value).lower() if isinstance(value, bool) else value
