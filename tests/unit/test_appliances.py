"""What the device API says of an appliance, as it is stored (facts 4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.circuits import appliances
from ctvpipe.pipelines.circuits.appliances import Collected
from ctvpipe.pipelines.circuits.exclusions import NAMES, NOTES, TAGS, Exclusions, listed
from ctvpipe.pipelines.circuits.meraki_api import Organization, chosen
from ctvpipe.pipelines.circuits.new_stores import Network, Store, networks, plan
from ctvpipe.pipelines.circuits.site_names import comparable_site

ORGANIZATION = Organization("700100", "Example Stores")
DAY = datetime(2026, 11, 26, tzinfo=UTC).date()


def row(
    device: dict[str, Any] | None = None, uplink: dict[str, Any] | None = None, status: str = "online"
) -> dict[str, Any]:
    """The one row of an appliance in the network XYZ 01."""
    collected = Collected(
        ORGANIZATION,
        [{"id": "N_1", "name": "XYZ 01", "tags": ["stores"]}],
        [{"serial": "Q1", "networkId": "N_1", **(device or {})}],
        [{"serial": "Q1", **uplink}] if uplink else [],
        [{"serial": "Q1", "status": status}],
    )
    (found,) = appliances.rows(collected)
    return found


@pytest.mark.parametrize("said", [
    "WAN1: Acme 10M x 1M\nWAN2: Cell", "WAN1: Acme 10M x 1M\\nWAN2: Cell", " two\tblanks  \r\n", '"quoted" \\ back',
])  # fmt: skip
def test_notes_are_stored_as_received(said: str) -> None:
    """Escaping the line breaks on the way would leave a backslash and an n in the table (facts 11, 16)."""
    assert row({"notes": said})["device_notes"] == said


@pytest.mark.parametrize(("tags", "stored"), [
    (["a", "b c"], ["a", "b c"]), ([], []), (None, []), (" a b ", ["a", "b"]), ("", []),
])  # fmt: skip
def test_tags_are_a_list_whatever_their_shape(tags: Any, stored: list[str]) -> None:
    """facts 11, 19"""
    assert row({"tags": tags})["device_tags"] == stored


@pytest.mark.parametrize(
    "device", [{"tags": [1]}, {"tags": {"a": 1}}, {"name": 7}, {"notes": ["x"]}, {"networkId": {}}]
)
def test_another_shape_is_refused(device: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        row(device)


def test_a_line_that_is_not_there_is_null_and_only_two_are_stored() -> None:
    uplinks = [
        {"interface": "wan2", "status": "ready", "ip": " 10.0.0.9 ", "publicIp": None},
        {"interface": "cellular", "ip": "10.9.9.9"},
    ]
    found = row(uplink={"uplinks": uplinks, "highAvailability": None})
    assert [found[f"wan1_{name}"] for name in ("ip", "public_ip", "status", "assignment")] == [None] * 4
    assert (found["wan2_ip"], found["wan2_public_ip"], found["wan2_status"]) == ("10.0.0.9", None, "ready")
    assert "10.9.9.9" not in found.values()


@pytest.mark.parametrize(("status", "reported", "stored"), [
    ("online", "2026-11-22T08:09:10Z", None),
    ("offline", "2026-11-22T08:09:10Z", datetime(2026, 11, 22, 8, 9, 10, tzinfo=UTC)),
    ("dormant", None, None), ("offline", "yesterday", None),
])  # fmt: skip
def test_when_it_was_last_heard_of_is_kept_only_while_it_is_not_online(
    status: str, reported: str | None, stored: datetime | None
) -> None:
    """Kept always, every row would be written every night."""
    assert row(uplink={"lastReportedAt": reported}, status=status)["last_reported_at"] == stored


@pytest.mark.parametrize(("label", "provider", "verdict"), [
    ("Comcast", "Comcast Cable Communications, LLC", "Match"), ("Comcast", "Acme Telecom LLC", "No match"),
    ("Comcast", None, None), ("Comcast", "Private IP", None), ("Comcast", "CGNAT", None), ("Comcast", "Unknown", None),
    ("Unknown", "Acme Telecom LLC", None),
])  # fmt: skip
def test_notes_and_registry_are_compared_where_both_say_something(
    label: str, provider: str | None, verdict: str | None
) -> None:
    made = row({"notes": f"WAN1: {label} 10M x 1M"}, {"uplinks": [{"interface": "wan1", "publicIp": "203.0.113.9"}]})
    (found,) = appliances.with_providers([made], {"203.0.113.9": provider}.get)
    assert (found["wan1_arin_provider"], found["wan1_provider_comparison"]) == (provider, verdict)
    assert (found["wan2_arin_provider"], found["wan2_provider_comparison"]) == (None, None)


@pytest.mark.parametrize(
    ("wanted", "found"), [("1", "1"), ("2", "2"), ("Two", "2"), ("Same", None), ("", None), ("wo", None)]
)
def test_an_organisation_is_chosen_by_its_id_before_its_name(wanted: str, found: str | None) -> None:
    seen = [Organization("1", "2"), Organization("2", "Two"), Organization("3", "Same"), Organization("4", "Same")]
    if found is None:
        with pytest.raises(ConfigurationError, match="MERAKI_ORGANIZATION"):
            chosen(seen, wanted)
    else:
        assert chosen(seen, wanted).id == found


NAMES_ = st.sampled_from(["XYZ 1", "XYZ 10", "xyz  10", "XYZ 2", "ABC 01"])


@settings(max_examples=60)
@given(st.lists(NAMES_, unique=True), st.lists(NAMES_), st.randoms())
def test_the_list_of_new_stores_is_settled_after_one_night_in_any_order(
    names: list[str], known: list[str], random: Any
) -> None:
    """A substring would find ``XYZ 1`` in ``XYZ 10``."""
    there = [Network(f"N_{number}", name) for number, name in enumerate(names)]
    sites = {comparable_site(name) for name in known}
    wanted = plan(there, sites, [], DAY)
    assert {comparable_site(store.site_name) for store in wanted} == {comparable_site(name) for name in names} - sites
    assert plan(there, sites, wanted, DAY.replace(day=27)) == wanted, "a second night changes nothing"
    random.shuffle(known)
    assert plan(there, {comparable_site(name) for name in known}, [], DAY) == wanted
    everything = plan(there, {comparable_site(name) for name in names}, wanted, DAY)
    assert not any(store.is_active for store in everything)
    assert plan([], sites, wanted, DAY) == [
        Store(s.site_name, s.source, s.network_id, False, True, DAY) for s in wanted
    ]


def test_one_device_that_is_excluded_takes_its_whole_network_out() -> None:
    rows = [
        {"network_id": network, "network_name": name, "device_tags": tags, "device_notes": None}
        for network, name, tags in (("N_1", "A", None), ("N_1", "A", ["Hub"]), ("N_2", "B", []), (None, None, []))
    ]
    assert networks(rows, Exclusions(*map(listed, (TAGS, NAMES, NOTES)))) == ([Network("N_2", "B")], 1)
