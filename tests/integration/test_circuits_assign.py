"""``ctvpipe circuits assign``: who is to enable a circuit, on both stores."""

from __future__ import annotations

import json

import pytest

from tests.integration.circuits_rows import insert
from tests.integration.circuits_station import CircuitsStation
from tests.integration.station import Result

ROWS = "SELECT site_name, circuit_purpose, site_id, sctask, assigned_to, status, created_by, updated_by FROM circuit_assignments ORDER BY id"


@pytest.fixture
def station(any_circuits: CircuitsStation) -> CircuitsStation:
    """Two circuits of one site."""
    insert(any_circuits, [{"site_id": "XYZ 01"}, {"circuit_purpose": "Secondary", "site_id": "XYZ 01 -B"}])
    return any_circuits


def assign(station: CircuitsStation, *arguments: str) -> Result:
    return station.run("circuits", "assign", *arguments)


def listed(station: CircuitsStation, *arguments: str) -> list[tuple[str, str | None, str]]:
    found = json.loads(station.run("circuits", "assignments", "--json", *arguments).out)
    return [(one["site_name"], one["circuit_purpose"], one["assigned_to"]) for one in found["assignments"]]


def test_a_site_and_each_of_its_circuits_can_be_assigned_and_closed(station: CircuitsStation) -> None:
    assert "Nothing is assigned." in station.run("circuits", "assignments").out
    assert assign(station, " xyz  01", "--to", " Ann  Example", "--by", "Eve").out == (
        "XYZ 01 is assigned to Ann Example.\n"
    )
    assert assign(station, "XYZ 01", "secondary", "--to", "Bob", "--by", "Eve", "--sctask", "T1").code == 0
    assert assign(station, "XYZ 01", "Secondary", "--to", "Cid", "--by", "Eve").code == 0
    assert station.query(ROWS) == [
        ("XYZ 01", "", None, "", "Ann Example", "active", "Eve", "Eve"),
        ("XYZ 01", "Secondary", "XYZ 01 -B", "T1", "Bob", "active", "Eve", "Eve"),
        ("XYZ 01", "Secondary", "XYZ 01 -B", "", "Cid", "active", "Eve", "Eve"),
    ]
    assert "Ann Example" in station.run("circuits", "assignments").line("(all)")
    closed = assign(station, "XYZ 01", "Secondary", "--close", "--by", "Fay")
    assert closed.out == "XYZ 01 Secondary is no longer assigned to Bob, Cid.\n"
    assert listed(station) == [("XYZ 01", None, "Ann Example")]
    assert len(listed(station, "--all")) == 3
    assert {row[-1] for row in station.query(ROWS)} == {"Eve", "Fay"}


def test_assigning_again_replaces_and_the_same_changes_nothing(station: CircuitsStation) -> None:
    for task in ("T1", "T2"):
        assert assign(station, "XYZ 01", "Primary", "--to", "Ann", "--by", "Eve", "--sctask", task).code == 0
    before = station.dump()
    again = assign(station, "XYZ 01", "Primary", "--to", "Ann", "--by", "Fay", "--sctask", "T1")
    assert "already; nothing was changed" in again.out
    assert station.dump() == before
    replaced = assign(station, "XYZ 01", "Primary", "--to", "Bob", "--by", "Fay", "--sctask", "T1")
    assert "This replaces Ann." in replaced.out
    assert assign(station, "XYZ 01", "Primary", "--close", "--by", "Fay", "--sctask", "T1").code == 0
    assert listed(station) == [("XYZ 01", "Primary", "Ann")]
    anew = assign(station, "XYZ 01", "Primary", "--to", "Bob", "--by", "Gus", "--sctask", "T1")
    assert anew.out == "XYZ 01 Primary is assigned to Bob.\n"
    assert station.query("SELECT count(*) FROM circuit_assignments") == [(2,)]


@pytest.mark.parametrize(("arguments", "says"), [
    (("XYZ 09", "--to", "Ann", "--by", "Eve"), "there is no circuit of the site 'XYZ 09'"),
    (("XYZ 01", "Guest", "--to", "Ann", "--by", "Eve"), "XYZ 01 has no circuit 'Guest'\nIt has: Primary, Secondary."),
    (("XYZ 01", "--by", "Eve"), "one of --to NAME and --close is wanted"),
    (("XYZ 01", "--to", "Ann", "--close", "--by", "Eve"), "one of --to NAME and --close is wanted"),
    (("XYZ 01", "--to", "Ann", "--by", " "), "--by: a name is wanted"),
    (("XYZ 01", "--close", "--by", "Eve"), "XYZ 01 is not assigned"),
])  # fmt: skip
def test_what_cannot_be_assigned_is_said_and_nothing_is_changed(
    station: CircuitsStation, arguments: tuple[str, ...], says: str
) -> None:
    before = station.dump()
    result = assign(station, *arguments)
    assert result.code == 2
    assert says in result.err
    assert station.dump() == before
