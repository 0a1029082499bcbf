"""A station with the FMS database: its settings, and its sync run in this process or as a command."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

from ctvpipe.pipelines.fms.schema.tables import METADATA
from ctvpipe.pipelines.fms.syncing import sync
from tests.integration.pipeline_station import PipelineStation
from tests.integration.station import Result


class FmsStation(PipelineStation):
    """A station of the FMS pipeline alone."""

    name = "fms"
    metadata = METADATA
    of_the_run = frozenset({"updated_at", "geocoded_at", "fetched_at", "next_try_at", "chosen_at"})

    @property
    def bodies(self) -> Path:
        """Where the exports are kept."""
        return self.state / "fms"

    @property
    def own_settings(self) -> dict[str, str]:
        return {"FMS_BODIES_DIR": str(self.bodies), "SYNC_RETRY_SECONDS": "0", "GEOCODER": "none"}

    def sync_here(
        self, *, only: Collection[str] = (), force: bool = False, day: date | None = None, dry_run: bool = False
    ) -> Result:
        """Sync in this process, which is faster than the command; ``day`` as of ``here``."""
        return self.here(
            "fms-sync",
            lambda run: sync(run, only=only, force=force).require_any(),
            day=day,
            dry_run=dry_run,
            only=", ".join(only),
        )

    @property
    def result(self) -> dict[str, Any]:
        """The result of the latest sync, as the ledger has it."""
        found: dict[str, Any] = self.runs("fms-sync")[0].counters["sync"]
        return found

    def entry(self, table: str) -> dict[str, Any]:
        """What the result says of one table."""
        (found,) = (one for one in self.result["results"] if one["table"] == table)
        return dict(found)
