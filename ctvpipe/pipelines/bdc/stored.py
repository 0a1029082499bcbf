"""What the BDC tables hold, as far as an import has to know it before it writes."""

from __future__ import annotations

import sqlalchemy as sa

from ctvpipe.pipelines.bdc.due import Known
from ctvpipe.pipelines.bdc.rows import Names
from ctvpipe.pipelines.bdc.schema.tables import Tables


def known(connection: sa.Connection, tables: Tables) -> dict[int, Known]:
    """Every stored customer by its id."""
    columns = tables.customers.c
    rows = connection.execute(sa.select(columns.id, *(columns[name] for name in Known._fields)))
    return {number: Known(*values) for number, *values in rows}


def active(connection: sa.Connection, tables: Tables) -> dict[str, bool]:
    """Which statuses counted as live, by their names in small letters, as the stored customers have them."""
    columns = tables.customers.c
    rows = connection.execute(sa.select(columns.status, columns.status_active).distinct())
    return {status.casefold(): bool(live) for status, live in rows if status}


def names(connection: sa.Connection, tables: Tables) -> Names:
    """The names of models and makers as the stored equipment has them."""
    columns = tables.inventory_items.c
    named = columns.model_id, columns.model_name, columns.manufacturer_id, columns.manufacturer_name
    rows = connection.execute(sa.select(*named).where(columns.model_name.is_not(None)).distinct())
    return Names({model: (name, maker, makers_name) for model, name, maker, makers_name in rows})
