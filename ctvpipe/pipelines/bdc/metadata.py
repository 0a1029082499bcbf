"""The table ``metadata``: what is known of the imports themselves, one value a key (facts 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from ctvpipe.pipelines.bdc.schema.tables import Tables
from ctvpipe.stores.reconcile import reconcile

SCHEMA = "schema_version"
CUSTOMERS_UPDATED = "customers_last_update"
INVENTORY_UPDATED = "inventory_last_update"
STARTED = "last_run_started_at"
FINISHED = "last_run_finished_at"
STATUS = "last_run_status"
LAYOUT = "report_layout"
REPORT_ROWS = "report_rows"
SONAR = "sonar_version"


def put(connection: sa.Connection, tables: Tables, values: Mapping[str, object], now: datetime) -> None:
    """Set ``values`` in the caller's transaction; an instant as ISO 8601 in UTC."""
    table = tables.metadata
    rows = [(key, _text(value)) for key, value in values.items()]
    written = {"updated_at": now}
    scope = table.c.key.in_(list(values))
    reconcile(
        connection, table, ("key", "value"), rows, key=("key",), scope=scope, on_insert=written, on_update=written
    )


def instant(connection: sa.Connection, tables: Tables, key: str) -> datetime | None:
    """The instant that ``key`` has; ``None`` where it has none."""
    table = tables.metadata
    found = connection.execute(sa.select(table.c.value).where(table.c.key == key)).scalar()
    return datetime.fromisoformat(found) if found else None


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return str(value)
