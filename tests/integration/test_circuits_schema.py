"""The migrations make the tables that the jobs use, on both stores: whoever changes one of them is told of the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.circuits.database import MIGRATIONS
from ctvpipe.pipelines.circuits.schema import tables
from ctvpipe.stores import engine, migrate
from tests.integration.postgres_server import PostgresServer

OTHERS = {"alembic_version", "ingestion_runs"}  # what no table of the pipeline is
NAMES = sorted(tables.METADATA.tables)


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[sa.Engine]]:
    """A database that the migrations have made, and one that the declarations have made."""
    folder = tmp_path_factory.mktemp("schema")
    if request.param == "sqlite":
        urls = [f"sqlite:///{folder / name}.db" for name in ("migrated", "declared")]
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        urls = [server.create(), server.create()]
    migrated, declared = (engine.open_engine(url) for url in urls)
    with engine.transaction(migrated) as connection:
        migrate.upgrade(connection, MIGRATIONS)
    with engine.transaction(declared) as connection:
        tables.METADATA.create_all(connection)
        connection.exec_driver_sql(tables.ENRICHED_SITES)
    yield [migrated, declared]
    if request.param == "postgresql":
        for url in urls:
            server.drop(url)


def described(opened: sa.Engine, name: str) -> dict[str, Any]:
    """All that the database itself says of a table."""
    found = sa.inspect(opened)
    columns = [column | {"type": str(column["type"])} for column in found.get_columns(name)]
    return {
        "columns": columns,
        "key": found.get_pk_constraint(name)["constrained_columns"],
        "unique": sorted(tuple(one["column_names"]) for one in found.get_unique_constraints(name)),
        "indexes": sorted((str(one["name"]), *map(str, one["column_names"])) for one in found.get_indexes(name)),
        "references": sorted(
            (*one["constrained_columns"], one["referred_table"], *one["referred_columns"], str(one["options"]))
            for one in found.get_foreign_keys(name)
        ),
        "checks": found.get_check_constraints(name),
    }


def view(opened: sa.Engine) -> str:
    return " ".join(str(sa.inspect(opened).get_view_definition("enriched_sites")).split())


def test_the_migrations_make_the_tables_that_are_declared(both: list[sa.Engine]) -> None:
    migrated, declared = ({*sa.inspect(one).get_table_names()} - OTHERS for one in both)
    assert migrated == declared == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_as_it_is_declared(both: list[sa.Engine], name: str) -> None:
    """If it fails: a change of the declarations wants a migration, a new one as soon as the last is released."""
    migrated, declared = (described(one, name) for one in both)
    assert migrated == declared


def test_so_is_the_view(both: list[sa.Engine]) -> None:
    migrated, declared = (view(one) for one in both)
    assert migrated == declared


def test_on_sqlite_no_number_is_given_twice(both: list[sa.Engine]) -> None:
    """Without AUTOINCREMENT the id of the last row that was deleted comes again, and history would take it for another."""
    for opened in both:
        if opened.dialect.name == "sqlite":
            with opened.connect() as connection:
                made = dict(
                    connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
                )
            assert [name for name in NAMES if "AUTOINCREMENT" not in made[name]] == []
