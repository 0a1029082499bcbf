"""A station with an FMS database to upload workbooks into, and what the uploads have left there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ctvpipe.pipelines.fms import database
from ctvpipe.pipelines.fms.schema.tables import METADATA
from ctvpipe.stores import engine, migrate
from tests.integration.fms_station import FmsStation

TABLES = ("ops_capacity", "holiday_blackout_dates", "rules", "budgets")


class UploadStation(FmsStation):
    """A station whose database is there, and empty."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.url:
            engine.create_database_file(self.database)
        with engine.transaction(self.opened) as connection:
            migrate.upgrade(connection, database.MIGRATIONS)

    @property
    def opened(self) -> sa.Engine:
        return engine.open_engine(self.url or f"sqlite:///{self.database}")

    @property
    def file(self) -> Path:
        """Where a test puts its workbook."""
        return self.root / "Upload 2026.xlsx"

    def stored(self, table: str, *, stamped: bool = False) -> list[tuple[Any, ...]]:
        """The rows of a table in the order of its key; ``stamped``: with the time at which each was written."""
        columns = [column for column in METADATA.tables[table].c if stamped or column.name != "updated_at"]
        with engine.transaction(self.opened) as connection:
            found = sa.select(*columns).order_by(*METADATA.tables[table].primary_key)
            return sorted((tuple(row) for row in connection.execute(found)), key=repr)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that uploads write, but the record of them."""
        return {table: self.stored(table, stamped=True) for table in TABLES}

    def document(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """The JSON document of ``ctvpipe fms upload ARGUMENTS --json``, which must end with ``code``."""
        result = self.run("fms", "upload", *arguments, "--json")
        assert result.code == code, result.text
        found: dict[str, Any] = json.loads(result.out)
        return found
