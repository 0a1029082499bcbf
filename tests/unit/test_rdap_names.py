"""Which provider a registry's names mean (facts 2.6)."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from ctvpipe.pipelines.circuits import rdap_names
from ctvpipe.pipelines.circuits.rdap_answer import Network

START, END = ip_address("8.8.8.0"), ip_address("8.8.8.255")


def network(registrant: str | None, *, name: str = "EXAMPLE", type_: str = "DIRECT ALLOCATION") -> Network:
    return Network(START, END, name=name, type=type_, registrant=registrant)


@pytest.mark.parametrize(("registrant", "shown"), [
    ("AT&T Enterprises, LLC", "AT&T"),
    ("AT&T Internet Services", "AT&T"),
    ("IPAdmin-ATT Internet Services", "AT&T"),
    ("Charter Communications LLC", "Charter Communications"),
    ("Charter Communications Inc", "Charter Communications"),
    ("Comcast Cable Communications, LLC", "Comcast"),
    ("Cox Communications Inc.", "Cox Communications"),
    ("Level 3 Parent, LLC", "CenturyLink"),
    ("CenturyLink Communications, LLC", "CenturyLink"),
    ("Frontier Communications of America, Inc.", "Frontier Communications"),
    ("Verizon Business", "Verizon"),
    ("Altice USA Inc", "Optimum"),
    ("Crown Castle Fiber LLC", "Crown Castle"),
    ("Cable One, Inc.", "Cable One, Inc."),
    ("Space Exploration Technologies / SpaceX", "Starlink"),
    ("Acme Telecom LLC", "Acme Telecom LLC"),
    ("Coxsackie Telephone", "Coxsackie Telephone"),  # no word of its own
    ("Wattage Comcasting Co", "Wattage Comcasting Co"),
    ("Seattle Verizonics", "Seattle Verizonics"),
])  # fmt: skip
def test_registrants_names(registrant: str, shown: str) -> None:
    assert rdap_names.provider(network(registrant)) == shown


@pytest.mark.parametrize(("name", "shown"), [
    ("SBC-8-8-8-0", "AT&T"),
    ("CABLEONE", "Cable One, Inc."),
    ("NETBLK-COX-0", "Cox Communications"),
    ("CC04", "Charter Communications"),
    ("ACME-NET-1", "ACME-NET-1"),
    ("", None),
])  # fmt: skip
def test_the_networks_own_name_where_no_organisation_is_named(name: str, shown: str | None) -> None:
    assert rdap_names.provider(network(None, name=name)) == shown


@pytest.mark.parametrize(("found", "customers"), [
    (network("Example Stores", type_="REASSIGNMENT"), True),
    (network("Acme Telecom", type_="REALLOCATION"), False),
    (network("Acme Telecom"), False),
    (network("Private Customer - Acme"), True),
    (network("Example Stores of Ohio, Inc."), True),
    (network("Example Stores"), True),
    (network("Counterexample Stores"), False),
    (network(None), False),
])  # fmt: skip
def test_whose_network_it_is(found: Network, customers: bool) -> None:
    assert rdap_names.is_customers(found, ["example stores", ""]) is customers


@pytest.mark.parametrize(("registrant", "provider"), [
    ("Private Customer - AT&T Internet Services", "AT&T"),
    ("Private Customer", None),
    ("Example Stores", None),
    ("Acme", "Acme"),
])  # fmt: skip
def test_a_customers_network_without_a_providers_around_it(registrant: str, provider: str | None) -> None:
    found = network(registrant, type_="REASSIGNMENT")
    assert rdap_names.customers_provider(found, ["Example Stores"]) == provider


@pytest.mark.parametrize(("found", "registrys"), [
    (network("American Registry for Internet Numbers"), True),
    (network(None, name="NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK"), True),
    (network("Diana Networks"), False),  # holds "iana"
])  # fmt: skip
def test_registries_provide_nothing(found: Network, registrys: bool) -> None:
    assert rdap_names.is_registrys(found) is registrys
