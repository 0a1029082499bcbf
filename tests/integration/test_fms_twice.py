"""Two syncs at one time, here or on another machine: one does the work, the other comes back later (facts 4.2, 8)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.fakes import fms_reports, fms_rows
from tests.fakes.fms_reports import ReportServer
from tests.fakes.fms_rows import Spec
from tests.integration.door_bench import wait_until
from tests.integration.fms_station import FmsStation
from tests.integration.station import CHECKOUT

SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)


@pytest.fixture
def server() -> Iterator[ReportServer]:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as serving:
        serving.gather(3)  # a sync asks for two at a time: it waits until somebody else asks, too
        yield serving


def begun(station: FmsStation, server: ReportServer) -> subprocess.Popen[str]:
    """A sync in the middle of its work: the database is open, and two exports are awaited."""
    running = subprocess.Popen(station.command("fms", "sync"), cwd=CHECKOUT, env=station.environ, text=True)
    wait_until(lambda: len(server.asked) == 2)
    log = station.log / "ctv-fms" / "fms-sync.log"
    wait_until(lambda: log.exists() and "Starting sync for vehicles" in log.read_text())
    return running


def ended(running: subprocess.Popen[str], server: ReportServer) -> int:
    with urlopen(server.address("vehicles")) as answer:
        answer.read()
    return running.wait(60)


def test_on_one_machine(any_fms: FmsStation, server: ReportServer) -> None:
    """Pitfall 10."""
    any_fms.settings |= server.settings
    running = begun(any_fms, server)
    second = any_fms.run("fms", "sync")
    assert second.code == 75
    assert len(server.asked) == 2
    assert ended(running, server) == 0
    assert any_fms.query("SELECT count(*) FROM loan_history") == [(200,)]


def test_on_two_machines_with_one_database(tmp_path: Path, postgres_url: str, server: ReportServer) -> None:
    first, other = (FmsStation(tmp_path / name, url=postgres_url, settings=server.settings) for name in ("a", "b"))
    running = begun(first, server)
    other.settings = {**server.settings, "FMS_VEHICLES_CSV_URL": "http://127.0.0.1:9/x?report=x.rpt&init=csv"}
    second = other.run("fms", "sync", "--table", "vehicles")
    assert second.code == 75
    assert "another machine runs fms-sync on this database" in second.line("NOT_NOW")
    assert ended(running, server) == 0
    assert first.query("SELECT count(*) FROM loan_history") == [(200,)]
    assert other.run("fms", "sync", "--table", "loan_history", env=server.settings).code == 0
