"""A directory database without a station: fetches made of plain payloads, and what bronze holds after them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctvpipe.pipelines.directory import canonical, ingest, preview, runs
from ctvpipe.pipelines.directory.database import MIGRATIONS
from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.streams import UMAPI_DEPARTMENTS
from ctvpipe.stores import engine, migrate
from tests.integration.station import execute, query

Payload = Mapping[str, Any]


class BrokenOffError(Exception):
    """The source fails in the middle."""


class Bronze:
    """The database at ``address``: the path of an SQLite file, which need not be there yet, or a PostgreSQL URL."""

    def __init__(self, address: str) -> None:
        self.address = address
        if "://" not in address and not Path(address).exists():
            engine.create_database_file(Path(address))
        self.url = address if "://" in address else f"sqlite:///{address}"
        self.opened = engine.open_engine(self.url)
        with engine.transaction(self.opened) as connection:
            migrate.upgrade(connection, MIGRATIONS)

    def ingest(self, source: ingest.Source, stream: Stream = UMAPI_DEPARTMENTS, **options: Any) -> StepRun:
        """One ingest of records; ``options`` as of ``ingest.Options``."""
        with self.opened.connect() as connection:
            return ingest.ingest(connection, stream, source, ingest.Options(**options))

    def fetch(self, payloads: Iterable[Payload], stream: Stream = UMAPI_DEPARTMENTS, **options: Any) -> StepRun:
        """One ingest of payloads as their source returns them."""
        return self.ingest(canonical.records(stream, payloads), stream, **options)

    def preview(self, payloads: Iterable[Payload], stream: Stream = UMAPI_DEPARTMENTS, **options: Any) -> StepRun:
        """The dry run of the same."""
        with engine.transaction(engine.open_engine(self.url, read_only=True)) as connection:
            records = canonical.records(stream, payloads)
            return preview.preview(connection, stream, records, ingest.Options(**options))

    @property
    def versions(self) -> list[tuple[Any, ...]]:
        """Every version, oldest first: entity type, source, id, natural key, payload (``None``: gone), content hash."""
        columns = "entity_type, source_system, external_id, natural_key, raw_data, content_hash"
        rows = query(self.address, f"SELECT {columns} FROM {self.table('raw_entities')} ORDER BY raw_id")
        return [(*row[:4], json.loads(row[4]) if isinstance(row[4], str) else row[4], row[5]) for row in rows]

    @property
    def history(self) -> list[tuple[str, Any]]:
        """Id and payload of every version, oldest first."""
        return [(row[2], row[4]) for row in self.versions]

    @property
    def latest(self) -> dict[str, Any]:
        """What the newest version of each id says, by way of ``latest``."""
        sql = "SELECT l.external_id, r.raw_data FROM {} l JOIN {} r ON r.raw_id = l.raw_id AND r.external_id = l.external_id"
        rows = query(self.address, sql.format(self.table("latest"), self.table("raw_entities")))
        return {name: json.loads(data) if isinstance(data, str) else data for name, data in rows}

    def runs(self, columns: str = "status") -> list[tuple[Any, ...]]:
        """The recorded runs, oldest first."""
        return query(self.address, f"SELECT {columns} FROM {self.table('ingestion_runs')} ORDER BY started_at")

    def count(self, what: str, where: str = "true") -> int:
        """How many rows a table has."""
        ((found,),) = query(self.address, f"SELECT count(*) FROM {self.table(what)} WHERE {where}")
        return int(found)

    def execute(self, *statements: str) -> None:
        """Change the database as another program would."""
        execute(self.address, *statements)

    def table(self, name: str) -> str:
        """A table as a statement names it."""
        schema = "meta" if name == "ingestion_runs" else "bronze"
        return f"{schema}.{name}" if "://" in self.address else name

    def clear(self) -> None:
        """Empty the tables."""
        self.execute(*(f"DELETE FROM {self.table(name)}" for name in ("raw_entities", "latest", "ingestion_runs")))

    def watermark(self, step: runs.Step) -> int:
        """See ``runs.watermark``."""
        with engine.transaction(self.opened) as connection:
            return runs.watermark(connection, step)


def departments(names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Payloads of departments, by id and description."""
    return [{"DeptId": number, "DeptDescription": name} for number, name in names.items()]


def broken_off(items: Iterable[Any], error: BaseException | None = None) -> Iterator[Any]:
    """``items``, and then an error instead of the end."""
    yield from items
    raise error or BrokenOffError
