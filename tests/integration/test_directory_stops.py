"""A night of the directory that is stopped in the middle, loses its database, or finds another one at work."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ctvpipe.stores import engine
from tests.fakes.campus import Spec
from tests.integration.directory_station import Campus, DirectoryStation, campus_with, ldap_serving
from tests.integration.ldap_server import LdapServer
from tests.integration.station import execute

SPEC = Spec(people=60, departments=12, groups=4)
EMPLOYEES = "DeptEmpData"


@pytest.fixture(scope="module")
def ldap() -> Iterator[LdapServer]:
    with ldap_serving(SPEC) as server:
        yield server


@pytest.fixture
def campus(ldap: LdapServer) -> Iterator[Campus]:
    with campus_with(ldap, SPEC) as served:
        yield served


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path: Path, campus: Campus) -> DirectoryStation:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return DirectoryStation(tmp_path, url=url, settings=campus.settings)


@pytest.fixture
def big_station(tmp_path: Path, campus: Campus, postgres_url: str) -> DirectoryStation:
    return DirectoryStation(tmp_path, url=postgres_url, settings=campus.settings)


def in_the_middle(campus: Campus, happens: Callable[[], object]) -> None:
    """Something happens once, while the employees are asked for."""
    left = [happens]

    def seen(path: str, _start: int) -> None:
        if path == EMPLOYEES and left:
            left.pop()()

    campus.um.seen = seen


def steps(station: DirectoryStation) -> list[tuple[str, str, str]]:
    table = "meta.ingestion_runs" if station.url else "ingestion_runs"
    rows = station.query(f"SELECT entity_type, status, error_message FROM {table} ORDER BY started_at")
    return [(row[0], row[1], row[2] or "") for row in rows]


def whole(station: DirectoryStation, tmp_path: Path) -> bool:
    """Whether it holds what a night without disturbance leaves."""
    other = DirectoryStation(tmp_path / "undisturbed", settings=station.settings)
    assert other.sync_here().code == 0
    return station.content() == other.content()


def test_stopped_it_says_so_and_the_next_night_goes_on(
    station: DirectoryStation, campus: Campus, tmp_path: Path
) -> None:
    in_the_middle(campus, lambda: os.kill(os.getpid(), signal.SIGTERM))
    done = station.sync_here()
    assert done.code == 130, done.text
    (run,) = station.runs("directory-sync")
    assert (run.outcome, run.message) == ("interrupted", "stopped by SIGTERM")
    assert steps(station) == [("department", "completed", ""), ("user", "failed", "it was stopped")]
    assert station.sync_here().code == 0
    assert whole(station, tmp_path)


def test_a_database_that_goes_away_ends_the_night_and_the_next_goes_on(
    big_station: DirectoryStation, campus: Campus, tmp_path: Path
) -> None:
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    in_the_middle(campus, lambda: execute(big_station.url, others))
    done = big_station.sync_here()
    assert done.code == 1, done.text
    (run,) = big_station.runs("directory-sync")
    assert run.outcome == "failed"
    assert "connection" in run.message
    assert "station:***@127.0.0.1" in run.message
    assert [step[:2] for step in steps(big_station)] == [("department", "completed"), ("user", "failed")]
    assert big_station.sync_here().code == 0
    assert whole(big_station, tmp_path)


def test_another_machine_at_work_on_the_same_database(big_station: DirectoryStation, campus: Campus) -> None:
    assert big_station.sync_here().code == 0
    with engine.open_engine(big_station.url).connect() as elsewhere:
        engine.hold_sole_run(elsewhere, "directory-sync")
        campus.um.asked.clear()
        done = big_station.sync_here()
    assert done.code == 75, done.text
    assert "another machine runs directory-sync on this database" in done.line("NOT_NOW")
    assert campus.um.asked == []
