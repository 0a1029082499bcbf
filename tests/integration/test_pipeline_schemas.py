"""The migrations make the tables that the jobs use, on both stores: whoever changes one of them is told of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.circuits.database import MIGRATIONS as CIRCUITS_MIGRATIONS
from ctvpipe.pipelines.circuits.schema import tables as circuits
from ctvpipe.pipelines.directory.database import MIGRATIONS as DIRECTORY_MIGRATIONS
from ctvpipe.pipelines.directory.schema import tables as directory
from ctvpipe.pipelines.fms.database import MIGRATIONS as FMS_MIGRATIONS
from ctvpipe.pipelines.fms.schema import tables as fms
from ctvpipe.stores import engine, migrate
from tests.integration.postgres_server import PostgresServer

OTHERS = {"alembic_version", "ingestion_runs"}  # what no table of the pipeline is
PIPELINES = {
    "circuits": (CIRCUITS_MIGRATIONS, circuits.METADATA, {"enriched_sites": circuits.ENRICHED_SITES}),
    "fms": (FMS_MIGRATIONS, fms.METADATA, {}),
    "directory": (DIRECTORY_MIGRATIONS, directory.METADATA, {}),
}


@dataclass(frozen=True)
class Both:
    """A database that the migrations of ``pipeline`` have made, and one that its declarations have made."""

    pipeline: str
    migrated: sa.Engine
    declared: sa.Engine

    @property
    def tables(self) -> list[sa.Table]:
        return PIPELINES[self.pipeline][1].sorted_tables

    @property
    def names(self) -> set[str]:
        return {table.name for table in self.tables}

    @property
    def views(self) -> list[str]:
        return sorted(PIPELINES[self.pipeline][2])


@pytest.fixture(
    params=[(pipeline, store) for pipeline in PIPELINES for store in ("sqlite", "postgresql")],
    ids="-".join,
    scope="module",
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    pipeline, store = request.param
    migrations, metadata, views = PIPELINES[pipeline]
    folder = tmp_path_factory.mktemp("schema")
    if store == "sqlite":
        urls = [f"sqlite:///{folder / name}.db" for name in ("migrated", "declared")]
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        urls = [server.create(), server.create()]
    migrated, declared = (engine.open_engine(url) for url in urls)
    with engine.transaction(migrated) as connection:
        migrate.upgrade(connection, migrations)
    with engine.transaction(declared) as connection:
        for schema in schemas(declared, metadata) - {None}:
            connection.execute(sa.schema.CreateSchema(schema))
        metadata.create_all(connection)
        for statement in views.values():
            connection.exec_driver_sql(statement)
    yield Both(pipeline, migrated, declared)
    if store == "postgresql":
        for url in urls:
            server.drop(url)


def schemas(opened: sa.Engine, metadata: sa.MetaData) -> set[str | None]:
    """Where the tables are: SQLite has no schemas."""
    return {None} if opened.dialect.name == "sqlite" else {table.schema for table in metadata.sorted_tables}


def described(opened: sa.Engine, name: str, schema: str | None = None) -> dict[str, Any]:
    """All that the database itself says of a table."""
    found = sa.inspect(opened)
    where = {"table_name": name, "schema": None if opened.dialect.name == "sqlite" else schema}
    columns = [column | {"type": str(column["type"])} for column in found.get_columns(**where)]
    return {
        "columns": columns,
        "key": found.get_pk_constraint(**where)["constrained_columns"],
        "unique": sorted(tuple(one["column_names"]) for one in found.get_unique_constraints(**where)),
        "indexes": sorted((str(one["name"]), *map(str, one["column_names"])) for one in found.get_indexes(**where)),
        "references": sorted(
            (*one["constrained_columns"], one["referred_table"], *one["referred_columns"], str(one["options"]))
            for one in found.get_foreign_keys(**where)
        ),
        "checks": found.get_check_constraints(**where),
    }


def view(opened: sa.Engine, name: str) -> str:
    return " ".join(str(sa.inspect(opened).get_view_definition(name)).split())


def test_the_migrations_make_the_tables_that_are_declared(both: Both) -> None:
    metadata = PIPELINES[both.pipeline][1]
    migrated, declared = (
        {name for schema in schemas(one, metadata) for name in sa.inspect(one).get_table_names(schema)} - OTHERS
        for one in (both.migrated, both.declared)
    )
    assert migrated == declared == both.names


def test_each_as_it_is_declared(both: Both) -> None:
    """If it fails: a change of the declarations wants a migration, a new one as soon as the last is released."""
    for table in both.tables:
        migrated, declared = (described(of, table.name, table.schema) for of in (both.migrated, both.declared))
        assert migrated == declared, table.name


def test_so_are_the_views(both: Both) -> None:
    for name in both.views:
        assert view(both.migrated, name) == view(both.declared, name), name


def test_on_sqlite_no_number_is_given_twice(both: Both) -> None:
    """Without AUTOINCREMENT the id of the last row that was deleted comes again, and history would take it for another."""
    for opened in (both.migrated, both.declared):
        if opened.dialect.name == "sqlite":
            with opened.connect() as connection:
                made = dict(
                    connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
                )
            numbered = re.compile(r"\t(id|raw_id) INTEGER NOT NULL.*PRIMARY KEY( AUTOINCREMENT|,? \(\1\))", re.DOTALL)
            with_numbers = [name for name in sorted(both.names) if numbered.search(made[name])]
            assert bool(with_numbers) == (both.pipeline != "fms")
            assert [name for name in with_numbers if "AUTOINCREMENT" not in made[name]] == []
