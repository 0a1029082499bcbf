"""Circuits put straight into the database, for jobs that work on what the import has left there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.circuits import database
from ctvpipe.pipelines.circuits.schema.tables import CIRCUITS
from ctvpipe.stores import engine, migrate
from tests.integration.circuits_station import CircuitsStation

LONG_AGO = datetime(2026, 1, 2, 3, tzinfo=UTC)


def opened(station: CircuitsStation) -> sa.Engine:
    """The station's database, made where it is absent."""
    if not station.url and not station.database.exists():
        engine.create_database_file(station.database)
    made = engine.open_engine(station.url or f"sqlite:///{station.database}")
    with engine.transaction(made) as connection:
        migrate.upgrade(connection, database.MIGRATIONS)
    return made


def insert(station: CircuitsStation, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert circuits; each row has what differs from a plain one."""
    with engine.transaction(opened(station)) as connection:
        for row in rows:
            connection.execute(sa.insert(CIRCUITS).values(**{**_PLAIN, **row}))


_PLAIN = {
    "site_name": "XYZ 01",
    "circuit_purpose": "Primary",
    "status": "Enabled",
    "data_source": "tracking",
    "last_csv_file": "tracking_data_2026-01-02.csv",
    "created_at": LONG_AGO,
    "updated_at": LONG_AGO,
}
