"""The fake report server sends what it should, and fails in every way it is told to."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from ctvpipe.pipelines.fms.feeds import FEEDS
from ctvpipe.pipelines.fms.settings import SyncSettings
from tests.fakes.fms_reports import KEY, REPORTS, ReportServer, serving
from tests.fakes.fms_rows import Spec, bodies

SPEC = Spec(vehicles=20, partners=30, loans=200, activity=40, approvals=60, orphans=3)
BODIES = bodies(SPEC)


@pytest.fixture
def server() -> Iterator[ReportServer]:
    with serving(BODIES) as running:
        yield running


def get(url: str) -> tuple[bytes, str]:
    """The body at ``url`` and its type."""
    with urlopen(Request(url, headers={"User-Agent": "test/1"}), timeout=30) as answer:
        return answer.read(), answer.headers["Content-Type"]


def test_each_address_brings_its_report(server: ReportServer) -> None:
    assert {table: get(server.address(table)) for table in REPORTS} == {
        table: (body, "text/csv; charset=UTF-8") for table, body in BODIES.items()
    }
    assert server.asked == list(REPORTS)
    assert {request.user_agent for request in server.requests} == {"test/1"}
    assert all("init=csv" in request.path and KEY in request.path for request in server.requests)


def test_its_settings_are_those_of_the_sync(server: ReportServer) -> None:
    variables = {SyncSettings.model_fields[f"{feed.table}_url"].alias: feed for feed in FEEDS}
    assert set(server.settings) == set(variables)
    for variable, address in server.settings.items():
        assert f"/{variables[variable].report}&init=csv" in address


@pytest.mark.parametrize("wrong", ["active_vehicles.rpt", "init=csv", KEY])
def test_a_wrong_address_brings_a_login_page(server: ReportServer, wrong: str) -> None:
    body, kind = get(server.address("vehicles").replace(wrong, "x"))
    assert (body[:6], kind) == (b"<html>", "text/html")


def test_it_fails_a_few_times_and_then_no_more(server: ReportServer) -> None:
    report = server.reports["vehicles"]
    report.failing, report.retry_after = [503, 429], "7"
    for status in (503, 429):
        with pytest.raises(HTTPError) as caught:
            get(server.address("vehicles"))
        assert (caught.value.code, caught.value.headers["Retry-After"]) == (status, "7")
    report.retry_after = ""
    assert get(server.address("vehicles"))[0] == BODIES["vehicles"]


def test_it_goes_on_failing(server: ReportServer) -> None:
    server.reports["loan_history"].status = 404
    for _ in range(2):
        with pytest.raises(HTTPError, match="404"):
            get(server.address("loan_history"))


def test_an_error_page_comes_with_200(server: ReportServer) -> None:
    server.reports["vehicles"].break_down()
    body, kind = get(server.address("vehicles"))
    assert (body[:6], kind) == (b"<html>", "text/html")


def test_a_body_can_be_empty_cut_off_or_of_another_type(server: ReportServer) -> None:
    server.reports["vehicles"].body = b""
    assert get(server.address("vehicles"))[0] == b""
    server.reports["media_partners"].cut = True
    with pytest.raises(http.client.IncompleteRead):
        get(server.address("media_partners"))
    server.reports["approved_makes"].kind = "text/csv; charset=windows-1252"
    assert get(server.address("approved_makes"))[1] == "text/csv; charset=windows-1252"


def test_a_report_can_be_elsewhere(server: ReportServer) -> None:
    server.reports["vehicles"].moved = server.address("media_partners")
    assert get(server.address("vehicles"))[0] == BODIES["media_partners"]
    assert server.asked == ["vehicles", "media_partners"]


def test_a_body_can_drip(server: ReportServer) -> None:
    report = server.reports["vehicles"]
    report.drip, report.piece = 0.02, len(report.body) // 5 + 1
    begin = time.monotonic()
    assert get(server.address("vehicles"))[0] == BODIES["vehicles"]
    assert time.monotonic() - begin >= 0.08


def test_it_counts_how_many_are_answered_at_one_time(server: ReportServer) -> None:
    get(server.address("vehicles"))
    assert server.most == 1
    server.gather(3)
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(get, [server.address("vehicles")] * 3)
    assert [body for body, _ in answers] == [BODIES["vehicles"]] * 3
    assert server.most == 3
    get(server.address("vehicles"))
    assert server.most == 3
