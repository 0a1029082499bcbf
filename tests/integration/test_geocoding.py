"""Nights of geocoding on both stores: what is asked for, what is written, what stays (facts 2 and 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.fms import geocode_store, geocoding
from ctvpipe.pipelines.fms.geocoding import Geocoded
from ctvpipe.pipelines.fms.schema.tables import GEOCODE_CACHE, MEDIA_PARTNERS
from ctvpipe.pipelines.fms.settings import SyncSettings
from ctvpipe.stores import engine
from tests.fakes import geocoders
from tests.fakes.geocoders import CENSUS, GOOGLE, KEY, NOMINATIM, Geocoders, coordinates
from tests.integration.geocoding_station import DAY, FIRST, GeocodingStation, Watch, address

WITH_GOOGLE = {"GEOCODER_FALLBACK": "google", "GOOGLE_MAPS_API_KEY": KEY}


@pytest.fixture
def servers() -> Iterator[Geocoders]:
    with geocoders.serving() as serving:
        yield serving


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path: Path, servers: Geocoders) -> GeocodingStation:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return GeocodingStation(tmp_path, url=url, settings=servers.settings)


def test_a_first_night_asks_the_census_once_for_all(station: GeocodingStation, servers: Geocoders) -> None:
    station.put([*(address(number) for number in range(1, 8)), None, "N/A", "  "])
    night = station.night()
    assert (night.code, night.warnings) == (0, [])
    assert night.geocoded == Geocoded(7, 0, 7, 0, 0, 0, requests=1, usable=7, with_coordinates=7)
    assert servers.requests == {CENSUS: 1}
    expected = {number: coordinates(address(number)) for number in range(1, 8)}
    assert station.positions() == expected | {8: None, 9: None, 10: None}
    assert station.statuses() == dict.fromkeys(expected, "match") | {8: None, 9: None, 10: None}
    (first, *_) = station.cache()
    assert (first.provider, first.status, first.match_type, first.provider_ref) == (
        "census", "match", "Exact", "123456789",
    )  # fmt: skip
    assert (first.fetched_at, first.attempts, first.next_try_at) == (FIRST, 0, None)


def test_an_unchanged_night_is_one_select(station: GeocodingStation, servers: Geocoders) -> None:
    station.put([*map(address, range(1, 8)), None])
    servers.found = lambda text: text != address(7)
    station.night()
    before = station.rows()
    servers.forget()
    night = station.night(FIRST + timedelta(hours=3))
    assert [text.split()[0] for text in night.statements if "BEGIN" not in text] == ["SELECT"]
    assert night.transactions == 1
    assert station.rows() == before
    assert servers.requests == {}
    assert night.geocoded == Geocoded(0, 7, 0, 0, 0, 0, requests=0, usable=7, with_coordinates=6)


def test_both_stores_hold_the_same(tmp_path: Path, postgres_url: str) -> None:
    """Of a first night with everything in it, of one with changes, and of one long after."""
    kept = []
    for place, url in ((tmp_path / "file", ""), (tmp_path / "server", postgres_url)):
        with geocoders.serving(found=lambda text: "1201" not in text and "1205" not in text) as servers:
            servers.fallback_found = lambda text: "1205" not in text
            servers.tie = lambda text: "1203" in text
            station = GeocodingStation(place, url=url, settings={**servers.settings, **WITH_GOOGLE})
            station.put([*map(address, range(8)), None, address(2)])
            rows = []
            for days in (0, 1, 26):
                station.night(FIRST + days * DAY)
                rows.append(_without_stamps(station))
                station.move(2, address(40))
                station.move(5, None)
            kept.append(rows)
    assert kept[0] == kept[1]
    assert len({repr(rows) for rows in kept[0]}) == 3


def _without_stamps(station: GeocodingStation) -> object:
    return [[tuple(map(str, row)) for row in rows] for rows in station.rows().values()]


def test_only_what_changed_is_asked_for(station: GeocodingStation, servers: Geocoders) -> None:
    station.put(map(address, range(1, 8)))
    station.night()
    servers.forget()
    station.move(3, address(50))
    station.move(4, f"  {address(4).upper()} ")
    night = station.night(FIRST + DAY)
    assert servers.asked[CENSUS] == [address(50)]
    assert (night.geocoded.attempted, night.geocoded.cached) == (1, 6)
    assert station.positions()[3] == coordinates(address(50))
    assert station.positions()[4] == coordinates(address(4))


def test_what_is_known_of_an_address_serves_whoever_has_it(station: GeocodingStation, servers: Geocoders) -> None:
    """One who moves to another's address, one who is new there, and one who comes back: no request."""
    station.put(map(address, range(1, 4)))
    station.night()
    station.move(1, address(2))
    station.put([address(3)], first=10)
    servers.forget()
    station.night(FIRST + DAY)
    station.move(1, address(1))
    night = station.night(FIRST + 2 * DAY)
    assert servers.requests == {}
    assert night.geocoded.attempted == 0
    places = station.positions()
    assert (places[1], places[10]) == (coordinates(address(1)), coordinates(address(3)))


def test_one_address_of_many_partners_is_asked_for_once(station: GeocodingStation, servers: Geocoders) -> None:
    station.put([address(1)] * 5 + [address(1).lower()])
    night = station.night()
    assert len(servers.asked[CENSUS]) == 1
    assert (night.geocoded.attempted, night.geocoded.usable, night.geocoded.with_coordinates) == (1, 6, 6)


def test_coordinates_of_another_address_are_never_kept(station: GeocodingStation, servers: Geocoders) -> None:
    """One whose new address is not found, one whose address is gone, one who waits while everything is down."""
    station.put(map(address, range(1, 5)))
    station.night()
    servers.found = lambda text: text != address(60)
    station.move(1, address(60))
    station.move(2, "N/A")
    station.night(FIRST + DAY)
    servers.fail(CENSUS, "503")
    station.move(3, address(61))
    night = station.night(FIRST + 1.2 * DAY)
    assert station.positions() == {1: None, 2: None, 3: None, 4: coordinates(address(4))}
    assert station.statuses() == {1: "no_result", 2: None, 3: "waiting", 4: "match"}
    assert (night.geocoded.attempted, night.geocoded.errors, night.geocoded.waiting) == (1, 1, 0)


def test_an_outage_costs_no_coordinates(station: GeocodingStation, servers: Geocoders) -> None:
    """Facts 8, 7: if Google fails that night, no distance vanishes; nor does what else is kept of the partners."""
    station.settings |= {"GEOCODER": "google", **WITH_GOOGLE}
    station.put(map(address, range(1, 6)))
    station.night()
    before = station.rows()
    servers.fail(GOOGLE, "500")
    for days in (25, 26, 29):
        night = station.night(FIRST + days * DAY)
        assert (night.code, night.geocoded.errors, night.geocoded.with_coordinates) == (0, 5, 5)
        (warning,) = night.warnings
        assert "Google answered 500; addresses left for another night: 5;" in warning
        assert station.rows() == before
    servers.mend()
    assert station.night(FIRST + 29.5 * DAY).geocoded.succeeded == 5
    assert {row.fetched_at for row in station.cache()} == {FIRST + 29.5 * DAY}


def test_googles_coordinates_go_when_its_terms_end(station: GeocodingStation, servers: Geocoders) -> None:
    """Those of an address that nobody has any more as well; and they come back when Google does."""
    station.settings |= {"GEOCODER": "google", **WITH_GOOGLE}
    station.put(map(address, range(1, 4)))
    station.night()
    station.move(3, None)
    servers.fail(GOOGLE, "500")
    night = station.night(FIRST + 30 * DAY)
    assert station.positions() == {1: None, 2: None, 3: None}
    assert {(row.status, row.latitude, row.longitude) for row in station.cache()} == {("expired", None, None)}
    assert all(row.provider_ref for row in station.cache())  # may be kept for ever
    assert any("goal is 90 %" in warning for warning in night.warnings)
    servers.mend()
    station.night(FIRST + 31 * DAY)
    assert station.positions() == {1: coordinates(address(1)), 2: coordinates(address(2)), 3: None}


def test_they_go_as_well_when_nobody_may_be_asked_any_more(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"GEOCODER": "google", **WITH_GOOGLE}
    station.put([address(1)])
    station.night()
    station.settings |= {"GEOCODER": "none"}
    night = station.night(FIRST + 30 * DAY)
    assert station.positions() == {1: None}
    assert (night.geocoded.requests, night.geocoded.attempted, night.warnings) == (0, 0, [])


def test_who_is_not_found_is_asked_for_after_1_2_and_4_days(station: GeocodingStation, servers: Geocoders) -> None:
    servers.found = geocoders.never
    station.put([address(1)])
    asked = []
    for day in range(9):
        servers.forget()
        station.night(FIRST + day * DAY)
        asked.append(servers.requests[CENSUS])
    assert asked == [1, 1, 0, 1, 0, 0, 0, 1, 0]


def test_the_misses_and_ties_of_the_census_go_to_the_second(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= WITH_GOOGLE
    servers.found = lambda text: text not in {address(2), address(5)}
    servers.tie = lambda text: text == address(3)
    servers.fallback_found = lambda text: text != address(5)
    servers.partial = lambda text: text == address(2)
    station.put([*map(address, range(1, 6)), "Somewhere else"])
    night = station.night()
    assert sorted(servers.asked[GOOGLE]) == sorted([address(2), address(3), address(5), "Somewhere else"])
    assert astuple(night.geocoded)[:6] == (6, 0, 5, 1, 0, 0)
    kinds = {(row.provider, row.status, row.match_type) for row in station.cache()}
    assert kinds == {
        ("census", "match", "Exact"), ("google", "match", "ROOFTOP"), ("google", "match", "ROOFTOP, partial"),
        ("google", "no_result", None),
    }  # fmt: skip


def test_without_a_second_a_tie_is_no_result(station: GeocodingStation, servers: Geocoders) -> None:
    servers.tie = geocoders.always
    station.put([address(1)])
    night = station.night()
    assert (night.geocoded.no_result, station.positions()) == (1, {1: None})
    assert [(row.status, row.match_type) for row in station.cache()] == [("no_result", "Tie")]


def test_who_can_be_asked_later_is_asked_at_once(station: GeocodingStation, servers: Geocoders) -> None:
    servers.found = geocoders.never
    station.put([address(1)])
    station.night()
    station.settings |= WITH_GOOGLE
    station.night(FIRST + timedelta(minutes=5))
    assert station.positions() == {1: coordinates(address(1))}


def test_nominatim_is_asked_once_a_second_by_name(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"GEOCODER_FALLBACK": "nominatim"}
    servers.found = lambda text: text == address(1)
    station.put(map(address, range(1, 6)))
    watch = Watch()
    night = station.night(watch=watch)
    assert servers.requests == {CENSUS: 1, NOMINATIM: 4}
    assert watch.seconds >= 3
    assert max(watch.slept) <= 3
    assert all(agent.startswith("ctvpipe/") for agent in servers.agents)
    assert night.geocoded.succeeded == 5
    assert {row.provider for row in station.cache()} == {"census", "nominatim"}


def test_a_night_without_time_leaves_the_rest_for_the_next(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"GEOCODER": "nominatim", "GEOCODER_SECONDS": "3.5"}
    station.put(map(address, range(1, 9)))
    first = station.night()
    assert (first.geocoded.succeeded, first.geocoded.waiting, first.geocoded.errors) == (4, 4, 0)
    assert any(
        "within 4 s (GEOCODER_SECONDS); addresses left for another night: 4;" in warning for warning in first.warnings
    )
    second = station.night(FIRST + timedelta(hours=1))
    assert (second.geocoded.attempted, second.geocoded.succeeded, second.warnings) == (4, 4, [])
    assert len(set(servers.asked[NOMINATIM])) == servers.requests[NOMINATIM] == 8


def test_the_goal_is_ninety_percent(station: GeocodingStation, servers: Geocoders) -> None:
    station.put([*map(address, range(1, 11)), None])
    servers.found = lambda text: text != address(1)
    assert station.night().warnings == []
    servers.found = lambda text: text not in {address(1), address(20)}
    station.move(2, address(20))
    (warning,) = station.night(FIRST + timedelta(hours=1)).warnings
    assert warning == "geocoding: 8 of 10 partners with an address have coordinates, 80.0 %: the goal is 90 %"


def test_the_figures_of_the_seed(station: GeocodingStation, servers: Geocoders) -> None:
    """592 partners, 562 of them found."""
    missed = {address(number) for number in range(30)}
    servers.found = lambda text: text not in missed
    station.put(map(address, range(592)), first=0)
    night = station.night()
    assert night.geocoded.shape() == {
        "attempted": 592, "cached": 0, "succeeded": 562, "no_result": 30, "errors": 0, "waiting": 0, "requests": 1,
        "usable": 592, "with_coordinates": 562, "success_percent": 94.9,
    }  # fmt: skip
    assert night.warnings == []
    assert len(night.writes) < 30


def test_nothing_else_of_a_partner_is_touched(station: GeocodingStation, servers: Geocoders) -> None:
    station.put([address(1), None])
    others = [column for column in MEDIA_PARTNERS.c if column.name not in {
        "latitude", "longitude", "address_hash", "geocode_status", "geocoded_at", "updated_at"}]  # fmt: skip
    chosen = sa.select(*others).order_by(MEDIA_PARTNERS.c.person_id)
    stamps = sa.select(MEDIA_PARTNERS.c.updated_at).order_by(MEDIA_PARTNERS.c.person_id)
    with engine.transaction(station.engine) as connection:
        before, stamped = connection.execute(chosen).all(), connection.execute(stamps).scalars().all()
    station.night()
    with engine.transaction(station.engine) as connection:
        assert connection.execute(chosen).all() == before
        assert connection.execute(stamps).scalars().all() == [FIRST, stamped[1]]


def test_partners_in_two_offices_are_two_rows(station: GeocodingStation) -> None:
    station.put([address(1)])
    station.put([address(2)], office="Denver")
    station.night()
    with engine.transaction(station.engine) as connection:
        found = connection.execute(sa.select(MEDIA_PARTNERS.c.office, MEDIA_PARTNERS.c.latitude)).all()
    assert {tuple(row) for row in found} == {
        ("Dallas", coordinates(address(1))[0]),
        ("Denver", coordinates(address(2))[0]),
    }


def test_one_who_is_deleted_meanwhile_does_not_come_back(station: GeocodingStation) -> None:
    station.put([address(1), address(2)])
    with engine.transaction(station.engine) as connection:
        partners, _ = geocode_store.read(connection)
        connection.execute(sa.delete(MEDIA_PARTNERS).where(MEDIA_PARTNERS.c.person_id == "1"))
        for partner in partners:
            partner.stored = partner.stored._replace(geocode_status="waiting")
        geocode_store.write(connection, [], [], partners, FIRST)
    assert station.statuses() == {2: "waiting"}


@pytest.mark.parametrize("at", ["first", "second"])
def test_one_who_is_stopped_between_answer_and_write_asks_again(
    station: GeocodingStation, servers: Geocoders, at: str
) -> None:
    """Stopped between the write of the cache and that of the partners, or at the latter: neither is half there."""
    station.put(map(address, range(1, 4)))
    before = station.rows()
    table = "TABLE wanted_media_partners" if at == "first" else "UPDATE media_partners"

    def stop(*call: object) -> None:
        if table in str(call[2]) and "SELECT media_partners" not in str(call[2]):
            raise KeyboardInterrupt("SIGTERM")

    night = station.night(before=lambda connection: sa.event.listen(connection, "before_cursor_execute", stop))
    assert night.code == 130
    assert station.rows() == before
    assert station.night(FIRST + timedelta(hours=1)).geocoded.succeeded == 3
    assert servers.requests == {CENSUS: 2}


def test_one_who_is_stopped_while_asking_keeps_the_batches_before(
    station: GeocodingStation, servers: Geocoders
) -> None:
    station.settings |= {"GEOCODER": "google", **WITH_GOOGLE}
    station.put(map(address, range(1, 111)))

    class Stop(Watch):
        def __call__(self) -> float:
            if servers.requests[GOOGLE] == 80:
                raise KeyboardInterrupt("SIGTERM")
            return super().__call__()

    night = station.night(watch=Stop())
    assert night.code == 130
    assert len(station.cache()) == 50
    assert sum(place is not None for place in station.positions().values()) == 50
    assert station.night(FIRST + timedelta(hours=1)).geocoded.attempted == 60


def test_one_who_is_stopped_while_asking_has_no_coordinates_of_another_address(
    station: GeocodingStation, servers: Geocoders
) -> None:
    """And what was known already is there."""
    station.put(map(address, range(1, 4)))
    station.night()
    station.move(1, address(50))
    station.move(2, address(3))

    class Stop(Watch):
        def __call__(self) -> float:
            raise KeyboardInterrupt("SIGTERM")

    assert station.night(FIRST + DAY, watch=Stop()).code == 130
    assert station.positions() == {1: None, 2: coordinates(address(3)), 3: coordinates(address(3))}


def test_a_database_error_ends_the_run(station: GeocodingStation) -> None:
    station.put([address(1)])
    with engine.transaction(station.engine) as connection:
        GEOCODE_CACHE.drop(connection)
    assert station.night().code == 1


def test_a_preview_only_counts(station: GeocodingStation, servers: Geocoders) -> None:
    station.put([*map(address, range(1, 6)), None, address(5)])
    before = station.rows()
    settings = SyncSettings.model_validate(station.settings)
    with engine.transaction(station.engine) as connection:
        assert geocoding.preview(settings, connection, now=FIRST) == 5
    assert station.rows() == before
    assert servers.requests == {}
    station.night()
    with engine.transaction(station.engine) as connection:
        assert geocoding.preview(settings, connection, now=FIRST + DAY) == 0
