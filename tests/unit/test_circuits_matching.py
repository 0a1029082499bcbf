"""Circuits and WANs are matched one to one, the best evidence first, whatever the order of rows (facts 6.3)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import addresses
from ctvpipe.pipelines.circuits.matching import IP, PERSON, PROVIDER, Circuit, Match, Wan, match

# Routable, of blocks that belong to registries' and operators' public services.
G1, G2 = "8.8.8.8", "9.9.9.9"
NOT_ROUTABLE = ["10.1.2.3", "192.168.0.1", "100.64.1.1", "169.254.1.1", "127.0.0.1", "192.0.2.7", "203.0.113.9", ""]
PRIMARY = Circuit(1, "xyz 01", "XYZ 01", "Primary", True, "Comcast")
SECONDARY = Circuit(2, "xyz 01", "XYZ 01", "Secondary", True, "Verizon Business")
WAN1, WAN2 = Wan("N_1", "xyz 01", 1), Wan("N_1", "xyz 01", 2)


def found(*rows: Circuit | Wan) -> dict[int, tuple[int, str]]:
    """Slot and method by the circuit's number."""
    return {number: (each.wan.slot, each.method) for number, each in matched(*rows).items()}


def matched(*rows: Circuit | Wan) -> dict[int, Match]:
    return match([row for row in rows if isinstance(row, Circuit)], [row for row in rows if isinstance(row, Wan)])


def test_an_equal_address_decides_whatever_the_providers_say() -> None:
    here, there = replace(PRIMARY, ip=G1), replace(SECONDARY, ip=G2)
    one = replace(WAN1, ip=G2, label="Comcast")
    two = replace(WAN2, ip="10.0.0.2", public_ip=G1, label="Verizon Business")
    assert found(here, there, one, two) == {1: (2, IP), 2: (1, IP)}
    assert {each.is_flipped for each in matched(here, there, one, two).values()} == {True}


def test_a_secondary_alone_on_the_first_wan_is_no_swap() -> None:
    (only,) = matched(replace(SECONDARY, ip=G1), replace(WAN1, ip=G1), WAN2).values()
    assert (only.wan.slot, only.is_flipped) == (1, False)


def test_the_address_of_one_slot_leaves_the_other_to_the_provider() -> None:
    both = replace(SECONDARY, provider="Comcast", ip=G1)
    one = replace(WAN1, ip=G1, label="Comcast")
    two = replace(WAN2, registry="Comcast Cable Communications, LLC")
    assert found(PRIMARY, both, one, two) == {2: (1, IP), 1: (2, PROVIDER)}


@pytest.mark.parametrize("ip", NOT_ROUTABLE)
def test_an_address_that_is_not_global_matches_nothing(ip: str) -> None:
    assert found(replace(PRIMARY, ip=ip), replace(WAN1, ip=ip, public_ip=ip)) == {}


def test_no_address_is_not_the_same_as_no_address() -> None:
    assert found(PRIMARY, WAN1, WAN2) == {}


def test_equal_providers_go_where_they_usually_are() -> None:
    same = replace(SECONDARY, provider="Comcast")
    one, two = replace(WAN1, label="Comcast"), replace(WAN2, label="Comcast Workplace")
    assert found(same, PRIMARY, two, one) == {1: (1, PROVIDER), 2: (2, PROVIDER)}


def test_the_notes_come_before_the_registry_and_an_equal_name_before_one_that_is_alike() -> None:
    one = replace(WAN1, label="Verizon Business", registry="Comcast")
    two = replace(WAN2, registry="Comcast")
    assert found(PRIMARY, SECONDARY, one, two) == {1: (2, PROVIDER), 2: (1, PROVIDER)}
    alike = replace(PRIMARY, provider="Quartzline Bay")
    assert found(alike, replace(WAN1, label="Quartzline")) == {1: (1, PROVIDER)}
    exact = replace(SECONDARY, provider="Quartzline Networks")
    assert found(alike, exact, replace(WAN1, label="Quartzline")) == {2: (1, PROVIDER)}


@pytest.mark.parametrize(("purpose", "slot"), [("Primary", 1), ("Secondary", 2)])
@pytest.mark.parametrize("other", ["Backup", "Guest", "Tertiary"])
def test_the_usual_circuit_of_a_slot_comes_before_any_other(purpose: str, slot: int, other: str) -> None:
    usual, strange = replace(PRIMARY, purpose=purpose), replace(PRIMARY, number=2, purpose=other)
    assert found(strange, usual, replace(WAN1, slot=slot, label="Comcast")) == {1: (slot, PROVIDER)}


def test_of_two_that_people_put_on_one_wan_the_enabled_one_is_there() -> None:
    live, gone = replace(SECONDARY, slot=1), replace(PRIMARY, slot=1, is_enabled=False)
    assert found(gone, live, WAN1, WAN2) == {2: (1, PERSON)}


@pytest.mark.parametrize(("provider", "label"), [("Frontier", "Charter"), ("EarthLink", "Starlink"), ("Ritter", "Cox")])
def test_other_providers_do_not_match(provider: str, label: str) -> None:
    assert found(replace(PRIMARY, provider=provider), replace(WAN1, label=label, registry=label)) == {}


@pytest.mark.parametrize("changes", [{"is_enabled": False}, {"provider": None}, {"provider": ""}, {"site": "xyz 1"}])
def test_what_is_no_candidate_takes_no_wan(changes: dict[str, object]) -> None:
    other = replace(PRIMARY, ip=G1, **changes)  # type: ignore[arg-type]
    assert found(other, replace(WAN1, ip=G1, label="Comcast")) == {}


def test_a_persons_word_comes_first_even_for_one_that_is_not_enabled() -> None:
    said = replace(SECONDARY, slot=1, is_enabled=False, provider=None)
    one, two = replace(WAN1, ip=G1, label="Comcast"), replace(WAN2, label="Comcast")
    assert found(said, replace(PRIMARY, ip=G1), one, two) == {2: (1, PERSON), 1: (2, PROVIDER)}


def test_a_circuit_that_a_person_put_elsewhere_is_on_no_other_slot() -> None:
    assert found(replace(PRIMARY, slot=2, ip=G1), replace(WAN1, ip=G1)) == {}


def test_networks_of_one_name_share_the_stores_circuits() -> None:
    other = replace(WAN1, network_id="N_2", ip=G1)
    (only,) = matched(replace(PRIMARY, ip=G1), replace(WAN1, label="Comcast"), other).values()
    assert only.wan == other


sites = st.sampled_from(["a", "b"])
ips = st.sampled_from([None, G1, G2, "10.0.0.1", "100.64.0.1", "192.0.2.1"])
names = st.sampled_from([None, "Comcast", "Cox Communications", "Cox Business", "VZW Cell", "Etheric Networks Bay"])
circuits = st.lists(
    st.tuples(sites, st.sampled_from(["Primary", "Secondary", "Guest"]), st.booleans(), names, ips,
              st.sampled_from([None, None, None, 1, 2])),
    max_size=6, unique_by=lambda row: row[:2],
).map(lambda rows: [Circuit(i, s, s.upper(), p, e, n, a, slot) for i, (s, p, e, n, a, slot) in enumerate(rows)])  # fmt: skip
wans = st.lists(
    st.tuples(st.sampled_from(["n1", "n2", "n3"]), sites, st.sampled_from([1, 2]), ips, ips, names, names),
    max_size=6, unique_by=lambda row: (row[0], row[2]),
).map(lambda rows: [Wan(*row) for row in rows])  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(circuits, wans, st.randoms(use_true_random=False))
def test_one_to_one_whatever_the_order(made: list[Circuit], uplinks: list[Wan], random: Random) -> None:
    matches = match(made, uplinks)
    ends = [(each.wan.network_id, each.wan.slot) for each in matches.values()]
    assert len(set(ends)) == len(ends)
    by_number = {circuit.number: circuit for circuit in made}
    for number, each in matches.items():
        circuit = by_number[number]
        assert circuit.site == each.wan.site
        assert circuit.slot in {None, each.wan.slot}
        assert circuit.is_candidate or each.method == PERSON
        if each.method == IP:
            assert circuit.ip in {each.wan.ip, each.wan.public_ip}
            assert addresses.classify(circuit.ip) is addresses.Kind.PUBLIC
    random.shuffle(made)
    random.shuffle(uplinks)
    assert match(made, uplinks) == matches
    for circuit in made:
        left = circuit.number not in matches and circuit.is_candidate and circuit.slot is None
        equal = [wan for wan in uplinks if wan.site == circuit.site and circuit.ip in {wan.ip, wan.public_ip}]
        for wan in equal if left and addresses.classify(circuit.ip) is addresses.Kind.PUBLIC else ():
            assert (wan.network_id, wan.slot) in ends, "an equal address is left only to one that is as good or better"
