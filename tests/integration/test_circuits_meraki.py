"""The inventory of appliances against the invented device API, on both stores (facts 2.7, 4, 11)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.pipelines.circuits.importing import import_orders
from ctvpipe.pipelines.circuits.meraki import collect
from tests.fakes import meraki_api, rdap_registry, tracking_csv
from tests.fakes.meraki_api import KEY, Api, Fault, Spec
from tests.fakes.rdap_registry import Registered
from tests.integration.circuits_station import CircuitsStation
from tests.integration.station import Result

JOB = "meraki-inventory"
SPEC = Spec()
BOOKS = ("ingestion_runs", "meta.ingestion_runs")


@pytest.fixture
def api() -> Iterator[Api]:
    """Twelve appliances, and what else there is."""
    with meraki_api.serving(SPEC) as served:
        yield served


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path: Path, api: Api) -> CircuitsStation:
    """A station on either store that asks the invented API."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return CircuitsStation(tmp_path, url=url, settings=api.settings)


@pytest.fixture
def small(tmp_path: Path, api: Api) -> CircuitsStation:
    """The same with SQLite, where the store does not matter."""
    return CircuitsStation(tmp_path, settings=api.settings)


def night(station: CircuitsStation, *, ago: int = 0, dry_run: bool = False, **options: Any) -> Result:
    day = station.today - timedelta(days=ago)
    return station.here(JOB, lambda run: collect(run, **options), day=day, dry_run=dry_run)


def orders(station: CircuitsStation, made: list[tracking_csv.Row]) -> None:
    station.put(made)
    assert station.here("circuits-import", import_orders).code == 0


def inventory(station: CircuitsStation, columns: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
    return station.query(f"SELECT {columns} FROM meraki_inventory WHERE {where} ORDER BY serial")


def first(api: Api) -> str:
    """The serial of the first appliance of the first organisation."""
    return next(iter(api.organizations[0].uplinks))


def test_the_appliances_become_the_inventory_with_their_lines(station: CircuitsStation, api: Api) -> None:
    serial = first(api)
    device = api.organizations[0].devices[serial]
    device["notes"] = "WAN 1\nAcme\n1G x 1G\nWAN 2\nVZW Cell\nCell"
    uplink = api.organizations[0].uplinks[serial]
    uplink["uplinks"][0].update(ip="192.168.0.2", publicIp="203.0.113.9", status="active", ipAssignedBy="dhcp")
    uplink["uplinks"][1] = {"interface": "cellular", "ip": "10.9.9.9", "status": "ready"}
    api.organizations[0].availabilities[serial]["status"] = "offline"
    assert night(station).code == 0
    assert len(inventory(station, "id")) == SPEC.appliances
    (found,) = inventory(
        station,
        "network_name, organization_id, product_type, mac, firmware, device_notes, wan1_ip, wan1_public_ip, wan1_status, "
        "wan1_assignment, wan1_provider_label, wan1_speed_label, wan2_ip, wan2_status, wan2_provider_label, "
        "wan2_speed_label, ha_role, availability, is_active",
        f"serial = '{serial}'",
    )
    assert found == (
        *(
            tracking_csv.site(0),
            api.organizations[0].id,
            "appliance",
            device["mac"],
            device["firmware"],
            device["notes"],
        ),
        *("192.168.0.2", "203.0.113.9", "active", "dhcp", "Acme", "1000.0M x 1000.0M"),
        *(None, None, "VZW Cell", "Cell", "primary", "offline", True),
    )


def test_one_request_a_list_is_enough(small: CircuitsStation, api: Api) -> None:
    assert night(small).code == 0
    assert [path.partition("?")[0].rpartition("/")[2] for path in api.requests] == [
        *("organizations", "networks", "devices", "statuses", "availabilities"),
    ]
    assert small.runs(JOB)[0].counters["requests"] == 5


def test_a_second_night_writes_nothing(station: CircuitsStation, api: Api) -> None:
    orders(station, tracking_csv.rows(tracking_csv.Spec(circuits=10, oddities=False)))
    assert night(station, ago=1).code == 0
    before = station.dump()
    api.organizations[0].uplinks[first(api)]["lastReportedAt"] = "2026-11-23T00:00:00Z"
    api.changed()
    assert night(station).code == 0
    assert station.dump() == before


def test_a_change_is_written_and_only_that(station: CircuitsStation, api: Api) -> None:
    assert night(station, ago=1).code == 0
    before = dict(inventory(station, "serial, updated_at"))
    ids = inventory(station, "serial, id")
    api.organizations[0].uplinks[first(api)]["uplinks"][1]["status"] = "not connected"
    api.changed()
    assert night(station).code == 0
    after = dict(inventory(station, "serial, updated_at"))
    assert [serial for serial in after if after[serial] != before[serial]] == [first(api)]
    assert inventory(station, "serial, id") == ids
    assert small_counters(station) == (SPEC.appliances, 0, 1, 0)


def small_counters(station: CircuitsStation) -> tuple[Any, ...]:
    counters = station.runs(JOB)[0].counters
    return tuple(counters[name] for name in ("rows", "inserted", "updated", "gone"))


def test_a_device_that_is_gone_is_marked_and_comes_back_as_it_was(station: CircuitsStation, api: Api) -> None:
    assert night(station, ago=2).code == 0
    before = inventory(station, "*")
    organization = api.organizations[0]
    serial = first(api)
    kept = organization.devices[serial], organization.uplinks[serial], organization.availabilities[serial]
    organization.remove(serial)
    api.changed()
    assert night(station, ago=1).code == 0
    assert len(inventory(station, "id")) == SPEC.appliances, "none is deleted"
    gone_since = station.today - timedelta(days=1)
    found = inventory(station, "serial, gone_since", "NOT is_active")
    assert [(name, str(since)) for name, since in found] == [(serial, str(gone_since))]
    assert night(station).code == 0
    assert inventory(station, "serial, gone_since", "NOT is_active") == found, "since the first night without it"
    organization.devices[serial], organization.uplinks[serial], organization.availabilities[serial] = kept
    api.changed()
    assert night(station).code == 0
    assert inventory(station, "gone_since", f"serial = '{serial}'") == [(None,)]
    assert {row[0] for row in inventory(station, "id")} == {row[0] for row in before}


def test_too_many_gone_at_once_are_refused_unless_forced(small: CircuitsStation, api: Api) -> None:
    """An API that has lost a page would otherwise take the stores of that page away (facts 11, 3)."""
    assert night(small, ago=1).code == 0
    before = small.dump()
    for serial in list(api.organizations[0].uplinks)[:3]:
        api.organizations[0].remove(serial)
    api.changed()
    result = night(small)
    assert result.code == 3
    assert "3 of 12 active appliances would be gone, at most 20 % may be" in result.line("ERROR")
    assert small.dump() == before
    assert night(small, dry_run=True, force=True).code == 0
    assert small.dump() == before
    assert night(small, force=True).code == 0
    assert len(inventory(small, "id", "NOT is_active")) == 3


def test_uplinks_that_the_api_has_lost_do_not_empty_the_lines(small: CircuitsStation, api: Api) -> None:
    assert night(small, ago=1).code == 0
    before = small.dump()
    for serial in list(api.organizations[0].uplinks)[:3]:
        del api.organizations[0].uplinks[serial]
    api.changed()
    result = night(small)
    assert result.code == 3
    assert "3 of 12 appliances' uplinks would be gone" in result.line("ERROR")
    assert small.dump() == before


@pytest.mark.parametrize(("part", "fault"), [
    *(("/uplink/", fault) for fault in ("500", "html", "cut", "half", "401", "429 without a word")),
    *((part, "half") for part in ("/networks", "/devices?", "/availabilities", "api/v1/organizations?")),
])  # fmt: skip
def test_an_api_that_fails_loses_nothing_and_is_told(small: CircuitsStation, api: Api, part: str, fault: Fault) -> None:
    """A client that turns a failure into an empty list stores an organisation without devices (facts 11, 4)."""
    assert night(small, ago=1).code == 0
    before = small.dump()
    api.fail(part, fault)
    with quick():
        result = night(small)
    assert result.code in {1, 3}
    assert small.dump() == before
    assert KEY not in result.text
    line = result.line("ERROR")
    assert ("answered 401" in line) is (fault == "401")
    run = small.runs(JOB)[0]
    assert run.outcome == {1: "failed", 3: "refused"}[result.code]


@contextmanager
def quick() -> Iterator[None]:
    """Waits between tries take no time; how long they are is the unit tests' matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ctvpipe.sources.pacing.Patience.wait", lambda *_: 0.0)
        yield


def test_a_key_that_was_revoked_says_so(small: CircuitsStation, api: Api) -> None:
    api.key = "another"
    result = night(small)
    assert result.code == 1
    assert "answered 401 Unauthorized" in result.line("ERROR")
    assert "was revoked" in result.text
    assert len(api.requests) == 1


def test_a_busy_api_is_waited_for(small: CircuitsStation, api: Api) -> None:
    api.fail("/devices?", "429", times=1)
    assert night(small).code == 0
    assert small.runs(JOB)[0].counters["rate_limited"] == 1


@pytest.mark.parametrize("what", ["devices", "networks", "uplinks"])
def test_empty_is_not_success(small: CircuitsStation, api: Api, what: str) -> None:
    getattr(api.organizations[0], what).clear()
    result = night(small)
    assert result.code == 3
    assert "gives no" in result.line("ERROR")


@pytest.mark.parametrize(("wanted", "code"), [
    ("700100", 0), ("Example Stores 1", 0), ("example stores 1", 2), ("700", 2), ("", 2),
])  # fmt: skip
def test_the_organisation_is_chosen_by_id_or_exact_name(small: CircuitsStation, wanted: str, code: int) -> None:
    small.settings["MERAKI_ORGANIZATION"] = wanted
    result = night(small)
    assert result.code == code
    assert code == 0 or "MERAKI_ORGANIZATION" in result.line("ERROR")


def test_config_check_tries_the_key(small: CircuitsStation, api: Api) -> None:
    line = small.run("config", "check", "circuits").line("device API")
    assert (
        "ok       device API: organisations that the key sees: 3; the appliances are those of Example Stores 1" in line
    )
    api.key = "another"
    assert "FAILED   device API" in small.run("config", "check", "circuits").line("answered 401 Unauthorized")


def test_an_answer_of_another_shape_is_refused(small: CircuitsStation, api: Api) -> None:
    assert night(small, ago=1).code == 0
    before = small.dump()
    for broken in ({"serial": first(api), "uplinks": ["wan1"]}, {"serial": first(api), "highAvailability": "spare"}):
        api.organizations[0].uplinks[first(api)] = broken
        api.changed()
        result = night(small)
        assert result.code == 3
        assert "the device API gives" in result.line("ERROR")
    assert small.dump() == before


def test_without_a_key_it_is_skipped(small: CircuitsStation) -> None:
    small.settings["MERAKI_API_KEY"] = ""
    assert night(small).code == 0
    assert small.runs(JOB)[0].outcome == "skipped"


def test_a_dry_run_writes_nothing(station: CircuitsStation) -> None:
    assert night(station, dry_run=True).code == 0
    assert not station.database.exists()
    assert not station.url or station.dump() == {}
    assert night(station).code == 0
    before = station.dump()
    result = night(station, dry_run=True)
    assert "would store 12 appliances: 0 of them new or back; 0 would be gone" in result.text
    assert station.dump() == before


def test_both_stores_hold_the_same_rows(tmp_path: Path, postgres_url: str, api: Api) -> None:
    pair = [
        CircuitsStation(tmp_path / "small", settings=api.settings),
        CircuitsStation(tmp_path / "grown up", url=postgres_url, settings=api.settings),
    ]
    made = tracking_csv.rows(tracking_csv.Spec(circuits=10, oddities=False))
    for station in pair:
        orders(station, made)
    for ago in (2, 1, 0):
        for station in pair:
            assert night(station, ago=ago).code == 0
        small, grown_up = (station.content() for station in pair)
        assert small["meraki_inventory"]
        assert small["new_stores"]
        assert small == grown_up
        api.organizations[0].remove(first(api))
        api.organizations[0].networks[5]["name"] = f"Moved {ago}"
        api.changed()


def stores(station: CircuitsStation) -> list[tuple[Any, ...]]:
    return station.query("SELECT site_name, source, is_active, meraki_network_found FROM new_stores ORDER BY id")


def test_networks_without_a_circuit_are_new_stores_until_they_have_one(station: CircuitsStation, api: Api) -> None:
    """A substring would find ``AAA 01`` in ``AAA 010``; a hub, and a network without an appliance, is no store."""
    networks = api.organizations[0].networks
    networks[0]["name"], networks[1]["name"], networks[2]["name"] = "aaa  01", "AAA 010", "PHX Hub"
    api.organizations[0].devices[list(api.organizations[0].uplinks)[3]]["tags"] = ["LAB"]
    known = [tracking_csv.line(Site_Name=tracking_csv.site(number), Site_ID="") for number in (0, *range(4, 11))]
    orders(station, known)
    assert night(station).code == 0
    assert stores(station) == [("AAA 010", "meraki", True, True), (tracking_csv.site(11), "meraki", True, True)]
    orders(station, [*known, tracking_csv.line(Site_Name="AAA 010", Site_ID="")])
    networks[11]["name"] = "elsewhere, test"
    api.changed()
    assert night(station).code == 0
    assert [row[2] for row in stores(station)] == [False, False]


def test_an_expected_store_is_found_when_its_network_is_there(station: CircuitsStation, api: Api) -> None:
    known = [tracking_csv.line(Site_Name=tracking_csv.site(number), Site_ID="") for number in range(11)]
    orders(station, known)
    station.execute(*(
        "INSERT INTO new_stores (site_name, source, is_active, meraki_network_found, created_at, updated_at) VALUES "
        f"('{name}', 'manual', TRUE, FALSE, '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00')"
        for name in (tracking_csv.site(11).lower(), "ZZZ 99", tracking_csv.site(3))
    ))  # fmt: skip
    assert night(station).code == 0
    assert stores(station) == [
        (tracking_csv.site(11).lower(), "manual", True, True),
        ("ZZZ 99", "manual", True, False),
        (tracking_csv.site(3), "manual", False, True),
    ]


def test_without_circuits_no_store_is_new(small: CircuitsStation) -> None:
    result = night(small)
    assert result.code == 0
    assert "there are no circuits yet" in result.text
    assert stores(small) == []


def lines_at(api: Api, addresses: list[str]) -> None:
    """Give the first appliances these public addresses on their first line, and no second line."""
    for uplink, address in zip(api.organizations[0].uplinks.values(), addresses, strict=False):
        uplink["uplinks"] = [{**uplink["uplinks"][0], "ip": "192.168.0.2", "publicIp": address}]
    api.changed()


def test_registries_say_who_provides_a_line_and_the_notes_are_compared(station: CircuitsStation, api: Api) -> None:
    addresses = ["8.8.8.8", "8.8.9.9", "100.64.0.9", "10.1.2.3"]
    for item, said in zip(api.organizations[0].devices.values(), ("Comcast", "Acme", "Acme", "Acme"), strict=False):
        item["notes"] = f"WAN1: {said} 10M x 1M"
    lines_at(api, addresses)
    with rdap_registry.serving(Registered("8.8.0.0/16", "Acme Telecom LLC")) as registry:
        station.settings |= {"RDAP_URL": registry.url, "RDAP_REQUESTS_PER_SECOND": "1000"}
        assert night(station, ago=1).code == 0
        assert len(registry.requests) == 1, (
            "one answer is good for its whole range; private addresses are not asked for"
        )
        said = station.query(
            "SELECT wan1_public_ip, wan1_arin_provider, wan1_provider_comparison FROM meraki_inventory"
        )
        assert {row[0]: row[1:] for row in said if row[0] in addresses} == {
            "8.8.8.8": ("Acme Telecom LLC", "No match"),
            "8.8.9.9": ("Acme Telecom LLC", "Match"),
            "100.64.0.9": ("CGNAT", None),
            "10.1.2.3": ("Private IP", None),
        }
        before = station.dump()
        registry.behaviours[""] = 500
        assert night(station).code == 0
        assert len(registry.requests) == 1
    assert station.dump() == before


def test_with_the_registries_down_a_line_keeps_its_provider_and_the_run_warns(
    station: CircuitsStation, api: Api
) -> None:
    lines_at(api, ["8.8.8.8"])
    with rdap_registry.serving(Registered("8.8.0.0/16", "Acme Telecom LLC")) as registry, quick():
        station.settings |= {"RDAP_URL": registry.url, "RDAP_REQUESTS_PER_SECOND": "1000"}
        assert night(station, ago=40).code == 0
        station.execute("UPDATE rdap_cache SET last_queried = '2020-01-01 00:00:00'")
        lines_at(api, ["8.8.8.8", "9.9.9.9"])
        registry.behaviours[""] = 503
        assert night(station).code == 0
    found = dict(station.query("SELECT wan1_public_ip, wan1_arin_provider FROM meraki_inventory"))
    assert (found["8.8.8.8"], found["9.9.9.9"]) == ("Acme Telecom LLC", None)
    assert "nobody said who provides 2 addresses" in station.runs(JOB)[0].warnings[0]
