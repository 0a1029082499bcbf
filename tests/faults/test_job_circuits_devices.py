"""The inventories of devices, killed and starved at many steps: no device, no provider, no new store is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes import meraki_api, rdap_registry, tracking_csv
from tests.fakes.meraki_api import Api, Spec
from tests.fakes.rdap_registry import Registered

from .circuits_night import PLANS, Night
from .circuits_station import IMPORT, CircuitsStation
from .injector import ForkServer, Injector
from .plans import Plan

COMMANDS = {
    "meraki-inventory": ["ctvpipe", "circuits", "meraki"],
    "meraki-inventory-all": ["ctvpipe", "circuits", "meraki", "--all-orgs"],
}
TABLES = {
    "meraki-inventory": {"meraki_inventory", "new_stores", "rdap_cache"},
    "meraki-inventory-all": {"inventory_devices", "inventory_summary"},
}


class DevicesStation(CircuitsStation):
    """A station that asks an invented API and an invented registry."""

    settings: dict[str, str]

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, **self.settings}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with meraki_api.serving(Spec(devices=90)) as served:
        served.rate = 1e6
        yield served


@pytest.fixture(scope="module")
def registry() -> Iterator[rdap_registry.Registry]:
    with rdap_registry.serving(Registered("8.8.0.0/16", "Acme Telecom LLC")) as served:
        yield served


@pytest.fixture(scope="module", params=list(COMMANDS))
def night(
    request: pytest.FixtureRequest,
    api: Api,
    registry: rdap_registry.Registry,
    jobs: ForkServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Night:
    """Yesterday's devices are stored; since then some have changed, one is gone, one is new, as is a store."""
    folder = tmp_path_factory.mktemp("devices")
    station = DevicesStation(Injector(folder / "root", jobs))
    station.settings = {**api.settings, "RDAP_URL": registry.url, "RDAP_REQUESTS_PER_SECOND": "1000"}
    station.make_directories()
    station.put([tracking_csv.line(Site_Name=tracking_csv.site(number), Site_ID="") for number in range(11)])
    station.succeed(IMPORT)
    command = COMMANDS[request.param]
    station.succeed(command)
    organization = api.organizations[0]
    serials, new = list(organization.uplinks), f"Q2NEW-{request.param}"
    organization.remove(serials[0])
    organization.devices[serials[1]]["notes"] = f"WAN1: {new} 10M x 1M"
    organization.uplinks[serials[2]]["uplinks"][0]["publicIp"] = "8.8.8.8"
    for table in (organization.devices, organization.stock, organization.uplinks):
        table[new] = {**table[serials[3]], "serial": new}
    organization.networks[4]["name"] = new
    api.changed()
    return Night.watched(station, request.param, command, folder / "template")


def test_the_night_has_something_of_everything(night: Night) -> None:
    changed = {name for name, rows in night.after.items() if rows != night.before.get(name)}
    assert changed == TABLES[night.job] | {"ingestion_runs", "sqlite_sequence"}


@pytest.mark.parametrize(
    "plan", [Plan(plan.name, plan.fault, plan.stride * 2, plan.offset * 2) for plan in PLANS], ids=str
)
def test_the_inventory_is_before_or_after_at_every_step(plan: Plan, night: Night) -> None:
    night.disturb(plan)
