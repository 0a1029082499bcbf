"""A batch of customers, each with its services, groups and equipment, brought into the tables by writing what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from ctvpipe.pipelines.bdc import rows
from ctvpipe.pipelines.bdc.records import Customer, Detail, Item
from ctvpipe.pipelines.bdc.rows import Names
from ctvpipe.pipelines.bdc.schema.tables import Tables
from ctvpipe.stores.merge import Merged
from ctvpipe.stores.reconcile import reconcile

_CUSTOMER = ("id", *rows.REPORTED, *rows.DETAILED)
_AS_REPORTED = ("id", *rows.REPORTED)
_KEYS_A_STATEMENT = 10_000  # SQLite takes 32,766 values


@dataclass(frozen=True)
class Unit:
    """A customer with all that is its own, stored whole or not at all; without a ``detail`` Sonar has none any more.

    ``removed_at``: since when it was gone before, ``None`` where it was not.
    """

    customer: Customer
    detail: Detail | None
    removed_at: datetime | None = None

    def removed(self, now: datetime) -> datetime | None:
        """Since when it is gone; ``None`` where it is not."""
        gone = self.detail is None or self.detail.deleted
        return (self.removed_at or now) if gone else None


@dataclass
class Context:
    """What every batch needs. ``active``: which statuses count as live; ``counts``: what was written, by facts 5."""

    tables: Tables
    now: datetime
    names: Names
    active: Mapping[str, bool]
    counts: Counter[str] = field(default_factory=Counter)


def write(connection: sa.Connection, context: Context, units: Sequence[Unit]) -> Counter[str]:
    """Store ``units`` in the caller's transaction; returns what was done, by the names of the summary (facts 5)."""
    batch = _Batch(connection, context)
    batch.customers(units)
    whole = [unit.detail for unit in units if unit.detail is not None]
    batch.groups(whole)
    batch.services(whole)
    batch.equipment(whole)
    for unit in units:
        if unit.removed(context.now) and not unit.removed_at:
            batch.counts["removed"] += 1
        if unit.removed_at and not unit.removed(context.now):
            batch.counts["reappeared"] += 1
    return batch.counts


def refresh(connection: sa.Connection, context: Context, customers: Sequence[Customer]) -> int:
    """Store what the report says of ``customers`` that are stored already; returns how many differed."""
    table = context.tables.customers
    made = [(each.id, *rows.reported(each, context.active)) for each in customers]
    scope = table.c.id.in_([each.id for each in customers])
    return reconcile(connection, table, _AS_REPORTED, made, key=("id",), scope=scope).updated


def store_items(connection: sa.Connection, context: Context, items: Iterable[Item]) -> Merged:
    """Store equipment, whoever has it; an item that comes twice is as it was last."""
    return _store(connection, context.tables.inventory_items, rows.ITEM, map(context.names.item, items), context.now)


class _Batch:
    def __init__(self, connection: sa.Connection, context: Context) -> None:
        self._connection, self._context = connection, context
        self.counts: Counter[str] = Counter()

    def customers(self, units: Sequence[Unit]) -> None:
        """The customers themselves; when their detail was read changes nothing else."""
        table, now = self._context.tables.customers, self._context.now
        whole = [unit for unit in units if unit.detail is not None]
        made = [
            (unit.customer.id, *self._reported(unit), *rows.detailed(unit.customer, unit.detail, unit.removed(now)))
            for unit in whole
            if unit.detail is not None
        ]
        ids = [row[0] for row in made]
        merged = reconcile(
            self._connection,
            table,
            _CUSTOMER,
            made,
            key=("id",),
            scope=table.c.id.in_(ids),
            on_insert={"first_seen": now, "last_updated": now},
            on_update={"last_updated": now},
        )
        self._count(merged)
        self._touch(ids)
        if lost := [unit for unit in units if unit.detail is None]:
            self._bury(lost)

    def _reported(self, unit: Unit) -> rows.Row:
        return rows.reported(unit.customer, self._context.active)

    def _count(self, merged: Merged) -> None:
        done = {"inserted": merged.inserted, "updated": merged.updated, "unchanged": merged.unchanged}
        self.counts.update(done)

    def _touch(self, ids: Sequence[int]) -> None:
        """Say of those that are as they were that they have been looked at."""
        table, now = self._context.tables.customers, self._context.now
        stale = table.c.last_updated.is_distinct_from(now)
        self._connection.execute(sa.update(table).where(table.c.id.in_(ids), stale).values(last_updated=now))

    def _bury(self, units: Sequence[Unit]) -> None:
        """Customers that the report has and Sonar does not: what was known of them is kept."""
        table, now = self._context.tables.customers, self._context.now
        columns = ("id", *rows.REPORTED, "detail_ok", "removed_at")
        made = [(unit.customer.id, *self._reported(unit), False, unit.removed(now)) for unit in units]
        scope = table.c.id.in_([unit.customer.id for unit in units])
        born = {"first_seen": now}
        self._count(reconcile(self._connection, table, columns, made, key=("id",), scope=scope, on_insert=born))

    def groups(self, details: Sequence[Detail]) -> None:
        """The groups that they are in, and who is in which."""
        tables, now = self._context.tables, self._context.now
        found = {group.id: (group.id, group.name) for detail in details for group in detail.groups}
        _store(self._connection, tables.groups, ("id", "name"), found.values(), now)
        members = {(detail.customer_id, group.id) for detail in details for group in detail.groups}
        self._replace(tables.customer_groups, ("customer_id", "group_id"), sorted(members), details)
        self.counts["groups"] += len(members)

    def services(self, details: Sequence[Detail]) -> None:
        """Their services: those that they have are theirs, and no others."""
        table, now = self._context.tables.services, self._context.now
        made = [rows.service(detail.customer_id, each) for detail in details for each in detail.services]
        merged = reconcile(
            self._connection,
            table,
            rows.SERVICE,
            made,
            key=("customer_id", "relationship_id"),
            scope=table.c.customer_id.in_([detail.customer_id for detail in details]),
            on_insert={"last_updated": now},
            on_update={"last_updated": now},
        )
        self.counts["services"] += len(made)
        self.counts["services_written"] += merged.written

    def equipment(self, details: Sequence[Detail]) -> None:
        """Their equipment, where it was asked for with them. An item has one owner (facts 2.2)."""
        asked = [detail for detail in details if detail.items is not None]
        owned = {item.id: (detail.customer_id, item) for detail in asked for item in detail.items or ()}
        store_items(self._connection, self._context, [item for _, item in owned.values()])
        links = self._context.tables.customer_inventory
        for some in _chunks(sorted(owned)):
            self._connection.execute(
                sa.delete(links).where(
                    links.c.inventory_item_id.in_(some),
                    links.c.customer_id.not_in([detail.customer_id for detail in asked]),
                )
            )
        made = sorted((owner, number) for number, (owner, _) in owned.items())
        self._replace(links, ("customer_id", "inventory_item_id"), made, asked)
        self.counts["items"] += len(owned)
        self.counts["links"] += len(made)

    def _replace(
        self, table: sa.Table, columns: Sequence[str], made: Sequence[rows.Row], details: Sequence[Detail]
    ) -> None:
        scope = table.c.customer_id.in_([detail.customer_id for detail in details])
        reconcile(self._connection, table, columns, made, key=columns, scope=scope)


def _store(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], made: Iterable[rows.Row], now: datetime
) -> Merged:
    """Store rows by their ``id``, beside the others; what differs is marked with ``now``."""
    wanted = {row[0]: tuple(row) for row in made}
    inserted = updated = unchanged = 0
    for some in _chunks(sorted(wanted)):
        merged = reconcile(
            connection,
            table,
            columns,
            [wanted[number] for number in some],
            key=("id",),
            scope=table.c.id.in_(some),
            on_insert={"last_updated": now},
            on_update={"last_updated": now},
        )
        inserted, updated, unchanged = (
            inserted + merged.inserted,
            updated + merged.updated,
            unchanged + merged.unchanged,
        )
    return Merged(inserted, updated, 0, unchanged)


def _chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _KEYS_A_STATEMENT):
        yield numbers[start : start + _KEYS_A_STATEMENT]
