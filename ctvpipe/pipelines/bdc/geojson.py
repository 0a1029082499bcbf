"""The customers' points as GeoJSON, for a map (RFC 7946: longitude first)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ctvpipe.core import files
from ctvpipe.pipelines.bdc import database, view
from ctvpipe.pipelines.bdc.counting import tract_of
from ctvpipe.pipelines.bdc.settings import DatabaseSettings
from ctvpipe.pipelines.bdc.view import View

_PERSONAL = ("name", "address", "street2", "city", "state", "zip")
_ROWS = 1000


def export(
    settings: DatabaseSettings, target: Path, *, as_of: date | None = None, personal: bool = False, gone: bool = False
) -> int:
    """Write every customer with a point to ``target``; returns how many.

    ``as_of``: of that snapshot; ``personal``: with names and addresses; ``gone``: with those who do not count any more.
    Raises ``ConfigurationError`` for a snapshot there is not, and the errors of the database.
    """
    written = 0
    with database.filled(settings) as connection, files.publish(target) as temporary:
        seen = view.opened(connection, database.tables(settings), as_of)
        with temporary.open("w", encoding="utf-8") as file:
            file.write('{"type": "FeatureCollection", "features": [')
            for feature in _features(connection, seen, personal=personal, gone=gone):
                file.write((",\n" if written else "\n") + json.dumps(feature, ensure_ascii=False))
                written += 1
            file.write("\n]}\n")
    return written


def _features(connection: sa.Connection, seen: View, *, personal: bool, gone: bool) -> Iterator[dict[str, Any]]:
    columns, services = seen.customers.c, seen.services.c
    fastest = (
        sa.select(sa.func.max(services.download_kbps))
        .where(services.customer_id == columns.id, services.active, services.data_service)
        .scalar_subquery()
    )
    told = [
        *(columns[name] for name in ("id", "status", "account_type", "coord_status", "block_fips", "removed_at")),
        fastest.label("download_kbps"),
        *(columns[name] for name in _PERSONAL if personal),
    ]
    wanted = columns.latitude.is_not(None) if gone else sa.and_(columns.latitude.is_not(None), seen.counts)
    query = sa.select(columns.longitude, columns.latitude, *told).where(wanted).order_by(columns.id)
    for longitude, latitude, *values in connection.execution_options(yield_per=_ROWS).execute(query):
        properties = dict(zip((column.name for column in told), values, strict=True))
        removed, block = properties.pop("removed_at"), properties.pop("block_fips")
        yield {
            "type": "Feature",
            "id": properties.pop("id"),
            "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
            "properties": {**properties, "tract": tract_of(block) or None, "removed": removed is not None},
        }
