"""The BDC tables and their one writer, on both stores, with records made by hand."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ctvpipe.pipelines.bdc.batch import Unit
from ctvpipe.pipelines.bdc.records import CoordStatus, Group, Place
from ctvpipe.stores import engine
from tests.integration.bdc_store import NOW, Store, customer, detail, item, service, unit
from tests.integration.station import query

LATER = NOW + timedelta(days=8)
_EARTH = 6_371_008.8  # metres, the mean radius


@pytest.fixture
def store(bdc_store: Store) -> Store:
    return bdc_store


@pytest.fixture
def points(postgis_url: str) -> Store:
    return Store(postgis_url)


def great_circle(one: Place, other: Place) -> float:
    """The distance in metres on a sphere, by the haversine formula."""
    assert None not in {one.latitude, one.longitude, other.latitude, other.longitude}
    lat1, lon1, lat2, lon2 = map(math.radians, (one.latitude, one.longitude, other.latitude, other.longitude))  # type: ignore[arg-type]
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(a))


def test_a_customer_with_all_that_is_its_own(store: Store) -> None:
    writer = store.write([unit(1)])
    place = (47.101, -120.201)
    assert store.rows(
        "customers", "id, status, name, address, city, state, zip, plus4, country, latitude, longitude"
    ) == [(1, "Active", "Orla Test 1", "1 Example Rd", "Port Alder", "WA", "01999", "0001", "US", *place)]
    assert store.rows("customers", "account_type_id, account_type, coord_status, block_fips, removed_at") == [
        (1, "residential", "ok", "539990001001000", None)
    ]
    assert store.rows("services", "customer_id, relationship_id, service_id, download_kbps, technology_code") == [
        (1, 7001, 31, 100_000, 70)
    ]
    assert [float(amount) for (amount,) in store.rows("services", "amount")] == [59.1]
    assert store.rows("groups", "id, name") == [(4, "Wireless")]
    assert store.rows("customer_groups") == [(1, 4)]
    named = (12, "Demo CPE 5G", 3, "Demo Radios Inc", "functional", "new")
    columns = "id, model_id, model_name, manufacturer_id, manufacturer_name, status, condition"
    assert store.rows("inventory_items", columns) == [(5001, *named)]
    assert store.rows("customer_inventory") == [(1, 5001)]
    counts = writer.context.counts
    assert (counts["inserted"], counts["services"], counts["groups"], counts["links"]) == (1, 1, 1, 1)


def test_the_same_again_writes_no_row_but_that_it_was_looked_at(store: Store) -> None:
    store.write(map(unit, range(1, 8)))
    before = store.content(stamps=True)
    writer = store.write(map(unit, range(1, 8)), now=LATER)
    after = store.content(stamps=True)
    assert writer.context.counts["unchanged"] == 7
    assert [table for table in before if before[table] != after[table]] == ["customers"]
    assert {str(at)[:10] for (at,) in store.rows("customers", "last_updated")} == {"2030-07-08"}
    assert {str(at)[:10] for (at,) in store.rows("customers", "first_seen")} == {"2030-06-30"}


def test_what_a_customer_has_no_more_is_gone_and_its_neighbours_keep_theirs(store: Store) -> None:
    store.write(map(unit, range(1, 4)))
    changed = unit(2, services=(service(9, name="Other"),), groups=(Group(5, "Fibre"),), items=())
    store.write([changed], now=LATER)
    assert store.rows("services", "customer_id, relationship_id") == [(1, 7001), (2, 9), (3, 7003)]
    assert store.rows("customer_groups") == [(1, 4), (2, 5), (3, 4)]
    assert store.rows("customer_inventory") == [(1, 5001), (3, 5003)]
    assert store.rows("groups", "id") == [(4,), (5,)]


def test_an_item_has_one_owner(store: Store) -> None:
    store.write(map(unit, range(1, 6)), size=10)
    store.write([unit(5, items=(item(5001, 5), item(5005, 5)))], now=LATER)
    assert store.rows("customer_inventory") == [(2, 5002), (3, 5003), (4, 5004), (5, 5001), (5, 5005)]


def test_an_item_of_an_unknown_model_is_kept_without_names(store: Store) -> None:
    store.write([unit(1, items=(item(1, 1, model_id=99),))])
    assert store.rows("inventory_items", "id, model_id, model_name, manufacturer_name") == [(1, 99, None, None)]


def test_items_that_were_not_asked_for_are_left_alone(store: Store) -> None:
    store.write([unit(1)])
    store.write([unit(1, items=None)], now=LATER)
    assert store.rows("customer_inventory") == [(1, 5001)]


def test_who_is_gone_is_marked_once_keeps_its_data_and_may_come_back(store: Store) -> None:
    store.write(map(unit, range(1, 3)))
    removed = store.write([Unit(customer(1), None), unit(2, deleted=True)], now=LATER)
    assert removed.context.counts["removed"] == 2
    assert {str(at)[:10] for (at,) in store.rows("customers", "removed_at")} == {"2030-07-08"}
    assert len(store.rows("services")) == 2
    again = store.write([Unit(customer(1), None, LATER)], now=LATER + timedelta(days=1))
    assert again.context.counts["removed"] == 0
    assert {str(at)[:10] for (at,) in store.rows("customers", "removed_at")} == {"2030-07-08"}
    back = store.write([unit(1, LATER), unit(2, LATER)], now=LATER + timedelta(days=2))
    assert back.context.counts["reappeared"] == 2
    assert store.rows("customers", "removed_at, id") == [(None, 1), (None, 2)]


def test_one_that_the_database_refuses_fails_alone(store: Store) -> None:
    units = [unit(1), unit(2), unit(3)]
    broken = replace(units[1].customer, name="\ud800") if store.is_file else replace(units[1].customer, name="a\0b")
    writer = store.write([units[0], replace(units[1], customer=broken), units[2]], size=3)
    assert list(writer.refused) == [2]
    assert "Orla" not in writer.refused[2]
    assert store.rows("customers", "id") == [(1,), (3,)]
    assert store.rows("services", "customer_id") == [(1,), (3,)]


def test_a_commit_comes_every_so_many_and_what_is_killed_before_it_is_lost(store: Store) -> None:
    with store.writer(size=2, interval=4) as writer:
        for number in range(1, 8):
            writer.add(unit(number))
    assert store.rows("customers", "id") == [(1,), (2,), (3,), (4,)]
    assert {owner for (owner,) in store.rows("services", "customer_id")} == {1, 2, 3, 4}
    store.write(map(unit, range(5, 8)))
    assert len(store.rows("customers")) == 7


def test_a_commit_interval_below_the_batch_size_commits_every_batch(store: Store) -> None:
    with store.writer(size=3, interval=1) as writer:
        for number in range(1, 9):
            writer.add(unit(number))
    assert len(store.rows("customers")) == 6


def test_a_reader_sees_no_half_of_a_customer(store: Store) -> None:
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            sql = f"SELECT (SELECT count(*) FROM {store.home}customers), (SELECT count(*) FROM {store.home}services)"
            seen.append(query(store.address, sql)[0])

    reader = threading.Thread(target=look)
    reader.start()
    try:
        store.write(map(unit, range(1, 200)), size=10, interval=20)
    finally:
        done.set()
        reader.join()
    assert all(customers == services for customers, services in seen)


CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "services": st.lists(st.integers(1, 5), unique=True).map(lambda ids: tuple(map(service, ids))),
    "groups": st.lists(st.integers(1, 4), unique=True).map(lambda ids: tuple(Group(n, f"G{n}") for n in ids)),
    "block_fips": st.sampled_from([None, "539990001001000", "010010001001000"]),
    "deleted": st.booleans(),
}
NIGHTS = st.lists(st.dictionaries(st.integers(1, 6), st.fixed_dictionaries(CHANGES), max_size=6), max_size=4)


@given(nights=NIGHTS, size=st.integers(1, 4), interval=st.integers(1, 5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_the_end_the_tables_hold_what_was_last_said_of_each(
    tmp_path_factory: pytest.TempPathFactory, nights: list[dict[int, dict[str, Any]]], size: int, interval: int
) -> None:
    store = Store(str(tmp_path_factory.mktemp("bdc") / "bdc.db"))
    last: dict[int, dict[str, Any]] = {}
    for number, night in enumerate(nights):
        units = [unit(who, items=None, **changes) for who, changes in night.items()]
        store.write(units, now=NOW + timedelta(days=number), size=size, interval=interval)
        last |= night
    services = [(who, each.relationship_id) for who, made in last.items() for each in made["services"]]
    groups = [(who, each.id) for who, made in last.items() for each in made["groups"]]
    assert store.rows("services", "customer_id, relationship_id") == sorted(services)
    assert store.rows("customer_groups") == sorted(groups)
    assert {who for who, at in store.rows("customers", "id, removed_at") if at} == {
        who for who, made in last.items() if made["deleted"]
    }


def test_longitude_is_x(points: Store) -> None:
    store = points
    store.write([unit(1)])
    sql = f"SELECT ST_X(geom), ST_Y(geom), ST_SRID(geom), GeometryType(geom) FROM {store.home}customers"
    assert query(store.address, sql) == [(-120.201, 47.101, 4326, "POINT")]
    assert store.rows("customers", "id", "WHERE ST_Within(geom, ST_MakeEnvelope(-125, 45, -116, 50, 4326))") == [(1,)]


def test_distances_are_right_to_a_metre(points: Store) -> None:
    """Against the haversine formula, on the sphere of the same radius: no projection, no exchange of the two."""
    places = [
        Place(CoordStatus.OK, lat, lon)
        for lat, lon in (
            (47.1001, -120.2002),
            (47.1011, -120.2002),
            (47.1001, -120.2102),
            (61.2, -149.9),
            (-14.27, -170.7),
        )
    ]
    points.write([Unit(customer(n, place=place), detail(n)) for n, place in enumerate(places, 1)])
    sql = (
        "SELECT a.id, b.id, ST_Distance(a.geom::geography, b.geom::geography, false) "
        f"FROM {points.home}customers a JOIN {points.home}customers b ON a.id < b.id"
    )
    found = query(points.address, sql)
    assert len(found) == 10
    for one, other, metres in found:
        assert metres == pytest.approx(great_circle(places[one - 1], places[other - 1]), abs=1)


@pytest.mark.parametrize("status", [each for each in CoordStatus if each not in {CoordStatus.OK, CoordStatus.SUSPECT}])
def test_coordinates_that_are_withheld_make_no_point(points: Store, status: CoordStatus) -> None:
    points.write([unit(1), Unit(customer(2, place=Place(status)), detail(2))])
    points.write([Unit(customer(1, place=Place(status)), detail(1))], now=LATER)
    assert points.rows("customers", "geom, latitude, coord_status") == [(None, None, str(status))] * 2


def test_the_points_have_their_index(points: Store) -> None:
    sql = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'sonar' AND tablename = 'customers'"
    assert any("USING gist (geom)" in text for (text,) in query(points.address, sql))


def test_a_lost_connection_is_made_anew_and_nothing_is_lost(points: Store) -> None:
    locked = []
    with points.writer(size=2, interval=100, lock=lambda: locked.append(1)) as writer:
        for number in range(1, 6):
            writer.add(unit(number))
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{points.address.rpartition('/')[2]}' AND pid <> pg_backend_pid()"
        query(points.address, end)
        for number in range(6, 10):
            writer.add(unit(number))
        writer.commit()
    assert locked == [1]
    assert len(points.rows("customers")) == len(points.rows("services")) == 9
    assert writer.context.counts["inserted"] == 9


def test_lost_again_is_an_error(points: Store) -> None:
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{points.address.rpartition('/')[2]}' AND pid <> pg_backend_pid()"
    with points.writer(size=2, interval=100) as writer:
        writer.lock = lambda: writer.connection.exec_driver_sql("SELECT 1") and query(points.address, end)  # type: ignore[assignment,func-returns-value]
        writer.add(unit(1))
        writer.add(unit(2))
        query(points.address, end)
        writer.add(unit(3))
        with pytest.raises(Exception, match=r"server|terminat"), engine.explained(points.opened):
            writer.add(unit(4))
    assert points.rows("customers") == []
