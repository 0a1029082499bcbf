"""The administrator's views of the sync: their exact keys, and no secret in them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.job import Schedule
from ctvpipe.pipelines.fms import views
from ctvpipe.pipelines.fms.redacted import redact
from ctvpipe.pipelines.fms.settings import SyncSettings
from ctvpipe.pipelines.fms.views import Standing
from tests.fakes.nights import run

TZ = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 27, 20, tzinfo=UTC)  # noon at the station
HOST = "https://reports.example.com"
URLS = {
    "FMS_VEHICLES_CSV_URL": f"{HOST}/?report=fleet/secret-path/active_vehicles.rpt&init=csv&token=hunter22",
    "FMS_PARTNERS_CSV_URL": f"{HOST}/?report=repo:/media_partners.rpt&init=csv",
    "FMS_LOAN_HISTORY_CSV_URL": f"{HOST}/?report=loan_history.rpt",
    "FMS_CURRENT_ACTIVITY_CSV_URL": f"{HOST}/?report=current_vehicle_activity.rpt",
    "FMS_APPROVED_MAKES_CSV_URL": f"{HOST}/?report=approved_makes.rpt",
}


def settings(**variables: str) -> SyncSettings:
    return SyncSettings.model_validate(URLS | variables)


LAST = run("fms-sync", NOW - timedelta(hours=10))
STANDING = Standing(settings(), True, Schedule(time(2)), Schedule(time(2)), last=None, done=None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (URLS["FMS_VEHICLES_CSV_URL"], f"{HOST}/…/active_vehicles.rpt?***"),
        (f"{HOST}:8443/x/a.rpt", f"{HOST}/…/a.rpt?***"),
        (f"{HOST}/r?REPORT=C%3A%5Creports%5Ca_1.RPT", f"{HOST}/…/a_1.RPT?***"),
        ("http://user:hunter22@reports.example.com/x#frag", "http://reports.example.com/…?***"),
        (f"{HOST}/hunter22", f"{HOST}/…?***"),
        (f"{HOST}/?key=hunter22.rpt", f"{HOST}/…?***"),
        (f"{HOST}/?report=hunter22 secret.rpt", f"{HOST}/…?***"),
        ("https://[2001:db8::1]/?report=a.rpt", "https://[2001:db8::1]/…/a.rpt?***"),
        ("https://user:hunter/22@reports.example.com/x", "***"),
        ("https://hunter22:12/34@reports.example.com/x", "***"),
        ("https://hunter22:12#34@reports.example.com/x", "***"),
        ("https://user:hunter#22@reports.example.com/x", "***"),
        ("ftp://reports.example.com/a.rpt", "***"),
        ("hunter22", "***"),
        ("https://[hunter22", "***"),
        ("", "***"),
    ],
)
def test_what_is_shown_of_an_address(url: str, shown: str) -> None:
    assert redact(url) == shown


SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=6).map(lambda text: f"zQ{text}")


@given(SECRET, SECRET, SECRET, SECRET, SECRET)
def test_nothing_secret_is_shown(user: str, password: str, path: str, value: str, fragment: str) -> None:
    quoted = [quote(text, safe="") for text in (user, password, path, value, fragment)]
    name, word, folder, token, end = quoted
    url = f"https://{name}:{word}@reports.example.com/{folder}/?report={folder}/a.rpt&key={token}&init=csv#{end}"
    assert redact(url) == "https://reports.example.com/…/a.rpt?***"


@given(st.text())
def test_whatever_it_is_it_is_never_shown_as_it_is(text: str) -> None:
    for url in (text, f"{HOST}/{text}", f"https://{text}"):
        shown = redact(url)
        assert shown.endswith("***")
        assert "@" not in shown


def test_the_settings_have_exactly_the_keys_that_are_known() -> None:
    shown = views.config(settings(FMS_LOAN_HISTORY_CSV_URL="", SYNC_HOUR="3"))
    assert shown == {
        "sync_urls": {
            "vehicles": f"{HOST}/…/active_vehicles.rpt?***",
            "media_partners": f"{HOST}/…/media_partners.rpt?***",
            "loan_history": "Not configured",
            "current_activity": f"{HOST}/…/current_vehicle_activity.rpt?***",
            "approved_makes": f"{HOST}/…/approved_makes.rpt?***",
        },
        "sync_hour": 3,
        "sync_minute": 0,
        "manual_only": ["operations_data", "budgets"],
    }


def test_the_state_has_exactly_the_keys_that_are_known() -> None:
    shown = views.status(STANDING, NOW, TZ)
    assert shown == {
        "scheduler_running": True,
        "next_sync_time": "2026-11-28T02:00:00-08:00",
        "sync_hour": 2,
        "sync_minute": 0,
        "sync_enabled": True,
        "last_sync": None,
    }


@pytest.mark.parametrize(("on", "enabled"), [(False, "true"), (True, "false"), (True, "yes"), (False, "false")])
def test_what_does_not_run_has_no_next_time(on: bool, enabled: str) -> None:
    standing = replace(STANDING, switched_on=on, settings=settings(SYNC_ENABLED=enabled))
    shown = views.status(standing, NOW, TZ)
    assert (shown["scheduler_running"], shown["next_sync_time"]) == (False, None)
    assert shown["sync_enabled"] == (enabled == "true")


def test_the_next_time_is_that_of_the_timer_whatever_the_settings_say() -> None:
    standing = replace(STANDING, settings=settings(SYNC_HOUR="5"), wanted=Schedule(time(5)))
    shown = views.status(standing, NOW, TZ)
    assert (shown["next_sync_time"], shown["sync_hour"]) == ("2026-11-28T02:00:00-08:00", 5)


def test_the_last_result_is_what_the_run_has_left() -> None:
    left = {"total_tables": 5, "success_count": 4, "status": "partial"}
    shown = views.status(replace(STANDING, last=replace(LAST, counters={"rows": 7, "sync": left})), NOW, TZ)
    assert shown["last_sync"] == left
    json.dumps(shown)


def test_of_a_run_that_left_none_the_ledger_tells() -> None:
    failed = replace(LAST, outcome="failed", message="the database is busy", counters={})
    assert views.status(replace(STANDING, last=failed), NOW, TZ)["last_sync"] == {
        "start_time": failed.started_at.astimezone(TZ).isoformat(timespec="seconds"),
        "end_time": failed.finished_at.astimezone(TZ).isoformat(timespec="seconds") if failed.finished_at else None,
        "duration_seconds": failed.seconds,
        "run_id": failed.run_id,
        "status": "failed",
        "trigger": "schedule",
        "message": "the database is busy",
    }


def test_all_is_as_usual() -> None:
    assert views.unusual(replace(STANDING, last=LAST, done=LAST), NOW) == []


def test_what_is_unusual_is_told() -> None:
    old = replace(LAST, started_at=NOW - timedelta(hours=27), finished_at=NOW - timedelta(hours=26, minutes=1))
    standing = replace(
        STANDING,
        settings=settings(FMS_LOAN_HISTORY_CSV_URL="", SYNC_HOUR="5"),
        wanted=Schedule(time(5)),
        last=replace(LAST, warnings=("vehicles: 1,400 rows, usual are 979",)),
        done=old,
    )
    assert views.unusual(standing, NOW, ["vehicles", "loan_history"]) == [
        "The timer runs daily 02:00, SYNC_HOUR and SYNC_MINUTE say daily 05:00: sudo ctvpipe enable fms",
        "Not configured: loan_history.",
        "Configured, but empty: vehicles.",
        "The last good sync is older than 26 hours.",
        "vehicles: 1,400 rows, usual are 979",
    ]


def test_nothing_is_late_where_nothing_runs_nor_the_timer_wrong_that_is_off() -> None:
    old = replace(LAST, started_at=NOW - timedelta(days=9), finished_at=NOW - timedelta(days=9))
    off = replace(STANDING, switched_on=False, wanted=Schedule(time(5)), last=old, done=old)
    assert views.unusual(off, NOW) == []
    assert views.unusual(replace(STANDING, settings=settings(SYNC_ENABLED="false"), last=old, done=old), NOW) == []
