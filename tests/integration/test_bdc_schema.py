"""The migrations make the BDC tables that are declared, under any prefix, beside what is somebody else's."""

from __future__ import annotations

import warnings
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from ctvpipe.core.errors import PermanentError
from ctvpipe.pipelines.bdc.database import MIGRATIONS
from ctvpipe.pipelines.bdc.prefix import Prefix
from ctvpipe.stores import engine, migrate
from tests.integration.bdc_store import Store, unit
from tests.integration.postgres_server import PostgresServer
from tests.integration.station import execute, query
from tests.integration.test_pipeline_schemas import described

PREFIXES = ("sonar.", "bdc_", "isp.sonar_")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_migrations_make_what_is_declared(
    kind: str, prefix: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """If it fails: a change of the declarations wants a migration, a new one as soon as the last is released."""
    if kind == "sqlite":
        urls = [str(tmp_path / "migrated.db"), f"sqlite:///{tmp_path / 'declared.db'}"]
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        urls = [server.create_with_points(), server.create_with_points()]
    migrated = Store(urls[0], prefix)
    declared = engine.open_engine(urls[1])
    schema = migrated.home.schema
    with engine.transaction(declared) as connection:
        if schema:
            connection.execute(sa.schema.CreateSchema(schema))
        for metadata in migrated.tables.own:
            metadata.create_all(connection)
    names = [table.name for metadata in migrated.tables.own for table in metadata.sorted_tables]
    assert len(names) == 15
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the type of a point
        for name in names:
            one, other = (described(of, name, schema or None) for of in (migrated.opened, declared))
            assert one == other, name
    if kind == "postgresql":
        assert points(urls[0]) == points(urls[1])
        for url in urls:
            server.drop(url)


def points(url: str) -> list[tuple[object, ...]]:
    """Every column that is a point, how it is made, and the indexes."""
    made = (
        "SELECT attrelid::regclass::text, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid) "
        "FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attgenerated = 's' ORDER BY 1"
    )
    indexes = "SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%gist%' ORDER BY 1"
    return query(url, made) + query(url, indexes)


def test_two_prefixes_in_one_database_do_not_know_of_each_other(any_address: str) -> None:
    stores = [Store(any_address, prefix) for prefix in PREFIXES]
    for number, store in enumerate(stores, 1):
        store.write([unit(number)])
    assert [store.rows("customers", "id") for store in stores] == [[(1,)], [(2,)], [(3,)]]


@pytest.fixture(params=["sqlite", "postgresql"])
def any_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "bdc.db")
    return str(request.getfixturevalue("postgis_url"))


def test_what_is_somebody_elses_in_the_schema_is_not_taken_over(postgis_url: str) -> None:
    execute(postgis_url, "CREATE SCHEMA sonar", "CREATE TABLE sonar.customers (id integer)")
    with pytest.raises(
        PermanentError, match=r"did not make \(customers, …\) where its own are to be, sonar\.…"
    ) as caught:
        Store(postgis_url)
    assert caught.value.advice == "Choose another prefix for its tables."
    Store(postgis_url, "bdc.")
    Store(postgis_url, "sonar_")


def test_what_is_somebody_elses_beside_it_stays(postgis_url: str) -> None:
    execute(postgis_url, "CREATE TABLE coverage (id integer)", "CREATE SCHEMA meta", "INSERT INTO coverage VALUES (1)")
    Store(postgis_url)
    execute(postgis_url, "CREATE VIEW sonar.customers_in_fiber AS SELECT id FROM sonar.customers")
    Store(postgis_url).write([unit(7)])
    assert query(postgis_url, "SELECT * FROM sonar.customers_in_fiber") == [(7,)]
    assert query(postgis_url, "SELECT * FROM coverage") == [(1,)]


def hide_postgis(postgres_url: str) -> None:
    """To whoever connects, the server has no such extension."""
    execute(
        postgres_url,
        "CREATE SCHEMA shadow",
        "CREATE VIEW shadow.pg_available_extensions AS "
        "SELECT * FROM pg_catalog.pg_available_extensions WHERE name <> 'postgis'",
        f"ALTER DATABASE {postgres_url.rpartition('/')[2]} SET search_path = shadow, pg_catalog, public",
    )


def test_a_server_without_postgis(postgres_url: str) -> None:
    hide_postgis(postgres_url)
    with pytest.raises(PermanentError, match=r"^the PostgreSQL server has no PostGIS$") as caught:
        Store(postgres_url)
    assert caught.value.advice == "Install it there: sudo apt install postgresql-postgis"
    assert query(postgres_url, "SELECT nspname FROM pg_namespace WHERE nspname IN ('sonar', 'meta')") == []


def test_the_extension_is_made_where_that_is_allowed(postgres_url: str) -> None:
    Store(postgres_url).write([unit(1)])
    assert query(postgres_url, "SELECT ST_X(geom) FROM sonar.customers") == [(-120.201,)]


@pytest.fixture
def plain_user(postgres: PostgresServer, postgres_url: str) -> str:
    """The address of the same database for a user who may connect, and no more."""
    name = postgres_url.rpartition("/")[2]
    with closing(postgres.connect(postgres_url)) as connection:
        connection.cursor().execute(f"CREATE ROLE {name}_user LOGIN PASSWORD 'heron-Slate-7'")
    return postgres_url.replace(postgres_url.partition("@")[0], f"postgresql://{name}_user:heron-Slate-7")


def test_a_user_who_may_not_make_the_extension(postgres_url: str, plain_user: str) -> None:
    name = postgres_url.rpartition("/")[2]
    execute(postgres_url, f"GRANT CREATE ON DATABASE {name} TO {name}_user")
    with pytest.raises(PermanentError, match=r"^the database has no PostGIS, and its user may not add it$") as caught:
        Store(plain_user)
    assert caught.value.advice.endswith(f"'CREATE EXTENSION postgis' {name}")
    execute(
        postgres_url, "CREATE SCHEMA gis", "CREATE EXTENSION postgis SCHEMA gis", "GRANT USAGE ON SCHEMA gis TO public"
    )
    Store(plain_user).write([unit(1)])
    assert query(postgres_url, "SELECT gis.ST_X(geom) FROM sonar.customers") == [(-120.201,)]


def test_a_user_who_may_not_make_a_schema_and_needs_none(postgres_url: str, plain_user: str) -> None:
    user = f"{postgres_url.rpartition('/')[2]}_user"
    execute(postgres_url, "CREATE EXTENSION postgis")
    with pytest.raises(PermanentError, match="permission denied for database") as caught:
        Store(plain_user)
    assert caught.value.advice == "Let an administrator of the database grant that to its user."
    execute(postgres_url, f"CREATE SCHEMA sonar AUTHORIZATION {user}", f"CREATE SCHEMA meta AUTHORIZATION {user}")
    Store(plain_user).write([unit(1)])


def test_a_database_of_a_later_version(any_address: str) -> None:
    store = Store(any_address)
    execute(any_address, f"UPDATE {store.home}alembic_version SET version_num = '0999'")
    with pytest.raises(PermanentError, match="has schema 0999"), engine.transaction(store.opened) as connection:
        migrate.upgrade(connection, MIGRATIONS, store.home)


def test_sqlite_has_the_same_tables_under_names_without_a_dot(tmp_path: Path) -> None:
    assert str(Prefix.parse("Sonar.").home(sqlite=True)) == "sonar_"
    store = Store(str(tmp_path / "bdc.db"))
    assert [column.name for column in store.tables.customers.c if column.name == "geom"] == []
    made = {name for (name,) in query(store.address, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {table.name for metadata in store.tables.own for table in metadata.sorted_tables} <= made
