"""``ctvpipe config`` and ``ctvpipe alert``."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ctvpipe.cli.app import app
from tests.fakes import campus, fms_reports, fms_rows, um_api
from tests.fakes.fms_rows import Spec
from tests.fakes.http_receiver import Receiver
from tests.fakes.nights import record, run
from tests.integration.directory_station import campus_with, ldap_serving
from tests.integration.ldap_server import PASSWORD

SECRETS = ("topic-of-the-station", "hunter22secret", "database-password")


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "etc"
    directory.mkdir()
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(directory))
    for name in ("STATE", "LOG", "RUN"):
        monkeypatch.setenv(f"CTVPIPE_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("CTV_DATA_DIR", str(tmp_path / "data"))
    (directory / "ctv-daily-update.env").write_text(f"DATABASE_PATH={tmp_path / 'sales.db'}\n")
    (directory / "ctv-circuits.env").write_text(
        f"CIRCUITS_DATABASE_PATH={tmp_path / 'circuits.db'}\nTRACKING_DATA_DIR={tmp_path}\n"
    )
    (directory / "ctv-fms.env").write_text(
        f"FMS_DATABASE_PATH={tmp_path / 'fms.db'}\nFMS_BODIES_DIR={tmp_path / 'state' / 'fms'}\n"
    )
    (directory / "ctv-directory.env").write_text(f"DIRECTORY_DATABASE_PATH={tmp_path / 'directory.db'}\n")
    return directory


def call(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def row(text: str, name: str) -> list[str]:
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])


def test_values_come_with_their_origin(etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("hunter22secret\n")
    (etc / "ctvpipe.env").write_text("COMMERCIAL_WORKBOOK=Log.xlsx\n")
    (etc / "ctv-commercial-import.env").write_text(
        f"COMMERCIAL_SHARE=//server/share\nCIFS_PASSWORD_FILE={tmp_path / 'password'}\n"
    )
    monkeypatch.setenv("CIFS_DOMAIN", "STATION")
    done = call("config", "show", "--job", "commercial-import")
    assert done.exit_code == 0
    own = str(etc / "ctv-commercial-import.env")
    assert row(done.stdout, "COMMERCIAL_SHARE") == ["COMMERCIAL_SHARE", "//server/share", own]
    assert row(done.stdout, "COMMERCIAL_WORKBOOK") == ["COMMERCIAL_WORKBOOK", "Log.xlsx", str(etc / "ctvpipe.env")]
    assert row(done.stdout, "CIFS_DOMAIN") == ["CIFS_DOMAIN", "STATION", "environment"]
    assert row(done.stdout, "CIFS_USERNAME") == ["CIFS_USERNAME", "-", "default"]
    assert row(done.stdout, "CIFS_PASSWORD") == ["CIFS_PASSWORD", "***", own, "(CIFS_PASSWORD_FILE)"]
    assert "DATABASE_PATH" not in done.stdout


def test_no_secret_is_shown(etc: Path) -> None:
    topic, password, database = SECRETS
    (etc / "ctvpipe.env").write_text(f"NTFY_TOPIC={topic}\nHEARTBEAT_URL=https://check.invalid/{topic}\n")
    (etc / "ctv-commercial-import.env").write_text(f"CIFS_PASSWORD={password}\n")
    (etc / "ctv-daily-update.env").write_text(f"DATABASE_URL=postgresql://u:{database}@127.0.0.1:1/x\n")
    for words in (("config", "show"), ("config", "check")):
        text = call(*words).output
        assert not [secret for secret in SECRETS if secret in text]


def test_misspelt_variables_are_found(etc: Path) -> None:
    (etc / "ctvpipe.env").write_text("NTFY_TOPPIC=x\nTZ=UTC\nPYTHONUTF8=1\n")
    (etc / "ctv-commercial-import.env").write_text("CIFS_PASWORD=x\nDATABASE_PATH=/x\n")
    text = call("config", "show").stdout
    assert "ctvpipe.env: NTFY_TOPPIC is not a variable of ctvpipe; did you mean NTFY_TOPIC?" in text
    assert "CIFS_PASWORD is not a variable of ctvpipe; did you mean CIFS_PASSWORD?" in text
    assert "DATABASE_PATH is not a variable of ctvpipe in this file, it belongs to another job" in text
    assert "TZ" not in text.split()
    assert "PYTHONUTF8" not in text


def test_a_wrong_value_is_named_and_the_rest_still_shown(etc: Path) -> None:
    (etc / "ctv-commercial-import.env").write_text("COMMERCIAL_KEEP_DAYS=none\n")
    done = call("config", "show")
    assert done.exit_code == 2
    assert "ERROR: COMMERCIAL_KEEP_DAYS: " in done.stdout
    assert row(done.stdout, "BACKUP_KEEP") == ["BACKUP_KEEP", "7", "default"]


def test_a_good_configuration_is_checked_and_leaves_nothing(etc: Path, tmp_path: Path) -> None:
    for name in ("state", "run", "log/ctv-daily-update", "data/raw/daily", "data/database/backup"):
        (tmp_path / name).mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    done = call("config", "check")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "All is well."
    assert "off      share: no share is configured" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


def test_the_share_and_the_database_are_tried(etc: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    (share / "Log.xlsx").write_bytes(b"PK\x05\x06" + bytes(18))
    (etc / "ctv-commercial-import.env").write_text(f"COMMERCIAL_SHARE={share}\nCOMMERCIAL_WORKBOOK=Log.xlsx\n")
    with sqlite3.connect(tmp_path / "sales.db") as db:
        db.execute("CREATE TABLE somebody_elses (x)")
    done = call("config", "check")
    assert done.exit_code == 1
    assert "ok       share: " in done.stdout
    assert "FAILED   database: the database holds tables ctvpipe did not make" in done.stdout
    (share / "Log.xlsx").rename(share / "Other.xlsx")
    assert "FAILED   share: " in call("config", "check").stdout


def test_wrong_settings_exit_with_2_and_nothing_else_is_tried(etc: Path) -> None:
    (etc / "ctv-daily-update.env").unlink()
    done = call("config", "check")
    assert done.exit_code == 2
    assert "FAILED   settings daily-update: DATABASE_PATH and DATABASE_URL: neither is set" in done.stdout
    assert "not tried: correct the settings first" in done.stdout
    assert "state:" not in done.stdout


def test_a_pipeline_that_is_not_in_use_is_only_checked_when_asked_for(etc: Path, tmp_path: Path) -> None:
    (etc / "ctv-circuits.env").unlink()
    assert call("config", "check").exit_code == 2, "where nothing is in use yet, all is checked"
    record(tmp_path / "state", [run("commercial-import", datetime.now(UTC))])
    done = call("config", "check")
    assert done.exit_code == 0, done.output
    assert "off      circuits: not in use\n         → To check it: ctvpipe config check circuits\n" in done.stdout
    done = call("config", "check", "circuits")
    assert done.exit_code == 2
    assert "settings daily-update" not in done.stdout
    assert "not in use" not in done.stdout
    record(tmp_path / "state", [run("circuits-history", datetime.now(UTC))])
    assert call("config", "check").exit_code == 2


def test_the_circuits_are_tried(etc: Path, tmp_path: Path) -> None:
    tracking, database = tmp_path / "circuitinfo", tmp_path / "circuits.db"
    (etc / "ctv-circuits.env").write_text(
        f"CIRCUITS_DATABASE_PATH={database}\nTRACKING_DATA_DIR={tracking}\nMERAKI_API_KEY={SECRETS[1]}\n"
        "MERAKI_API_URL=http://127.0.0.1:1/api/v1\n"
    )
    text = call("config", "check", "circuits").stdout
    assert f"FAILED   tracking files: the directory {tracking} does not exist" in text
    tracking.mkdir()
    for name in ("tracking_data_2026-11-25.csv", "tracking_data_2026-11-26.csv", "notes.txt"):
        (tracking / name).touch()
    text = call("config", "check", "circuits").stdout
    assert f"ok       tracking files: {tracking} can be read; tracking files in it: 2\n" in text
    assert f"ok       circuits' database: {database} does not exist yet; the first run of a job makes it\n" in text
    assert "FAILED   device API: 127.0.0.1:1/api/v1/organizations: the connection failed" in text
    assert "off      known providers: there is no file" in text
    database.touch()
    assert f"FAILED   circuits' database: {database} is an empty file" in call("config", "check", "circuits").stdout


def test_the_file_of_known_providers_is_read(etc: Path, tmp_path: Path) -> None:
    path = tmp_path / "known"
    (etc / "ctv-circuits.env").write_text(
        f"CIRCUITS_DATABASE_PATH={tmp_path / 'circuits.db'}\nCIRCUITS_KNOWN_PROVIDERS_FILE={path}\n"
    )
    assert f"known providers: CIRCUITS_KNOWN_PROVIDERS_FILE: cannot read {path}" in call("config", "check").stdout
    path.write_text("203.0.113.0/24 Example Fiber  # Ann\n203.0.113.9 Example Cable\n")
    assert (
        f"ok       known providers: {path} can be read; addresses and ranges in it: 2" in call("config", "check").stdout
    )


def test_each_export_of_fms_is_tried_and_no_address_is_told(etc: Path, tmp_path: Path) -> None:
    """The one that fails is named, and hides no other; of a large one that drips, the beginning is enough."""
    small = Spec(vehicles=30, partners=9, loans=900, activity=9, approvals=9, orphans=1)
    database = f"FMS_DATABASE_PATH={tmp_path / 'fms.db'}\nFMS_BODIES_DIR={tmp_path / 'state' / 'fms'}\n"
    with fms_reports.serving(fms_rows.bodies(small)) as server:
        reports = server.reports
        reports["vehicles"].status = 404
        reports["current_activity"].break_down()
        reports["loan_history"].drip, reports["loan_history"].piece = 100, 1 << 13
        del (addresses := server.settings)["FMS_APPROVED_MAKES_CSV_URL"]
        (etc / "ctv-fms.env").write_text(database + "".join(f"{name}={url}\n" for name, url in addresses.items()))
        done = call("config", "check", "fms")
        assert sorted(server.asked) == ["current_activity", "loan_history", "media_partners", "vehicles"]
    assert done.exit_code == 1
    lines = done.output.splitlines()
    for line in (
        "FAILED   FMS vehicles: the export of vehicles answered 404 Not Found",
        "ok       FMS media_partners: its export begins like a CSV",
        "ok       FMS loan_history: its export begins like a CSV",
        "FAILED   FMS current_activity: current_activity: the report server answered a page instead of the export",
        "off      FMS approved_makes: no address of its export is set",
        f"ok       FMS database: {tmp_path / 'fms.db'} does not exist yet; the first sync makes it",
    ):
        assert line in lines
    for secret in (fms_reports.KEY, server.url, ".rpt"):
        assert secret not in done.output


def test_each_source_of_the_directory_is_tried_and_no_key_is_told(etc: Path, tmp_path: Path) -> None:
    """The one that fails is named, and hides no other; what is not configured is off."""
    spec = campus.Spec(people=12, departments=6, groups=3)
    with ldap_serving(spec) as ldap, campus_with(ldap, spec) as sources:
        settings = {**sources.settings, "DIRECTORY_DATABASE_PATH": str(tmp_path / "directory.db")}
        for name in ("AD_SERVER", "TDX_WEB_SERVICES_KEY"):
            del settings[name]
        settings |= {
            "TDX_API_TOKEN": "eyJhbGciOiJIUzI1NiJ9.eyJ1bmlxdWVfbmFtZSI6ICJub2JvZHkifQ.not-good",
            "TDX_BEID": "",
        }
        (etc / "ctv-directory.env").write_text("".join(f'{name}="{value}"\n' for name, value in settings.items()))
        done = call("config", "check", "directory")
        nobody = settings | {"MCOMMUNITY_LDAP_FILTER": "(uid=nobody-at-all)"}
        (etc / "ctv-directory.env").write_text("".join(f'{name}="{value}"\n' for name, value in nobody.items()))
        again = call("config", "check", "directory")
    assert done.exit_code == 1
    lines = done.output.splitlines()
    for line in (
        "ok       UM API: the key is accepted, departments can be read",
        "ok       MCommunity: the account is accepted, people can be read",
        "off      Active Directory: Active Directory is not configured (AD_SERVER)",
        "FAILED   TDX: TDX answered 401 Unauthorized",
        f"ok       directory database: {tmp_path / 'directory.db'} does not exist yet; the first sync makes it",
    ):
        assert line in lines
    assert f"ok       directory data: {tmp_path}" in done.output
    assert "FAILED   MCommunity: MCommunity shows nothing below the search base" in again.output
    for secret in (um_api.KEY, um_api.SECRET, PASSWORD, "not-good", sources.um.url):
        assert secret not in done.output + again.output


def test_jobs_that_disagree_on_a_directory_are_told(etc: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CTV_DATA_DIR")
    (etc / "ctvpipe.env").write_text(f"CTV_DATA_DIR={tmp_path / 'data'}\n")
    (etc / "ctv-commercial-import.env").write_text(f"CTV_DATA_DIR={tmp_path / 'other'}\n")
    done = call("config", "check")
    assert done.exit_code == 0
    assert "WARNING  CTV_DATA_DIR: the jobs do not agree on CTV_DATA_DIR" in done.stdout


def test_directories_that_may_not_be_written(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any], etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = public_dir / "state"
    state.mkdir()
    state.chmod(0o555)
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(public_dir))
    monkeypatch.setenv("CTVPIPE_STATE_DIR", str(state))
    monkeypatch.setenv("DATABASE_PATH", str(public_dir / "sales.db"))
    for name in ("circuits", "fms", "directory", "bdc"):
        monkeypatch.setenv(f"{name.upper()}_DATABASE_PATH", str(public_dir / f"{name}.db"))
    text = as_another_user(lambda: call("config", "check").stdout)
    state.chmod(0o755)
    assert f"FAILED   state: cannot write in {state}" in text


def test_alert_targets_are_parsed_but_not_called(etc: Path, receiver: Receiver) -> None:
    (etc / "ctvpipe.env").write_text(f"APPRISE_URLS='json://{receiver.address}/a nonsense://x'\n")
    done = call("config", "check")
    assert done.exit_code == 1
    assert "FAILED   alert targets: not an alert URL that apprise understands: nonsense" in done.stdout
    assert receiver.requests == []


def test_a_test_alert_without_targets(etc: Path) -> None:
    done = call("alert", "test")
    assert done.exit_code == 2
    assert "No alert target is configured" in done.stdout


def test_a_test_alert_reaches_every_target_of_any_job_once(etc: Path, receiver: Receiver) -> None:
    (etc / "ctvpipe.env").write_text(f"NTFY_TOPIC=all\nNTFY_SERVER={receiver.url}\n")
    (etc / "ctv-commercial-import.env").write_text(f"SLACK_WEBHOOK_URL={receiver.url}/hook/imports-only\n")
    done = call("alert", "test")
    assert done.exit_code == 0, done.output
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["ok", "ntfy", "reached"],
        ["ok", "slack", "reached"],
    ]
    assert len(receiver.requests) == 2
    [slack] = receiver.on("/hook")
    assert "This is a test" in slack.json["text"]


def test_a_target_that_refuses_is_named_without_its_secret(etc: Path, receiver: Receiver) -> None:
    receiver.behaviours["/bad"] = 500
    (etc / "ctvpipe.env").write_text(
        f"APPRISE_URLS='json://{receiver.address}/good json://{receiver.address}/bad-secret'\n"
    )
    done = call("alert", "test")
    assert done.exit_code == 1
    assert done.stdout.splitlines()[0].split() == ["ok", "json", "reached"]
    assert done.stdout.splitlines()[1].startswith("FAILED  json")
    assert "bad-secret" not in done.output
