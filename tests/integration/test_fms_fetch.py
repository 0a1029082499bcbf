"""Fetching the FMS exports: tries, limits, two at a time, and no address in any word (facts 5.3, 5.4, 8)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import fms_reports, fms_rows
from tests.fakes.fms_reports import KEY, ReportServer
from tests.fakes.fms_rows import Spec
from tests.integration.fms_station import FmsStation
from tests.integration.smb_server import wait_for
from tests.integration.station import CHECKOUT

SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3)


@pytest.fixture
def station(tmp_path: Path) -> FmsStation:
    return FmsStation(tmp_path)


@pytest.fixture
def server(station: FmsStation) -> Iterator[ReportServer]:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as serving:
        station.settings.update(serving.settings)
        yield serving


def test_two_at_a_time_and_never_more(station: FmsStation, server: ReportServer) -> None:
    server.gather(2)
    assert station.sync_here().code == 0
    assert server.most == 2
    assert len(server.asked) == 5
    station.settings["SYNC_PARALLEL"] = "5"
    server.gather(5)
    assert station.sync_here().code == 0
    assert server.most == 5


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_busy_server_is_asked_again(station: FmsStation, server: ReportServer, status: int) -> None:
    server.reports["vehicles"].failing = [status, status]
    assert station.sync_here().code == 0
    assert station.entry("vehicles")["attempts"] == 3


def test_three_tries_and_no_more(station: FmsStation, server: ReportServer) -> None:
    server.reports["vehicles"].failing = [503] * 9
    assert station.sync_here().code == 4
    assert server.asked.count("vehicles") == 3
    assert station.entry("vehicles")["error"] == "HTTP 503: Service Unavailable (3 tries)"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_server_that_refuses_is_not_asked_again(station: FmsStation, server: ReportServer, status: int) -> None:
    server.reports["vehicles"].status = status
    assert station.sync_here().code == 4
    assert server.asked.count("vehicles") == 1
    assert station.entry("vehicles")["error"].startswith(f"HTTP {status}: ")


def test_a_page_instead_of_the_export_is_asked_for_again(station: FmsStation, server: ReportServer) -> None:
    server.reports["vehicles"].break_down()
    assert station.sync_here().code == 4
    assert server.asked.count("vehicles") == 3
    error = "vehicles: the report server answered a page instead of the export (3 tries)"
    assert station.entry("vehicles")["error"] == error


def test_a_body_that_is_cut_off_is_none(station: FmsStation, server: ReportServer) -> None:
    server.reports["loan_history"].cut = True
    assert station.sync_here().code == 4
    assert station.entry("loan_history")["error"] == (
        "the export of loan_history: the answer was cut off or damaged (3 tries)"
    )
    assert station.query("SELECT count(*) FROM loan_history") == [(0,)]


def test_a_wait_that_is_asked_for_and_too_long_ends_the_tries(station: FmsStation, server: ReportServer) -> None:
    server.reports["vehicles"].failing, server.reports["vehicles"].retry_after = [429] * 9, "86400"
    assert station.sync_here().code == 4
    assert server.asked.count("vehicles") == 1


def test_a_body_that_drips_ends_with_the_tables_time(station: FmsStation, server: ReportServer) -> None:
    station.settings["SYNC_TABLE_TIMEOUT"] = "1"
    server.reports["approved_makes"].drip, server.reports["approved_makes"].piece = 0.3, 100
    assert station.sync_here().code == 4
    assert "did not finish its answer within" in station.entry("approved_makes")["error"]
    assert server.asked.count("approved_makes") == 1


def test_a_body_that_is_too_large(station: FmsStation, server: ReportServer) -> None:
    station.settings["FMS_MAX_FILE_MIB"] = "1"
    server.reports["vehicles"].body = b"x" * (1 << 20) + b"y"
    assert station.sync_here().code == 4
    assert station.entry("vehicles")["error"] == "the export of vehicles answered more than 1 MiB"


def test_how_it_asks(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here().code == 0
    (agents,) = {(request.user_agent, request.headers["Accept"]) for request in server.requests}
    assert agents == ("curl/8.7.1", "*/*")


def test_a_sync_that_is_stopped_while_it_waits_has_whole_tables(station: FmsStation, server: ReportServer) -> None:
    server.reports["loan_history"].drip, server.reports["loan_history"].piece = 100, 1 << 10
    process = subprocess.Popen(
        station.command("fms", "sync"), env=station.environ, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True
    )
    log = station.log / "ctv-fms" / "fms-sync.log"
    wait_for(lambda: log.exists() and "Starting sync for loan_history" in log.read_text(), "it waits for the loans")
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert station.runs("fms-sync")[0].outcome == "interrupted"
    count = "SELECT (SELECT count(*) FROM media_partners), (SELECT count(*) FROM loan_history)"
    assert station.query(count) == [(20, 0)]
    server.reports["loan_history"].drip = 0
    assert station.sync_here().code == 0
    assert station.query(count) == [(20, 200)]


def trouble(server: ReportServer) -> None:
    """Each table has another trouble, and the server says the address in its own words."""
    reports = server.reports
    reports["vehicles"].status = 404
    reports["vehicles"].kind = "text/plain"
    reports["vehicles"].body = f"No report at {server.address('vehicles')} for key={KEY}".encode()
    reports["media_partners"].moved = server.address("media_partners")
    reports["loan_history"].cut = True
    reports["current_activity"].failing = [500] * 9
    reports["approved_makes"].break_down()


def test_no_address_is_told_to_anybody(station: FmsStation, server: ReportServer) -> None:
    """Pitfall 18."""
    trouble(server)
    done = station.run("fms", "sync", "--json")
    assert done.code == 1
    checked = station.run("config", "check")
    log = (station.log / "ctv-fms" / "fms-sync.log").read_text()
    ledger = b"".join(path.read_bytes() for path in station.state.glob("ledger*"))
    for said in (done.text, log, ledger.decode("latin-1"), checked.text):
        for secret in (KEY, server.url, ".rpt", "init=csv"):
            assert secret not in said, secret
    assert station.entry("vehicles")["error"] == "HTTP 404: No report at for"


def test_a_server_that_is_away(station: FmsStation) -> None:
    station.settings["FMS_VEHICLES_CSV_URL"] = f"http://127.0.0.1:9/?report=x.rpt&key={KEY}"
    done = station.run("fms", "sync")
    assert done.code == 1
    assert "the export of vehicles: the connection failed (3 tries)" in done.err
    assert KEY not in done.text


@pytest.mark.parametrize("url", ["ftp://example.com/x", "example.com/x?key=plover", "http://[broken"])
def test_an_address_that_is_none(station: FmsStation, url: str) -> None:
    station.settings["FMS_VEHICLES_CSV_URL"] = url
    done = station.run("fms", "sync")
    assert done.code == 2
    assert "FMS_VEHICLES_CSV_URL: must be an address that begins with https:// or http://" in done.err
    assert url not in done.text
