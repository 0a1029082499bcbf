"""Fixtures for tests with real servers and a station of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import sonar_server
from tests.fakes.sonar_people import Spec
from tests.fakes.sonar_server import Sonar
from tests.fakes.workbook import rows
from tests.fakes.workbook_cells import Row, text
from tests.integration.bdc_station import BdcStation, bdc_station
from tests.integration.bdc_store import Store
from tests.integration.circuits_station import CircuitsStation
from tests.integration.directory_campus import prepare_her
from tests.integration.directory_silver import Silver
from tests.integration.fms_station import FmsStation
from tests.integration.nights import PLAIN, night
from tests.integration.postgres_server import PostgresServer
from tests.integration.station import Station


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database of the test's own."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture
def postgis_url(postgres: PostgresServer) -> Iterator[str]:
    """The same, with PostGIS."""
    url = postgres.create_with_points()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def bdc_store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """The tables of BDC, empty, on either store."""
    if request.param == "postgresql":
        return Store(request.getfixturevalue("postgis_url"))
    return Store(str(tmp_path / "bdc.db"))


@pytest.fixture
def station(tmp_path: Path) -> Station:
    """A station with an SQLite database that does not exist yet."""
    return Station(tmp_path)


@pytest.fixture
def big_station(tmp_path: Path, postgres_url: str) -> Station:
    """A station with an empty PostgreSQL database."""
    return Station(tmp_path, url=postgres_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_station(request: pytest.FixtureRequest, tmp_path: Path) -> Station:
    """A station on either store."""
    return Station(tmp_path, url=request.getfixturevalue("postgres_url") if request.param == "postgresql" else "")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_circuits(request: pytest.FixtureRequest, tmp_path: Path) -> CircuitsStation:
    """A station of the circuits on either store."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return CircuitsStation(tmp_path, url=url)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_fms(request: pytest.FixtureRequest, tmp_path: Path) -> FmsStation:
    """A station of FMS on either store."""
    return FmsStation(tmp_path, url=request.getfixturevalue("postgres_url") if request.param == "postgresql" else "")


@pytest.fixture(params=["sqlite", "postgresql"])
def any_silver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Silver]:
    """An empty directory database on either store."""
    yield from _copied(request, tmp_path, "empty", lambda silver: None)


@pytest.fixture(params=["sqlite", "postgresql"])
def her(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Silver]:
    """A directory database on either store that has one person, her departments and her group, and all of them in silver."""
    yield from _copied(request, tmp_path, "her", prepare_her)


def _copied(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, prepare: Callable[[Silver], None]
) -> Iterator[Silver]:
    """A copy of a directory database that is made once, by ``prepare``."""

    def make(address: str) -> None:
        silver = Silver(address)
        prepare(silver)
        silver.opened.dispose()

    if request.param == "sqlite":
        folder: Path = request.getfixturevalue("directories")
        made, copy = folder / f"{name}.db", tmp_path / "directory.db"
        if not made.exists():
            make(str(made))
        shutil.copy(made, copy)
        yield Silver(str(copy))
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create(server.template(f"directory_{name}", make))
    yield Silver(url)
    server.drop(url)


@pytest.fixture(scope="session")
def directories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the SQLite databases are that tests have copies of."""
    return tmp_path_factory.mktemp("directories")


@pytest.fixture
def sonar() -> Iterator[Sonar]:
    """A small invented Sonar."""
    with sonar_server.serving(Spec(customers=60, stock=5)) as fake:
        yield fake


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bdc(request: pytest.FixtureRequest, tmp_path: Path, sonar: Sonar) -> BdcStation:
    """A station of BDC on either store, with PostGIS on the second."""
    url = request.getfixturevalue("postgis_url") if request.param == "postgresql" else ""
    return bdc_station(tmp_path, sonar, url)


@pytest.fixture
def bdc(tmp_path: Path, sonar: Sonar) -> BdcStation:
    """A station of BDC on SQLite."""
    return bdc_station(tmp_path, sonar)


@pytest.fixture
def lines() -> list[Row]:
    """Sixty plain rows of three months, the first two alike."""
    made = list(rows(PLAIN))
    made[1] = made[0]
    return made


@pytest.fixture
def hundred(station: Station) -> list[Row]:
    """A hundred rows of one month, loaded."""
    first = next(iter(rows(PLAIN)))
    made = [first.changed(comments=text(f"airing {number}")) for number in range(100)]
    assert night(station, made).code == 0
    return made
