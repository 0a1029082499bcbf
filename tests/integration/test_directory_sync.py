"""Whole nights of the directory, from a real directory server and two REST APIs to both stores."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ctvpipe.pipelines.directory.stages import STAGES
from tests.fakes.campus import Spec
from tests.fakes.json_api import Fault
from tests.integration.directory_station import Campus, DirectoryStation, campus_with, ldap_serving
from tests.integration.ldap_server import LdapServer
from tests.integration.station import tree

SPEC = Spec(people=120, departments=24, groups=8)
ROWS = {
    "ingest umapi-departments": 24,
    "ingest umapi-employees": 68,
    "ingest mcommunity-users": 120,
    "ingest ad-groups": 8,
    "ingest tdx-accounts": 25,
    "ingest tdx-users": 72,
    "enrich tdx-accounts": 25,
    "enrich tdx-users": 72,
}
SILVER = {"transform departments": 26, "transform groups": 8, "transform users": 120}
STEPS = f"{len(STAGES)} of {len(STAGES)} steps done"
DONE = dict.fromkeys((*ROWS, *SILVER), "done")
WAITED = {"transform departments": "waited", "transform users": "waited"}
NO_PEOPLE = {"transform users": "waited"}
OF_TDX = {"ingest tdx-users": "waited", "enrich tdx-accounts": "waited", "enrich tdx-users": "waited", **WAITED}
LISTED = sum(count for name, count in ROWS.items() if name.startswith("ingest "))
NEW = sum(ROWS.values()) + sum(SILVER.values())
BOOKS = {"ingestion_runs", "meta.ingestion_runs"}


@pytest.fixture(scope="module")
def ldap() -> Iterator[LdapServer]:
    with ldap_serving(SPEC) as server:
        yield server


@pytest.fixture
def campus(ldap: LdapServer) -> Iterator[Campus]:
    with campus_with(ldap, SPEC) as served:
        yield served


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy or broken server is asked again at once."""
    monkeypatch.setattr("ctvpipe.sources.pacing.Patience.wait", lambda *_: 0.0)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_station(request: pytest.FixtureRequest, tmp_path: Path, campus: Campus) -> DirectoryStation:
    """On either store."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return DirectoryStation(tmp_path, url=url, settings=campus.settings)


@pytest.fixture
def station(tmp_path: Path, campus: Campus) -> DirectoryStation:
    return DirectoryStation(tmp_path, settings=campus.settings)


def test_a_night_brings_everything_and_the_next_writes_nothing(any_station: DirectoryStation) -> None:
    done = any_station.sync_here()
    assert done.code == 0, done.text
    assert f"{STEPS}, {NEW:,} records, {NEW:,} changes." in done.line("SUCCESS: ")
    assert {name: one["records_processed"] for name, one in any_station.stages.items()} == {**ROWS, **SILVER}
    first = any_station.dump(without=BOOKS)
    assert len(first["raw_entities" if not any_station.url else "bronze.raw_entities"]) == sum(ROWS.values())
    done = any_station.sync_here()
    assert done.code == 0, done.text
    assert f"{STEPS}, {LISTED} records, nothing has changed." in done.line("SUCCESS: ")
    assert any_station.statuses == DONE
    assert any_station.dump(without=BOOKS) == first


def test_each_step_is_a_run_of_its_own_in_the_database(any_station: DirectoryStation) -> None:
    any_station.sync_here()
    table = "meta.ingestion_runs" if any_station.url else "ingestion_runs"
    columns = "kind, source_system, entity_type, status, records_processed, run_id"
    rows = any_station.query(f"SELECT {columns} FROM {table} ORDER BY started_at")
    made = {**ROWS, **SILVER}
    assert [row[:1] + row[3:5] for row in rows] == [(one.kind, "completed", made[one.name]) for one in STAGES]
    assert [row[1:3] for row in rows] == [
        (stage.stream.source_system, stage.stream.entity_type)
        if stage.stream
        else ("silver_transformation", stage.what.removesuffix("s"))
        for stage in STAGES
    ]
    assert [str(row[5]) for row in rows] == [any_station.stages[stage.name]["run_id"] for stage in STAGES]


# Which of the two APIs, the part of the path that fails, how, after how many calls, and what becomes of the steps.
DOWN: dict[str, tuple[str, str, Fault, int, dict[str, str]]] = {
    "departments": ("um", "DeptData", "500", 0, {"ingest umapi-departments": "failed", **WAITED}),
    "employees": ("um", "DeptEmpData", "403", 0, {"ingest umapi-employees": "failed", **NO_PEOPLE}),
    "accounts": ("tdx", "/accounts", "html", 0, {"ingest tdx-accounts": "failed", **OF_TDX}),
    "people": ("tdx", "/search", "list", 0, {"ingest tdx-users": "failed", "enrich tdx-users": "waited", **NO_PEOPLE}),
    "sign-in": ("tdx", "/auth", "403", 0, {"ingest tdx-accounts": "failed", **OF_TDX}),
    "details": ("tdx", "/people/", "404", 1, {"enrich tdx-users": "failed"}),
}


@pytest.mark.parametrize("what", DOWN)
def test_what_works_on_a_source_that_is_down_waits_and_the_rest_goes_on(
    what: str, station: DirectoryStation, campus: Campus, no_waiting: None
) -> None:
    api, path, fault, after, ended = DOWN[what]
    getattr(campus, api).fail(path, fault, after=after)
    done = station.sync_here()
    assert done.code == 4, done.text
    assert station.statuses == {**DONE, **ended}
    (run,) = station.runs("directory-sync")
    failed, waited = ([name for name, status in ended.items() if status == one] for one in ("failed", "waited"))
    assert run.outcome == "partial"
    assert run.message.startswith(f"1 of its units failed: {failed[0]}: ")
    assert f"failed: {failed[0]}" in run.advice
    assert ("waiting for that" in run.advice) == bool(waited)
    assert all(name in run.advice for name in waited)
    campus.um.heal()
    campus.tdx.heal()
    done = station.sync_here()
    assert done.code == 0, done.text
    assert station.statuses == DONE
    whole = DirectoryStation(station.root / "whole", settings=station.settings)
    whole.sync_here()
    assert of_entities(station) == of_entities(whole), "what was late is as if it had come in time"


def of_entities(station: DirectoryStation) -> dict[str, object]:
    """What the newest versions say, whatever their numbers."""
    content = station.content(without={"latest", "enrichments"})
    return content | {"raw_entities": sorted(row[1:] for row in content["raw_entities"])}


def test_both_directories_down(
    any_station: DirectoryStation, campus: Campus, ldap: LdapServer, no_waiting: None
) -> None:
    any_station.sync_here()
    before = any_station.dump(without=BOOKS)
    ldap.stop()
    try:
        done = any_station.sync_here()
    finally:
        ldap.start()
    assert done.code == 4, done.text
    down = {"ingest mcommunity-users", "ingest ad-groups"}
    assert {name for name, status in any_station.statuses.items() if status == "failed"} == down
    assert any_station.runs("directory-sync")[0].message.startswith("2 of its units failed: ingest mcommunity-users: ")
    assert any_station.dump(without=BOOKS) == before, "nothing is taken for gone"


def test_everything_down(station: DirectoryStation, campus: Campus, ldap: LdapServer, no_waiting: None) -> None:
    campus.um.fail("", "503")
    campus.tdx.fail("", "503")
    ldap.stop()
    try:
        done = station.sync_here()
    finally:
        ldap.start()
    assert done.code == 1, done.text
    (run,) = station.runs("directory-sync")
    assert run.outcome == "failed"
    assert run.message.startswith(
        "all 5 steps failed, the first of them ingest umapi-departments: the sign-in of the UM API answered 503"
    )


def test_a_token_that_expires_in_the_middle_is_renewed(station: DirectoryStation, campus: Campus) -> None:
    campus.um.calls_a_token, campus.tdx.calls_a_token = 1, 20
    done = station.sync_here()
    assert done.code == 0, done.text
    assert station.statuses == DONE
    assert len(campus.um.tokens) > 2
    assert len(campus.tdx.tokens) > 4


def test_a_fault_that_nobody_foresaw_takes_no_other_step_with_it(station: DirectoryStation, campus: Campus) -> None:
    """Its traceback is in the log file, as that of a run would be; what is told has none of its text."""
    campus.tdx.accounts["9001"]["ID"] = "Ann Placeholder"
    done = station.sync_here()
    assert done.code == 4, done.text
    assert station.statuses == {**DONE, "ingest tdx-users": "failed", "enrich tdx-users": "waited", **NO_PEOPLE}
    (run,) = station.runs("directory-sync")
    assert run.message.startswith("1 of its units failed: ingest tdx-users: unexpected ValueError in tdx_api.py")
    assert "Placeholder" not in done.text + str(run)
    assert "Traceback" in (station.log / "ctv-directory" / "directory-sync.log").read_text()


def test_a_dry_run_changes_nothing(any_station: DirectoryStation, campus: Campus) -> None:
    """Neither on a machine where nothing has run, nor in a database that is to change (P6)."""
    assert any_station.sync_here(dry_run=True).code == 0
    assert not any_station.database.exists()
    assert not any_station.state.exists() or list(any_station.state.iterdir()) == []
    any_station.sync_here()
    campus.um.lists["DeptData"][0] |= {"DeptDescription": "Renamed"}
    del campus.um.lists["DeptEmpData"][5:9], campus.tdx.accounts[next(iter(campus.tdx.accounts))]
    rows, files = any_station.dump(), tree(any_station.root)
    done = any_station.sync_here(dry_run=True)
    assert done.code == 0, done.text
    assert tree(any_station.root) == files
    assert any_station.dump() == rows
    assert "[DRY RUN] ├─ 📝 Updated: 1" in done.text


def test_a_dry_run_counts_as_the_night_will(station: DirectoryStation, campus: Campus) -> None:
    station.sync_here()
    campus.um.lists["DeptData"][0] |= {"DeptDescription": "Renamed"}
    del campus.um.lists["DeptEmpData"][5:9], campus.tdx.accounts["9003"]
    ingests = [stage for stage in STAGES if stage.kind == "ingest"]
    dry = station.sync_here(stages=ingests, dry_run=True).line("SUCCESS: ")
    wet = station.sync_here(stages=ingests)
    assert "6 of 6 steps done" in dry
    assert re.findall(r"[\d,]+ (?:records|changes)", dry) == re.findall(
        r"[\d,]+ (?:records|changes)", wet.line("SUCCESS: ")
    )
    assert station.runs("directory-sync")[0].counters["sync"]["records_written"] > 6


def test_the_dry_run_of_a_first_night_finds_people_by_the_accounts_it_has_read(station: DirectoryStation) -> None:
    done = station.sync_here(dry_run=True)
    assert f"{STEPS}, {LISTED} records, {LISTED} changes." in done.text


def test_what_is_not_configured_is_skipped(tmp_path: Path, campus: Campus) -> None:
    station = DirectoryStation(tmp_path, settings=dict(campus.um.settings))
    done = station.sync_here()
    assert done.code == 0, done.text
    assert {name: status for name, status in station.statuses.items() if status != "skipped"} == {
        "ingest umapi-departments": "done", "ingest umapi-employees": "done",
        "transform departments": "done", "transform users": "done",
    }  # fmt: skip
    assert "4 of 4 steps done" in done.line("SUCCESS: ")
    assert "⏭️ ingest ad-groups: skipped: Active Directory is not configured (AD_SERVER)" in done.text


def test_nothing_configured_is_no_night(tmp_path: Path) -> None:
    station = DirectoryStation(tmp_path)
    done = station.sync_here()
    assert done.code == 0, done.text
    (run,) = station.runs("directory-sync")
    assert (run.outcome, run.message) == (
        "skipped", "no source is configured (UM_BASE_URL, MCOMMUNITY_LDAP_SERVER, AD_SERVER, TDX_BASE_URL)",
    )  # fmt: skip
    assert not station.database.exists()


def test_half_a_source_is_a_mistake_that_stops_no_other(station: DirectoryStation) -> None:
    del station.settings["UM_CLIENT_KEY"]
    done = station.sync_here()
    assert done.code == 4, done.text
    assert (
        station.stages["ingest umapi-departments"]["message"] == "the UM API needs UM_CLIENT_KEY as well as UM_BASE_URL"
    )
    assert station.statuses["ingest tdx-users"] == "done"
    alone = station.run("directory", "ingest", "umapi-departments")
    assert alone.code == 2, alone.text


def test_a_limit_takes_so_many_and_takes_nothing_for_gone(station: DirectoryStation) -> None:
    station.sync_here()
    before = station.dump(without=BOOKS)
    assert station.sync_here(limit=5).code == 0
    assert {station.stages[name]["records_processed"] for name in ROWS if name.startswith("ingest ")} == {5}
    assert station.dump(without=BOOKS) == before


def test_a_full_sync_asks_for_every_detail_again_and_writes_only_what_differs(
    station: DirectoryStation, campus: Campus
) -> None:
    station.sync_here()
    before = station.content(without={"enrichments"})
    campus.tdx.asked.clear()
    assert station.sync_here(full_sync=True).code == 0
    assert len(campus.tdx.paths("/people/")) == 1 + ROWS["enrich tdx-users"]
    assert station.content(without={"enrichments"}) == before
    assert station.runs("directory-sync")[0].counters["sync"]["records_written"] == 0


def test_by_force_there_is_another_version_of_everything(station: DirectoryStation) -> None:
    station.sync_here()
    assert station.sync_here(force=True, full_sync=True).code == 0
    assert station.runs("directory-sync")[0].counters["sync"]["records_written"] == NEW


def test_what_cannot_be_read_is_told_by_its_reason_and_changes_no_outcome(
    station: DirectoryStation, campus: Campus
) -> None:
    del campus.um.lists["DeptEmpData"][3]["EmplId"]
    done = station.sync_here()
    assert done.code == 0, done.text
    (run,) = station.runs("directory-sync")
    assert run.warnings == ("ingest umapi-employees: 1 of 68 records failed: it has no EmplId (1)",)
    assert station.stages["ingest umapi-employees"]["errors"] == 1


def test_the_command_prints_the_statistics_of_each_step(station: DirectoryStation) -> None:
    done = station.run("directory", "ingest", "umapi-departments", "ad-groups", "--json")
    assert done.code == 0, done.text
    document = json.loads(done.out)
    assert [one["stage"] for one in document["stages"]] == ["ingest umapi-departments", "ingest ad-groups"]
    for one in document["stages"]:
        assert (one["records_processed"], one["records_created"]) == (ROWS[one["stage"]],) * 2
        assert (one["records_updated"], one["records_skipped"], one["errors"], one["quality_issues"]) == (0, 0, [], [])
        assert one["started_at"] <= one["completed_at"]
    again = station.run("directory", "enrich", "tdx-accounts")
    assert "nothing is due" in again.text, "no account is known yet"
    wrong = station.run("directory", "ingest", "departments")
    assert wrong.code == 2
    assert "there is no ingest called 'departments'" in wrong.err


def test_the_log_has_the_summary_of_each_step(station: DirectoryStation) -> None:
    station.sync_here()
    text = (station.log / "ctv-directory" / "directory-sync.log").read_text()
    start = text.index("🔄 ingest ad-groups")
    lines = [line.partition(" - INFO - ")[2] for line in text[start:].splitlines()[:12]]
    assert lines[1] == lines[11] == "=" * 60
    assert lines[2] == "✅ ingest ad-groups"
    assert lines[3].startswith("Duration: ")
    assert lines[4:11] == [
        "📊 Total processed: 8", "├─ 🆕 New: 8", "├─ 📝 Updated: 0", "├─ 👋 Gone: 0", "└─ ⏭️ Skipped (unchanged): 0",
        "Quality issues: 0", "Errors: 0",
    ]  # fmt: skip
