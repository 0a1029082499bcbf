"""A station with the BDC database and an invented Sonar: its import run in this process or as a command."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ctvpipe.pipelines.bdc.importing import Options, import_
from ctvpipe.pipelines.bdc.schema.tables import SEVEN
from tests.fakes.sonar_server import Sonar
from tests.integration.bdc_store import Store, database_settings
from tests.integration.pipeline_station import PipelineStation
from tests.integration.station import Result

FIRST_DAY = date(2030, 6, 1)
STAMPS = frozenset({"first_seen", "last_updated", "removed_at"})


class BdcStation(PipelineStation):
    """A station of BDC alone. ``sonar`` is asked by its imports."""

    name = "bdc"
    sonar: Sonar

    @property
    def own_settings(self) -> dict[str, str]:
        asked = {"BDC_INITIAL_BACKOFF": "0.01", **self.sonar.settings}
        return {**asked, **database_settings(self.url or str(self.database))}

    @property
    def environ(self) -> dict[str, str]:
        """The whole environment of a command, without the general name of a database."""
        found = super().environ
        for name in ("BDC_DATABASE_URL", *(("BDC_DATABASE_PATH",) if self.url else ())):
            found.pop(name, None)
        return found

    @property
    def prefix(self) -> str:
        """What the names of the tables begin with."""
        return "sonar." if self.url else "sonar_"

    @property
    def store(self) -> Store:
        """The same database without the station."""
        return Store(self.url or str(self.database))

    def import_here(
        self,
        *,
        code: int = 0,
        day: int = 0,
        dry_run: bool = False,
        settings: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Result:
        """Import in this process, which is faster than the command, and which is to end with ``code``.

        ``day``: so many days after the first import; ``options`` as of ``importing.Options``.
        """
        before = dict(self.settings)
        self.settings |= settings or {}
        self.sonar.counts.clear()
        self.sonar.asked.clear()
        try:
            when = FIRST_DAY + timedelta(days=day)
            done = self.here("bdc-import", import_, Options(**options), day=when, dry_run=dry_run)
        finally:
            self.settings = before
        assert done.code == code, done.text
        return done

    @property
    def result(self) -> dict[str, Any]:
        """The result of the latest import, as the ledger has it."""
        found: dict[str, Any] = self.runs("bdc-import")[0].counters["import"]
        return found

    def rows(self, table: str, columns: str = "*", more: str = "") -> list[tuple[Any, ...]]:
        """What a table holds, sorted."""
        return sorted(self.query(f"SELECT {columns} FROM {self.prefix}{table} {more}"), key=repr)

    def held(self, *, without: Collection[str] = STAMPS) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the data's six tables; ``without``: columns that are left out."""
        tables = self.store.tables
        found = {}
        for name in (name for name in SEVEN if name != "metadata"):
            columns = [column.name for column in getattr(tables, name).c if column.name not in without]
            found[name] = self.rows(name, ", ".join(columns))
        return found

    @property
    def notes(self) -> dict[str, str]:
        """What the table of that name says."""
        return dict(self.rows("metadata", "key, value"))  # type: ignore[arg-type]


def bdc_station(root: Path, sonar: Sonar, url: str = "") -> BdcStation:
    """A station of BDC that asks ``sonar``."""
    made = BdcStation.__new__(BdcStation)
    made.sonar = sonar
    made.__init__(root, url=url)  # type: ignore[misc]
    return made
