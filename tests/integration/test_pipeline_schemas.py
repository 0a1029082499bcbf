"""The migrations make the tables that the jobs use, on both stores: whoever changes one of them is told of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from ctvpipe.pipelines.circuits.database import MIGRATIONS as CIRCUITS_MIGRATIONS
from ctvpipe.pipelines.circuits.schema import tables as circuits
from ctvpipe.pipelines.fms.database import MIGRATIONS as FMS_MIGRATIONS
from ctvpipe.pipelines.fms.schema import tables as fms
from ctvpipe.stores import engine, migrate
from tests.integration.postgres_server import PostgresServer

OTHERS = {"alembic_version", "ingestion_runs"}  # what no table of the pipeline is
PIPELINES = {
    "circuits": (CIRCUITS_MIGRATIONS, circuits.METADATA, {"enriched_sites": circuits.ENRICHED_SITES}),
    "fms": (FMS_MIGRATIONS, fms.METADATA, {}),
}


@dataclass(frozen=True)
class Both:
    """A database that the migrations of ``pipeline`` have made, and one that its declarations have made."""

    pipeline: str
    migrated: sa.Engine
    declared: sa.Engine

    @property
    def names(self) -> list[str]:
        return sorted(PIPELINES[self.pipeline][1].tables)

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
        metadata.create_all(connection)
        for statement in views.values():
            connection.exec_driver_sql(statement)
    yield Both(pipeline, migrated, declared)
    if store == "postgresql":
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


def view(opened: sa.Engine, name: str) -> str:
    return " ".join(str(sa.inspect(opened).get_view_definition(name)).split())


def test_the_migrations_make_the_tables_that_are_declared(both: Both) -> None:
    migrated, declared = ({*sa.inspect(one).get_table_names()} - OTHERS for one in (both.migrated, both.declared))
    assert migrated == declared == set(both.names)


def test_each_as_it_is_declared(both: Both) -> None:
    """If it fails: a change of the declarations wants a migration, a new one as soon as the last is released."""
    for name in both.names:
        assert described(both.migrated, name) == described(both.declared, name), name


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
            with_numbers = [name for name in both.names if "\tid INTEGER" in made[name]]
            assert bool(with_numbers) == (both.pipeline == "circuits")
            assert [name for name in with_numbers if "AUTOINCREMENT" not in made[name]] == []
