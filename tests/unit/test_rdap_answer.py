"""What counts in a registry's answer (facts 2.6)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.circuits import rdap_answer
from tests.fakes.rdap_registry import Registered, Registry

ASKED = ip_address("8.8.8.8")
EDGE = 2**32 - 1


def document(**changes: Any) -> dict[str, Any]:
    made = Registry(url="http://192.0.2.1/").document(Registered("8.8.8.0/24", "Acme Telecom LLC"))
    return {**made, **changes}


def entity(name: str, kind: str | None, *roles: str) -> dict[str, Any]:
    card = [["fn", {}, "text", name], *([["kind", {}, "text", kind]] if kind else [])]
    return {"roles": list(roles), "vcardArray": ["vcard", card]}


def test_the_registrant_of_the_network_itself_counts_and_no_contact() -> None:
    """Naive: the organisation that changed last, anywhere in the answer, would give a contact of it."""
    found = rdap_answer.network(document(), ASKED)
    assert found.registrant == "Acme Telecom LLC"
    assert (str(found.start), str(found.end)) == ("8.8.8.0", "8.8.8.255")


@pytest.mark.parametrize(("entities", "name"), [
    ([entity("Noc Administrators Inc", "org", "registrant")], "Noc Administrators Inc"),  # naive: noc, admin are dropped
    ([entity("Ann Example", "individual", "registrant"), entity("Acme", "org", "registrant")], "Acme"),
    ([entity("Ann Example", "individual", "registrant")], None),
    ([entity("Acme", None, "registrant", "technical")], "Acme"),
    ([entity("Acme", "org", "technical")], None),
    ([{"roles": "registrant"}, {"roles": ["registrant"], "vcardArray": ["vcard"]}, 5], None),
    ("none", None),
])  # fmt: skip
def test_registrants(entities: object, name: str | None) -> None:
    assert rdap_answer.network(document(entities=entities), ASKED).registrant == name


@pytest.mark.parametrize("body", [
    None,
    [],
    {},
    document(objectClassName="entity"),
    document(startAddress="8.8.9.0", endAddress="8.8.9.255"),  # of somebody else
    document(startAddress="8.8.8.9", endAddress="8.8.8.0"),
    document(startAddress="::", endAddress="ffff::"),
    document(endAddress=None),
])  # fmt: skip
def test_what_is_no_answer_to_the_question(body: object) -> None:
    with pytest.raises(rdap_answer.OddError):
        rdap_answer.network(body, ASKED)


@pytest.mark.parametrize(("ends", "around"), [
    (("8.8.8.0", "8.8.8.255"), "8.8.8.0/23"),
    (("8.8.9.0", "8.8.9.255"), "8.8.8.0/23"),
    (("8.8.8.4", "8.8.8.11"), "8.8.8.0/28"),
    (("8.8.8.8", "8.8.8.8"), "8.8.8.8/31"),
    (("0.0.0.0", "255.255.255.255"), None),
    (("2600:1::", "2600:1:ffff:ffff:ffff:ffff:ffff:ffff"), "2600::/31"),
])  # fmt: skip
def test_the_block_around(ends: tuple[str, str], around: str | None) -> None:
    network = rdap_answer.Network(*map(ip_address, ends))
    assert network.around() == (ip_network(around) if around else None)


@given(st.tuples(st.integers(0, EDGE), st.integers(0, EDGE)).map(sorted))
def test_the_block_around_is_larger_and_holds_the_range(ends: list[int]) -> None:
    start, end = (ip_address(number) for number in ends)
    block = rdap_answer.Network(start, end).around()
    if block is None:
        assert ends == [0, EDGE]
        return
    assert int(block.network_address) <= ends[0] <= ends[1] <= int(block.broadcast_address)
    assert block.num_addresses > ends[1] - ends[0] + 1
