"""What people confirm of circuits: kept apart, in force from the next enrichment on, and taken back by nobody else."""

from __future__ import annotations

import json

import pytest

from tests.fakes.tracking_csv import line
from tests.integration.enrich_station import INVENTORY, EnrichStation, appliance
from tests.integration.station import Result

SECONDARY = line(Circuit_Purpose="Secondary", Site_ID="XYZ 01 -B")


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EnrichStation:
    """Two circuits of one store, and its appliance."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = EnrichStation(tmp_path_factory.mktemp("confirm"), url=url)
    made.imported([line(), SECONDARY])
    made.found(appliance(wan1_ip="192.168.1.2", wan2_ip="192.168.2.2"))
    return made


def confirm(station: EnrichStation, *words: str) -> Result:
    return station.run("circuits", "confirm", *words)


def stored(station: EnrichStation) -> list[tuple[object, ...]]:
    return station.query(
        "SELECT site_name, circuit_purpose, provider, speed, wan_slot, confirmed_by, notes FROM circuit_confirmations"
    )


def test_what_is_confirmed_is_shown_and_what_is_taken_back_is_not(station: EnrichStation) -> None:
    said = confirm(
        station, "xyz  01", "primary", "--provider", "Example  Fiber", "--speed", "1G x 35M", "--by", "A. B."
    )
    assert said.required("confirm").splitlines()[0] == ("XYZ 01 Primary is confirmed: Example Fiber, 1000.0M x 35.0M.")
    said = confirm(station, "XYZ 01", "Primary", "--slot", "2", "--note", "seen on site", "--by", "C. D.")
    assert "Example Fiber, 1000.0M x 35.0M, WAN 2" in said.required("confirm"), "what was confirmed before stays"
    assert stored(station) == [("XYZ 01", "Primary", "Example Fiber", "1000.0M x 35.0M", 2, "C. D.", "seen on site")]
    assert station.enrich().code == 0
    shown = "provider, speed, wan_slot, match_method"
    mine = "circuit_purpose = 'Primary'"
    assert station.enriched(shown, mine) == [("Example Fiber", "1000.0M x 35.0M", 2, "person")]
    (listed,) = json.loads(station.run("circuits", "confirmations", "--json").out)["confirmations"]
    assert (listed["site_name"], listed["wan_slot"], listed["confirmed_by"]) == ("XYZ 01", 2, "C. D.")
    assert "Example Fiber" in station.run("circuits", "confirmations").required("confirmations")

    assert "nothing is confirmed any more" in confirm(station, "XYZ 01", "Primary", "--clear").required("clear")
    assert "nothing was confirmed" in confirm(station, "XYZ 01", "Primary", "--clear").required("clear")
    assert station.run("circuits", "confirmations").required("confirmations") == "Nothing is confirmed.\n"
    assert station.enrich().code == 0
    assert station.enriched(shown, mine) == [("Charter Communications", "300.0M x 30.0M", None, "none")]


def test_confirming_the_same_again_writes_nothing(station: EnrichStation) -> None:
    words = ("XYZ 01", "Primary", "--speed", "cell", "--by", "A. B.")
    confirm(station, *words).required("confirm")
    before = station.dump()
    assert "is confirmed already: Cell." in confirm(station, *words).required("confirm")
    assert station.dump() == before


def test_two_circuits_of_a_store_cannot_both_be_on_one_wan(station: EnrichStation) -> None:
    confirm(station, "XYZ 01", "Primary", "--slot", "1", "--by", "A. B.").required("confirm")
    before = stored(station)
    result = confirm(station, "XYZ 01", "Secondary", "--slot", "1", "--by", "C. D.")
    assert result.code == 3
    assert "XYZ 01 Primary is confirmed to be on WAN 1 by A. B." in result.text
    assert stored(station) == before
    confirm(station, "XYZ 01", "Secondary", "--slot", "2", "--by", "C. D.").required("confirm")


def test_one_that_outlived_its_circuit_can_be_taken_back(station: EnrichStation) -> None:
    confirm(station, "XYZ 01", "Secondary", "--speed", "Cell", "--by", "A. B.").required("confirm")
    station.execute("DELETE FROM circuits WHERE circuit_purpose = 'Secondary'")
    station.recorded(INVENTORY)
    assert station.enrich().code == 0
    assert len(stored(station)) == 1
    confirm(station, "XYZ 01", "Secondary", "--clear").required("clear")
    assert stored(station) == []


@pytest.mark.parametrize(("words", "text"), [
    (("XYZ 01", "Primary", "--by", "A. B."), "there is nothing to confirm"),
    (("XYZ 01", "Primary", "--speed", "300 x 30", "--by", "A. B."), "'300 x 30' is no speed"),
    (("XYZ 01", "Primary", "--provider", "X"), "--by: a name is wanted"),
    (("XYZ 01", "Primary", "--clear", "--by", "A. B."), "--clear goes alone"),
    (("XYZ 01", "Guest", "--provider", "X", "--by", "A. B."), "XYZ 01 has no circuit 'Guest'"),
    (("ABC 01", "Primary", "--provider", "X", "--by", "A. B."), "there is no circuit of the site 'ABC 01'"),
    (("XYZ 01", " ", "--provider", "X", "--by", "A. B."), "one circuit of the site is wanted"),
])  # fmt: skip
def test_what_cannot_be_confirmed_is_said(
    tmp_path_factory: pytest.TempPathFactory, words: tuple[str, ...], text: str
) -> None:
    station = EnrichStation(tmp_path_factory.mktemp("confirm"))
    station.imported([line()])
    result = confirm(station, *words)
    assert result.code == 2
    assert text in result.text
    assert stored(station) == []
