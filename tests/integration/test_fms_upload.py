"""Uploaded workbooks in the database: all of them or nothing, only what differs, the same on both stores."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import uploads, workbook_hostile
from tests.integration.fms_station import FmsStation
from tests.integration.fms_uploads import UploadStation
from tests.integration.postgres_server import PostgresServer
from tests.integration.smb_server import wait_for
from tests.integration.station import CHECKOUT, Result, tree

MOST_MEMORY_MIB = 300
CAPACITY = [("Dallas", 5, "two vans"), ("Los Angeles", 12, None), ("Reno", None, None)]
HOLIDAYS = [
    ("Dallas", date(2026, 12, 25), "Christmas Day", "Federal", True, None, None, "closed"),
    ("Dallas", date(2026, 7, 3), "Eve of the Fourth", "Office", False, time(12, 30), time(17), None),
    ("Reno", date(2026, 11, 26), "Thanksgiving", None, True, None, None, None),
    ("Reno", date(2026, 12, 31), "New Year's Eve", None, None, time(15), time(23, 59), None),
]
RULES = [
    ("Mazda", "B", None, None, None, "Hard", None, "to be agreed"),
    ("Mazda", "C", 1, "one in three", 30, None, None, None),
    ("Toyota", "A+", 12, "0.5", 60, "Soft", "No more than one a month", None),
]
BUDGETS = [
    ("Dallas", "TOYOTA", 2026, "Q1", 12500.0, 4000.5),
    ("Dallas", "VOLKSWAGEN", 2026, "Q2", 1234.5, None),
    ("Los Angeles", "CHEVROLET", 2026, "Q3", None, 0.0),
]
BAD = ("Reno", "Kia", 2026, "Q1", "plover")  # no amount


@pytest.fixture(params=["sqlite", "postgresql"])
def station(request: pytest.FixtureRequest, tmp_path: Path) -> UploadStation:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return UploadStation(tmp_path, url=url)


@pytest.fixture
def small(tmp_path: Path) -> UploadStation:
    """A station on SQLite."""
    return UploadStation(tmp_path)


def upload(station: UploadStation, *arguments: str, code: int = 0) -> Result:
    result = station.run("fms", "upload", *arguments)
    assert result.code == code, result.text
    return result


def test_operations_are_stored_and_a_second_time_nothing_is_written(station: UploadStation) -> None:
    uploads.operations(station.file)
    out = upload(station, "operations", str(station.file)).out
    assert [line.split() for line in out.splitlines()] == [
        ["SHEET", "READ", "ACCEPTED", "REJECTED", "INSERTED", "UPDATED", "UNCHANGED"],
        ["ops_capacity", "3", "3", "0", "3", "0", "0"],
        ["holiday_blackout_dates", "4", "4", "0", "4", "0", "0"],
        ["rules", "3", "3", "0", "3", "0", "0"],
        ["Stored:", "10", "rows", "inserted,", "0", "updated,", "0", "unchanged."],
    ]
    assert station.stored("ops_capacity") == CAPACITY
    assert station.stored("holiday_blackout_dates") == sorted(HOLIDAYS, key=repr)
    assert station.stored("rules") == RULES
    before = station.everything()
    found = station.document("operations", str(station.file))
    assert station.everything() == before
    counts = {table: (each["unchanged"], each["inserted"], each["updated"]) for table, each in found["results"].items()}
    assert counts == {"ops_capacity": (3, 0, 0), "holiday_blackout_dates": (4, 0, 0), "rules": (3, 0, 0)}
    assert {each["rows_affected"] for each in found["results"].values()} == {0}
    runs = station.query("SELECT run_id, entity_type, status, records_processed, records_created FROM " + meta(station))
    assert len({run_id for run_id, *_ in runs}) == 2
    assert sorted(run[1:] for run in runs) == sorted(
        (table, "completed", rows, created)
        for table, rows in (("ops_capacity", 3), ("holiday_blackout_dates", 4), ("rules", 3))
        for created in (rows, 0)
    )


def meta(station: UploadStation) -> str:
    return "meta.ingestion_runs" if station.url else "ingestion_runs"


def test_only_what_differs_is_written_and_nothing_is_deleted(station: UploadStation) -> None:
    uploads.budgets(station.file)
    upload(station, "budgets", str(station.file))
    assert station.stored("budgets") == BUDGETS
    before = station.stored("budgets", stamped=True)
    first, second, _ = uploads.BUDGET_ROWS
    uploads.budgets(station.file, [(*first[:4], None, first[5]), second, ("Reno", "Kia", 2026, "Q1", 7, 1)])
    found = station.document("budgets", str(station.file))
    assert [found[name] for name in ("inserted", "updated", "unchanged", "rows_affected")] == [1, 1, 1, 2]
    after = station.stored("budgets", stamped=True)
    assert [row[:-1] for row in after] == [
        ("Dallas", "TOYOTA", 2026, "Q1", None, 4000.5),
        *BUDGETS[1:],
        ("Reno", "KIA", 2026, "Q1", 7.0, 1.0),
    ]
    assert after[1:3] == before[1:3], "not even the time at which it was written"
    assert after[0][-1] > before[0][-1]


def test_what_was_used_stays_where_the_file_says_nothing_of_it(station: UploadStation) -> None:
    uploads.budgets(station.file)
    upload(station, "budgets", str(station.file))
    changed = [(*row[:4], 99) for row in uploads.BUDGET_ROWS]
    uploads.budgets(station.file, [*changed, ("Reno", "Kia", 2026, "Q1", 5)], header=uploads.BUDGET_HEADER[:5])
    upload(station, "budgets", str(station.file))
    assert [row[4:] for row in station.stored("budgets")] == [(99.0, 4000.5), (99.0, None), (99.0, 0.0), (5.0, None)]


def test_rejects_are_told_and_the_rest_is_stored_or_with_strict_nothing(station: UploadStation) -> None:
    uploads.budgets(station.file, [*uploads.BUDGET_ROWS[:2], BAD, uploads.BUDGET_ROWS[0]])
    empty = station.dump()
    path = str(station.file)
    for dry in ((), ("--dry-run",)):
        strict = upload(station, "budgets", path, "--strict", *dry, code=3)
        assert "sheet 'Budgets by quarter', row 4: Budget is not an amount, 0 or more" in strict.out
        assert "1 of its 4 rows cannot be stored; nothing was written" in strict.err
        refused = station.document("budgets", path, "--strict", *dry, code=3)
        assert (refused["status"], refused["inserted"], refused["rows_affected"]) == ("refused", 0, 0)
    assert station.dump() == empty

    partial = upload(station, "budgets", path, code=4)
    assert "row 4: Budget is not an amount, 0 or more" in partial.out
    assert "an earlier row has the same office, fleet, year, quarter, and counts: rows 5" in partial.out
    assert partial.out.splitlines()[-1] == "Stored: 2 rows inserted, 0 updated, 0 unchanged, 1 rejected."
    assert "plover" not in partial.text + strict.text
    assert station.stored("budgets") == BUDGETS[:2]
    assert upload(station, "budgets", path, "--dry-run", code=4).out.splitlines()[-1] == (
        "Nothing was written: 0 rows would be inserted, 0 updated, 2 unchanged, 1 rejected."
    )


def test_the_json_documents_have_the_shapes_that_programs_know(small: UploadStation) -> None:
    uploads.operations(small.file, capacity=[*uploads.CAPACITY, ("Dallas", 6, None), (None, 7, None)])
    found = small.document("operations", str(small.file), code=4)
    assert {"status", "message", "total_rows_processed", "results"} <= found.keys()
    assert (found["status"], found["total_rows_processed"]) == ("partial", 11)
    assert list(found["results"]) == ["ops_capacity", "holiday_blackout_dates", "rules"]
    assert found["results"]["ops_capacity"] == {
        "rows_processed": 4, "rows_affected": 3, "rows_read": 5, "rows_rejected": 1, "inserted": 3, "updated": 0,
        "unchanged": 0, "duplicate_rows": [5], "unknown_columns": [],
    }  # fmt: skip
    assert found["rejects"] == [{"sheet": "ops_capacity", "row": 6, "column": "Office", "reason": "is empty"}]
    uploads.budgets(small.file)
    flat = small.document("budgets", str(small.file))
    assert (flat["status"], flat["total_rows_processed"], flat["rows_affected"]) == ("success", 3, 3)
    assert not {"results", "rows_processed"} & flat.keys()


def test_a_workbook_of_which_no_row_can_be_stored_is_refused(small: UploadStation) -> None:
    before = small.dump()
    uploads.budgets(small.file, [BAD])
    result = upload(small, "budgets", str(small.file), code=3)
    assert "none of its 1 rows can be stored; nothing was written" in result.err
    assert "row 2: Budget is not an amount" in result.out
    uploads.operations(small.file, capacity=(), holidays=(), rules=())
    assert "none of its 0 rows" in upload(small, "operations", str(small.file), code=3).err
    assert small.dump() == before


def test_a_dry_run_says_what_would_be_and_leaves_everything_untouched(station: UploadStation) -> None:
    uploads.operations(station.file)
    upload(station, "operations", str(station.file))
    uploads.operations(station.file, rules=[*uploads.RULES[1:], ("Kia", "A", 1), ("Toyota", "A+", 11)])
    before, files = station.dump(), tree(station.root)
    planned = station.document("operations", str(station.file), "--dry-run")
    assert tree(station.root) == files
    assert station.dump() == before
    done = station.document("operations", str(station.file))
    assert planned["results"] == done["results"]
    assert (done["results"]["rules"]["inserted"], done["results"]["rules"]["updated"]) == (1, 1)


def test_an_error_in_the_last_sheet_leaves_all_as_it_was(station: UploadStation) -> None:
    if station.url:
        station.execute("ALTER TABLE rules ADD CHECK (make <> 'Toyota')")
    else:
        station.execute("CREATE TRIGGER no BEFORE INSERT ON rules BEGIN SELECT RAISE(ABORT, 'no'); END")
    before = station.dump()
    uploads.operations(station.file)
    result = upload(station, "operations", str(station.file), code=1)
    assert "Stored" not in result.text
    assert "Toyota" not in result.text
    assert station.dump() == before


def test_both_stores_hold_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    odd = [
        ("A\\tb\\N", 3, "tab\there\nand a line"),
        ("\\.", 0, "'; DROP TABLE rules; --"),
        ("Montréal 電視", 1, "=1+1"),
    ]
    file = uploads.operations(tmp_path / "a.xlsx", capacity=[*uploads.CAPACITY, *odd[:2], odd[2][:2]])
    many = [*uploads.many_budgets(749), ("Reno", "Fiat", 2026, "Q1", 0.125, 10.005), ("Reno", "Fiat", 2026, "Q2", "9,999,999,999.99", None)]  # fmt: skip
    budgets = uploads.budgets(tmp_path / "b.xlsx", many)
    contents = []
    for url in ("", postgres_url):
        station = UploadStation(tmp_path / ("big" if url else "small"), url=url)
        upload(station, "operations", str(file))
        found = station.document("budgets", str(budgets))
        assert (found["total_rows_processed"], found["inserted"]) == (751, 751)
        assert station.document("budgets", str(budgets))["unchanged"] == 751
        contents.append(
            {table: station.stored(table) for table in ("ops_capacity", "holiday_blackout_dates", "rules", "budgets")}
        )
    assert contents[0] == contents[1]
    assert len(contents[0]["budgets"]) == 751
    assert ("Reno", "FIAT", 2026, "Q1", 0.13, 10.01) in contents[0]["budgets"]
    assert ("Reno", "FIAT", 2026, "Q2", 9_999_999_999.99, None) in contents[0]["budgets"]
    assert odd[0] in contents[0]["ops_capacity"]


def test_two_uploads_at_a_time_come_one_after_the_other(
    tmp_path: Path, postgres: PostgresServer, postgres_url: str
) -> None:
    station = UploadStation(tmp_path, url=postgres_url)
    uploads.budgets(station.file)
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with closing(postgres.connect(postgres_url)) as other, closing(postgres.connect(postgres_url)) as looking:
        other.autocommit = False
        other.cursor().execute("LOCK TABLE budgets IN SHARE ROW EXCLUSIVE MODE")
        other.cursor().execute("INSERT INTO budgets VALUES ('Dallas', 'TOYOTA', 2026, 'Q1', 1, 2, now())")
        command = station.command("fms", "upload", "budgets", str(station.file))
        with subprocess.Popen(command, env=station.environ, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:

            def waits() -> bool:
                with looking.cursor() as cursor:
                    cursor.execute(waiting)
                    return bool(cursor.fetchone()[0])

            wait_for(waits, "the upload waits for the other one")
            other.commit()
            out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stored: 2 rows inserted, 1 updated, 0 unchanged." in out
    assert station.stored("budgets") == BUDGETS


def old_xls(path: Path) -> None:
    workbook_hostile.encrypted(path)  # the same kind of container


@pytest.mark.parametrize(("name", "make", "code", "says"), [
    ("a.xlsx", workbook_hostile.deflate_bomb, 3, "would unpack to 1024 MiB"),
    ("a.xlsx", workbook_hostile.understated_bomb, 3, "cannot be read as a workbook|would unpack"),
    ("a.xlsx", workbook_hostile.corner_cell, 3, "needs more memory than a workbook of its size may take"),
    ("a.xlsx", workbook_hostile.sparse_file, 3, "has 10240 MiB, more than the 16 MiB allowed"),
    ("a.xlsx", workbook_hostile.not_a_zip, 3, "it is not a workbook at all"),
    ("a.xlsx", workbook_hostile.encrypted, 3, r"it is encrypted or in the old \.xls format"),
    ("a.xls", old_xls, 3, r"a\.xls is a \.xls file: only \.xlsx workbooks are read\W+Open it in Excel, save it as"),
    ("a.xlsm", uploads.budgets, 3, r"a\.xlsm is a \.xlsm file: only \.xlsx workbooks are read"),
    ("a.xlsx", lambda path: uploads.repackaged(uploads.budgets(path), added={"xl/vbaProject.bin": b"x"}), 3, "may hold macros"),
    ("a.xlsx", uploads.operations, 3, "sheet 'ops_capacity', row 1: no column 'Fleet', 'Year', 'Quarter', 'Budget'"),
    ("a.xlsx", lambda path: None, 1, r"a\.xlsx does not exist"),
], ids=range(11))  # fmt: skip
def test_what_is_no_such_workbook_is_refused_within_memory(
    tmp_path: Path, name: str, make: Any, code: int, says: str
) -> None:
    station = UploadStation(tmp_path)
    make(tmp_path / name)
    before = station.database.read_bytes()
    result = station.run_measured("fms", "upload", "budgets", str(tmp_path / name))
    assert result.code == code, result.text
    assert re.search(says, result.err), result.err
    assert result.out == ""
    assert "Traceback" not in result.err
    assert result.memory_mib < MOST_MEMORY_MIB
    assert station.database.read_bytes() == before


def test_without_a_database_it_is_said_what_makes_one(tmp_path: Path) -> None:
    station = FmsStation(tmp_path)
    uploads.budgets(tmp_path / "a.xlsx")
    result = station.run("fms", "upload", "budgets", str(tmp_path / "a.xlsx"))
    assert result.code == 1
    assert "'ctvpipe fms sync' makes it" in result.err
    assert not station.database.exists()
