"""The pitfalls of facts 6 that an ingest may fall into, on both stores; each test fails on the naive version."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ctvpipe.core.errors import NotNowError, TransientError
from ctvpipe.pipelines.directory import canonical, ingest, runs
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.runs import Step
from ctvpipe.pipelines.directory.streams import (
    TDX_ACCOUNT_DETAILS,
    TDX_ACCOUNTS,
    TDX_USERS,
    UMAPI_DEPARTMENTS,
    UMAPI_EMPLOYEES,
)
from ctvpipe.stores import engine
from tests.integration.directory_bronze import BrokenOffError, Bronze, broken_off, departments
from tests.integration.station import CHECKOUT, query

FIRST = {"10": "Zoology", "20": "Botany", "30": "Geology", "40": "Physics", "50": "Music"}
STEP = Step("umich_api", "department", runs.INGEST)
ACCOUNT = {"ID": 9901, "Code": "990100", "Name": "Zoo Lab Svcs"}


@pytest.fixture(params=["sqlite", "postgresql"])
def bronze(request: pytest.FixtureRequest, tmp_path: Path) -> Bronze:
    wants_server = request.param == "postgresql"
    return Bronze(request.getfixturevalue("postgres_url") if wants_server else str(tmp_path / "directory.db"))


def test_p1_a_watermark_is_what_was_read_whatever_the_clock_says(bronze: Bronze) -> None:
    step = Step("silver_transformation", "department", runs.TRANSFORM)
    assert bronze.watermark(step) == 0
    for read, day in ((7, "2026-11-25"), (9, "2026-11-26"), (8, "2030-01-01")):
        with bronze.opened.connect() as connection, runs.recorded(connection, step) as run:
            run.details[runs.WATERMARK] = read
        bronze.execute(f"UPDATE {bronze.table('ingestion_runs')} SET started_at = '{day}' WHERE run_id = '{run.id}'")
    failing(bronze, step, BrokenOffError(), {runs.WATERMARK: 99})
    assert bronze.watermark(step) == 9


def test_p3_every_appointment_of_a_person_is_a_record_of_its_own(bronze: Bronze) -> None:
    rows = [{"EmplId": "1", "EmplRcd": number, "UniqName": "JO", "Jobcode": f"j{number}"} for number in range(3)]
    assert bronze.fetch(rows, UMAPI_EMPLOYEES).created == 3
    for _ in range(2):
        assert bronze.fetch(rows, UMAPI_EMPLOYEES).created == 0
    assert list(bronze.latest) == ["1:0", "1:1", "1:2"]


def test_p4_what_disappears_is_known_to_be_gone(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    bronze.fetch(departments(dict(list(FIRST.items())[1:])))
    assert bronze.latest["10"] is None
    assert bronze.count("latest", "content_hash IS NULL") == 1


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_p5_a_failure_is_no_empty_result(bronze: Bronze, batch_size: int) -> None:
    bronze.fetch(departments(FIRST))
    before = bronze.versions
    away = TransientError("the service is away")
    for brought in ({}, {"10": "Zoology"}):
        with pytest.raises(TransientError, match="away"):
            bronze.fetch(
                broken_off(departments(brought), away), batch_size=batch_size, max_loss_percent=100, force=False
            )
    assert bronze.versions == before
    assert bronze.runs("status, error_message")[1:] == [("failed", "the service is away")] * 2


def test_p6_a_dry_run_changes_nothing_and_says_what_would_be_done(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    bronze.execute(f"UPDATE {bronze.table('ingestion_runs')} SET status = 'running', completed_at = NULL")
    before = everything(bronze)
    fetched = [*departments(FIRST | {"20": "Botanics", "60": "Law"}), {"DeptId": ""}, *departments({"10": "Zoo"})][1:]
    dry = bronze.preview(fetched, batch_size=2, max_loss_percent=100)
    assert everything(bronze) == before
    real = bronze.fetch(fetched, batch_size=2, max_loss_percent=100)
    for name in ("processed", "created", "skipped", "failed", "errors"):
        assert getattr(dry, name) == getattr(real, name)
    assert dry.details["gone"] == real.details["gone"] == 0
    assert dry.statistics().keys() == real.statistics().keys()
    fewer = departments(dict(list(FIRST.items())[1:]))
    assert bronze.preview(fewer, max_loss_percent=100).details["gone"] == 2


def test_p7_a_run_is_always_closed(bronze: Bronze) -> None:
    with bronze.opened.connect() as connection, runs.recorded(connection, STEP) as run:
        pass
    assert run.statistics()["completed_at"] >= run.started
    for error in (BrokenOffError(), KeyboardInterrupt(), SystemExit(1)):
        failing(bronze, STEP, error, {})
    assert bronze.runs("status, records_processed, error_message") == [
        ("completed", 0, None),
        ("failed", 3, "unexpected BrokenOffError"),
        ("failed", 3, "it was stopped"),
        ("failed", 3, "unexpected SystemExit"),
    ]
    assert bronze.count("ingestion_runs", "completed_at IS NULL") == 0


def test_p7_what_a_dead_process_left_running_is_closed_by_the_next_run_of_the_step(bronze: Bronze) -> None:
    others = [Step("umich_api", "user", runs.INGEST), Step("umich_api", "department", runs.ENRICH)]
    with bronze.opened.connect() as connection:
        for step in (STEP, *others):
            with runs.recorded(connection, step) as run:
                pass
            bronze.execute(f"UPDATE {bronze.table('ingestion_runs')} SET status = 'running' WHERE run_id = '{run.id}'")
    bronze.fetch(departments(FIRST))
    assert sorted(bronze.runs("status, entity_type, kind")) == [
        ("completed", "department", "ingest"),
        ("failed", "department", "ingest"),
        ("running", "department", "enrich"),
        ("running", "user", "ingest"),
    ]


def test_p8_a_bad_record_does_not_fail_the_run(bronze: Bronze) -> None:
    run = bronze.fetch([{"DeptId": None}, *departments(FIRST)])
    assert (run.processed, run.created, run.failed) == (6, 5, 1)
    assert run.statistics()["errors"] == ["a record: it has no DeptId"]
    assert bronze.runs("status, records_failed, error_message") == [("completed", 1, None)]


def test_p8_a_flood_of_bad_records_fills_no_memory(bronze: Bronze) -> None:
    run = bronze.ingest([Record("1", None, {}, "0"), *(Failed(str(number), "odd") for number in range(2, 502))])
    assert run.failed == 500
    assert len(run.errors) == runs.MOST_ERRORS


def test_p11_details_are_a_stream_of_their_own(bronze: Bronze) -> None:
    bronze.fetch([ACCOUNT, {"ID": 2, "Code": "2"}], TDX_ACCOUNTS)
    before = bronze.versions
    detail = [ACCOUNT | {"City": "Exampleton"}]
    run = bronze.fetch(detail, TDX_ACCOUNT_DETAILS, whole=False)
    assert (run.created, run.details["gone"]) == (1, 0)
    assert bronze.versions[:2] == before
    assert bronze.versions[2][:4] == ("department_detail", "tdx", "9901", "990100")
    assert bronze.fetch(detail, TDX_ACCOUNT_DETAILS, whole=False).created == 0
    assert bronze.fetch([ACCOUNT, {"ID": 2, "Code": "2"}], TDX_ACCOUNTS).created == 0
    assert bronze.fetch([], TDX_ACCOUNT_DETAILS, whole=False).details["gone"] == 0


def test_p12_accounts_without_a_code_do_not_become_one(bronze: Bronze) -> None:
    bronze.fetch([{"ID": 1, "Code": ""}, {"ID": 2, "Code": None}, {"ID": 3, "Code": "1"}], TDX_ACCOUNTS)
    assert [row[2:4] for row in bronze.versions] == [("1", "TDX_1"), ("2", "TDX_2"), ("3", "1")]


def test_p13_a_person_without_an_external_id_is_the_same_every_night(bronze: Bronze) -> None:
    people = [{"UID": "u-1", "ExternalID": None, "AlternateID": "JO"}, {"UID": "u-2", "AlternateID": "CNF: 1"}]
    assert bronze.fetch(people, TDX_USERS).created == 2
    assert bronze.fetch(people, TDX_USERS).created == 0
    assert [row[2:4] for row in bronze.versions] == [("u-1", "jo"), ("u-2", None)]


def test_p15_the_stored_hash_is_that_of_the_content(bronze: Bronze) -> None:
    bronze.fetch(departments({"10": "Zoology"}))
    bronze.fetch(departments({"10": "Zoo"}))
    hashes = [row[5] for row in bronze.versions]
    hash_of = canonical.hasher(UMAPI_DEPARTMENTS)
    assert hashes == [hash_of(payload) for payload in departments({"10": "Zoology"}) + departments({"10": "Zoo"})]
    assert len(set(hashes)) == 2
    ((latest,),) = query(bronze.address, f"SELECT content_hash FROM {bronze.table('latest')}")
    assert latest == hashes[1]


def test_p17_force_and_nothing_else_stores_what_is_unchanged(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    assert bronze.fetch(departments(FIRST)).created == 0
    assert bronze.fetch(departments(FIRST), force=True).created == 5
    assert bronze.fetch(departments(FIRST)).created == 0


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_p21_a_record_that_cannot_be_stored_does_not_poison_the_others(bronze: Bronze, batch_size: int) -> None:
    bad: list[dict[str, Any]] = [
        {"DeptId": "1", "DeptDescription": "a\0b"},
        {"DeptId": "2", "DeptDescription": "\ud800"},
        {"DeptId": "3", "note": float("nan")},
        {"DeptId": "4", "note": b"bytes"},
        {"DeptId": "5\0"},
        {"DeptId": "6" * 300},
    ]
    good = departments(FIRST | {"70": 'tab\t, "quotes", \\N, \\u0000, new\nline, \U0001f600'})
    mixed = [*good[:3], *bad, *good[3:]]
    for created in (6, 0):
        run = bronze.fetch(mixed, batch_size=batch_size)
        assert (run.processed, run.created, run.failed) == (12, created, 6)
        assert not [error for error in run.errors if "a\0b" in error or "note" in error]
    assert list(bronze.latest.values()) == good
    assert bronze.fetch(mixed, batch_size=batch_size).details["gone"] == 0


def test_p25_gone_is_null_and_not_the_json_of_null(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    bronze.fetch(departments(dict(list(FIRST.items())[1:])))
    assert bronze.count("raw_entities", "raw_data IS NULL") == 1
    assert bronze.count("raw_entities", "content_hash IS NULL") == 1


def test_p26_the_metadata_of_a_version_is_never_null(bronze: Bronze) -> None:
    bronze.fetch(departments(FIRST))
    bronze.fetch(departments(dict(list(FIRST.items())[1:])))
    found = query(bronze.address, f"SELECT CAST(ingestion_metadata AS text) FROM {bronze.table('raw_entities')}")
    assert found == [("{}",)] * 6


def test_p28_the_work_of_the_database_is_by_the_chunk_and_not_by_the_record(bronze: Bronze) -> None:
    def statements(count: int) -> int:
        seen: list[str] = []
        sa.event.listen(bronze.opened, "before_cursor_execute", lambda *given: seen.append(given[2]))
        bronze.fetch(departments({str(number): f"{count}" for number in range(count)}), max_loss_percent=100)
        return len(seen)

    statements(1)
    few, many = statements(2), statements(400)
    assert many <= few + 4


def test_p28_an_unchanged_record_is_not_touched(postgres_url: str) -> None:
    bronze = Bronze(postgres_url)
    bronze.fetch(departments(FIRST))
    look = "SELECT ctid::text, xmin::text, xmax::text FROM bronze.{} ORDER BY 1"
    before = [query(postgres_url, look.format(table)) for table in ("raw_entities", "latest")]
    bronze.fetch(departments(FIRST))
    assert [query(postgres_url, look.format(table)) for table in ("raw_entities", "latest")] == before


def test_p29_chunks_are_stored_while_the_source_is_still_read(bronze: Bronze) -> None:
    stored = []

    def source() -> Iterator[Any]:
        for number in range(100):
            if number % 10 == 0:
                stored.append(bronze.count("latest"))
            yield Record(str(number), None, {}, "0")

    bronze.ingest(source(), batch_size=10)
    assert all(count >= (chunks - 4) * 10 for chunks, count in enumerate(stored))
    assert stored[-1] >= 50


def test_p34_two_hosts_do_not_run_at_once_nor_close_each_others_runs(postgres_url: str) -> None:
    bronze = Bronze(postgres_url)
    with bronze.opened.connect() as first, bronze.opened.connect() as second:
        engine.hold_sole_run(first, "directory-sync")
        with runs.recorded(first, STEP):
            with pytest.raises(NotNowError):
                engine.hold_sole_run(second, "directory-sync")
            ingest.ingest(first, UMAPI_EMPLOYEES, [Record("1:0", None, {}, "0")], ingest.Options())
            with pytest.raises(NotNowError):
                engine.hold_sole_run(second, "directory-sync")
            assert bronze.count("ingestion_runs", "status = 'running'") == 1
    assert bronze.count("ingestion_runs", "status = 'completed'") == 2


_KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from ctvpipe.pipelines.directory.records import Record
from ctvpipe.stores import engine
from ctvpipe.pipelines.directory import ingest, streams
def source():
    for number in range(40):
        yield Record(str(number), None, {"n": number}, "0")
    while True:
        with opened.connect() as other:
            table = "bronze.latest" if "://" in sys.argv[1] and "sqlite" not in sys.argv[1] else "latest"
            if other.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() >= 20:
                os._exit(9)
opened = engine.open_engine(sys.argv[1])
with opened.connect() as connection:
    ingest.ingest(connection, streams.UMAPI_DEPARTMENTS, source(), ingest.Options(batch_size=10))
"""


def test_a_run_that_is_killed_leaves_whole_chunks_and_is_closed_and_resumed(bronze: Bronze) -> None:
    command = [sys.executable, "-c", _KILLED, bronze.url, str(CHECKOUT)]
    done = subprocess.run(command, check=False, timeout=60, env=os.environ | {"PYTHONPATH": str(CHECKOUT)})
    assert done.returncode == 9
    left = bronze.count("latest")
    assert left >= 20
    assert left % 10 == 0
    assert bronze.count("raw_entities") == left
    assert bronze.runs() == [("running",)]
    run = bronze.ingest([Record(str(number), None, {"n": number}, "0") for number in range(40)])
    assert (run.created, run.skipped) == (40 - left, left)
    assert bronze.runs("status, error_message") == [("failed", "it ended without a word"), ("completed", None)]


def test_no_persons_data_is_in_what_is_recorded_of_a_failure(bronze: Bronze) -> None:
    for error in (ValueError("Jo Example"), sa.exc.IntegrityError("INSERT", {"name": "Jo Example"}, Exception("Jo"))):
        with pytest.raises(type(error)):
            bronze.fetch(broken_off(departments(FIRST), error))
    assert "Jo" not in str(bronze.runs("error_message, metadata"))


def failing(bronze: Bronze, step: Step, error: BaseException, details: dict[str, Any]) -> None:
    """A run of ``step`` that counts three records, and fails in the middle of a transaction."""

    def body(connection: sa.Connection) -> None:
        with runs.recorded(connection, step, **details) as run:
            run.processed = 3
            with connection.begin():
                connection.execute(sa.text("SELECT 1"))
                raise error

    with bronze.opened.connect() as connection, pytest.raises(type(error)):
        body(connection)


def everything(bronze: Bronze) -> list[Any]:
    """All rows of all tables, and on SQLite the file itself."""
    found: list[Any] = [bronze.versions, bronze.latest, bronze.runs("*")]
    if "://" not in bronze.address:
        with closing(Path(bronze.address).open("rb")) as file:
            found.append(file.read())
    return found
