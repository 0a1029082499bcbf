"""A partner who moves: no map shows him where he was, and no night forgets him (facts 2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from tests.fakes import fms_reports, fms_rows, geocoders
from tests.fakes.fms_reports import ReportServer
from tests.fakes.fms_rows import Spec, body, rows
from tests.fakes.geocoders import CENSUS, Geocoders, coordinates
from tests.integration.fms_station import FmsStation

SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)
ADDRESS, ELSEWHERE = 2, "77 Sample Elm St, Plano, TX"


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
    return any_fms


@pytest.fixture
def mover(server: ReportServer) -> list[str]:
    """The row of a partner with an address."""
    return next(row for row in rows(SMALL)["media_partners"] if row[ADDRESS] not in {"", "N/A"})


def move(server: ReportServer, mover: list[str], to: str) -> None:
    moved = [*mover[:ADDRESS], to, *mover[ADDRESS + 1 :]]
    made = [moved if row == mover else row for row in rows(SMALL)["media_partners"]]
    server.reports["media_partners"].body = body(made)


def stands(station: FmsStation, mover: list[str]) -> tuple[Any, ...]:
    sql = f"SELECT address, latitude, longitude FROM media_partners WHERE person_id = '{mover[0]}'"
    (found,) = station.query(sql)
    return found[0], *(None if degrees is None else float(degrees) for degrees in found[1:])


@contextmanager
def watched(station: FmsStation, mover: list[str]) -> Iterator[set[tuple[Any, ...]]]:
    """What a reader sees of the partner while a sync goes on, between its transactions."""
    seen: set[tuple[Any, ...]] = set()

    def look(_: object) -> None:
        seen.add(stands(station, mover))

    sa.event.listen(sa.Engine, "begin", look)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "begin", look)


def test_no_moment_shows_him_at_his_former_address(
    station: FmsStation, server: ReportServer, servers: Geocoders, mover: list[str]
) -> None:
    assert station.sync_here().code == 0
    at_first = stands(station, mover)
    move(server, mover, ELSEWHERE)
    with watched(station, mover) as seen:
        assert station.sync_here().code == 0
    at_last = (ELSEWHERE, *coordinates(ELSEWHERE))
    assert stands(station, mover) == at_last
    assert seen - {at_last} == {at_first, (ELSEWHERE, None, None)}
    move(server, mover, mover[ADDRESS])
    with watched(station, mover) as seen:
        assert station.sync_here().code == 0
    assert seen == {at_last, at_first}, "what is known of an address is there with it"


def test_a_geocoder_that_fails_that_night_is_asked_the_next_although_nothing_has_changed_since(
    station: FmsStation, server: ReportServer, servers: Geocoders, mover: list[str]
) -> None:
    assert station.sync_here().code == 0
    move(server, mover, ELSEWHERE)
    servers.fail(CENSUS, "503")
    assert station.sync_here().code == 0
    assert stands(station, mover) == (ELSEWHERE, None, None)
    servers.mend()
    assert station.sync_here().code == 0
    assert {entry["message"] for entry in station.result["results"]} == {"unchanged"}
    assert stands(station, mover) == (ELSEWHERE, *coordinates(ELSEWHERE))
