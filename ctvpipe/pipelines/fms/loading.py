"""Bringing a table to what its export holds, by writing only what differs, in one transaction."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from ctvpipe.pipelines.fms import choices, geocode_store
from ctvpipe.pipelines.fms.past import Past
from ctvpipe.pipelines.fms.reading import Reading
from ctvpipe.pipelines.fms.schema.tables import MEDIA_PARTNERS, SYNC_REJECTS
from ctvpipe.stores.merge import Merged
from ctvpipe.stores.reconcile import compare, reconcile


def plan(connection: sa.Connection, reading: Reading) -> Merged:
    """What ``load`` would write to the table; only reads."""
    feed = reading.feed
    return compare(connection, feed.target, feed.fields, reading.rows, key=feed.key, scope=sa.true()).merged


def load(connection: sa.Connection, reading: Reading, known: Past, *, now: datetime) -> Merged:
    """Make the rows of ``reading`` what the table holds, and its rejects what is known of the export.

    ``known``: the past of the table, which spares a look at what was not there before.

    What people chose for a partner outlasts the partner's absence; a new address and the coordinates of the former one
    are never there together. A column that an older layout does not bring is null: the table is what the export says, no
    more.
    """
    feed = reading.feed
    stamp = {"updated_at": now}
    if feed.target is MEDIA_PARTNERS and known.rows:
        choices.remember(connection, now)
    merged = reconcile(
        connection,
        feed.target,
        feed.fields,
        reading.rows,
        key=feed.key,
        scope=sa.true(),
        on_insert=stamp,
        on_update=stamp,
        is_empty=not known.rows,
    )
    if feed.target is MEDIA_PARTNERS:
        choices.restore(connection, now)
        if merged.updated:
            geocode_store.settle(connection, now)
    if reading.rejects or known.latest.get("rows_rejected"):
        _keep_rejects(connection, reading)
    return merged


def _keep_rejects(connection: sa.Connection, reading: Reading) -> None:
    table = reading.feed.table
    reconcile(
        connection,
        SYNC_REJECTS,
        ("table_name", "line_no", "column_name", "reason"),
        [(table, reject.line, reject.column, reject.reason) for reject in reading.rejects],
        key=("table_name", "line_no"),
        scope=SYNC_REJECTS.c.table_name == table,
    )
