"""A night in which nothing can be due does not look at the coordinates; any other does (facts 2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.fakes import fms_reports, fms_rows, geocoders
from tests.fakes.fms_reports import ReportServer
from tests.fakes.fms_rows import Spec
from tests.fakes.geocoders import CENSUS, GOOGLE, KEY, Geocoders
from tests.integration.fms_station import FmsStation

SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)
WITH_GOOGLE = {"GEOCODER_FALLBACK": "google", "GOOGLE_MAPS_API_KEY": KEY}


REMOVE = "UPDATE media_partners SET latitude = NULL, longitude = NULL"
FORGET = "DELETE FROM geocode_cache"


@pytest.fixture
def server() -> Iterator[ReportServer]:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as serving:
        yield serving


@pytest.fixture
def servers() -> Iterator[Geocoders]:
    with geocoders.serving() as serving:
        yield serving


@pytest.fixture
def station(any_fms: FmsStation, server: ReportServer, servers: Geocoders) -> FmsStation:
    any_fms.settings |= {**server.settings, **servers.settings, "GEOCODER": "census"}
    assert any_fms.sync_here().code == 0
    servers.forget()
    return any_fms


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to any database."""
    sent: list[str] = []

    def send(*call: object) -> None:
        sent.append(str(call[2]))

    sa.event.listen(sa.Engine, "before_cursor_execute", send)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", send)


def places(station: FmsStation) -> list[tuple[object, ...]]:
    return station.query("SELECT person_id, office, latitude, longitude FROM media_partners ORDER BY 1, 2")


def test_an_unchanged_night_reads_no_partner_and_tells_the_same(station: FmsStation, servers: Geocoders) -> None:
    told, before = station.entry("media_partners"), station.dump()
    with statements() as sent:
        assert station.sync_here().code == 0
    assert sent
    assert not [sql for sql in sent if "address" in sql]
    assert (station.dump(), servers.requests) == (before, {})
    found, again = told["geocoding"], station.entry("media_partners")["geocoding"]
    same = ("usable", "with_coordinates", "success_percent")
    assert [again[name] for name in same] == [found[name] for name in same]
    assert again["cached"] == found["cached"] + found["attempted"]
    assert (again["attempted"], again["requests"]) == (0, 0)


def test_what_somebody_removes_is_found_again(station: FmsStation, servers: Geocoders) -> None:
    before = places(station)
    station.execute(REMOVE)
    assert station.sync_here().code == 0
    assert (places(station), servers.requests) == (before, {})  # the addresses were still known
    station.execute(REMOVE, FORGET)
    assert station.sync_here().code == 0
    assert (places(station), servers.requests) == (before, {CENSUS: 1})


def test_who_may_be_asked_now_and_could_not_then_is_asked(station: FmsStation, servers: Geocoders) -> None:
    servers.found = lambda _: False
    station.execute(REMOVE, FORGET)
    assert station.sync_here().code == 0
    assert servers.requests == {CENSUS: 1}
    assert station.sync_here().code == 0
    assert servers.requests == {CENSUS: 1}
    station.settings |= WITH_GOOGLE
    assert station.sync_here().code == 0
    assert servers.requests[GOOGLE] > 0


def test_a_geocoder_that_is_out_of_order_is_asked_every_night(station: FmsStation, servers: Geocoders) -> None:
    servers.fail(CENSUS, "503")
    station.settings |= {"GEOCODER_SECONDS": "2"}
    station.execute(REMOVE, FORGET)
    for _ in range(2):
        servers.forget()
        assert station.sync_here().code == 0
        assert servers.requests[CENSUS] > 0
    servers.mend()
    assert station.sync_here().code == 0
    entry = station.entry("media_partners")
    assert entry["geocoding"]["with_coordinates"] == entry["geocoding"]["usable"] > 0
