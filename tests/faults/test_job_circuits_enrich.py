"""The enrichment, killed and starved at many steps: before it or after it, and what people confirmed stays untouched."""

from __future__ import annotations

import pytest

from tests.fakes import tracking_csv
from tests.fakes.tracking_csv import Spec

from .circuits_night import PLANS, Night
from .circuits_station import IMPORT, CircuitsStation
from .injector import ForkServer, Injector
from .plans import Plan

JOB = "circuits-enrich"
ENRICH = ["ctvpipe", "circuits", "enrich", "--force"]
SITES = 15
CONFIRMED = (
    "INSERT INTO circuit_confirmations (site_name, circuit_purpose, provider, wan_slot, confirmed_by, created_at,"
    " updated_at) SELECT site_name, circuit_purpose, 'Example Fiber', 2, 'A. Example', '2026-01-01', '2026-01-01'"
    " FROM circuits WHERE id IN (1, 6)"
)
GONE = CONFIRMED.replace("SELECT site_name", "SELECT 'GONE 01'").replace("(1, 6)", "(1)")
BY_PERSON = "'Example Fiber'"


def found(number: int) -> str:
    site = tracking_csv.site(number)
    return (
        "INSERT INTO meraki_inventory (serial, network_id, network_name, model, device_tags, wan1_ip, wan1_status,"
        f" wan1_provider_label, wan2_arin_provider, created_at, updated_at) SELECT 'Q2XX-{number:04d}', 'N_{number}',"
        f" '{site}', 'MX68', '[\"store\"]', '10.0.0.1', 'active', provider, 'Comcast', '2026-01-01', '2026-01-01'"
        f" FROM circuits WHERE site_name = '{site}' AND circuit_purpose = 'Primary'"
    )


@pytest.fixture(scope="module")
def night(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Night:
    """The circuits were enriched; since then some of them and of the appliances have changed, come and gone."""
    folder = tmp_path_factory.mktemp("enrich")
    station = CircuitsStation(Injector(folder / "root", jobs))
    station.make_directories()
    station.put(tracking_csv.rows(Spec(circuits=2 * SITES, oddities=False)))
    station.succeed(IMPORT)
    station.execute(*(found(number) for number in range(SITES - 2)), CONFIRMED, GONE)
    station.succeed(ENRICH)
    station.execute(
        *(found(number) for number in range(SITES - 2, SITES)),
        "UPDATE meraki_inventory SET wan1_status = 'failed' WHERE id IN (2, 3)",
        "UPDATE meraki_inventory SET device_tags = '[\"hub\"]' WHERE id = 5",
        "UPDATE circuits SET status = 'Order Canceled' WHERE id IN (3, 6)",
        "DELETE FROM enriched_circuits WHERE circuit_id = 9",
    )
    return Night.watched(station, JOB, ENRICH, folder / "template")


def test_the_night_has_something_of_everything(night: Night) -> None:
    changed = {name for name, rows in night.after.items() if rows != night.before[name]}
    assert changed == {"enriched_circuits", "enriched_wans", "ingestion_runs", "sqlite_sequence"}
    assert len(night.after["circuit_confirmations"]) == 3
    for data in (night.before, night.after):
        assert sum(BY_PERSON in row for row in data["enriched_circuits"]) == 2


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_the_database_is_before_or_after_at_every_step(plan: Plan, night: Night) -> None:
    night.disturb(plan)
