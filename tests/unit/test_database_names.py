"""Messages about a database name the variables that say which one it is: each pipeline has its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ctvpipe.core.errors import ConfigurationError, CtvpipeError, PermanentError
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.circuits import settings as circuits
from ctvpipe.pipelines.commercial_log import settings as commercial_log
from ctvpipe.pipelines.directory import settings as directory
from ctvpipe.pipelines.fms import settings as fms
from ctvpipe.stores import attended, engine, migrate
from ctvpipe.stores.attended import NamedDatabase
from ctvpipe.stores.probe import probe

MIGRATIONS = "ctvpipe.pipelines.circuits.schema.versions"
EVERY_PIPELINE = pytest.mark.parametrize(
    ("settings", "prefix", "name"),
    [
        (commercial_log.DatabaseSettings, "", "the sales database"),
        (circuits.DatabaseSettings, "CIRCUITS_", "the circuits' database"),
        (fms.DatabaseSettings, "FMS_", "the FMS database"),
        (directory.DatabaseSettings, "DIRECTORY_", "the directory database"),
    ],
)


def said(error: CtvpipeError) -> str:
    return f"{error} {error.advice}"


@EVERY_PIPELINE
def test_of_a_file(settings: type[NamedDatabase], prefix: str, name: str, tmp_path: Path) -> None:
    path, variable = tmp_path / "x.db", f" {prefix}DATABASE_PATH"
    of = Environment({f"{prefix}DATABASE_PATH": str(path)}).load(settings)
    assert of.names.database == name
    with pytest.raises(PermanentError, match="does not exist") as caught:
        attended.opened(Environment({}), of, command="x", read_only=True)
    assert variable in said(caught.value)
    path.touch()
    with pytest.raises(PermanentError, match="is an empty file") as caught:
        probe(of, MIGRATIONS, made_by="x")
    assert variable in said(caught.value)
    sqlite3.connect(path).execute("CREATE TABLE somebody_elses (x)")
    with pytest.raises(PermanentError, match="did not make") as caught:
        probe(of, MIGRATIONS, made_by="x")
    assert variable in said(caught.value)
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4000)
    with pytest.raises(PermanentError, match=f"^{name} cannot be used: ") as caught:
        probe(of, MIGRATIONS, made_by="x")


@EVERY_PIPELINE
@pytest.mark.parametrize("url", ["postgresql://h:x/n", "postgresql://u:a@b@h/n", "postgresql://h/n?nonsense=1"])
def test_of_a_server(settings: type[NamedDatabase], prefix: str, name: str, url: str) -> None:
    of = Environment({f"{prefix}DATABASE_URL": url}).load(settings)
    with pytest.raises(ConfigurationError, match=f"^{prefix}DATABASE_URL: "):
        probe(of, MIGRATIONS, made_by="x")


@EVERY_PIPELINE
def test_of_what_is_on_a_server(settings: type[NamedDatabase], prefix: str, name: str) -> None:
    """Which variable named it is known to the connection."""
    of = engine.open_engine("postgresql://h/n", settings.names)

    def answer(*_: object) -> Any:
        return SimpleNamespace(scalar_one=lambda: False, scalars=lambda: ["invoices"])

    connection: Any = SimpleNamespace(
        dialect=of.dialect, get_execution_options=of.get_execution_options, execute=answer
    )
    with pytest.raises(PermanentError) as caught:
        migrate.current(connection)
    assert f" {prefix}DATABASE_URL " in said(caught.value)


@EVERY_PIPELINE
@pytest.mark.parametrize(("path", "url"), [("", ""), ("/x", "postgresql://h/n"), ("x", ""), ("/x?y", ""), ("", "x://")])
def test_of_settings_that_name_none(settings: type[NamedDatabase], prefix: str, name: str, path: str, url: str) -> None:
    of = Environment({f"{prefix}DATABASE_PATH": path, f"{prefix}DATABASE_URL": url}).load(settings)
    with pytest.raises(ConfigurationError, match=f"^{prefix}DATABASE_"):
        of.require_url()
