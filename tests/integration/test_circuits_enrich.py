"""The enrichment on both stores (facts 6, and the pitfalls 3, 9, 10, 15, 18 and 19 of facts 11)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core.errors import Outcome
from tests.fakes.tracking_csv import Spec, line, rows, site
from tests.integration.door_bench import wait_until
from tests.integration.enrich_station import ENRICH, IMPORT, INVENTORY, EnrichStation, appliance
from tests.integration.station import CHECKOUT

# Routable: of a registry's public service, and of a public resolver.
G1, G2 = "193.0.6.139", "9.9.9.9"
PRIMARY = line(ip_address_start=G1)
SECONDARY = line(
    Circuit_Purpose="Secondary", Site_ID="XYZ 01 -B", provider_name="Verizon Business", ip_address_start="",
    details_ordered_service_speed="50.0M x 10.0M", record_number="ACMEXYZ0123456789_BR-I1",
)  # fmt: skip
OBSERVED = {
    "device_tags": ["store", "east coast"],
    "device_notes": "WAN1: Spectrum 300M x 30M\nWAN2: VZ 50M x 10M",
    "wan1_ip": G1, "wan1_public_ip": G1, "wan1_status": "active", "wan1_assignment": "static",
    "wan1_arin_provider": "Charter Communications", "wan1_provider_label": "Charter Communications",
    "wan1_speed_label": "300.0M x 30.0M", "wan1_provider_comparison": "Match",
    "wan2_ip": "192.168.0.2", "wan2_public_ip": G2, "wan2_status": "ready", "wan2_assignment": "dhcp",
    "wan2_arin_provider": "Private IP", "wan2_provider_label": "Verizon", "wan2_speed_label": "50.0M x 10.0M",
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path: Path) -> EnrichStation:
    """A station on either store; the store ``XYZ 01`` has two circuits and one appliance."""
    made = EnrichStation(tmp_path, url=request.getfixturevalue("postgres_url") if request.param == "postgresql" else "")
    made.imported([PRIMARY, SECONDARY])
    made.found(appliance(**OBSERVED))
    return made


def counters(station: EnrichStation) -> dict[str, Any]:
    return station.runs(ENRICH)[0].counters


def test_each_circuit_is_with_its_wan_and_every_column_is_filled(station: EnrichStation) -> None:
    assert station.enrich().code == 0
    observed = ("Q2XX-0001-0001", "MX68", "N_1", "XYZ 01")
    columns = "circuit_purpose, wan_slot, match_method, match_score, provider, speed, status"
    assert station.enriched(columns) == [
        ("Primary", 1, "ip", None, "Charter Communications", "300.0M x 30.0M", "Enabled"),
        ("Secondary", 2, "provider", 100.0, "Verizon Business", "50.0M x 10.0M", "Enabled"),
    ]
    assert station.enriched("serial, model, network_id, network_name") == [observed, observed]
    assert station.enriched("wan_ip, public_ip, arin_provider, uplink_status, ip_assignment") == [
        (G1, G1, "Charter Communications", "active", "static"),
        ("192.168.0.2", G2, "Private IP", "ready", "dhcp"),
    ]
    for row in station.content()["enriched_circuits"]:
        assert ["store", "east coast"] in row
        assert OBSERVED["device_notes"] in row
    assert all(map(all, station.enriched("confirmed, NOT wan_flipped")))
    expected = {"processed": 2, "by_ip": 1, "by_provider": 1, "by_person": 0, "unmatched": 0, "wan1": 1, "wan2": 1,
                "flips": 0, "excluded": 0, "networks": 1, "confirmed": 0, "inserted": 2, "rows": 2}  # fmt: skip
    assert {name: counters(station)[name] for name in expected} == expected


def test_the_view_has_a_site_in_the_shape_of_two_wans(station: EnrichStation) -> None:
    station.found(appliance(**OBSERVED), appliance(2, wan1_arin_provider="Comcast", wan1_ip=G2))
    assert station.enrich().code == 0
    for number, expected in {
        1: [("Charter Communications", "300.0M x 30.0M", "Primary", True, G1), ("Comcast", None, "Primary", False, G2)],
        2: [("Verizon Business", "50.0M x 10.0M", "Secondary", True, "192.168.0.2"),
            (None, None, "Secondary", False, None)],
    }.items():  # fmt: skip
        shown = station.sites(", ".join(f"wan{number}_{name}" for name in
                                        ("provider", "speed", "circuit_role", "confirmed", "ip")))  # fmt: skip
        assert [(*row[:3], bool(row[3]), row[4]) for row in shown] == expected
    assert station.sites("network_name, serial") == [("XYZ 01", "Q2XX-0001-0001"), ("XYZ 02", "Q2XX-0002-0001")]


def test_a_second_run_writes_nothing(station: EnrichStation) -> None:
    assert station.enrich().code == 0
    before = station.dump()
    assert station.enrich().code == 0
    assert station.dump() == before, "no stamp and no record either"
    assert (counters(station)["unchanged"], counters(station)["wans_written"]) == (2, 0)


def test_every_column_follows_the_inventory(station: EnrichStation) -> None:
    assert station.enrich().code == 0
    for name, column, value in (
        ("model", "model", "MX75"),
        ("network_name", "network_name", "xyz  01"),
        ("device_notes", "device_notes", "other"),
        ("wan1_ip", "wan_ip", "192.168.1.9"),
        ("wan1_public_ip", "public_ip", G2),
        ("wan1_arin_provider", "arin_provider", "Comcast"),
        ("wan1_status", "uplink_status", "failed"),
        ("wan1_assignment", "ip_assignment", "dhcp"),
        ("serial", "serial", "Q2XX-9999-9999"),
        ("network_id", "network_id", "N_9"),
        ("device_tags", "device_tags", ["one"]),
    ):
        station.found(appliance(**{**OBSERVED, name: value}))
        assert station.enrich().code == 0
        assert counters(station)["inserted"] == 0, "rows keep their ids"
        ((found,),) = station.enriched(column, "circuit_purpose = 'Primary'")
        assert (json.loads(found) if found == '["one"]' else found) == value, column


def test_the_rest_follows_the_circuits(station: EnrichStation) -> None:
    assert station.enrich().code == 0
    changed = PRIMARY | {"provider_name": "Spectrum Enterprise", "details_ordered_service_speed": "1G x 35M"}
    station.imported([changed, SECONDARY | {"status": "Order Canceled"}])
    station.recorded(INVENTORY)
    assert station.enrich().code == 0
    assert station.enriched("provider, speed, status, wan_slot, match_method, serial") == [
        ("Spectrum Enterprise", "1000.0M x 35.0M", "Enabled", 1, "ip", "Q2XX-0001-0001"),
        ("Verizon Business", "50.0M x 10.0M", "Order Canceled", None, "none", None),
    ]
    assert station.sites("wan2_provider, wan2_confirmed, wan2_circuit_id") == [
        (*station.sites("wan2_provider, wan2_confirmed")[0], None)
    ]


def test_a_network_that_becomes_a_hub_leaves_no_row(station: EnrichStation) -> None:
    assert station.enrich().code == 0
    station.found(appliance(**{**OBSERVED, "device_tags": ["HUB"]}))
    assert station.enrich().code == 0
    assert station.sites("network_name") == []
    assert station.enriched("match_method, serial, wan_slot") == [("none", None, None)] * 2
    assert counters(station)["excluded"] == 1


def test_a_circuit_that_vanished_leaves_no_row(station: EnrichStation) -> None:
    assert station.enrich().code == 0
    station.execute("DELETE FROM circuits WHERE circuit_purpose = 'Secondary'")
    assert station.enrich().code == 0
    assert station.enriched("circuit_purpose") == [("Primary",)]
    assert station.sites("wan2_circuit_role, wan2_circuit_id") == [("Secondary", None)]


def test_of_a_pair_the_one_in_charge_is_shown(station: EnrichStation) -> None:
    spare = appliance(**OBSERVED, ha_role="spare") | {"serial": "Q2XX-0000-0001"}
    station.found(spare, appliance(**OBSERVED, ha_role="primary"))
    assert station.enrich().code == 0
    assert station.sites("serial") == [("Q2XX-0001-0001",)]
    station.found(spare, appliance(**OBSERVED))
    assert station.enrich().code == 0
    assert station.sites("serial") == [("Q2XX-0000-0001",)]


def test_costs_and_circuits_are_never_written(station: EnrichStation) -> None:
    before = station.query("SELECT * FROM circuits ORDER BY id")
    assert station.enrich().code == 0
    assert station.query("SELECT * FROM circuits ORDER BY id") == before


def test_what_people_confirmed_wins_and_outlives_everything(station: EnrichStation) -> None:
    station.execute(
        "INSERT INTO circuit_confirmations (site_name, circuit_purpose, provider, speed, wan_slot, confirmed_by,"
        " created_at, updated_at) VALUES ('XYZ 01', 'Primary', 'Example Fiber', '900.0M x 900.0M', 2, 'a',"
        " '2026-01-01 00:00:00', '2026-01-01 00:00:00'), ('GONE 01', 'Primary', 'X', NULL, NULL, 'a',"
        " '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
    )
    said = station.query("SELECT * FROM circuit_confirmations ORDER BY id")
    for made in ([PRIMARY, SECONDARY], [PRIMARY | {"status": "Order Canceled"}, SECONDARY], [SECONDARY, PRIMARY]):
        station.imported(made)
        station.recorded(INVENTORY)
        assert station.enrich().code == 0
        assert (counters(station)["confirmed"], counters(station)["confirmed_without_circuit"]) == (1, 1)
        columns = "provider, speed, wan_slot, match_method, serial"
        assert station.enriched(columns, "circuit_purpose = 'Primary'") == [
            ("Example Fiber", "900.0M x 900.0M", 2, "person", "Q2XX-0001-0001")
        ]
        assert station.sites("wan2_provider, wan2_speed, wan2_circuit_role") == [
            ("Example Fiber", "900.0M x 900.0M", "Primary")
        ]
    station.found()
    assert station.enrich().code == 0
    assert station.enriched("provider, wan_slot", "circuit_purpose = 'Primary'") == [("Example Fiber", 2)]
    assert station.query("SELECT * FROM circuit_confirmations ORDER BY id") == said


@pytest.mark.parametrize("job", [IMPORT, INVENTORY])
@pytest.mark.parametrize("outcome", [None, Outcome.FAILED, Outcome.REFUSED])
def test_a_night_without_its_import_or_inventory_keeps_yesterdays_rows(
    tmp_path: Path, job: str, outcome: Outcome | None
) -> None:
    station = EnrichStation(tmp_path)
    station.imported([PRIMARY, SECONDARY])
    station.found(appliance(**OBSERVED))
    assert station.enrich().code == 0
    before = station.content()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    (station.state / "ledger.sqlite3").unlink()
    for name in (IMPORT, INVENTORY):
        station.recorded(name, moment=yesterday if name == job else None)
    if outcome:
        station.recorded(job, outcome)
    station.execute("UPDATE circuits SET provider = 'other'")
    result = station.enrich()
    assert result.code == 3
    assert f"{job} {'did not finish' if outcome else 'has not run since it was due'}" in result.line("ERROR")
    assert station.content(without=["circuits"]) == {k: v for k, v in before.items() if k != "circuits"}
    assert station.enrich(force=True).code == 0
    assert station.enriched("provider") == [("other",)] * 2


@pytest.mark.parametrize("job", [IMPORT, INVENTORY])
def test_while_an_earlier_job_is_still_writing_it_waits_and_reads_nothing_half_done(tmp_path: Path, job: str) -> None:
    """The nights overlap: a job measured at two hours still runs when the next one is due (facts 11, 15)."""
    station = EnrichStation(tmp_path)
    station.imported([PRIMARY, SECONDARY])
    station.found(appliance(**OBSERVED))
    command = [sys.executable, "-m", "tests.integration.door_job", "gate", str(tmp_path)]
    running = subprocess.Popen(command, cwd=CHECKOUT, env={**station.environ, "SAMPLE_JOB": job})
    wait_until((tmp_path / "begun").exists)
    station.settings["CIRCUITS_WAIT_SECONDS"] = "0"
    before = station.content()
    done = station.enrich()
    assert done.code == 75
    assert f"{job} is still running after 0 s" in done.line("NOT_NOW")
    assert station.content() == before
    assert station.content()["enriched_circuits"] == []
    (tmp_path / "go").touch()
    assert running.wait(40) == 0
    assert station.enrich().code == 0
    assert len(station.content()["enriched_circuits"]) == 2


def test_it_is_skipped_where_no_device_api_is_configured(tmp_path: Path) -> None:
    station = EnrichStation(tmp_path)
    station.imported([PRIMARY])
    station.recorded(INVENTORY, Outcome.SKIPPED)
    assert station.enrich().code == 0
    assert station.runs(ENRICH)[0].outcome == Outcome.SKIPPED


def test_a_night_in_which_most_circuits_would_lose_their_wan_is_refused(station: EnrichStation) -> None:
    stores = range(1, 31)
    made = [line(Site_Name=f"XYZ {n:02d}", Site_ID=f"XYZ {n:02d}") for n in stores]
    found = [appliance(n, wan1_provider_label="Charter Communications") for n in stores]
    station.imported(made)
    station.found(*found)
    assert station.enrich().code == 0
    before = station.content()
    station.found(*found[:15])
    result = station.enrich()
    assert result.code == 3
    assert "15 of 30 matched circuits would lose their WAN" in result.line("ERROR")
    assert station.content(without=["meraki_inventory"]) == {k: v for k, v in before.items() if k != "meraki_inventory"}
    assert station.enrich(force=True).code == 0
    assert len(station.enriched("serial", "serial IS NOT NULL")) == 15


def test_no_circuits_are_no_success(tmp_path: Path) -> None:
    station = EnrichStation(tmp_path)
    for options in ({}, {"dry_run": True}):
        result = station.enrich(force=True, **options)
        assert result.code == 3
        assert "there are no circuits" in result.text


def test_a_dry_run_writes_nothing(station: EnrichStation) -> None:
    before = station.dump()
    result = station.enrich(dry_run=True)
    assert result.code == 0
    assert "would match 2 of 2 circuits" in result.text
    assert station.dump() == before


def test_both_stores_hold_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    pair = [EnrichStation(tmp_path / "small"), EnrichStation(tmp_path / "grown", url=postgres_url)]
    made = rows(Spec(circuits=200, addresses="193.0.0.0/21"))
    ordered = defaultdict(dict, {(row.get("Site Name"), row.get("Circuit Purpose")): row for row in made})
    devices = [
        appliance(
            number, network_name=site(number), device_tags=["store"] * (number % 3) or None,
            wan1_ip=ordered[site(number), "Primary"].get("ip_address_start") or None, wan1_status="active",
            wan2_provider_label=ordered[site(number), "Secondary"].get("provider_name") or None,
            wan2_arin_provider="Comcast",
            wan2_speed_label="50.0M x 10.0M", wan2_provider_comparison=("Match", "No match", None)[number % 3],
        )
        for number in range(60)
    ]  # fmt: skip
    for step in (devices, devices[:55]):
        for station in pair:
            station.imported(made)
            station.found(*step)
            assert station.enrich().code == 0
        assert pair[0].content() == pair[1].content()
        view = "network_id, wan1_provider, wan2_provider, wan1_speed, wan2_speed, wan1_circuit_id, wan2_circuit_id"
        assert pair[0].sites(view) == pair[1].sites(view)
    assert len(pair[0].enriched("1", "match_method = 'ip'")) > 10
    assert len(pair[0].enriched("1", "match_method = 'provider'")) > 10
    assert len(pair[0].enriched("1", "match_method = 'none'")) > 10
