"""People's commands on what the import brings: overriding a circuit, looking at orders that clash."""

from __future__ import annotations

import json

import pytest

from ctvpipe.pipelines.circuits.importing import import_orders
from tests.fakes.tracking_csv import line
from tests.integration.circuits_station import CircuitsStation

JOB = "circuits-import"
COLUMNS = "status, manual_override_by, manual_override_date IS NOT NULL"


@pytest.fixture
def station(any_circuits: CircuitsStation) -> CircuitsStation:
    """Two circuits of one site, one of which two orders claim."""
    pair = [line(), line(Circuit_Purpose="Secondary", Site_ID="XYZ 01 -B"), line(status="Jeopardy", record_number="A2")]
    any_circuits.put(pair)
    assert any_circuits.here(JOB, import_orders).code == 0
    return any_circuits


def circuit(station: CircuitsStation, purpose: str = "Primary") -> tuple[str, str | None, bool]:
    sql = f"SELECT {COLUMNS} FROM circuits WHERE circuit_purpose = '{purpose}' AND site_name = 'XYZ 01'"
    ((status, by, dated),) = station.query(sql)
    return status, by, bool(dated)


def test_an_override_holds_until_it_is_taken_off(station: CircuitsStation) -> None:
    out = station.run(
        "circuits", "override", "xyz  01", "primary", "--by", "A. Example", "--status", "Order Placed"
    ).out
    assert "XYZ 01 Primary is overridden" in out
    assert "Its status is Order Placed now; it was Enabled." in out
    assert circuit(station) == ("Order Placed", "A. Example", True)
    assert circuit(station, "Secondary") == ("Enabled", None, False)
    assert station.here(JOB, import_orders).code == 0
    assert circuit(station) == ("Order Placed", "A. Example", True)
    found = json.loads(station.run("circuits", "overrides", "--json").out)["overrides"]
    assert [(one["site_name"], one["by"]) for one in found] == [("XYZ 01", "A. Example")]
    assert "nothing was changed" in station.run("circuits", "override", "XYZ 01", "Primary", "--by", "A. Example").out
    assert "no longer overridden" in station.run("circuits", "override", "XYZ 01", "Primary", "--clear").out
    assert circuit(station) == ("Order Placed", None, False)
    assert station.here(JOB, import_orders).code == 0
    assert circuit(station) == ("Enabled", None, False)


@pytest.mark.parametrize(("arguments", "says"), [
    (("XYZ 01", "Primary"), "--by: a name is wanted"),
    (("XYZ 01", "Primary", "--by", "A", "--clear"), "--clear goes alone"),
    (("XYZ 02", "Primary", "--by", "A"), "there is no circuit of the site 'XYZ 02'"),
    (("XYZ 01", "Guest", "--by", "A"), "XYZ 01 has no circuit 'Guest'\nIt has: Primary, Secondary."),
])  # fmt: skip
def test_what_cannot_be_overridden_is_said_and_nothing_is_changed(
    station: CircuitsStation, arguments: tuple[str, ...], says: str
) -> None:
    before = station.dump()
    result = station.run("circuits", "override", *arguments)
    assert result.code == 2
    assert says in result.err
    assert station.dump() == before


def test_orders_that_clash_are_listed(station: CircuitsStation) -> None:
    lines = station.run("circuits", "conflicts").out.splitlines()
    assert lines[1].split() == [
        "XYZ",
        "01",
        "Primary",
        "Enabled",
        "ACMEXYZ0123456789_BR",
        "Jeopardy",
        "A2",
        "Charter",
        "Communications",
    ]
    (one,) = json.loads(station.run("circuits", "conflicts", "--json").out)["conflicts"]
    assert (one["status"], one["winner_status"], one["position"]) == ("Jeopardy", "Enabled", 1)
    assert one["details"]["speed"] == "300.0M x 30.0M"
    station.put([line(), line(Circuit_Purpose="Secondary")])
    assert station.here(JOB, import_orders).code == 0
    assert station.run("circuits", "conflicts").out == "No two orders claim the same circuit.\n"
    assert station.run("circuits", "overrides").out == "No circuit is overridden.\n"
