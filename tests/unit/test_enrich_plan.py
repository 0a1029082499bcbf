"""What is stored of circuits and WANs: one row a circuit, final values, one device a network (facts 6.2 to 6.5)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import enrich_plan, exclusions
from ctvpipe.pipelines.circuits.enrich_plan import CIRCUIT_COLUMNS, WAN_COLUMNS, Plan
from ctvpipe.pipelines.circuits.enrich_reading import Appliance, Confirmation, Facts, StoredCircuit
from ctvpipe.pipelines.circuits.enrich_values import Observed, of_circuit, of_uplink

EXCLUDED = exclusions.Exclusions(*map(exclusions.listed, (exclusions.TAGS, exclusions.NAMES, exclusions.NOTES)))
G = "9.9.9.9"


def circuit(number: int = 1, purpose: str = "Primary", **changes: object) -> StoredCircuit:
    made = StoredCircuit(number, "XYZ 01", purpose, "Enabled", "Comcast", "300.0M x 30.0M", None)
    return made._replace(**changes)  # type: ignore[arg-type]


def device(*uplinks: Observed, **changes: object) -> Appliance:
    first, second = (*uplinks, Observed(), Observed())[:2]
    made = Appliance("Q1", "MX68", "N_1", "XYZ 01", None, None, None, (first, second))
    return made._replace(**changes)  # type: ignore[arg-type]


def planned(*rows: StoredCircuit | Appliance, said: dict[tuple[str, str], Confirmation] | None = None) -> Plan:
    circuits = [row for row in rows if isinstance(row, StoredCircuit)]
    devices = [row for row in rows if isinstance(row, Appliance)]
    return enrich_plan.plan(Facts(circuits, said or {}, devices, 0), enabled=["enabled"], excluded=EXCLUDED)


def circuits_of(plan: Plan) -> list[dict[str, object]]:
    return [dict(zip(CIRCUIT_COLUMNS, row, strict=True)) for row in plan.circuits]


def wans_of(plan: Plan) -> list[dict[str, object]]:
    return [dict(zip(WAN_COLUMNS, row, strict=True)) for row in plan.wans]


@pytest.mark.parametrize(("provider", "speed", "notes", "shown"), [
    ("EB2-Spectrum  Cable", "300.0M x 30.0M", "1.0M x 1.0M", ("EB2-Spectrum  Cable", "300.0M x 30.0M")),
    ("Comcast", None, "300.0M x 30.0M", ("Comcast", "300.0M x 30.0M")),
    ("Comcast", "300.0 M", "300.0M x 30.0M", ("Comcast", "300.0M x 30.0M")),  # half of it was lost
    ("Comcast", "300 x 30", None, ("Comcast", "300 x 30")),
    ("Comcast", "1G x 35M", None, ("Comcast", "1000.0M x 35.0M")),
    ("vzw cell", "10.0M x 1.0M", None, ("vzw cell", "Cell")),
    ("Digi", None, None, ("Digi", "Cell")),
    ("Starlink", "200.0M x 20.0M", None, ("Starlink", "Satellite")),
    ("Space Lines", "Satellite", None, ("Space Lines", "Satellite")),  # the broker's name is shown as it is
    (None, "300.0M x 30.0M", None, (None, "300.0M x 30.0M")),  # and a blank one makes no line cellular
    (None, None, None, (None, None)),
])  # fmt: skip
def test_a_circuit_is_shown_as_the_broker_has_it(
    provider: str | None, speed: str | None, notes: str | None, shown: tuple[str | None, str | None]
) -> None:
    assert of_circuit(provider, speed, notes, "Primary") == (*shown, "Primary")


@pytest.mark.parametrize(("label", "registry", "comparison", "speed", "shown"), [
    ("Spectrum", "Charter Communications", "Match", "300.0M x 30.0M", ("Charter Communications", "300.0M x 30.0M")),
    ("Cox Business", "AT&T", "No match", None, ("Cox Communications", None)),
    ("Spectrum", "Private IP", None, None, ("Charter Communications", None)),
    ("Spectrum", "CGNAT", None, None, ("Charter Communications", None)),
    ("Spectrum", "Unknown", None, None, ("Charter Communications", None)),
    ("Spectrum", None, None, None, ("Charter Communications", None)),
    (None, "Comcast", None, None, ("Comcast", None)),
    (None, "Unknown", None, "5.0M x 1.0M", (None, "5.0M x 1.0M")),
    ("VZG", "Private IP", None, None, ("VZW Cell", "Cell")),
    ("dish", None, None, "Satellite", ("Starlink", "Satellite")),
    (None, None, None, None, (None, None)),
])  # fmt: skip
def test_an_uplink_without_a_circuit_is_shown_by_notes_and_registry(
    label: str | None, registry: str | None, comparison: str | None, speed: str | None,
    shown: tuple[str | None, str | None],
) -> None:  # fmt: skip
    uplink = Observed(arin_provider=registry, provider_label=label, speed_label=speed, provider_comparison=comparison)
    assert of_uplink(uplink, 1) == (*shown, "Primary")
    assert of_uplink(uplink, 2) == (*shown, "Secondary")


def test_a_matched_wan_shows_its_circuit_and_its_role() -> None:
    plan = planned(circuit(7, "Secondary", ip_address=G), device(Observed(ip=G, provider_label="Cox", speed_label="x")))
    (row,) = wans_of(plan)
    assert (row["wan_slot"], row["provider"], row["circuit_role"], row["confirmed"], row["circuit_id"]) == (
        1, "Comcast", "Secondary", True, 7,
    )  # fmt: skip


def test_a_wan_of_which_nothing_is_known_has_no_row() -> None:
    assert [row["wan_slot"] for row in wans_of(planned(device(Observed(), Observed(status="ready"))))] == [2]


@pytest.mark.parametrize("status", ["enabled", " ENABLED ", "Enabled"])
def test_an_enabled_circuit_is_matched(status: str) -> None:
    (row,) = circuits_of(planned(circuit(status=status), device(Observed(provider_label="Comcast"))))
    assert (row["match_method"], row["wan_slot"], row["confirmed"]) == ("provider", 1, True)


@pytest.mark.parametrize("status", ["Enabled/Disconnected", "Ready for Enablement", "Order Canceled", "", None])
def test_any_other_is_kept_and_not_matched(status: str | None) -> None:
    (row,) = circuits_of(planned(circuit(status=status), device(Observed(provider_label="Comcast"))))
    assert (row["match_method"], row["wan_slot"], row["confirmed"], row["status"]) == ("none", None, False, status)
    assert (row["provider"], row["speed"], row["serial"]) == ("Comcast", "300.0M x 30.0M", None)


@pytest.mark.parametrize(("site", "network"), [("XYZ 01 ", "xyz  01"), ("xyz 01", "XYZ 01")])
def test_sites_and_networks_are_compared_without_case_and_blanks(site: str, network: str) -> None:
    plan = planned(circuit(site_name=site), device(Observed(provider_label="Comcast"), network_name=network))
    assert circuits_of(plan)[0]["network_name"] == network


def test_a_store_is_not_another_whose_name_begins_like_it() -> None:
    plan = planned(circuit(site_name="XYZ 1"), device(Observed(provider_label="Comcast"), network_name="XYZ 10"))
    assert plan.counts["wan1"] == 0


@pytest.mark.parametrize("changes", [
    {"device_tags": ["Hub"]}, {"network_name": "XYZ 01 Lab"}, {"device_notes": "this is a Test Site"},
])  # fmt: skip
def test_a_network_that_is_no_store_is_left_out(changes: dict[str, object]) -> None:
    plan = planned(circuit(), device(Observed(provider_label="Comcast"), **changes))
    assert (plan.counts["excluded"], plan.counts["networks"], plan.wans) == (1, 0, [])


def test_tags_of_either_device_of_a_pair_count() -> None:
    spare = device(serial="Q2", device_tags=["voice"])
    assert planned(device(Observed(ip=G)), spare).wans == []


@pytest.mark.parametrize("others", [
    {"serial": "Q0", "ha_role": "spare"}, {"serial": "Q2"}, {"serial": "Q0", "model": "Z3"},
])  # fmt: skip
def test_one_device_stands_for_its_network(others: dict[str, object]) -> None:
    mine = device(Observed(ip=G), ha_role="primary" if "ha_role" in others else None)
    for pair in ((mine, device(Observed(ip="8.8.8.8"), **others)), (device(Observed(ip="8.8.8.8"), **others), mine)):
        assert [row["serial"] for row in wans_of(planned(*pair))] == ["Q1"]


def test_a_confirmed_value_wins_and_what_was_not_confirmed_stays() -> None:
    key = ("XYZ 01", "Primary")
    plan = planned(circuit(), device(Observed(provider_label="Cox")), said={key: Confirmation(provider="Cox")})
    (row,) = circuits_of(plan)
    assert (row["provider"], row["speed"], row["match_method"]) == ("Cox", "300.0M x 30.0M", "provider")
    plan = planned(circuit(provider="Digi"), said={key: Confirmation(speed="5.0M x 1.0M", wan_slot=2)})
    (row,) = circuits_of(plan)
    assert (row["provider"], row["speed"], row["wan_slot"], row["confirmed"]) == ("Digi", "5.0M x 1.0M", 2, True)


names = st.sampled_from([None, "Comcast", "Cox Business", "VZW Cell", "Starlink", "Private IP"])
uplinks = st.builds(Observed, ip=st.sampled_from([None, G, "10.0.0.1"]), provider_label=names, arin_provider=names)
stored = st.lists(
    st.tuples(
        st.sampled_from(["XYZ 01", "XYZ 02", "xyz 01"]), st.sampled_from(["Primary", "Secondary"]),
        st.sampled_from(["Enabled", "Jeopardy", None]), names, st.sampled_from([None, "Cell", "5.0M x 1.0M"]),
        st.sampled_from([None, G]),
    ),
    max_size=6, unique_by=lambda row: row[:2],
).map(lambda rows: [StoredCircuit(number, *row) for number, row in enumerate(rows)])  # fmt: skip
found = st.lists(
    st.tuples(st.sampled_from(["Q1", "Q2", "Q3", "Q4"]), st.sampled_from([("N_1", "XYZ 01"), ("N_2", "XYZ 02")]),
              st.sampled_from([None, "primary", "spare"]), uplinks, uplinks),
    max_size=4, unique_by=lambda row: row[0],
).map(lambda rows: [device(a, b, serial=serial, network_id=net[0], network_name=net[1], ha_role=role)
                    for serial, net, role, a, b in rows])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(stored, found, st.randoms(use_true_random=False))
def test_every_circuit_has_one_row_whatever_the_order(
    circuits: list[StoredCircuit], devices: list[Appliance], random: Random
) -> None:
    plan = planned(*circuits, *devices)
    assert sorted(row[0] for row in plan.circuits) == sorted(one.id for one in circuits)
    keys = [row[:2] for row in plan.wans]
    assert len(set(keys)) == len(keys)
    on_wan = {row["circuit_id"] for row in wans_of(plan)} - {None}
    assert on_wan == {row["circuit_id"] for row in circuits_of(plan) if row["serial"]}
    random.shuffle(circuits)
    random.shuffle(devices)
    again = planned(*circuits, *devices)
    assert sorted(again.circuits) == sorted(plan.circuits, key=lambda row: row[0])
    assert sorted(again.wans, key=repr) == sorted(plan.wans, key=repr)
