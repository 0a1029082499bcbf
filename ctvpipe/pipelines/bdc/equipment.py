"""The equipment of an import: the names of models and makers, all pieces at once, and who has which (facts 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import sqlalchemy as sa

from ctvpipe.pipelines.bdc import batch
from ctvpipe.pipelines.bdc.batch import Context
from ctvpipe.pipelines.bdc.records import Item
from ctvpipe.pipelines.bdc.writer import REFUSED
from ctvpipe.stores.reconcile import reconcile

_ROWS_A_STATEMENT = 1000
_NAMED = ("model_name", "manufacturer_id", "manufacturer_name")


def rename(connection: sa.Connection, context: Context) -> int:
    """Give stored equipment the names that its models have now; returns how many rows were written."""
    table = context.tables.inventory_items
    columns = [table.c[name] for name in _NAMED]
    written = 0
    for model, *named in connection.execute(sa.select(table.c.model_id, *columns).distinct()).all():
        wanted = context.names.by_model.get(model)
        if wanted is None or wanted == tuple(named):
            continue
        old = sa.and_(*(column.is_not_distinct_from(value) for column, value in zip(columns, named, strict=True)))
        values = dict(zip(_NAMED, wanted, strict=True)) | {"last_updated": context.now}
        written += connection.execute(sa.update(table).where(table.c.model_id == model, old).values(values)).rowcount
    return written


def store(connection: sa.Connection, context: Context, items: Iterable[Item]) -> tuple[dict[int, int], list[int]]:
    """Store all equipment that customers have, committed as it comes.

    Returns whose each piece is, by its id, and the pieces that the database refuses.
    """
    owners: dict[int, int] = {}
    refused: list[int] = []
    owned = (item for item in items if item.customer_id is not None)
    for some in iter(lambda: list(islice(owned, _ROWS_A_STATEMENT)), []):
        stored = list(_stored(connection, context, some, refused))
        connection.commit()
        owners |= {item.id: item.customer_id for item in stored if item.customer_id is not None}
    return owners, refused


def _stored(connection: sa.Connection, context: Context, items: Sequence[Item], refused: list[int]) -> Iterator[Item]:
    """Those of ``items`` that the database takes; the ids of the others are added to ``refused``."""
    try:
        with connection.begin_nested():
            merged = batch.store_items(connection, context, items)
    except REFUSED:
        if len(items) == 1:
            refused.append(items[0].id)
            return
        for item in items:
            yield from _stored(connection, context, [item], refused)
        return
    context.counts["items"] += len(items)
    context.counts["items_written"] += merged.written
    yield from items


def held(connection: sa.Connection, context: Context) -> int:
    """How many pieces customers have who are not gone."""
    customers, links = context.tables.customers, context.tables.customer_inventory
    theirs = sa.select(sa.func.count()).join_from(links, customers, customers.c.id == links.c.customer_id)
    return connection.execute(theirs.where(customers.c.removed_at.is_(None))).scalar_one()


def link(connection: sa.Connection, context: Context, owners: Mapping[int, int]) -> int:
    """Say who has which piece, among the customers that are stored; returns how many pieces somebody else has.

    Who is gone keeps what nobody else has.
    """
    customers, links = context.tables.customers, context.tables.customer_inventory
    stored: dict[int, bool] = dict(
        connection.execute(sa.select(customers.c.id, customers.c.removed_at.is_not(None))).all()
    )
    wanted = {(owner, piece) for piece, owner in owners.items() if owner in stored}
    held = connection.execute(sa.select(links.c.customer_id, links.c.inventory_item_id))
    wanted |= {(owner, piece) for owner, piece in held if stored.get(owner) and piece not in owners}
    names = ("customer_id", "inventory_item_id")
    merged = reconcile(connection, links, names, sorted(wanted), key=names, scope=sa.true())
    context.counts["links"] = len(wanted)
    context.counts["links_written"] += merged.written
    return len(owners.keys() - {piece for _, piece in wanted})
