"""``ctvpipe config check`` where servers do not answer: all are tried at the same time, and none for long."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ctvpipe.cli.app import app
from ctvpipe.sources import http
from tests.fakes import fms_reports, fms_rows
from tests.fakes.fms_rows import Spec
from tests.fakes.http_receiver import Receiver

SMALL = Spec(vehicles=9, partners=9, loans=9, activity=9, approvals=9, orphans=1)


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "etc"
    directory.mkdir()
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(directory))
    for name in ("STATE", "LOG", "RUN"):
        monkeypatch.setenv(f"CTVPIPE_{name}_DIR", str(tmp_path / name.lower()))
    return directory


def configure(etc: Path, pipeline: str, **settings: object) -> None:
    own = {"CTV_DATA_DIR": etc.parent, f"{pipeline.upper()}_DATABASE_PATH": etc.parent / f"{pipeline}.db"}
    text = "".join(f"{name}={value}\n" for name, value in (own | settings).items())
    (etc / f"ctv-{pipeline}.env").write_text(text)


def check(pipeline: str) -> list[str]:
    return CliRunner().invoke(app, ["config", "check", pipeline]).output.splitlines()


def test_no_export_waits_for_another(etc: Path, tmp_path: Path) -> None:
    with fms_reports.serving(fms_rows.bodies(SMALL)) as server:
        configure(etc, "fms", FMS_BODIES_DIR=tmp_path / "state" / "fms", **server.settings)
        server.gather(len(fms_reports.REPORTS))  # no answer before all have been asked for
        lines = check("fms")
    tables = [line.split()[2] for line in lines if line.endswith("its export begins like a CSV")]
    assert tables == [f"{table}:" for table in fms_reports.REPORTS], "told in their order"
    assert server.most == len(fms_reports.REPORTS)


def test_servers_that_do_not_answer_are_given_up_soon(
    etc: Path, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LOOK_SECONDS", 0.5)
    receiver.behaviours["/"] = "hang"
    exports = {variable: f"{receiver.url}/x?key={variable}" for _, variable in fms_reports.REPORTS.values()}
    configure(etc, "fms", FMS_BODIES_DIR=tmp_path / "state" / "fms", **exports)
    given_up = [line for line in check("fms") if line.startswith("FAILED") and line.endswith(": no answer in time")]
    assert len(given_up) == len(exports)

    portal = {f"TRACKING_PORTAL_{name}": f"{receiver.url}/{name}" for name in ("URL", "EXPORT_URL")}
    account = {"TRACKING_PORTAL_USERNAME": "u", "TRACKING_PORTAL_PASSWORD": "p", "MERAKI_API_KEY": "k"}
    configure(etc, "circuits", TRACKING_DATA_DIR=tmp_path, MERAKI_API_URL=receiver.url, **portal, **account)
    lines = check("circuits")
    assert f"FAILED   order portal: {receiver.address}/URL: no answer in time" in lines
    assert f"FAILED   device API: {receiver.address}/organizations: no answer in time" in lines
