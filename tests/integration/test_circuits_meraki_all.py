"""The inventory of all organisations against the invented device API, on both stores (facts 5, 11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.pipelines.circuits.meraki_all import collect
from tests.fakes import meraki_api
from tests.fakes.meraki_api import KEY, Api, Fault, Spec
from tests.integration.circuits_station import CircuitsStation
from tests.integration.station import Result
from tests.integration.test_circuits_meraki import quick

JOB = "meraki-inventory-all"
SPEC = Spec(devices=130)


@pytest.fixture
def api() -> Iterator[Api]:
    """A hundred and thirty devices of three organisations."""
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


def devices(station: CircuitsStation, columns: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
    return station.query(f"SELECT {columns} FROM inventory_devices WHERE {where} ORDER BY serial")


def counts(station: CircuitsStation) -> dict[str, int]:
    return dict(
        station.query(
            "SELECT organization_id, count(*) FROM inventory_devices WHERE is_active GROUP BY organization_id"
        )
    )


def test_devices_and_stock_are_one_inventory(station: CircuitsStation, api: Api) -> None:
    """The inventory's own list has no notes, address and firmware: taken alone, they would stay empty (facts 5)."""
    organization = api.organizations[0]
    serial = next(iter(organization.uplinks))
    organization.devices[serial].update(notes="by the\n door", lanIp="10.0.0.7", firmware="wired-1", tags=["a", "b"])
    organization.stock[serial].update(name="an older name", model=" mx67 ")
    organization.devices[serial]["model"] = "mx67 "
    assert night(station).code == 0
    assert len(devices(station, "id")) == SPEC.devices
    columns = "model, organization, network_name, notes, lan_ip, firmware, name, details, tags, is_active"
    (found,) = devices(station, columns, f"serial = '{serial}'")
    details, tags = (json.loads(value) if isinstance(value, str) else value for value in found[7:9])
    expected = ("MX67", "Example Stores 1", "AAA 01", "by the\n door", "10.0.0.7", "wired-1", "AAA 01 MX")
    assert (*found[:7], found[9]) == (*expected, True)
    assert tags == ["a", "b"]
    assert details["countryCode"] == "US"
    unassigned = sum(item["networkId"] is None for each in api.organizations for item in each.stock.values())
    assert len(devices(station, "id", "network_name = 'Unassigned' AND network_id IS NULL")) == unassigned > 0


def test_a_second_night_writes_nothing_and_a_change_only_itself(station: CircuitsStation, api: Api) -> None:
    assert night(station, ago=2).code == 0
    before = station.dump()
    assert night(station, ago=1).code == 0
    assert station.dump() == before
    serial = next(iter(api.organizations[1].devices))
    stamps = dict(devices(station, "serial, updated_at"))
    api.organizations[1].devices[serial]["firmware"] = "newer"
    api.changed()
    assert night(station).code == 0
    assert [name for name, at in devices(station, "serial, updated_at") if stamps[name] != at] == [serial]


@pytest.mark.parametrize("fault", ["500", "html", "half", "401", "429 without a word"])
def test_an_organisation_that_fails_keeps_its_devices_and_the_others_go_on(
    small: CircuitsStation, api: Api, fault: Fault
) -> None:
    """Emptying the table first, and leaving a failing organisation out, deletes all of its devices (facts 11, 3)."""
    assert night(small, ago=1).code == 0
    before = counts(small)
    first, second, third = api.organizations
    gone, new = next(iter(third.devices)), {**next(iter(first.devices.values())), "serial": "Q2NEW"}
    third.remove(gone)
    second.remove(next(iter(second.devices)))
    first.devices["Q2NEW"] = new
    api.changed()
    api.fail(f"{second.id}/inventory", fault)
    with quick():
        result = night(small)
    assert result.code == 4
    assert f"organisation {second.id} keeps the devices it had" in result.text
    assert KEY not in result.text
    assert counts(small) == {
        first.id: before[first.id] + 1,
        second.id: before[second.id],
        third.id: before[third.id] - 1,
    }
    assert devices(small, "serial", "NOT is_active") == [(gone,)]
    assert small.runs(JOB)[0].outcome == "partial"


def test_with_all_organisations_down_it_has_failed_and_nothing_is_lost(small: CircuitsStation, api: Api) -> None:
    assert night(small, ago=1).code == 0
    before = small.dump()
    api.fail("/networks", "500")
    with quick():
        result = night(small)
    assert result.code == 1
    assert "none of 3 organisations could be collected" in result.line("ERROR: meraki-inventory-all")
    assert small.dump() == before


def test_a_revoked_key_fails_at_the_first_request(small: CircuitsStation, api: Api) -> None:
    assert night(small, ago=1).code == 0
    before = small.dump()
    api.key, asked = "another", len(api.requests)
    result = night(small)
    assert result.code == 1
    assert "answered 401" in result.line("ERROR")
    assert len(api.requests) == asked + 1
    assert small.dump() == before


def test_an_organisation_that_has_lost_too_much_is_refused_unless_forced(small: CircuitsStation, api: Api) -> None:
    assert night(small, ago=1).code == 0
    before = counts(small)
    for serial in list(api.organizations[1].stock)[:5]:
        api.organizations[1].remove(serial)
    api.changed()
    result = night(small)
    assert result.code == 4
    assert "5 of 14 active devices would be gone" in result.text
    assert counts(small) == before
    assert night(small, force=True).code == 0
    assert counts(small)[api.organizations[1].id] == before[api.organizations[1].id] - 5


def test_an_organisation_that_keeps_the_api_to_itself_is_left_alone(small: CircuitsStation, api: Api) -> None:
    assert night(small, ago=1).code == 0
    before = small.dump()
    original = api.answer

    def closed(path: str, query: dict[str, list[str]]) -> Any:
        items = original(path, query)
        if path == "organizations":
            items[2]["api"] = {"enabled": False}
            del items[1]
        return items

    api.answer = closed  # type: ignore[method-assign]
    api.changed()
    result = night(small)
    assert result.code == 0
    assert small.dump() == before
    assert "the key no longer sees 1 organisations" in result.text


def test_a_moved_device_is_where_its_network_is(station: CircuitsStation, api: Api) -> None:
    first, second, third = api.organizations
    moved, stocked = list(first.devices)[-2:]
    for serial in (moved, stocked):
        second.stock[serial] = dict(first.stock[serial])
        third.stock[serial] = {**first.stock[serial], "networkId": None}
        del first.devices[serial]
        first.stock[serial]["networkId"] = None
    second.stock[stocked]["networkId"] = None
    second.devices[moved] = {**next(iter(second.devices.values())), "serial": moved}
    assert night(station, ago=1).code == 0
    where = dict(devices(station, "serial, organization_id"))
    assert where[moved] == second.id
    assert where[stocked] == third.id
    api.fail(f"{second.id}/networks", "500")
    with quick():
        assert night(station).code == 4
    assert dict(devices(station, "serial, organization_id", "is_active"))[moved] == second.id


def summary(station: CircuitsStation) -> dict[str, tuple[Any, ...]]:
    rows = station.query(
        "SELECT model, total_count, org_counts, end_of_sale, end_of_support, highlight FROM inventory_summary"
    )
    return {
        model: (total, json.loads(each) if isinstance(each, str) else each, sale and str(sale), end and str(end), mark)
        for model, total, each, sale, end, mark in rows
    }


def test_the_summary_counts_models_and_knows_their_end(station: CircuitsStation, api: Api, tmp_path: Path) -> None:
    """A plain prefix would give the dates of MX67 to MX67C-NA (facts 5)."""
    first, second, _ = api.organizations
    for organization in api.organizations:
        for serial in list(organization.stock):
            organization.remove(serial)
    models = ("MX67", "MX67C-NA", "MS220-8LP", "MR36-HW", "MV2", "MX84")
    for number, model in enumerate(models):
        serial = f"Q2XX-0000-{number:04d}"
        owner = second if number % 2 else first
        owner.stock[serial] = {"serial": serial, "model": model, "networkId": None}
    first.stock["Q2XX-0000-0000"]["eox"] = {"status": "endOfSale", "endOfSaleAt": "2031-01-01T00:00:00Z"}
    first.stock["Q2XX-0000-0004"]["eox"] = {"endOfSaleAt": "2020-05-06", "endOfSupportAt": "2090-01-01T00:00:00Z"}
    second.stock["Q2XX-0000-0099"] = {"serial": "Q2XX-0000-0099", "model": "MX67", "networkId": None}
    path = tmp_path / "lifecycle.csv"
    path.write_text(
        'model,announcement_date,end_of_sale,end_of_support\nMX67,,2020-01-01,\nMS220-8,,"September 21, 2018",'
        '"Sep 21, 2025"\nMR36,2024-01-01,,2090-02-03\n'
    )
    station.settings["MERAKI_LIFECYCLE_FILE"] = str(path)
    assert night(station).code == 0
    names = first.name, second.name
    assert summary(station) == {
        "MX67": (2, {names[0]: 1, names[1]: 1}, "2020-01-01", None, "eos"),
        "MX67C-NA": (1, {names[1]: 1}, None, None, None),
        "MS220-8LP": (1, {names[0]: 1}, "2018-09-21", "2025-09-21", "eol"),
        "MR36-HW": (1, {names[1]: 1}, None, "2090-02-03", None),
        "MV2": (1, {names[0]: 1}, "2020-05-06", "2090-01-01", "eos"),
        "MX84": (1, {names[1]: 1}, None, None, None),
    }
    second.stock.pop("Q2XX-0000-0099")
    api.changed()
    assert night(station, force=True).code == 0
    assert summary(station)["MX67"][:2] == (1, {names[0]: 1})


@pytest.mark.parametrize(("text", "said"), [
    ("modell\nMX67\n", "has no column model"),
    ("model,end_of_sale\nMX67,soon\n", "line 2"),
    (None, "cannot read"),
])  # fmt: skip
def test_a_file_of_dates_that_cannot_be_read_is_told(
    small: CircuitsStation, tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "lifecycle.csv"
    if text is not None:
        path.write_text(text)
    small.settings["MERAKI_LIFECYCLE_FILE"] = str(path)
    result = night(small)
    assert result.code == 2
    assert said in result.line("ERROR")


def test_without_a_key_it_is_skipped(small: CircuitsStation) -> None:
    small.settings["MERAKI_API_KEY"] = ""
    assert night(small).code == 0
    assert small.runs(JOB)[0].outcome == "skipped"


def test_a_dry_run_writes_nothing(small: CircuitsStation) -> None:
    assert night(small, dry_run=True).code == 0
    assert not small.database.exists()
    assert night(small).code == 0
    before = small.dump()
    assert "would store 130 devices of 3 organisations: 0 of them new" in night(small, dry_run=True).text
    assert small.dump() == before


def test_both_stores_hold_the_same_rows(tmp_path: Path, postgres_url: str, api: Api) -> None:
    pair = [
        CircuitsStation(tmp_path / "small", settings=api.settings),
        CircuitsStation(tmp_path / "grown up", url=postgres_url, settings=api.settings),
    ]
    for ago in (2, 1, 0):
        for station in pair:
            assert night(station, ago=ago).code == 0
        small, grown_up = (station.content() for station in pair)
        assert small["inventory_devices"]
        assert small["inventory_summary"]
        assert small == grown_up
        api.organizations[0].remove(next(iter(api.organizations[0].devices)))
        api.organizations[1].devices[next(iter(api.organizations[1].devices))]["tags"] = [f"night {ago}"]
        api.changed()
