"""An import that is killed or stopped at any moment: what is stored is whole, little is lost, the next run goes on."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ctvpipe.stores import engine
from tests.fakes import sonar_server
from tests.fakes.sonar_people import FIRST_ID, Spec
from tests.fakes.sonar_server import Sonar
from tests.integration.bdc_station import BdcStation, bdc_station
from tests.integration.smb_server import wait_for
from tests.integration.station import CHECKOUT

COUNT, WORKERS, BATCH, INTERVAL = 120, 4, 5, 10
# On their way: a request each, twice as many results that wait, a batch and an interval that are not committed yet.
LOST = WORKERS + 2 * WORKERS + BATCH + INTERVAL
SETTINGS = {"BDC_WORKERS": str(WORKERS), "BDC_BATCH_SIZE": str(BATCH), "BDC_COMMIT_INTERVAL": str(INTERVAL)}


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BdcStation]:
    url = request.getfixturevalue("postgis_url") if request.param == "postgresql" else ""
    with sonar_server.serving(Spec(customers=COUNT, stock=5), latency=0.01) as sonar:
        made = bdc_station(tmp_path, sonar, url)
        made.settings |= SETTINGS
        yield made


def details(sonar: Sonar) -> list[int]:
    """The accounts that were asked for, in order."""
    return [int(p.split("/")[2]) for p in sonar.paths("/accounts/") if p.endswith("/json") and "reports" not in p]


@contextmanager
def importing(station: BdcStation, asked: int) -> Iterator[subprocess.Popen[str]]:
    """An import as a process, once it has asked for so many accounts."""
    process = subprocess.Popen(
        station.command("bdc", "import"), env=station.environ, cwd=CHECKOUT, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_for(
            lambda: len(details(station.sonar)) >= asked or process.poll() is not None, "accounts are asked for", 30
        )
        yield process
    finally:
        process.kill()
        process.communicate()


def require_whole(station: BdcStation) -> set[int]:
    """Every stored customer has all that is its own; returns who is stored."""
    stored = {id_ for (id_,) in station.rows("customers", "id")}
    lines = dict(station.rows("services", "customer_id, count(*)", "GROUP BY 1"))  # type: ignore[arg-type]
    assert lines == {id_: len(station.sonar.account(id_).lines) for id_ in stored}
    return stored


def finish(station: BdcStation, stored: set[int]) -> None:
    """The next run asks for those who are missing, and in the end everything is there."""
    station.sonar.asked.clear()
    done = station.run("bdc", "import")
    assert done.code == 0, done.text
    assert sorted(set(details(station.sonar))) == sorted(set(range(FIRST_ID, FIRST_ID + COUNT)) - stored)
    assert len(require_whole(station)) == COUNT
    assert len(station.rows("customer_inventory")) == COUNT + COUNT // 4


@pytest.mark.parametrize("asked", [1, 30, 77, COUNT])
def test_killed(station: BdcStation, asked: int) -> None:
    with importing(station, asked) as process:
        process.kill()
        process.wait()
        before = len(details(station.sonar))
    stored = require_whole(station)
    assert len(stored) >= before - LOST
    finish(station, stored)


def test_stopped(station: BdcStation) -> None:
    with importing(station, 50) as process:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        asked = set(details(station.sonar))
    assert process.returncode == 130, said
    assert "What was committed is whole" in said
    stored = require_whole(station)
    assert stored == asked, "what was under way is let in"
    assert len(stored) < COUNT
    assert station.notes["last_run_status"] == "interrupted"
    assert "customers_last_update" not in station.notes
    assert station.result["status"] == "interrupted"
    finish(station, stored)


def test_stopped_twice_it_ends_at_once(station: BdcStation) -> None:
    with importing(station, 30) as process:
        station.sonar.latency = 30.0
        held = len(details(station.sonar)) + WORKERS
        wait_for(lambda: len(details(station.sonar)) >= held, "every worker waits for an answer", 10)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=1.2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=5)
    assert process.returncode == 130
    station.sonar.latency = 0.0
    finish(station, require_whole(station))


def test_two_of_one_prefix_exclude_each_other_and_another_prefix_goes(
    tmp_path: Path, sonar: Sonar, postgis_url: str
) -> None:
    """Two machines with one database; on one machine the lock of the job does it."""
    station = bdc_station(tmp_path, sonar, postgis_url)
    with engine.open_engine(postgis_url).connect() as other:
        engine.hold_sole_run(other, "bdc-import sonar.")
        done = station.import_here(code=75)
        assert "another machine runs bdc-import sonar. on this database" in done.text
        station.import_here(settings={"BDC_PREFIX": "isp_"})
    station.import_here()


def test_a_connection_that_is_cut_in_between_loses_nothing(tmp_path: Path, postgis_url: str) -> None:
    with sonar_server.serving(Spec(customers=COUNT, stock=5), latency=0.01) as sonar:
        station = bdc_station(tmp_path, sonar, postgis_url)
        station.settings |= SETTINGS
        with importing(station, 40) as process:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ctvpipe'"
            assert station.query(others) == [(True,)]
            _, said = process.communicate(timeout=30)
        assert process.returncode == 0, said
        assert "the connection to the database was lost" in said
        assert len(require_whole(station)) == COUNT
