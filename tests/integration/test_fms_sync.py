"""The FMS sync on both stores, from a real HTTP server to the tables (facts 1, 5 and 8)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from tests.fakes import fms_reports, fms_rows, geocoders
from tests.fakes.fms_reports import ReportServer
from tests.fakes.fms_rows import Spec, body, rows
from tests.integration.fms_station import FmsStation
from tests.integration.station import tree

TODAY = date(2025, 11, 12)
SMALL = Spec(vehicles=30, partners=20, loans=200, activity=40, approvals=100, orphans=3, today=TODAY)
COUNTS = {
    "vehicles": 979, "media_partners": 592, "loan_history": 10_806, "current_activity": 1_122, "approved_makes": 4_715,
}  # fmt: skip
TABLES = list(COUNTS)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KEEPS = ("latitude", "longitude", "allowed_start_dows")


@pytest.fixture
def server() -> Iterator[ReportServer]:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as serving:
        yield serving


@pytest.fixture
def station(any_fms: FmsStation, server: ReportServer) -> FmsStation:
    any_fms.settings.update(server.settings)
    return any_fms


def put(server: ReportServer, table: str, made: list[list[str]], **options: Any) -> None:
    server.reports[table].body = body(made, **options)


def days_by_pandas(loans: list[tuple[Any, ...]], as_of: date) -> dict[tuple[str, str], tuple[str, float]]:
    """The preferred days as facts 3 say, worked out another way."""
    frame = pd.DataFrame([(*row[:2], pd.Timestamp(row[2])) for row in loans], columns=["person_id", "office", "start"])
    recent = frame["start"] >= pd.Timestamp(as_of) - pd.Timedelta(days=365)
    frame["weight"], frame["weekday"] = recent.map({True: 2, False: 1}), frame["start"].dt.day_of_week
    found = {}
    for key, group in frame.groupby(["person_id", "office"]):
        share = group.groupby("weekday")["weight"].sum() / group["weight"].sum()
        if len(group) >= 5 and share.max() >= 0.4:
            found[key] = (DAYS[int(share.idxmax())], round(100 * share.max(), 1))
    return found


def count(station: FmsStation, table: str) -> int:
    return int(station.query(f"SELECT count(*) FROM {table}")[0][0])


def test_the_seeds_numbers(any_fms: FmsStation) -> None:
    with fms_reports.serving(fms_rows.bodies(Spec())) as server:
        any_fms.settings.update(server.settings)
        done = any_fms.run("fms", "sync", "--json")
    assert done.code == 0, done.text
    told = json.loads(done.out)
    assert {table: count(any_fms, table) for table in TABLES} == COUNTS
    assert {one["table"]: one["rows_processed"] for one in told["results"]} == COUNTS
    assert [one["table"] for one in told["results"]] == TABLES
    assert {one["table"]: one["rows_affected"] for one in told["results"]} == COUNTS
    seed_keys = (
        "start_time", "end_time", "duration_seconds", "total_tables", "success_count", "failure_count",
        "total_rows_processed",
    )  # fmt: skip
    assert [key for key in told if key in seed_keys] == list(seed_keys)
    assert [told[key] for key in seed_keys[3:]] == [5, 5, 0, 18_214]
    lines = [line.partition("INFO - ")[2] for line in done.err.splitlines()]
    for said in (
        f"[Nightly Sync] {'=' * 40}",
        "[Nightly Sync] Starting sync for vehicles",
        "[Nightly Sync] ✓ loan_history synced successfully: 10806 rows (10,806 inserted, 0 updated, 0 deleted)",
        "[Nightly Sync] Success: 5/5 tables",
        "[Nightly Sync] Total rows processed: 18214",
    ):
        assert said in lines
    assert any(line.startswith("[Nightly Sync] Starting nightly FMS data sync at 20") for line in lines)


def test_both_stores_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, postgres_url: str, server: ReportServer
) -> None:
    stations = [
        FmsStation(tmp_path_factory.mktemp("fms"), url=url, settings=dict(server.settings))
        for url in ("", postgres_url)
    ]
    for change in (False, True):
        if change:
            put(server, "loan_history", rows(Spec(**{**vars(SMALL), "loans": 190, "seed": 2}))["loan_history"])
        for station in stations:
            assert station.sync_here(day=TODAY).code == 0
        first, second = (station.content() for station in stations)
        assert first == second
        assert len(first["loan_history"]) == (190 if change else 200)


def test_the_same_exports_again_write_no_row(station: FmsStation) -> None:
    assert station.sync_here().code == 0
    before, kept = station.dump(), tree(station.bodies)
    assert station.sync_here().code == 0
    assert station.dump() == before
    assert tree(station.bodies) == kept
    assert {one["status"] for one in station.result["results"]} == {"unchanged"}
    assert station.result["total_rows_processed"] == 390


def test_only_the_difference_is_written(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here().code == 0
    made = rows(SMALL)["vehicles"]
    gone = made.pop(3)
    made[5][2] = "Sample Motors"
    made.append([*made[6][:6], "1EX99999TST999999", *made[6][7:]])
    put(server, "vehicles", made)
    before = {row[0]: row for row in station.query("SELECT vin, updated_at, make FROM vehicles")}
    assert station.sync_here().code == 0
    entry = station.entry("vehicles")
    assert [entry[name] for name in ("inserted", "updated", "deleted", "rows_affected", "rows_processed")] == [
        1,
        1,
        1,
        3,
        30,
    ]
    after = {row[0]: row for row in station.query("SELECT vin, updated_at, make FROM vehicles")}
    assert before.keys() - after.keys() == {gone[6]}
    assert {key for key in before.keys() & after.keys() if before[key] != after[key]} == {made[5][6]}


def test_rows_in_another_order_are_no_difference(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here().code == 0
    before = station.dump(without=["ingestion_runs", "meta.ingestion_runs"])
    put(server, "loan_history", rows(SMALL)["loan_history"][::-1])
    assert station.sync_here().code == 0
    assert station.entry("loan_history")["rows_affected"] == 0
    assert station.dump(without=["ingestion_runs", "meta.ingestion_runs"]) == before


def test_what_the_export_does_not_bring_survives(station: FmsStation, server: ReportServer) -> None:
    """Pitfall 7: coordinates and hand-kept days live in the table that is loaded."""
    assert station.sync_here().code == 0
    (person,) = station.query("SELECT person_id FROM media_partners LIMIT 1")[0]
    station.execute(
        "UPDATE media_partners SET latitude = 33.1, longitude = -96.7, allowed_start_dows = 'Mon,Wed'"
        f" WHERE person_id = '{person}'"
    )
    made = rows(SMALL)["media_partners"]
    for row in made:
        row[1] += " Jr."
    put(server, "media_partners", made)
    assert station.sync_here().code == 0
    assert station.entry("media_partners")["updated"] == 20
    kept = station.query(f"SELECT {', '.join(KEEPS)}, name FROM media_partners WHERE person_id = '{person}'")[0]
    assert [float(kept[0]), float(kept[1]), kept[2]] == [33.1, -96.7, "Mon,Wed"]
    assert kept[3].endswith(" Jr.")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("broken", ["page", "empty", "unreadable"])
def test_an_export_that_is_none_leaves_its_table_and_stops_no_other(
    station: FmsStation, server: ReportServer, table: str, broken: str
) -> None:
    """Pitfalls 1, 2 and 11: nothing is wiped, and a part is not the whole."""
    assert station.sync_here().code == 0
    before = station.content()[table]
    report = server.reports[table]
    match broken:
        case "page":
            report.break_down()
        case "empty":
            report.body = b""
        case "unreadable":
            report.body = body([["x"] * len(rows(SMALL)[table][0])] * 50)
    done = station.sync_here()
    assert done.code == 4
    assert station.content()[table] == before
    told = station.result
    assert (told["success_count"], told["failure_count"], told["status"]) == (4, 1, "partial")
    assert station.entry(table)["success"] is False
    assert "[Nightly Sync] ⚠ 1 table failed to sync" in done.err
    assert f"[Nightly Sync]   - {table}: " in done.err


def test_all_that_fail_fail_the_run(station: FmsStation, server: ReportServer) -> None:
    for report in server.reports.values():
        report.status, report.kind, report.body = 404, "text/plain", b"Report not found"
    done = station.sync_here()
    assert done.code == 1
    assert "all 5 tables failed: HTTP 404: Report not found" in done.err
    assert station.entry("vehicles")["error"] == "HTTP 404: Report not found"


def test_rejects_are_kept_by_line_and_told(station: FmsStation, server: ReportServer) -> None:
    made = rows(SMALL)["loan_history"]
    made[9][7] = "soon"
    put(server, "loan_history", made)
    done = station.sync_here()
    assert done.code == 0
    assert count(station, "loan_history") == 199
    (reject,) = station.query("SELECT table_name, line_no, column_name, reason FROM sync_rejects")
    assert reject == ("loan_history", 10, "Start_Date", "is not a date, MM-DD-YY")
    assert station.entry("loan_history")["rows_rejected"] == 1
    assert "1 of 200 rows are not stored: Start_Date is not a date, MM-DD-YY (1 row, first on line 10)" in done.err
    put(server, "loan_history", rows(SMALL)["loan_history"])
    assert station.sync_here().code == 0
    assert station.query("SELECT * FROM sync_rejects") == []


def test_too_many_rejects_are_refused(station: FmsStation, server: ReportServer) -> None:
    """Pitfall 21: one policy for every table, with a limit."""
    made = rows(SMALL)["approved_makes"]
    for row in made[:3]:
        row[3] = "D"
    put(server, "approved_makes", made)
    assert station.sync_here().code == 4
    assert count(station, "approved_makes") == 0
    assert "3 of 100 rows cannot be stored, at most 2 % may be: Rank is not" in station.entry("approved_makes")["error"]


def test_a_table_that_shrinks_by_more_than_half_is_refused_unless_forced(
    station: FmsStation, server: ReportServer
) -> None:
    for _ in range(3):
        put(server, "loan_history", rows(SMALL)["loan_history"][::-1])
        assert station.sync_here().code == 0
        put(server, "loan_history", rows(SMALL)["loan_history"])
        assert station.sync_here().code == 0
    put(server, "loan_history", rows(SMALL)["loan_history"][:90])
    assert station.sync_here().code == 4
    assert "90 rows, usual are 200: 55 % are gone, at most 50 % may be" in station.entry("loan_history")["error"]
    assert count(station, "loan_history") == 200
    assert station.sync_here(only=["loan_history"], force=True).code == 0
    assert count(station, "loan_history") == 90
    put(server, "loan_history", rows(SMALL)["loan_history"][:88])
    assert station.sync_here().code == 0, "what was usual before the forced load is not any more"
    assert count(station, "loan_history") == 88


def test_an_unusual_number_of_rows_is_told(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here().code == 0
    put(server, "loan_history", rows(SMALL)["loan_history"][:140])
    done = station.sync_here()
    assert done.code == 0
    assert "loan_history: 140 rows, usual are 200" in done.err
    assert station.runs("fms-sync")[0].warnings == ("loan_history: 140 rows, usual are 200",)


def test_what_is_not_configured_is_skipped_and_no_failure(station: FmsStation, server: ReportServer) -> None:
    """Pitfall 15."""
    del station.settings["FMS_APPROVED_MAKES_CSV_URL"]
    assert station.sync_here().code == 0
    assert station.result["failure_count"] == 0
    assert station.entry("approved_makes")["status"] == "skipped"
    assert "approved_makes" not in server.asked
    station.settings.clear()
    done = station.sync_here()
    assert done.code == 0
    assert "no export is configured" in done.err
    assert station.runs("fms-sync")[0].outcome == "skipped"


def test_some_tables_only(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here(only=["vehicles", "approved_makes"]).code == 0
    assert sorted(server.asked) == ["approved_makes", "vehicles"]
    done = station.sync_here(only=["planes"])
    assert done.code == 2
    assert "there is no table called 'planes'" in done.err


def test_switched_off_the_night_does_nothing_and_a_person_may(station: FmsStation, server: ReportServer) -> None:
    station.settings["SYNC_ENABLED"] = "False  # for now"
    done = station.run("fms", "sync", env={"INVOCATION_ID": "1"})
    assert (done.code, server.asked) == (0, [])
    assert "switched off (SYNC_ENABLED)" in done.err
    assert station.run("fms", "sync").code == 0
    assert len(server.asked) == 5


def test_a_dry_run_touches_nothing(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here(dry_run=True).code == 0
    assert station.sync_here().code == 0
    put(server, "vehicles", rows(SMALL)["vehicles"][:25])
    before, files = station.dump(), tree(station.root)
    done = station.sync_here(dry_run=True)
    assert done.code == 0
    assert "vehicles synced successfully: 25 rows (0 inserted, 0 updated, 5 deleted)" in done.err
    assert station.dump() == before
    assert {path: is_ for path, is_ in tree(station.root).items() if path not in files} == {}
    assert tree(station.bodies) == {
        path.removeprefix("state/fms/"): is_ for path, is_ in files.items() if path.startswith("state/fms/")
    }


def test_the_bodies_are_kept_as_they_came(station: FmsStation, server: ReportServer) -> None:
    station.settings["FMS_KEEP_BODIES"] = "2"
    sent = []
    for size in (30, 29, 28):
        put(server, "vehicles", rows(SMALL)["vehicles"][:size])
        sent.append(server.reports["vehicles"].body)
        assert station.sync_here(day=TODAY + timedelta(days=30 - size)).code == 0
    kept = sorted(station.bodies.glob("vehicles-*.csv"))
    assert [path.read_bytes() for path in kept] == sent[1:]
    assert kept[-1].name == f"vehicles-20251114T120000Z-{hashlib.sha256(sent[-1]).hexdigest()[:12]}.csv"
    server.reports["vehicles"].body = body([["x"] * 14] * 9)
    assert station.sync_here().code == 4
    (refused,) = station.bodies.glob("vehicles-*.refused")
    assert refused.read_bytes() == server.reports["vehicles"].body
    assert sorted(station.bodies.glob("vehicles-*.csv")) == kept


def test_what_a_killed_sync_has_half_written_goes(station: FmsStation) -> None:
    """Its name has the instant of that sync, so that no other would write over it."""
    station.bodies.mkdir(parents=True)
    left = station.bodies / ".ctvpipe-vehicles-20251101T020000Z-0123456789ab.csv.tmp"
    left.write_text('"1","half a')
    assert station.sync_here(dry_run=True).code == 0
    assert left.exists()
    assert station.sync_here().code == 0
    assert not left.exists()
    assert len(list(station.bodies.iterdir())) == 5


def test_a_layout_that_changes_is_told(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here().code == 0
    put(server, "vehicles", rows(Spec(**{**vars(SMALL), "widths": {"vehicles": 15}}))["vehicles"])
    done = station.sync_here()
    assert done.code == 0
    assert "vehicles: the export has 15 columns, the one before had 14" in done.err
    assert station.query("SELECT count(*) FROM vehicles WHERE color IS NULL") == [(0,)]


def test_every_load_is_recorded_in_the_database(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here().code == 0
    name = "meta.ingestion_runs" if station.url else "ingestion_runs"
    run = station.runs("fms-sync")[0].run_id
    found = station.query(
        f"SELECT entity_type, records_processed, records_created, source_system, status FROM {name}"
        f" WHERE run_id = '{run}' AND entity_type NOT IN ('preferred_days', 'coordinates') ORDER BY entity_type"
    )
    assert found == sorted((table, len(made), len(made), "fms", "completed") for table, made in rows(SMALL).items())


def test_a_table_that_somebody_emptied_is_filled_again(station: FmsStation) -> None:
    assert station.sync_here().code == 0
    station.execute("DELETE FROM approved_makes")
    assert station.sync_here().code == 0
    assert count(station, "approved_makes") == 100


def test_the_seeds_coordinates_and_days(any_fms: FmsStation) -> None:
    """562 of 592 partners have coordinates by one request; the days are what pandas makes of the same loans."""
    spec = Spec()
    with fms_reports.serving(fms_rows.bodies(spec)) as server, geocoders.serving(found=fms_rows.is_found) as asked:
        any_fms.settings |= {**server.settings, **asked.settings, "GEOCODER": "census"}
        assert any_fms.sync_here(day=spec.today).code == 0
        assert dict(asked.requests) == {"census": 1}
        before = any_fms.dump()
        again = any_fms.sync_here(day=spec.today)
    assert again.code == 0
    assert dict(asked.requests) == {"census": 1}
    assert any_fms.dump() == before
    entry = any_fms.entry("media_partners")
    assert (entry["geocoded_partners"], entry["geocoding"]["success_percent"]) == (562, 96.8)
    assert any_fms.query("SELECT count(*) FROM media_partners WHERE latitude IS NOT NULL") == [(562,)]
    stored = any_fms.query(
        "SELECT person_id, office, preferred_day_of_week, preferred_day_confidence FROM media_partners"
        " WHERE preferred_day_of_week IS NOT NULL"
    )
    loans = any_fms.query("SELECT person_id, office, start_date FROM loan_history")
    wanted = days_by_pandas(loans, spec.today)
    partners = set(any_fms.query("SELECT person_id, office FROM media_partners"))
    assert {row[:2]: (row[2], float(row[3])) for row in stored} == {
        key: day for key, day in wanted.items() if key in partners
    }


def test_a_partner_who_comes_back_has_the_day_that_was_chosen(station: FmsStation, server: ReportServer) -> None:
    assert station.sync_here().code == 0
    made = rows(SMALL)["media_partners"]
    person, office = made[0][0], made[0][3].strip()
    assert station.run("fms", "preferred-day", person, office, "sat", "--by", "Kim").code == 0
    put(server, "media_partners", made[1:])
    assert station.sync_here().code == 0
    put(server, "media_partners", made)
    assert station.sync_here().code == 0
    where = f"WHERE person_id = '{person}' AND office = '{office}'"
    found = station.query(f"SELECT preferred_day_of_week, preferred_day_source FROM media_partners {where}")
    assert found == [("Saturday", "manual")]


def test_geocoding_that_fails_is_told_and_no_failure(station: FmsStation) -> None:
    station.settings |= {"GEOCODER": "census", "CENSUS_GEOCODER_URL": "http://127.0.0.1:9/x"}
    done = station.sync_here()
    assert done.code == 0
    assert station.entry("media_partners")["success"] is True
    assert [text for text in station.runs("fms-sync")[0].warnings if text.startswith("geocoding: the Census ")]


def test_days_are_worked_out_again_when_a_loan_has_become_older_than_a_year(
    station: FmsStation, server: ReportServer
) -> None:
    """The exports are the same, the day is another: what was recent counts once from then on."""
    partner = rows(SMALL)["media_partners"][0]
    loan = rows(SMALL)["loan_history"][0]

    def lent(number: int, day: date) -> list[str]:
        return [
            str(number),
            loan[1],
            partner[0],
            *loan[3:7],
            *[f"{day:%m-%d-%y}"] * 2,
            "",
            partner[3].strip(),
            *loan[11:],
        ]

    monday, tuesday = date(2024, 11, 18), date(2023, 11, 14)
    put(server, "loan_history", [lent(n, monday if n < 2 else tuesday) for n in range(5)])
    where = f"WHERE person_id = '{partner[0]}'"

    def found() -> object:
        return station.query(f"SELECT preferred_day_of_week FROM media_partners {where}")[0][0]

    assert station.sync_here(day=date(2025, 11, 17)).code == 0
    assert found() == "Monday", "2 recent loans weigh 4, 3 old ones 3"
    before = station.dump()
    assert station.sync_here(day=date(2025, 11, 18)).code == 0
    assert station.dump() == before, "365 days ago is recent still"
    assert station.sync_here(day=date(2025, 11, 19)).code == 0
    assert {one["status"] for one in station.result["results"]} == {"unchanged"}
    assert found() == "Tuesday"
