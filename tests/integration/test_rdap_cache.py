"""What registries answered, stored on both stores: the same answers come back, and nothing is written twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.circuits import rdap_cache
from ctvpipe.pipelines.circuits.rdap_cache import Answer
from ctvpipe.pipelines.circuits.schema.tables import RDAP_CACHE
from ctvpipe.stores import engine
from ctvpipe.stores.merge import Merged

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
V4 = Answer(
    ip_address("8.8.8.0"), ip_address("8.8.8.255"), NOW, "Acme Telecom", "ACME-8", "Corner Shop Inc", "REASSIGNMENT"
)
V6 = Answer(ip_address("2600::"), ip_address("2600::ffff"), NOW - timedelta(days=29), None)
NONE = Answer(ip_address("9.9.9.9"), ip_address("9.9.9.9"), NOW, failure="no registration")


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> sa.Engine:
    on_file = f"sqlite:///{tmp_path / 'x.db'}"
    made = engine.open_engine(request.getfixturevalue("postgres_url") if request.param == "postgresql" else on_file)
    with engine.transaction(made) as connection:
        RDAP_CACHE.create(connection)
    return made


def test_answers_come_back_as_they_were(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        assert rdap_cache.store(connection, [V4, V6, NONE], NOW).inserted == 3
        assert sorted(rdap_cache.read(connection), key=str) == sorted([V4, V6, NONE], key=str)
        assert rdap_cache.store(connection, [V4, V6, NONE], NOW) == Merged(unchanged=3)
        assert rdap_cache.store(connection, [], NOW) == Merged()


def test_a_new_answer_takes_the_place_of_the_old_one(opened: sa.Engine) -> None:
    later = NOW + timedelta(days=31)
    new = Answer(V4.start, V4.end, later, "Acme Cable")
    with engine.transaction(opened) as connection:
        rdap_cache.store(connection, [V4, NONE], NOW)
        assert rdap_cache.store(connection, [Answer(V4.start, V4.end, later, "Old"), new], later).updated == 1
        assert sorted(rdap_cache.read(connection), key=str) == sorted([new, NONE], key=str)


def test_what_nobody_asked_for_in_a_long_time_goes(opened: sa.Engine) -> None:
    with engine.transaction(opened) as connection:
        rdap_cache.store(connection, [V4, V6], NOW)
        later = V6.queried + timedelta(days=60, seconds=1)
        new = Answer(ip_address("8.8.9.0"), ip_address("8.8.9.255"), later, "Acme")
        rdap_cache.store(connection, [new], later)
        assert sorted(rdap_cache.read(connection), key=str) == sorted([V4, new], key=str)
