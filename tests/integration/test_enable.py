"""What ``ctvpipe enable`` makes of a real server that says no."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ctvpipe.cli.app import app
from ctvpipe.core.errors import PermanentError
from ctvpipe.jobs import JOBS
from tests.fakes.systemctl import install
from tests.integration.postgres_server import PostgresServer


def test_a_server_that_refuses_the_password_is_not_away(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = install(tmp_path, [job.timer for job in JOBS])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(tmp_path / "etc"))
    for name in ("STATE", "LOG", "RUN"):
        monkeypatch.setenv(f"CTVPIPE_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("CTV_DATA_DIR", str(tmp_path / "data"))
    settings = tmp_path / "etc/ctv-daily-update.env"
    settings.write_text(f"DATABASE_URL={postgres.url('postgres', password='wrong-secret')}\n")
    done = CliRunner().invoke(app, ["enable", "commercial_log", "--offline"])
    assert isinstance(done.exception, PermanentError)
    assert done.exception.advice == "Repair it first."
    assert "FAILED   database: " in done.stdout
    assert "password authentication failed" in done.stdout
    assert "wrong-secret" not in done.stdout
    assert system.enabled() == set()
