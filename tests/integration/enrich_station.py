"""A station on which circuits are imported and appliances are found, for the enrichment's tests."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ctvpipe.core.errors import Outcome
from ctvpipe.core.ledger import Ledger
from ctvpipe.pipelines.circuits.enriching import enrich
from ctvpipe.pipelines.circuits.importing import import_orders
from ctvpipe.pipelines.circuits.schema.tables import MERAKI_INVENTORY
from ctvpipe.stores import engine
from tests.fakes.tracking_csv import Row
from tests.integration.circuits_station import CircuitsStation
from tests.integration.station import Result
from tests.unit.test_ledger import ended, record

IMPORT, INVENTORY, ENRICH = "circuits-import", "meraki-inventory", "circuits-enrich"
MOMENT = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def appliance(number: int = 1, **values: Any) -> dict[str, Any]:
    """An appliance of the store ``XYZ 01``, or of another ``number``, as the inventory stores it."""
    return {
        "serial": f"Q2XX-{number:04d}-0001",
        "network_id": f"N_{number}",
        "network_name": f"XYZ {number:02d}",
        "model": "MX68",
        "is_active": True,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        **values,
    }


class EnrichStation(CircuitsStation):
    """See the module's text."""

    def imported(self, made: Iterable[Row]) -> None:
        """The tracking file of today, imported."""
        self.put(made)
        result = self.here(IMPORT, lambda run: import_orders(run, force=True))
        assert result.code == 0, result.text

    def found(self, *appliances: dict[str, Any]) -> None:
        """The inventory holds these appliances and no others, by a run that succeeded."""
        url = self.url or f"sqlite:///{self.database}"
        with engine.transaction(engine.open_engine(url)) as connection:
            connection.execute(sa.delete(MERAKI_INVENTORY))
            for values in appliances:
                connection.execute(sa.insert(MERAKI_INVENTORY).values(values))
        self.recorded(INVENTORY)

    def recorded(self, job: str, outcome: Outcome = Outcome.SUCCESS, moment: datetime | None = None) -> None:
        """A run of ``job`` of that time (default: now)."""
        with closing(Ledger(self.state)) as ledger:
            made = record(job=job, started_at=moment or datetime.now(UTC))
            ledger.record(replace(ended(made, outcome), message="so it went"))

    def enrich(self, *, dry_run: bool = False, **options: Any) -> Result:
        """Tonight's enrichment."""
        return self.here(ENRICH, lambda run: enrich(run, **options), dry_run=dry_run)

    def enriched(self, columns: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
        """Those columns of the enriched circuits, in the order of site and purpose."""
        order = "ORDER BY site_name, circuit_purpose"
        return self.query(f"SELECT {columns} FROM enriched_circuits WHERE {where} {order}")

    def sites(self, columns: str) -> list[tuple[Any, ...]]:
        """Those columns of the view of sites."""
        return self.query(f"SELECT {columns} FROM enriched_sites ORDER BY network_id")
