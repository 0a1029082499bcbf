"""The daily update on both stores: the same inputs give the same rows; and what only PostgreSQL can show."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.fakes.workbook import Spec, rows, write, write_rows
from tests.fakes.workbook_cells import Row, text
from tests.integration.postgres_server import PASSWORD, PostgresServer
from tests.integration.smb_server import free_port, wait_for
from tests.integration.station import Dump, Station

ODD = Spec(rows=600, seed=11, decoy_sheets=False)
PLAIN = Spec(rows=30, seed=7, oddities=False, trade_rows=0, decoy_sheets=False, months_back=0, months_ahead=0)
CLOSE = "INSERT INTO month_closures (broadcast_month, closed_date, closed_by) VALUES ('Oct-26', '2026-11-22', 'books')"


def alike(found: Dump) -> dict[str, list[tuple[Any, ...]]]:
    """A dump without what two runs cannot share: run ids, batch ids, instants. Types are brought to SQLite's."""
    return {
        name.removeprefix("meta."): sorted((tuple(map(common, line)) for line in lines), key=repr)
        for name, lines in found.items()
        if name not in {"meta.ingestion_runs", "ingestion_runs", "import_batches"}
    }


def common(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime) or (
        isinstance(value, str) and value[:4] == f"{datetime.now(UTC):%Y}" and len(value) > 10
    ):
        return "an instant"
    if isinstance(value, date):
        return value.isoformat()
    return "a batch" if isinstance(value, str) and value.startswith("weekly_update_") else value


def test_the_same_nights_give_the_same_rows(tmp_path: Path, postgres_url: str) -> None:
    pair = [Station(tmp_path / "small"), Station(tmp_path / "grown up", url=postgres_url)]
    made = list(rows(ODD))
    customers = (
        "INSERT INTO customers (normalized_name, created_by) VALUES ('Amber Foods', 'a'), ('Sable Group:Ember Motors', 'a')",
        "INSERT INTO agencies (agency_name) VALUES ('Sable Group')",
    )
    nights: list[tuple[Iterable[Row], tuple[str, ...], dict[str, Any]]] = [
        (made, (), {}),
        ([*made[:300], *made[310:], *made[:5], made[40].changed(comments=text("a\tb\\c\nd"))], (CLOSE, *customers), {}),
        (made[:500], (), {"strategy": "replace"}),
        (made[:200], (), {"force": True}),
    ]
    for lines, statements, options in nights:
        for station in pair:
            if statements:
                station.execute(*statements)
            write_rows(station.workbook(), lines, spec=ODD)
            assert station.update_here(**options).code == 0
        small, grown_up = (alike(station.dump()) for station in pair)
        assert small.keys() == grown_up.keys()
        assert len(small["spots"]) > 100
        for table in small:
            assert small[table] == grown_up[table], table
        first, second = (station.runs()[0] for station in pair)
        assert {**first.counters, "database": ""} == {**second.counters, "database": ""}


def test_amounts_keep_every_digit_on_postgresql(big_station: Station) -> None:
    write(ODD, big_station.workbook())
    assert big_station.update_here().code == 0
    found = {
        str(amount) for (amount,) in big_station.query("SELECT DISTINCT station_net FROM spots") if amount is not None
    }
    assert "349.775" in found  # 1234.5 * 0.85 / 3


def test_characters_that_only_one_store_knows_do_not_stop_the_night(any_station: Station) -> None:
    made = list(rows(PLAIN))
    made[0] = made[0].changed(comments=text("before\0after\x1f"), time_in=text("\0ROS"), bill_code=text("Vela\0:Foods"))
    write_rows(any_station.workbook(), made, spec=PLAIN)
    assert any_station.update_here().code == 0
    found = any_station.query("SELECT comments, time_in, bill_code FROM spots WHERE bill_code LIKE 'Vela%'")
    assert found == [("beforeafter", "ROS", "Vela:Foods")]


def test_a_second_run_writes_no_data_row(any_station: Station) -> None:
    write(ODD, any_station.workbook())
    books = {"import_batches", "ingestion_runs", "meta.ingestion_runs"}
    assert any_station.update_here().code == 0
    before = any_station.dump(without=books)
    assert any_station.update_here().code == 0
    assert any_station.dump(without=books) == before


def test_a_dry_run_writes_nothing_on_postgresql(big_station: Station) -> None:
    write(ODD, big_station.workbook())
    assert big_station.update_here(dry_run=True).code == 0
    assert big_station.dump() == {}
    assert big_station.update_here().code == 0
    before = big_station.dump()
    assert big_station.update_here(dry_run=True, strategy="replace").code == 0
    assert big_station.dump() == before


def test_an_emptied_postgresql_database_is_not_filled_again(big_station: Station, postgres: PostgresServer) -> None:
    write(ODD, big_station.workbook())
    assert big_station.update_here().code == 0
    postgres.drop(big_station.url)
    with closing(postgres.connect(postgres.url("postgres"))) as connection:
        connection.cursor().execute(f"CREATE DATABASE {big_station.url.rpartition('/')[2]} TEMPLATE template0")
    result = big_station.update_here()
    assert result.code == 1
    assert "is missing or empty, but it was filled on" in result.line("ERROR")
    assert big_station.dump() == {}


def test_two_machines_on_one_database_one_runs_and_the_other_says_not_now(big_station: Station, tmp_path: Path) -> None:
    other = Station(tmp_path / "other", url=big_station.url)
    lines = list(rows(PLAIN))
    for station in (big_station, other):
        write_rows(station.workbook(), lines, spec=PLAIN)
    assert big_station.update_here().code == 0
    for station in (big_station, other):
        write_rows(station.workbook(), [*lines, lines[0]], spec=PLAIN)

    with closing(psycopg2.connect(big_station.url)) as blocker:
        blocker.cursor().execute("LOCK TABLE month_closures IN ACCESS EXCLUSIVE MODE")
        first = subprocess.Popen(
            big_station.command("update", "--unattended"), env=big_station.environ, stderr=subprocess.DEVNULL
        )
        wait_for(lambda: waiting(big_station), "the first machine is inside its transaction")
        second = other.update()
    assert first.wait(60) == 0
    assert second.code == 75
    assert "another machine runs daily-update on this database" in second.text
    assert other.runs()[0].outcome == "not_now"
    assert len(big_station.query("SELECT * FROM spots")) == 31
    assert other.update_here().code == 0
    assert len(big_station.query("SELECT * FROM spots")) == 31

    with closing(psycopg2.connect(big_station.url)) as holder:
        holder.cursor().execute("SELECT pg_advisory_xact_lock(hashtextextended('ctvpipe:daily-update', 0))")
        assert other.update_here().code == 75, "nor does it apply a workbook that it need not read"
    assert other.update_here().code == 0


def waiting(station: Station) -> bool:
    sql = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'ctvpipe' AND wait_event_type = 'Lock'"
    return bool(station.query(sql))


def test_a_server_that_does_not_answer_fails_the_run_without_its_password(tmp_path: Path) -> None:
    station = Station(tmp_path, url=f"postgresql://station:{PASSWORD}@127.0.0.1:{free_port()}/sales")
    write_rows(station.workbook(), rows(PLAIN), spec=PLAIN)
    result = station.update()
    assert result.code == 1
    assert "Connection refused" in result.line("ERROR")
    assert "Check that the server runs" in result.line("ERROR")
    assert "Traceback" not in result.text
    assert_no_password(station, result.text)


@pytest.mark.parametrize(("url", "code", "message"), [
    ("postgresql://station:Plover@Onyx-Quartz-77@127.0.0.1:1/sales", 2, "more than one @"),
    ("postgresql://station:Onyx-Quartz-77", 2, "not a database URL"),
    ("postgresql://station:Onyx-Quartz-77@127.0.0.1:1/sales?sslmodus=x", 2, 'invalid connection option "sslmodus"'),
    ("postgresql://station@127.0.0.1:1/sales?password=Onyx-Quartz-77", 1, "postgresql://station@127.0.0.1:1/sales: "),
])  # fmt: skip
def test_an_address_that_will_not_do_is_explained_without_its_password(
    tmp_path: Path, url: str, code: int, message: str
) -> None:
    station = Station(tmp_path, url=url)
    write_rows(station.workbook(), rows(PLAIN), spec=PLAIN)
    for result in (station.update_here(), station.run("months", "list"), station.run("config", "check")):
        assert message in result.text
        assert "Onyx" not in result.text
        assert "Traceback" not in result.text
    assert station.runs()[0].exit_code == code
    written = b"".join(path.read_bytes() for path in station.root.rglob("*") if path.is_file())
    assert message.encode() in written
    assert b"Onyx" not in written


@pytest.mark.parametrize(("password", "database", "message"), [
    ("wrong-Onyx-77", "postgres", "password authentication failed"),
    (PASSWORD, "no_such_database", 'database "no_such_database" does not exist'),
])  # fmt: skip
def test_a_server_that_says_no_fails_the_run_without_a_password(
    postgres: PostgresServer, tmp_path: Path, password: str, database: str, message: str
) -> None:
    station = Station(tmp_path, url=postgres.url(database, password=password))
    write_rows(station.workbook(), rows(PLAIN), spec=PLAIN)
    result = station.update_here()
    assert result.code == 1
    assert message in result.line("ERROR")
    assert_no_password(station, result.text)


def test_a_server_that_goes_down_in_the_middle_fails_the_run_and_changes_nothing(tmp_path: Path) -> None:
    with PostgresServer() as server:
        station = Station(tmp_path, url=server.create())
        lines = list(rows(PLAIN))
        write_rows(station.workbook(), lines, spec=PLAIN)
        assert station.update_here().code == 0
        before = station.dump()
        write_rows(station.workbook(), lines[:25], spec=PLAIN)
        with closing(psycopg2.connect(station.url)) as blocker:
            blocker.cursor().execute("LOCK TABLE month_closures IN ACCESS EXCLUSIVE MODE")
            run = subprocess.Popen(
                station.command("update", "--unattended"), env=station.environ, stderr=subprocess.PIPE, text=True
            )
            wait_for(lambda: waiting(station), "the run is inside its transaction")
            server.stop()
        said = run.communicate(timeout=60)[1]
        assert run.returncode == 1
        assert "ERROR: daily-update failed: postgresql" in said
        assert "Check that the server runs" in said
        assert_no_password(station, said)
        server.start()
        assert station.dump() == before
        assert station.update_here().code == 0


def assert_no_password(station: Station, said: str) -> None:
    """In nothing that was said, logged or recorded."""
    texts = [said, repr(station.runs())]
    texts += [path.read_text(errors="replace") for path in station.log.rglob("*") if path.is_file()]
    for secret in (PASSWORD, "plover", "Quartz", "Onyx-77", station.url):
        assert not any(secret in each for each in texts), secret


@pytest.mark.parametrize(
    "damage", ["DROP TABLE month_closures CASCADE", "ALTER TABLE month_closures RENAME TO closures"]
)
def test_closed_months_that_cannot_be_read_fail_the_run(big_station: Station, damage: str) -> None:
    lines = list(rows(PLAIN))
    write_rows(big_station.workbook(), lines, spec=PLAIN)
    assert big_station.update_here().code == 0
    big_station.execute(damage)
    before = big_station.dump()
    write_rows(big_station.workbook(), lines[:25], spec=PLAIN)
    result = big_station.update_here()
    assert result.code == 1
    assert "the closed months cannot be read" in result.line("ERROR")
    assert big_station.dump() == before
