"""``ctvpipe fms status`` and ``fms config``: what the tables hold on either store, and no secret in any output."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path

import pytest

from ctvpipe.core import timetable
from ctvpipe.core.job import Schedule
from ctvpipe.jobs import find
from tests.fakes.nights import record, run
from tests.fakes.systemctl import install
from tests.integration.fms_partners import MON, NOW, Partners
from tests.integration.fms_station import FmsStation
from tests.integration.station import Result

SECRET = "hunter22"
URL = f"https://user:{SECRET}@reports.example.com/{SECRET}/?report={SECRET}/active_vehicles.rpt&token={SECRET}"
JOB = find("fms-sync")


def call(station: FmsStation, *arguments: str) -> Result:
    done = station.run("fms", *arguments)
    assert SECRET not in done.text
    assert "A. Example" not in done.text
    return done


def urls(**others: str) -> dict[str, str]:
    return {"FMS_VEHICLES_CSV_URL": URL, **others}


@pytest.fixture(params=["sqlite", "postgresql"])
def partners(request: pytest.FixtureRequest, tmp_path: Path) -> Partners:
    """Three partners and a few loans; the timer is on."""
    system = install(tmp_path, [JOB.timer])
    system.switch(JOB.timer, on=True)
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = Partners(FmsStation(tmp_path, url=url, settings=urls()))
    made.add("9001", latitude=32.5, longitude=-96.5, day="Monday", source="auto", confidence=90)
    made.add("9002", latitude=32.5, day="Friday", source="manual")
    made.add("9003", source="manual", updated_at=NOW)
    made.lend("9001", {MON: 3})
    return made


def test_what_the_database_holds_is_shown(partners: Partners) -> None:
    lines = call(partners.station, "status").out.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert rows["vehicles"] == ["0"]
    assert rows["media_partners"] == ["3", "2026-11-27", "02:00"]
    assert rows["loan_history"] == ["3", "2026-01-01", "00:00", "2026-06-01", "2026-06-15"]
    assert "Partners  1 of 3 with coordinates (33.3 %), 2 with a preferred day, 1 of them set by hand" in lines
    assert "Unusual   Not configured: media_partners, loan_history, current_activity, approved_makes." in lines
    assert "          Configured, but empty: vehicles." in lines
    assert lines[0].startswith("Next sync ")
    assert lines[0].endswith(" 02:00 (daily 02:00)")
    assert lines[1] == "Last sync none yet"


def test_the_time_that_the_timer_was_given_counts(partners: Partners) -> None:
    station = partners.station
    timetable.set_schedule(JOB, Schedule(time(3, 30)), station.root)
    assert " 03:30 (daily 03:30)" in call(station, "status").out
    shown = json.loads(call(station, "status", "--json").out)
    assert shown["next_sync_time"][11:] == "03:30:00+00:00"
    assert (shown["scheduler_running"], shown["sync_hour"]) == (True, 2)
    assert "The timer runs daily 03:30, SYNC_HOUR and SYNC_MINUTE say daily 02:00" in call(station, "status").out


def test_the_last_run_is_told(partners: Partners) -> None:
    record(partners.station.state, [run("fms-sync", NOW, "partial", message="1 of 5 failed", warnings=("w 1", "w 2"))])
    text = call(partners.station, "status").out
    assert "Last sync partial " in text
    assert "ago: 1 of 5 failed\n" in text
    assert "          w 1\n          w 2\n" in text
    shown = json.loads(call(partners.station, "status", "--json").out)
    assert shown["last_sync"]["status"] == "partial"
    assert list(shown) == [
        "scheduler_running", "next_sync_time", "sync_hour", "sync_minute", "sync_enabled", "last_sync",
    ]  # fmt: skip


def test_looking_writes_nothing(partners: Partners) -> None:
    before = partners.station.dump()
    for words in (("status",), ("status", "--json"), ("config",), ("config", "--json")):
        assert call(partners.station, *words).code == 0
    assert partners.station.dump() == before
    assert not (partners.station.state / "ledger.sqlite3").exists()


def test_the_document_needs_no_database_and_the_text_makes_none(tmp_path: Path) -> None:
    away = FmsStation(tmp_path, url="postgresql://u:hunter22@127.0.0.1:1/x", settings=urls(SYNC_ENABLED="TRUE # on"))
    shown = json.loads(call(away, "status", "--json").out)
    assert shown == {
        "scheduler_running": False,
        "next_sync_time": None,
        "sync_hour": 2,
        "sync_minute": 0,
        "sync_enabled": True,
        "last_sync": None,
    }
    done = call(away, "status")
    assert done.code == 1
    assert done.out.startswith("Next sync none: the timer is switched off, or not installed")
    fresh = FmsStation(tmp_path, settings=urls())
    assert "There is no data yet." in call(fresh, "status").out
    assert not fresh.database.exists()


def test_the_settings_are_shown_without_what_signs_in(tmp_path: Path) -> None:
    station = FmsStation(tmp_path, settings=urls(SYNC_HOUR="3", SYNC_MINUTE="5"))
    shown = json.loads(call(station, "config", "--json").out)
    assert shown["sync_urls"]["vehicles"] == "https://reports.example.com/…/active_vehicles.rpt?***"
    assert shown["sync_urls"]["media_partners"] == "Not configured"
    lines = call(station, "config").out.splitlines()
    assert lines[1].split() == ["vehicles", "https://reports.example.com/…/active_vehicles.rpt?***"]
    assert lines[-2:] == ["Sync      daily 03:05", "By hand   operations_data, budgets"]


def test_wrong_settings_and_unreadable_ones_are_told(tmp_path: Path) -> None:
    wrong = FmsStation(tmp_path, settings=urls(SYNC_HOUR="25"))
    for words in (("status",), ("config", "--json")):
        done = call(wrong, *words)
        assert (done.code, done.out) == (2, "")
        assert "SYNC_HOUR: " in done.err
    unreadable = FmsStation(tmp_path)
    (unreadable.etc / "ctv-fms.env").mkdir()
    done = call(unreadable, "config")
    assert done.code == 2
    assert "cannot read" in done.err
