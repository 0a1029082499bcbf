"""Whole nights of the directory, from a real directory server and two REST APIs to both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.campus import Spec
from tests.integration.directory_station import Campus, DirectoryStation, campus_with, ldap_serving
from tests.integration.ldap_server import LdapServer

SPEC = Spec(people=120, departments=24, groups=8)


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


def test_a_night_brings_everything_and_the_next_nothing(station: DirectoryStation) -> None:
    done = station.sync_here()
    assert done.code == 0, done.text
    print(done.text)
    first = station.content()
    done = station.sync_here()
    assert done.code == 0, done.text
    print(done.text)
    assert station.content() == first
