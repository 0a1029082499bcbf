"""A station of one pipeline with a database of its own: its jobs run in this process or as commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from contextlib import redirect_stderr
from datetime import UTC, date, datetime, time
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa

from ctvpipe import jobs
from ctvpipe.core.run import Run, run_of
from ctvpipe.stores.types import Instant
from tests.integration.station import Result, Station

_NOT_OURS = ("DATABASE_URL", "DATABASE_PATH", "CTV_DATA_DIR")


class PipelineStation(Station):
    """``name``: the pipeline's name, as its variables and its database file have it; ``metadata``: its tables;
    ``of_the_run``: columns that belong to a single run. ``settings`` as in ``Station``.
    """

    name: ClassVar[str]
    metadata: ClassVar[sa.MetaData]
    of_the_run: ClassVar[frozenset[str]]

    @property
    def database(self) -> Path:
        """The SQLite database; on PostgreSQL the file stays absent."""
        return self.data / "database" / f"{self.name}.db"

    @property
    def environ(self) -> dict[str, str]:
        """The whole environment of a command."""
        prefix = self.name.upper()
        where = {f"{prefix}_DATABASE_URL": self.url} if self.url else {f"{prefix}_DATABASE_PATH": str(self.database)}
        shared = {name: value for name, value in super().environ.items() if name not in _NOT_OURS}
        return {**shared, **where, **self.own_settings, **self.settings}

    @property
    def own_settings(self) -> dict[str, str]:
        """What every station of the pipeline has set."""
        return {}

    def content(self, *, without: Collection[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the pipeline, sorted; the same on both stores when they hold the same.

        Left out is what belongs to the single run: when rows were written, and the record of imports.
        """
        found = {}
        for table in self.metadata.sorted_tables:
            columns = [column for column in table.c if column.name not in self.of_the_run]
            names = ", ".join(f'"{column.name}"' for column in columns)
            if table.name not in without:
                rows = self.query(f"SELECT {names} FROM {table.fullname if self.url else table.name}")
                plain = [tuple(map(_plain, columns, row)) for row in rows]
                found[table.name] = sorted(plain, key=repr)
        return found

    def here(
        self,
        job: str,
        body: Callable[..., object],
        *arguments: Any,
        day: date | None = None,
        dry_run: bool = False,
        only: str = "",
    ) -> Result:
        """Run ``body(run, *arguments)`` as one run of ``job`` in this process, which is faster than the command.

        ``only``: to what the run is narrowed; ``day``: the day on which the run takes itself to have begun (``run.started``), at noon.
        """
        said = StringIO()
        try:
            with (
                redirect_stderr(said),
                run_of(jobs.find(job), only=only, dry_run=dry_run, environ=self.environ) as run,
            ):
                _move(run, day)
                body(run, *arguments)
        except SystemExit as ended:
            return Result(int(str(ended.code)), "", said.getvalue())
        raise AssertionError("a run always ends in SystemExit")


def _plain(column: sa.Column[Any], value: Any) -> Any:
    """A value as both stores have it."""
    match column.type:
        case _ if value is None:
            return None
        case sa.Boolean():
            return bool(value)
        case sa.JSON():
            return json.loads(value) if isinstance(value, str) else value
        case sa.Numeric():
            return float(value)
        case sa.DateTime() | Instant():
            return str(value)[:19]  # to the second; with or without a zone, it is UTC
        case sa.Date():
            return str(value)
    return value


def _move(run: Run, day: date | None) -> None:
    if day is not None:
        run.started = datetime.combine(day, time(12), UTC)
