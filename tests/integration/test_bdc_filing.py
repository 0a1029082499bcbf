"""The files of the filing, on both stores, against counts by SQL that know nothing of the product's code."""

from __future__ import annotations

import csv
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core.errors import ConfigurationError, ContractError
from ctvpipe.pipelines.bdc import filing, geojson, metadata, quality, snapshot
from ctvpipe.pipelines.bdc.batch import Unit
from ctvpipe.pipelines.bdc.filing import SUBSCRIPTION, VOICE
from ctvpipe.pipelines.bdc.records import CoordStatus, Place
from ctvpipe.pipelines.bdc.settings import FilingSettings
from ctvpipe.stores import engine
from tests.integration.bdc_store import NOW, Store, customer, detail, item, service, unit
from tests.integration.station import query

AS_OF, TODAY = date(2030, 6, 30), date(2030, 7, 1)
MAPPING = '[service]\n31 = 71\n[group]\nWireless = 70\n[code]\n60 = 61\n[voice]\n"*" = 1\n'
BROADBAND = """
SELECT substr(c.block_fips, 1, 11), {technology}, s.download_kbps, s.upload_kbps, sum(s.quantity),
    sum(CASE WHEN c.account_type = 'residential' THEN s.quantity ELSE 0 END)
FROM {prefix}services s, {prefix}customers c
WHERE c.id = s.customer_id AND c.removed_at IS NULL AND c.status = 'Active' AND s.active AND s.data_service
    AND s.application = 'debit' AND (s.download_kbps > 200 OR s.upload_kbps > 200)
GROUP BY 1, 2, 3, 4
"""
TECHNOLOGY = "CASE WHEN s.service_id = 31 THEN 71 WHEN s.technology_code = 50 THEN 50 WHEN s.technology_code = 90 THEN 0 ELSE 10 END"


def invented(count: int, seed: int = 7) -> list[Unit]:
    """Customers of every kind that the filing tells apart, all of them countable."""
    dice = random.Random(seed)
    made = []
    for number in range(1, count + 1):
        services = tuple(
            service(
                10 * number + place,
                service_id=dice.choice([31, 32]),
                technology_code=dice.choice([10, 20, 50, 90]),
                quantity=dice.choice([1, 1, 1, 2, 7]),
                active=dice.random() < 0.9,
                data_service=dice.random() < 0.8,
                voice_service=dice.random() < 0.3,
                application=dice.choice(["debit", "debit", "debit", "credit"]),
                download_kbps=dice.choice([0, 128, 200, 768, 25_000, 100_000, 1_000_000]),
                upload_kbps=dice.choice([0, 128, 200, 3_000, 20_500]),
            )
            for place in range(dice.randrange(4))
        )
        made.append(
            Unit(
                customer(number, status=dice.choice(["Active", "Active", "Inactive"])),
                detail(
                    number,
                    services=services,
                    account_type=dice.choice(["residential", "residential", "commercial"]),
                    block_fips=f"{dice.choice(['01001', '53999'])}{dice.randrange(3):06}{dice.randrange(2000):04}",
                    deleted=dice.random() < 0.1,
                ),
            )
        )
    return made


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "technologies.toml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "filing" / "subscription.csv"


def complete(store: Store) -> None:
    """Say that an import of all customers was complete."""
    with engine.transaction(store.opened) as connection:
        metadata.put(connection, store.tables, {metadata.CUSTOMERS_UPDATED: NOW}, NOW)


def settings(store: Store, mapping: Path | None = None, **variables: str) -> FilingSettings:
    said = {"BDC_TECHNOLOGY_FILE": str(mapping)} if mapping else {}
    return store.settings(FilingSettings, **said, **variables)


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_subscriptions_are_what_an_independent_count_says(bdc_store: Store, mapping: Path, target: Path) -> None:
    store = bdc_store
    store.write(invented(300), size=50, interval=100)
    filing.export(SUBSCRIPTION, settings(store, mapping), target)
    header, *rows = table(target)
    assert header == [
        "tract", "technology_code", "advertised_download_speed", "advertised_upload_speed", "total_connections",
        "consumer_connections",
    ]  # fmt: skip
    counted = query(store.address, BROADBAND.format(prefix=store.home, technology=TECHNOLOGY))
    wanted = sorted(
        [str(t), str(k), round(float(d) * 1000), round(float(u) * 1000), int(n), int(c)] for t, k, d, u, n, c in rows
    )
    assert wanted == sorted([t, str(k), d, u, int(n), int(c)] for t, k, d, u, n, c in counted)
    assert len(rows) > 50
    assert len({tuple(row[:4]) for row in rows}) == len(rows)
    assert all(row[0].startswith(("01", "53")) and len(row[0]) == 11 for row in rows)
    assert table(filing.exceptions_file(target)) == [["customer_id", "relationship_id", "reason"]]


def test_voice_is_what_an_independent_count_says(bdc_store: Store, mapping: Path, target: Path) -> None:
    store = bdc_store
    store.write(invented(200), size=50, interval=100)
    filing.export(VOICE, settings(store, mapping), target)
    header, *rows = table(target)
    assert header == ["tract", "service_type", "total_lines_or_subscriptions", "consumer_lines_or_subscriptions"]
    sql = (
        "SELECT substr(c.block_fips, 1, 11), '1', sum(s.quantity), sum(CASE WHEN account_type = 'residential' THEN "
        f"s.quantity ELSE 0 END) FROM {store.home}services s JOIN {store.home}customers c ON c.id = s.customer_id "
        "WHERE removed_at IS NULL AND c.status = 'Active' AND active AND voice_service AND application = 'debit' GROUP BY 1"
    )
    assert [[t, k, int(n), int(c)] for t, k, n, c in rows] == sorted(
        [t, k, int(n), int(c)] for t, k, n, c in query(store.address, sql)
    )


def test_who_cannot_be_counted_is_listed_and_stops_the_file(bdc_store: Store, mapping: Path, target: Path) -> None:
    store = bdc_store
    store.write(
        [
            unit(1),
            unit(2, block_fips=None),
            unit(3, groups=(), services=(service(30, service_id=33),)),
            unit(4, services=(service(40, service_id=33),)),
        ]
    )
    with pytest.raises(ContractError) as caught:
        filing.export(SUBSCRIPTION, settings(store, mapping), target)
    assert str(caught.value).startswith(
        "2 services cannot be counted: its customer has no census block (1); service 33 "
    )
    assert not target.exists()
    listed = table(filing.exceptions_file(target))
    assert listed[1:] == [
        ["2", "7002", "its customer has no census block"],
        ["3", "30", "service 33 has technology 70, which is not mapped"],
    ]
    counted = filing.export(SUBSCRIPTION, settings(store, mapping), target, allow_uncounted=True)
    assert (counted.total, len(counted.uncounted)) == (2, 2)
    assert table(target)[1:] == [
        ["53999000100", "70", "100", "20", "1", "1"],
        ["53999000100", "71", "100", "20", "1", "1"],
    ]


def test_the_radio_says_what_the_service_is(bdc_store: Store, tmp_path: Path, target: Path) -> None:
    mapping = tmp_path / "x.toml"
    mapping.write_text('[model]\n"Demo CPE 5G" = 72\n', encoding="utf-8")
    bdc_store.write([unit(1), unit(2, items=(item(9, 2, model_id=99),))])
    with pytest.raises(ContractError, match=r"^1 services cannot be counted: service 31 has technology 70"):
        filing.export(SUBSCRIPTION, settings(bdc_store, mapping), target)
    counted = filing.export(SUBSCRIPTION, settings(bdc_store, mapping), target, allow_uncounted=True)
    assert [key.kind for key in counted.rows] == [72]


def test_tracts_of_another_census(bdc_store: Store, mapping: Path, tmp_path: Path, target: Path) -> None:
    tracts = tmp_path / "tracts.txt"
    tracts.write_text("USPS\tGEOID\tALAND\nWA\t53999000100\t12345678901\n", encoding="utf-8")
    bdc_store.write([unit(1), unit(2, block_fips="123456789011000")])
    with pytest.raises(ContractError, match=r"tract is not among those of the list \(1\)"):
        filing.export(SUBSCRIPTION, settings(bdc_store, mapping, BDC_TRACTS_FILE=str(tracts)), target)
    tracts.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="there is no census tract in it"):
        filing.rules(settings(bdc_store, BDC_TRACTS_FILE=str(tracts)))


def take(store: Store, as_of: date = AS_OF, **how: Any) -> snapshot.Snapshot:
    with engine.transaction(store.opened) as connection:
        return snapshot.take(connection, store.tables, as_of, today=TODAY, **how)


def test_a_snapshot_stays_as_it_was(bdc_store: Store, mapping: Path, target: Path) -> None:
    store = bdc_store
    store.write(invented(100), size=50)
    complete(store)
    taken = take(store)
    assert (taken.customers, taken.data_of) == (100, NOW)
    filing.export(SUBSCRIPTION, settings(store, mapping), target)
    before = table(target)
    store.write([unit(n, deleted=True, services=()) for n in range(1, 60)], size=50)
    filing.export(SUBSCRIPTION, settings(store, mapping), target)
    assert table(target) != before
    filing.export(SUBSCRIPTION, settings(store, mapping), target, as_of=AS_OF)
    assert table(target) == before
    if not store.is_file:
        sql = "SELECT count(*), count(geom) FROM sonar.snapshot_customers WHERE geom IS NOT NULL"
        assert query(store.address, sql) == [(100, 100)]


def test_a_snapshot_has_every_row_of_the_seven_tables(bdc_store: Store) -> None:
    store = bdc_store
    store.write(invented(20))
    complete(store)
    take(store)
    for name, kept in store.tables.kept.items():
        columns = ", ".join(c.name for c in kept.c if c.name != "snapshot_date")
        assert store.rows(f"snapshot_{name}", columns) == store.rows(name, columns), name


def test_a_day_has_one_snapshot_unless_it_is_replaced(bdc_store: Store) -> None:
    store = bdc_store
    store.write([unit(1)])
    with pytest.raises(ContractError, match="no import of all customers has been complete"):
        take(store)
    complete(store)
    take(store)
    with pytest.raises(ConfigurationError, match="there is a snapshot of 2030-06-30 already"):
        take(store)
    store.write([unit(2)])
    assert take(store, replace=True).customers == 2
    take(store, TODAY)
    with pytest.raises(ConfigurationError, match="2030-07-02 is yet to come"):
        take(store, date(2030, 7, 2))
    with engine.transaction(store.opened) as connection:
        assert [(each.as_of, each.customers) for each in snapshot.every(connection, store.tables)] == [
            (AS_OF, 2),
            (TODAY, 2),
        ]
    assert store.rows("snapshot_customers", "snapshot_date, id") == sorted(
        [(one, n) for one in ({str(AS_OF), str(TODAY)} if store.is_file else {AS_OF, TODAY}) for n in (1, 2)], key=repr
    )


def test_a_snapshot_there_is_not(bdc_store: Store, target: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no snapshot of 2030-06-30") as caught:
        filing.export(SUBSCRIPTION, settings(bdc_store), target, as_of=AS_OF)
    assert caught.value.advice == "There are: none."


def test_a_map_has_longitude_first_and_nobodys_name_unless_asked(bdc_store: Store, tmp_path: Path) -> None:
    store = bdc_store
    store.write([unit(1), Unit(customer(2, place=Place(CoordStatus.ZERO)), detail(2)), unit(3, deleted=True)])
    path = tmp_path / "map.geojson"
    assert geojson.export(settings(store), path) == 1
    (feature,) = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [-120.201, 47.101]}
    assert feature["id"] == 1
    assert feature["properties"] == {
        "status": "Active", "account_type": "residential", "coord_status": "ok", "download_kbps": 100_000,
        "tract": "53999000100", "removed": False,
    }  # fmt: skip
    assert "Orla" not in path.read_text(encoding="utf-8")
    assert geojson.export(settings(store), path, personal=True, gone=True) == 2
    assert [f["properties"]["name"] for f in json.loads(path.read_text(encoding="utf-8"))["features"]] == [
        "Orla Test 1",
        "Orla Test 3",
    ]


def test_a_map_of_nobody_is_a_map(bdc_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "map.geojson"
    assert geojson.export(settings(bdc_store), path) == 0
    assert json.loads(path.read_text(encoding="utf-8")) == {"type": "FeatureCollection", "features": []}


def test_what_is_doubtful(bdc_store: Store, mapping: Path) -> None:
    store = bdc_store
    far = customer(7, place=Place(CoordStatus.OK, 47.1, -121.9))
    store.write(
        [
            *(unit(n) for n in range(1, 7)),
            Unit(far, detail(7)),
            Unit(customer(8, place=Place(CoordStatus.SWAPPED)), detail(8)),
            unit(9, block_fips=None),
            unit(10, services=()),
            unit(11, items=(item(99, 11, model_id=99),)),
            Unit(customer(12, status="Inactive"), detail(12)),
            unit(13, services=(service(1, active=None),)),
            unit(14, deleted=True, block_fips=None),
        ],
        size=20,
    )
    found = quality.look(settings(store, mapping))
    assert (found.customers, found.points) == (12, 11)
    assert {(each.about, each.text): list(each.customers) for each in found.findings} == {
        ("coordinates", "exchanged"): [8],
        ("points", "far from the other customers of the same ZIP code"): [7],
        ("services", "no data service"): [10, 13],
        ("services", "a service of which Sonar does not say what it is"): [13],
        ("services", "an active data service, but a status that does not count as live"): [12],
        ("subscription", "not counted: its customer has no census block"): [9],
        ("equipment", "equipment of an unknown model"): [11],
    }


def test_nothing_is_exported_from_nothing(tmp_path: Path, target: Path) -> None:
    from ctvpipe.core.settings import Environment

    absent = Environment({"BDC_DATABASE_PATH": str(tmp_path / "absent.db")}).load(FilingSettings)
    with pytest.raises(ContractError, match="there are no BDC tables in the database"):
        filing.export(SUBSCRIPTION, absent, target)
    assert not target.exists()


def test_an_export_sees_one_state_and_writes_nothing(bdc_store: Store, mapping: Path, target: Path) -> None:
    bdc_store.write([unit(1)])
    before = bdc_store.content(stamps=True)
    filing.export(SUBSCRIPTION, settings(bdc_store, mapping), target)
    quality.look(settings(bdc_store, mapping))
    assert bdc_store.content(stamps=True) == before
