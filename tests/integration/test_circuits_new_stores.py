"""``ctvpipe circuits new-stores`` on both stores (facts 4.3, 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.pipelines.circuits.importing import import_orders
from ctvpipe.pipelines.circuits.meraki import collect
from tests.fakes import meraki_api, tracking_csv
from tests.fakes.meraki_api import Api
from tests.integration.circuits_station import CircuitsStation

LAST = tracking_csv.site(11)


@pytest.fixture
def api() -> Iterator[Api]:
    with meraki_api.serving() as served:
        yield served


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path: Path, api: Api) -> CircuitsStation:
    """A station on either store, with circuits for all networks but the last two."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = CircuitsStation(tmp_path, url=url, settings=api.settings)
    made.put([tracking_csv.line(Site_Name=tracking_csv.site(number), Site_ID="") for number in range(10)])
    assert made.here("circuits-import", import_orders).code == 0
    return made


def listed(station: CircuitsStation, *arguments: str) -> list[dict[str, Any]]:
    result = station.run("circuits", "new-stores", "list", "--json", *arguments)
    return json.loads(result.required("list"))["new_stores"]


def test_a_store_is_expected_found_and_no_longer_new(station: CircuitsStation) -> None:
    assert "There are no new stores." in station.run("circuits", "new-stores", "list").out
    said = station.run(
        *("circuits", "new-stores", "add", f" {LAST.lower()}  ", "--by", "Ann", "--opening", "2027-03-04"),
        *("--city", "Cañon City"),
    )
    assert said.required("add") == f"{LAST.lower()} is expected.\n"
    (before,) = listed(station)
    assert (before["source"], before["target_opening_date"], before["added_by"]) == ("manual", "2027-03-04", "Ann")
    assert "expected" in station.run("circuits", "new-stores", "list").line(LAST.lower())
    assert station.here("meraki-inventory", collect).code == 0
    found = {one["site_name"]: one for one in listed(station)}
    assert found.keys() == {LAST.lower(), tracking_csv.site(10)}
    assert found[LAST.lower()] == {
        **before, "meraki_network_found": True, "meraki_found_date": station.today.isoformat(), "network_id": "N_000011",
    }  # fmt: skip
    assert "no circuit yet" in station.run("circuits", "new-stores", "list").line(LAST.lower())
    station.put([tracking_csv.line(Site_Name=tracking_csv.site(number), Site_ID="") for number in range(12)])
    assert station.here("circuits-import", import_orders).code == 0
    assert station.here("meraki-inventory", collect).code == 0
    assert listed(station) == []
    assert len(listed(station, "--all")) == 2


def test_saying_it_again_changes_only_what_is_said(station: CircuitsStation) -> None:
    add = ("circuits", "new-stores", "add")
    station.run(*add, "XYZ 77", "--by", "Ann", "--region", "West").required("add")
    before = station.dump()
    assert "nothing was changed" in station.run(*add, "xyz  77", "--by", "Bo").required("add")
    assert station.dump() == before
    assert "is noted" in station.run(*add, "xyz 77", "--by", "Bo", "--status", "permit").required("add")
    (one,) = listed(station)
    assert (one["site_name"], one["region"], one["project_status"], one["added_by"]) == (
        "XYZ 77",
        "West",
        "permit",
        "Ann",
    )


@pytest.mark.parametrize(("arguments", "said"), [
    (("XYZ 77", "--by", " "), "--by: a name is wanted"),
    ((" ", "--by", "Ann"), "the name of a site is wanted"),
    (("XYZ 77", "--by", "Ann", "--opening", "TBD"), "'TBD' is not a day"),
])  # fmt: skip
def test_what_makes_no_sense_is_told(station: CircuitsStation, arguments: tuple[str, ...], said: str) -> None:
    before = station.dump()
    result = station.run("circuits", "new-stores", "add", *arguments)
    assert result.code == 2
    assert said in result.err
    assert station.dump() == before
