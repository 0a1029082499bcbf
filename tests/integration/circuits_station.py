"""A station with the circuits' database: its settings, and its jobs run in this process or as commands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from ctvpipe.pipelines.circuits.schema.tables import METADATA
from tests.fakes import tracking_csv
from tests.integration.pipeline_station import PipelineStation


class CircuitsStation(PipelineStation):
    """A station of the circuits' pipeline alone."""

    name = "circuits"
    metadata = METADATA
    of_the_run = frozenset(
        {"created_at", "updated_at", "change_date", "enriched_at", "last_queried", "processing_time_seconds"}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tracking.mkdir(parents=True, exist_ok=True)

    @property
    def tracking(self) -> Path:
        """The directory of the tracking files."""
        return self.root / "circuitinfo"

    @property
    def own_settings(self) -> dict[str, str]:
        return {"TRACKING_DATA_DIR": str(self.tracking)}

    @property
    def today(self) -> date:
        """The station's day."""
        return datetime.now(UTC).date()

    def put(self, made: Iterable[tracking_csv.Row], day: date | None = None) -> Path:
        """Write the tracking file of ``day`` (default: today's)."""
        return tracking_csv.write(tracking_csv.path_for(self.tracking, day or self.today), made)
