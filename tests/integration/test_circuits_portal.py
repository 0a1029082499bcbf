"""The download from the broker's portal, against one on loopback: kept untouched, or refused and nothing changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.settings import environment
from ctvpipe.pipelines.circuits import portal
from ctvpipe.pipelines.circuits.importing import import_orders
from ctvpipe.pipelines.circuits.settings import ImportSettings
from ctvpipe.sources.pacing import Patience
from tests.fakes.portal import PASSWORD, USER, Portal, serving
from tests.fakes.tracking_csv import Spec, line, path_for, rows, text
from tests.integration.circuits_station import CircuitsStation

JOB = "circuits-import"
CHECK = ("config", "check", "circuits")
CSV = text(rows(Spec(circuits=20))).encode("cp1252")


@pytest.fixture
def broker() -> Iterator[Portal]:
    with serving(CSV) as running:
        yield running


@pytest.fixture
def station(tmp_path: Path, broker: Portal) -> CircuitsStation:
    made = CircuitsStation(tmp_path)
    made.settings |= broker.settings()
    return made


def today(station: CircuitsStation) -> Path:
    return path_for(station.tracking, station.today)


def test_the_file_is_kept_as_it_came_and_imported(station: CircuitsStation, broker: Portal) -> None:
    result = station.here(JOB, import_orders)
    assert result.code == 0
    assert today(station).read_bytes() == CSV
    assert station.query("SELECT count(*) FROM circuits") == [(20,)]
    assert broker.asked == ["GET /login", "POST /login", "GET /overview"]
    for secret in (USER, PASSWORD):
        assert secret not in result.text
        assert secret not in repr(station.runs(JOB))
    before = today(station).stat().st_mtime_ns
    assert station.here(JOB, import_orders).code == 0
    assert today(station).stat().st_mtime_ns == before, "the same bytes are not written again"


def test_a_wrong_password_is_refused_although_everything_answers_200(station: CircuitsStation, broker: Portal) -> None:
    station.settings |= broker.settings("guessed-1")
    result = station.here(JOB, import_orders)
    assert result.code == 3
    assert "user name or password is wrong" in result.line("ERROR")
    assert list(station.tracking.iterdir()) == []
    assert not station.database.exists()


def test_the_settings_check_logs_in(station: CircuitsStation, broker: Portal) -> None:
    assert f"order portal: logged in at {broker.url.removeprefix('http://')}/login\n" in station.run(*CHECK).text
    station.settings |= broker.settings("guessed-1")
    assert "FAILED   order portal: " in station.run(*CHECK).text
    station.settings["TRACKING_PORTAL_URL"] = station.settings["TRACKING_PORTAL_EXPORT_URL"] = ""
    assert "order portal: no portal is configured" in station.run(*CHECK).text
    assert "GET /overview" not in broker.asked


@pytest.mark.parametrize(("trouble", "code", "says"), [
    ({"form": "<html><p>Down for maintenance</p></html>"}, 3, "has no login form"),
    ({"form": "<form action='{action}'><input name=u><input type=password name=p></form>"}, 3, "has no login form"),
    ({"action": "http://192.0.2.7/login"}, 3, "to another host"),
    ({"export": b"<html><p>Your report is being prepared</p></html>"}, 3, "is a web page"),
    ({"export": b""}, 3, "the portal's answer is empty"),
    ({"export": b"a,b\r\n1,2\r\n"}, 3, "no column for site_name"),
    ({"export": CSV[:-80]}, 3, "ends within a row|does not end"),
    ({"status": 403}, 1, "answered 403"),
])  # fmt: skip
def test_whatever_else_comes_is_refused_and_todays_file_and_the_circuits_stay(
    station: CircuitsStation, broker: Portal, trouble: dict[str, object], code: int, says: str
) -> None:
    assert station.here(JOB, import_orders).code == 0
    before = station.dump(), today(station).read_bytes()
    for name, value in trouble.items():
        setattr(broker, name, value)
    result = station.here(JOB, import_orders)
    assert result.code == code
    assert re.search(says, result.line("ERROR"))
    assert (station.dump(), today(station).read_bytes()) == before
    assert [path.name for path in station.tracking.iterdir()] == [today(station).name]


def test_a_connection_that_breaks_off_is_no_shorter_file(station: CircuitsStation, broker: Portal) -> None:
    broker.cut = True
    settings = environment([], station.environ).load(ImportSettings)
    with pytest.raises(Exception, match="cut off"):
        portal.fetch(settings, Patience(tries=2, first=0.01))
    assert broker.asked.count("GET /overview") == 2


def test_a_file_named_by_hand_needs_no_portal(station: CircuitsStation, broker: Portal, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(text([line()]).encode())
    assert station.here(JOB, lambda run: import_orders(run, file=path)).code == 0
    assert broker.asked == []


def test_a_dry_run_keeps_nothing_of_what_it_downloads(station: CircuitsStation) -> None:
    assert "would write 20 new" in station.here(JOB, import_orders, dry_run=True).text
    assert list(station.tracking.iterdir()) == []


@pytest.mark.parametrize(("settings", "says"), [
    ({"TRACKING_PORTAL_URL": "http://portal.example.com/login"}, "must begin with https://"),
    ({"TRACKING_PORTAL_URL": "https://a.example/login", "TRACKING_PORTAL_EXPORT_URL": "https://b.example/o"}, "on the host"),
])  # fmt: skip
def test_addresses_that_would_give_the_password_away_are_wrong_settings(settings: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        environment([], settings).load(ImportSettings)


def test_half_a_configuration_is_named(station: CircuitsStation) -> None:
    station.settings["TRACKING_PORTAL_PASSWORD"] = ""
    result = station.here(JOB, import_orders)
    assert result.code == 2
    assert "TRACKING_PORTAL_PASSWORD" in result.line("ERROR")
