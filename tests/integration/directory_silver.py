"""A directory database with silver: transforms of what fetches have brought, and the rows that they leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ctvpipe.pipelines.directory import transforming
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.transforming import ENTITIES, Options
from ctvpipe.stores import engine
from tests.integration.directory_bronze import Bronze
from tests.integration.station import query

WHO_AND_WHEN = ("created_at", "updated_at", "ingestion_run_id")
Rows = dict[str, dict[str, Any]]


class Silver(Bronze):
    """See ``Bronze``; its tables of silver as well."""

    def transform(self, name: str = "departments", **options: Any) -> StepRun:
        """One transform; ``options`` as of ``transforming.Options``."""
        chosen = Options(**options)
        if chosen.dry_run:
            with engine.transaction(engine.open_engine(self.url, read_only=True)) as connection:
                return transforming.transform(connection, name, chosen)
        with self.opened.connect() as connection:
            return transforming.transform(connection, name, chosen)

    def rows(self, name: str = "departments", *, whole: bool = False) -> Rows:
        """What silver has, by key; ``whole``: with who wrote it and when."""
        table = ENTITIES[name].table
        with engine.transaction(self.opened) as connection:
            found = connection.execute(table.select().order_by(ENTITIES[name].key)).mappings().all()
        left_out = () if whole else WHO_AND_WHEN
        return {row[ENTITIES[name].key.name]: {k: v for k, v in row.items() if k not in left_out} for row in found}

    @property
    def pending(self) -> list[tuple[Any, ...]]:
        """What the next transform has to look at whatever the sources say."""
        return query(self.address, f"SELECT entity_type, key, error FROM {self.table('pending')} ORDER BY 1, 2")

    @property
    def members(self) -> list[tuple[Any, ...]]:
        """Who is in which group."""
        columns = "group_id, member_type, member_key, source_system"
        return query(self.address, f"SELECT {columns} FROM {self.table('group_members')} ORDER BY 1, 2, 3")

    def empty(self) -> None:
        """Forget silver, and that it was ever made."""
        tables = ("pending", "affiliations", "group_members", *ENTITIES)
        self.execute(*(f"DELETE FROM {self.table(name)}" for name in tables))
        self.execute(f"DELETE FROM {self.table('ingestion_runs')} WHERE kind = 'transform'")

    def table(self, name: str) -> str:
        if name in {"pending", "affiliations", "group_members", *ENTITIES}:
            return f"silver.{name}" if "://" in self.address else name
        return super().table(name)


def counts(run: StepRun) -> tuple[int, int, int, int, int]:
    """Processed, created, updated, skipped and failed."""
    return run.processed, run.created, run.updated, run.skipped, run.failed


def plain(rows: Rows) -> str:
    """Rows as a text to compare."""
    return json.dumps(rows, default=str, sort_keys=True, indent=1)


def everything(silver: Silver) -> list[Any]:
    """All rows of all tables, and on SQLite the file itself."""
    found: list[Any] = [silver.versions, silver.latest, silver.runs("*"), silver.pending, silver.members]
    found += [silver.rows(name, whole=True) for name in ENTITIES]
    if "://" not in silver.address:
        found.append(Path(silver.address).read_bytes())
    return found
