"""The schema of facts 4, made by the migrations; a migration and its record commit together or not at all."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.commercial_log.database import MIGRATIONS
from ctvpipe.stores import engine, migrate

COLUMNS = {
    "agencies": "agency_id agency_name created_date is_active notes",
    "sectors": "sector_id sector_code sector_name sector_group is_active created_date",
    "markets": "market_id market_name market_code region is_active created_date",
    "languages": "language_id language_code language_name language_group created_date",
    "customers": "customer_id normalized_name sector_id agency_id customer_type is_active notes created_by created_date",
    "entity_aliases": "alias_id alias_name entity_type target_entity_id confidence_score created_by is_active notes",
    "raw_customer_inputs": "raw_text created_date",
    "month_closures": "broadcast_month closed_date closed_by notes created_date",
    "import_batches": "batch_id import_date import_mode source_file broadcast_months_affected records_imported"
    " records_deleted status started_by completed_at notes error_summary",
    "spots": "spot_id bill_code air_date end_date day_of_week time_in time_out length_seconds media comments language_code"
    " format sequence_number line_number spot_type estimate gross_rate make_good spot_value broadcast_month broker_fees"
    " priority station_net sales_person revenue_type billing_type agency_flag affidavit_flag contract market_name"
    " customer_id agency_id market_id language_id load_date source_file is_historical effective_date import_batch_id"
    " spot_category row_hash",
    "spot_language_assignments": "assignment_id spot_id language_code language_status confidence assignment_method"
    " assigned_date requires_review notes",
    "programming_schedules": "schedule_id schedule_name schedule_version schedule_type effective_start_date"
    " effective_end_date is_active created_by notes",
    "schedule_market_assignments": "assignment_id schedule_id market_id effective_start_date effective_end_date"
    " assignment_priority created_by notes",
    "ingestion_runs": "run_id source_system entity_type started_at completed_at status records_processed",
}
GOOD = {
    "bill_code": "'x'", "air_date": "'2026-11-03'", "broadcast_month": "'Nov-26'", "row_hash": "x'00'", "spot_type": "''",
}  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sales.db"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("migrated") / "sales.db"
    upgrade(made)
    return made


@pytest.fixture
def database(migrated: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the migrated database whose changes are thrown away."""
    with closing(sqlite3.connect(migrated)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection
        connection.rollback()


def upgrade(path: Path, package: str = MIGRATIONS) -> bool:
    with engine.transaction(engine.open_engine(f"sqlite:///{path}")) as connection:
        return migrate.upgrade(connection, package)


@pytest.mark.parametrize("table", COLUMNS)
def test_columns(database: sqlite3.Connection, table: str) -> None:
    found = [line[1] for line in database.execute(f"PRAGMA table_info({table})")]
    assert set(COLUMNS[table].split()) <= set(found)


@pytest.mark.parametrize(("column", "value"), [
    ("bill_code", "NULL"), ("air_date", "NULL"), ("broadcast_month", "NULL"), ("broadcast_month", "'2026-11-01'"),
    ("spot_type", "'XYZ'"), ("billing_type", "'Quarterly'"), ("affidavit_flag", "'yes'"), ("revenue_type", "'Trade'"),
    ("revenue_type", "' TRADE '"), ("spot_category", "'other'"), ("customer_id", "99"), ("agency_id", "99"),
    ("market_id", "99"), ("language_id", "99"), ("import_batch_id", "'nobody'"), ("row_hash", "NULL"),
])  # fmt: skip
def test_the_database_refuses_what_is_no_spot(database: sqlite3.Connection, column: str, value: str) -> None:
    spot = {**GOOD, column: value}
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(f"INSERT INTO spots ({', '.join(spot)}) VALUES ({', '.join(spot.values())})")


@pytest.mark.parametrize(("column", "value"), [
    ("revenue_type", "NULL"), ("revenue_type", "'Trade-in'"), ("gross_rate", "-250"), ("billing_type", "NULL"),
    ("affidavit_flag", "'Y'"), ("spot_type", "'COM'"),
])  # fmt: skip
def test_the_database_takes_what_is_one(database: sqlite3.Connection, column: str, value: str) -> None:
    spot = {**GOOD, column: value}
    database.execute(f"INSERT INTO spots ({', '.join(spot)}) VALUES ({', '.join(spot.values())})")
    assert database.execute("SELECT is_historical, load_date IS NOT NULL FROM spots").fetchall() == [(0, 1)]


def test_an_assignment_goes_with_its_spot_and_there_is_one_a_spot(database: sqlite3.Connection) -> None:
    database.execute(f"INSERT INTO spots ({', '.join(GOOD)}) VALUES ({', '.join(GOOD.values())})")
    database.execute(
        "INSERT INTO spot_language_assignments (spot_id, language_code, language_status) VALUES (1, 'M', 'determined')"
    )
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(
            "INSERT INTO spot_language_assignments (spot_id, language_code, language_status) VALUES (1, 'M', 'default')"
        )
    with pytest.raises(sqlite3.IntegrityError):
        database.execute("UPDATE spot_language_assignments SET language_status = 'perhaps'")
    database.execute("DELETE FROM spots")
    assert database.execute("SELECT count(*) FROM spot_language_assignments").fetchall() == [(0,)]


def test_reference_data(database: sqlite3.Connection) -> None:
    languages = database.execute("SELECT language_code FROM languages ORDER BY language_id").fetchall()
    assert [code for (code,) in languages][:9] == ["E", "M", "C", "T", "Hm", "SA", "V", "K", "J"]
    grids = database.execute(
        "SELECT market_code, schedule_id FROM markets JOIN schedule_market_assignments USING (market_id)"
    ).fetchall()
    assert dict(grids) == {
        "NYC": 1, "CVC": 1, "SFO": 1, "CMP": 1, "HOU": 1, "LAX": 1, "SEA": 1, "DAL": 2,
    }  # fmt: skip


def test_twice_is_once(path: Path) -> None:
    assert upgrade(path) is True
    before = path.read_bytes()
    assert upgrade(path) is False
    assert path.read_bytes() == before


@pytest.fixture
def half_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of two migrations, the second of which fails in its middle."""
    package = tmp_path / "half_broken_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    start = "from alembic import op\nrevision = '{}'\ndown_revision = {}\ndef upgrade():\n    op.execute('{}')\n"
    (package / "0001_one.py").write_text(start.format("0001", None, "CREATE TABLE one (x)"))
    (package / "0002_two.py").write_text(
        start.format("0002", "'0001'", "CREATE TABLE two (x)") + "    op.execute('nonsense')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package.name
    sys.modules.pop(package.name, None)


def test_a_failing_migration_leaves_nothing(path: Path, half_broken: str) -> None:
    with pytest.raises(sa.exc.OperationalError, match="nonsense"):
        upgrade(path, half_broken)
    assert sqlite3.connect(path).execute("SELECT * FROM sqlite_master").fetchall() == []


def test_a_failing_migration_leaves_an_older_schema_as_it_was(path: Path, half_broken: str, tmp_path: Path) -> None:
    later = tmp_path / half_broken / "0002_two.py"
    held = later.read_text()
    later.unlink()
    assert upgrade(path, half_broken) is True
    later.write_text(held)
    before = list(sqlite3.connect(path).iterdump())
    with pytest.raises(sa.exc.OperationalError):
        upgrade(path, half_broken)
    assert list(sqlite3.connect(path).iterdump()) == before


@pytest.mark.parametrize(("script", "message"), [
    ("CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('0999')", "has schema 0999"),
    ("CREATE TABLE invoices (x)", "tables ctvpipe did not make"),
    ("CREATE TABLE alembic_version (version_num); CREATE TABLE invoices (x)", "tables ctvpipe did not make"),
])  # fmt: skip
def test_what_is_not_ours_is_refused(path: Path, script: str, message: str) -> None:
    sqlite3.connect(path).executescript(script)
    before = path.read_bytes()[100:]
    with pytest.raises(PermanentError, match=message):
        upgrade(path)
    assert path.read_bytes()[100:] == before
