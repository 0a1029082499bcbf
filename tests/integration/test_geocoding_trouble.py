"""Geocoders that are busy, broken, silent, odd, or refuse; and what is said of it (facts 2; 8, 18)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ctvpipe.pipelines.fms.geocode_asking import Budget, StoppedError
from ctvpipe.pipelines.fms.geocode_census import Census
from tests.fakes import geocoders
from tests.fakes.geocoders import CENSUS, GOOGLE, KEY, NOMINATIM, Fault, Geocoders, coordinates
from tests.integration.geocoding_station import DAY, FIRST, GeocodingStation, Night, Watch, address
from tests.integration.smb_server import free_port

ONLY_GOOGLE = {"GEOCODER": "google", "GOOGLE_MAPS_API_KEY": KEY}


@pytest.fixture
def servers() -> Iterator[Geocoders]:
    with geocoders.serving() as serving:
        yield serving


@pytest.fixture
def station(tmp_path: Path, servers: Geocoders) -> GeocodingStation:
    return GeocodingStation(tmp_path, settings=servers.settings)


def require_discreet(station: GeocodingStation, servers: Geocoders, night: Night) -> None:
    """Nothing that was said, logged or recorded holds an address, a place, the key or a server's address."""
    logged = "".join(path.read_text() for path in station.log.rglob("*") if path.is_file())
    recorded = "".join(map(repr, station.runs()))
    told = night.text + logged + recorded + repr(night.warnings)
    assert "geocoding" in told
    places = [str(degrees) for number in range(31) for degrees in coordinates(address(number))]
    for secret in (KEY, "Sample", "Plano", "Partner ", servers.root.removeprefix("http://"), "addressbatch", *places):
        assert secret not in told, secret


@pytest.mark.parametrize(
    ("fault", "said", "requests"),
    [("500", "answered 500", 3), ("503", "answered 503", 3), ("429", "answered 429", 3),
     ("429 for hours", "answered 429", 1), ("400", "answered 400", 1), ("403", "answered 403", 1),
     ("html", "answered a web page", 3), ("cut", "did not answer, or not to the end", 3),
     ("unknown id", "answered about something that it was not asked for", 1),
     ("twice", "answered about something that it was not asked for", 1),
     ("empty", "left some of them out of its answer", 1)],
)  # fmt: skip
def test_a_census_that_fails_is_told_once_and_asked_again_the_next_night(
    station: GeocodingStation, servers: Geocoders, fault: Fault, said: str, requests: int
) -> None:
    station.put(map(address, range(1, 5)))
    servers.fail(CENSUS, fault)
    night = station.night()
    assert night.code == 0
    assert night.geocoded.requests == servers.requests[CENSUS] == requests
    assert (night.geocoded.errors, night.geocoded.succeeded) == (4, 0)
    (told, goal) = night.warnings
    assert told == (f"geocoding: the Census {said}; addresses left for another night: 4; known coordinates stay")
    assert "0 of 4 partners" in goal
    assert station.cache() == []
    assert set(station.statuses().values()) == {"waiting"}
    require_discreet(station, servers, night)
    servers.mend()
    assert station.night(FIRST + timedelta(hours=1)).geocoded.succeeded == 4


@pytest.mark.parametrize("fault", ["503", "429", "cut", "html"])
def test_a_census_that_recovers_is_asked_again_at_once(
    station: GeocodingStation, servers: Geocoders, fault: Fault
) -> None:
    station.put([address(1)])
    servers.fail(CENSUS, fault, times=2)
    night = station.night()
    assert (night.geocoded.succeeded, night.geocoded.requests, night.warnings) == (1, 3, [])


def test_nobody_there(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"CENSUS_GEOCODER_URL": f"http://127.0.0.1:{free_port()}/addressbatch"}
    station.put([address(1)])
    night = station.night()
    assert "the Census did not answer" in night.warnings[0]
    require_discreet(station, servers, night)


def test_a_malformed_address_of_a_server_is_told(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"CENSUS_GEOCODER_URL": "http://[x/addressbatch"}
    station.put([address(1)])
    night = station.night()
    assert "the Census has a malformed address or key" in night.warnings[0]
    assert night.geocoded.errors == 1


def test_the_census_has_no_more_time_than_the_night(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"GEOCODER_SECONDS": "1", "GEOCODER_FALLBACK": "google", "GOOGLE_MAPS_API_KEY": KEY}
    station.put([address(1)])
    servers.fail(CENSUS, "slow")
    night = station.night()
    assert "the Census did not answer" in night.warnings[0]
    assert servers.requests == {CENSUS: 1}


def test_what_the_census_leaves_out_is_an_error_and_backs_off(station: GeocodingStation, servers: Geocoders) -> None:
    """It is no miss: the second is not asked for it."""
    station.settings |= {"GEOCODER_FALLBACK": "google", "GOOGLE_MAPS_API_KEY": KEY}
    station.put(map(address, range(1, 12)))
    servers.missing = lambda text: text == address(2)
    night = station.night()
    assert (night.geocoded.succeeded, night.geocoded.errors) == (10, 1)
    assert servers.requests == {CENSUS: 1}
    assert len(night.warnings) == 1
    assert "left for another night: 1;" in night.warnings[0]
    assert station.statuses()[2] == "error"
    servers.forget()
    assert station.night(FIRST + timedelta(hours=1)).geocoded.requests == 0
    servers.missing = geocoders.never
    assert station.night(FIRST + DAY).geocoded.with_coordinates == 11
    assert servers.asked[CENSUS] == [address(2)]


def test_half_an_answer_is_taken_and_the_rest_asked_for_again(station: GeocodingStation, servers: Geocoders) -> None:
    station.put(map(address, range(1, 11)))
    servers.fail(CENSUS, "half")
    first = station.night()
    assert 0 < first.geocoded.succeeded < 10
    assert first.geocoded.succeeded + first.geocoded.errors == 10
    servers.mend()
    assert station.night(FIRST + DAY).geocoded.with_coordinates == 10
    assert station.positions() == {number: coordinates(address(number)) for number in range(1, 11)}


def test_more_than_fit_in_one_request_go_in_several(servers: Geocoders) -> None:
    wanted = {str(number): address(number) for number in range(25)}
    found = {}
    asking = Census(
        servers.settings["CENSUS_GEOCODER_URL"], Budget(60, monotonic=(watch := Watch()), sleep=watch.sleep), rows=10
    )
    for batch in asking.ask(wanted):
        found |= {key: (answer.latitude, answer.longitude) for key, answer in batch.items()}
    asking.client.close()
    assert servers.requests == {CENSUS: 3}
    assert found == {key: coordinates(text) for key, text in wanted.items()}


class Hurried(Watch):
    """A clock by which a second passes whenever anybody looks: nobody has to wait, and all are slow."""

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def test_slow_answers_one_by_one_end_with_the_nights_time(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {**ONLY_GOOGLE, "GEOCODER_SECONDS": "12"}
    station.put(map(address, range(1, 31)))
    night = station.night(watch=Hurried())
    assert 0 < night.geocoded.succeeded < 12
    assert night.geocoded.succeeded + night.geocoded.waiting == 30
    assert "(GEOCODER_SECONDS)" in night.warnings[0]


def test_so_do_slow_answers_of_the_census(servers: Geocoders) -> None:
    budget = Budget(12, monotonic=(watch := Hurried()), sleep=watch.sleep)
    asking = Census(servers.settings["CENSUS_GEOCODER_URL"], budget, rows=1)
    with pytest.raises(StoppedError, match="GEOCODER_SECONDS"):
        list(asking.ask({str(number): address(number) for number in range(30)}))
    asking.client.close()
    assert 0 < servers.requests[CENSUS] < 12


def test_no_address_gets_out_of_its_row(station: GeocodingStation, servers: Geocoders) -> None:
    """Quotes, commas and what looks like another row."""
    odd = ['1 "Oak" St, Apt "4", Plano, TX', "2 Oak\nSt,\r\n7,Plano, TX", "3 Öäk—St, Plano, TX", "=4+1 St, Plano, TX"]
    station.put(odd)
    assert station.night().geocoded.succeeded == 4
    assert station.positions() == {number: coordinates(" ".join(text.replace(",7", ", 7").replace(",P", ", P").split()))
                                   for number, text in enumerate(odd, 1)}  # fmt: skip


@pytest.mark.parametrize("status", ["REQUEST_DENIED", "OVER_DAILY_LIMIT"])
def test_google_that_refuses_is_not_asked_again(station: GeocodingStation, servers: Geocoders, status: Fault) -> None:
    station.settings |= ONLY_GOOGLE
    station.put(map(address, range(1, 6)))
    servers.fail(GOOGLE, status)
    night = station.night()
    assert servers.requests == {GOOGLE: 1}
    assert (night.geocoded.waiting, night.geocoded.errors) == (5, 0)
    assert f"Google answered {status}; addresses left for another night: 5;" in night.warnings[0]
    require_discreet(station, servers, night)


def test_google_over_its_limit_is_given_a_pause_and_then_left_alone(
    station: GeocodingStation, servers: Geocoders
) -> None:
    station.settings |= ONLY_GOOGLE
    station.put(map(address, range(1, 6)))
    servers.fail(GOOGLE, "OVER_QUERY_LIMIT", times=1)
    watch = Watch()
    assert station.night(watch=watch).geocoded.succeeded == 5
    assert 5.0 in watch.slept
    station.put(map(address, range(11, 16)), first=11)
    servers.forget()
    servers.fail(GOOGLE, "OVER_QUERY_LIMIT")
    night = station.night(FIRST + DAY)
    assert servers.requests == {GOOGLE: 2}
    assert night.geocoded.waiting == 5


def test_google_with_an_unknown_error_is_tried_again(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= ONLY_GOOGLE
    station.put([address(1), address(2)])
    servers.fail(GOOGLE, "UNKNOWN_ERROR", times=2)
    assert station.night().geocoded.succeeded == 2
    assert servers.requests == {GOOGLE: 4}


def test_one_address_that_google_cannot_answer_backs_off_alone(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= ONLY_GOOGLE
    station.put([address(1), address(2)])
    servers.fail(GOOGLE, "INVALID_REQUEST", times=1)
    night = station.night()
    assert (night.geocoded.succeeded, night.geocoded.errors) == (1, 1)
    assert sorted(row.status for row in station.cache()) == ["error", "match"]
    assert "Google answered INVALID_REQUEST; addresses left for another night: 1;" in night.warnings[0]


@pytest.mark.parametrize("fault", ["500", "html", "400", "cut", "UNKNOWN_ERROR"])
def test_after_ten_errors_in_a_row_google_is_left_alone(
    station: GeocodingStation, servers: Geocoders, fault: Fault
) -> None:
    station.settings |= ONLY_GOOGLE
    station.put(map(address, range(1, 31)))
    servers.fail(GOOGLE, fault)
    night = station.night()
    assert (night.geocoded.errors, night.geocoded.waiting) == (10, 20)
    assert servers.requests[GOOGLE] == (10 if fault == "400" else 30)
    assert "Google failed 10 times in a row: it " in night.warnings[0]
    assert station.cache() == []
    require_discreet(station, servers, night)


def test_errors_that_are_not_in_a_row_do_not_stop_it(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= ONLY_GOOGLE
    station.put(map(address, range(1, 31)))
    for _ in range(3):
        servers.fail(GOOGLE, "400", times=9)
        servers.fail(GOOGLE, "odd headers", times=1)  # which is an answer
    night = station.night()
    assert (night.geocoded.succeeded, night.geocoded.errors, night.geocoded.waiting) == (3, 27, 0)


@pytest.mark.parametrize(("fault", "requests"), [("403", 1), ("429", 3), ("429 for hours", 1)])
def test_nominatim_that_has_had_enough_is_not_asked_again(
    station: GeocodingStation, servers: Geocoders, fault: Fault, requests: int
) -> None:
    station.settings |= {"GEOCODER": "nominatim"}
    station.put(map(address, range(1, 6)))
    servers.fail(NOMINATIM, fault)
    night = station.night()
    assert servers.requests == {NOMINATIM: requests}
    assert night.geocoded.waiting == 5
    require_discreet(station, servers, night)


def test_a_missing_key_is_not_the_same_as_no_result(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"GEOCODER_FALLBACK": "google"}
    servers.found = lambda text: text != address(1)
    station.put(map(address, range(1, 12)))
    night = station.night()
    assert (night.geocoded.no_result, night.geocoded.waiting) == (0, 1)
    (warning,) = night.warnings
    assert "Google cannot be asked without a key (GOOGLE_MAPS_API_KEY); addresses left for another night: 1;" in warning
    servers.found = geocoders.always
    assert station.night(FIRST + DAY).warnings == []


def test_a_second_that_fails_leaves_the_misses_for_another_night(station: GeocodingStation, servers: Geocoders) -> None:
    station.settings |= {"GEOCODER_FALLBACK": "google", "GOOGLE_MAPS_API_KEY": KEY}
    servers.found = lambda text: text != address(1)
    servers.fail(GOOGLE, "REQUEST_DENIED")
    station.put(map(address, range(1, 12)))
    assert station.night().geocoded.waiting == 1
    servers.mend()
    assert station.night(FIRST + timedelta(hours=1)).geocoded.with_coordinates == 11


def test_nothing_is_said_of_addresses_when_all_goes_well_nor_by_the_libraries(
    station: GeocodingStation, servers: Geocoders
) -> None:
    """Naive: urllib3 warns of odd headers with the whole address of the request, the place and the key in it."""
    station.settings |= ONLY_GOOGLE
    station.put(map(address, range(1, 4)))
    servers.fail(GOOGLE, "odd headers")
    servers.vague = geocoders.always
    night = station.night()
    assert night.geocoded.no_result == 3
    require_discreet(station, servers, night)
