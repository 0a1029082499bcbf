"""Listing and explaining a share of a real smbd, and the commands that do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ctvpipe.sources import share
from ctvpipe.sources import share_errors as errors
from ctvpipe.sources.share import Credentials
from tests.integration.share_station import (
    FOLDER,
    LONG_AGO,
    PASSWORD,
    SHARE,
    WAITS,
    WORKBOOK,
    ShareStation,
    running,
)
from tests.integration.smb_server import ACCOUNT, free_port


@pytest.fixture
def station(tmp_path: Path) -> Iterator[ShareStation]:
    with running(tmp_path) as station:
        yield station


def test_list(station: ShareStation) -> None:
    station.put(f"{FOLDER}/b.txt", b"12345")
    for number in range(600):
        station.put(f"{FOLDER}/many/a name so long that not all fit into one answer {number}")
    listed = share.list_folder(station.location, station.credentials, "traffic/media library", WAITS)
    assert [(entry.name, entry.is_dir, entry.size) for entry in listed] == [("b.txt", False, 5), ("many", True, 0)]
    assert listed[0].modified == LONG_AGO
    assert len(share.list_folder(station.location, station.credentials, f"{FOLDER}/many", WAITS)) == 600
    assert [entry.name for entry in share.list_folder(station.location, station.credentials, "", WAITS)] == ["Traffic"]


def test_list_fails_aloud(station: ShareStation) -> None:
    with pytest.raises(errors.FolderMissing):
        share.list_folder(station.location, station.credentials, "Nowhere", WAITS)


ALL_STEPS = ["name", "port", "login", "share", "folder", "file", "age", "size", "in use"]


def test_explain_when_all_is_well(station: ShareStation) -> None:
    content = station.put_workbook()
    steps = share.explain(station.location, station.credentials, "Traffic/Media library/Commercial Log.xlsx", WAITS)
    details = {step.name: step.detail for step in steps}
    assert list(details) == ALL_STEPS
    assert all(step.ok for step in steps)
    assert details["login"] == f"{ACCOUNT}, SMB 3.1.1, encrypted and signed (AES-128-GCM)"
    assert "letter case differs" in details["folder"]
    assert details["size"] == f"{len(content):,} bytes"
    assert details["in use"] == "not open in another program"


@pytest.mark.parametrize("failing", ["name", "port", "login", "share", "folder", "file", "size"])
def test_explain_ends_at_the_step_that_fails(station: ShareStation, failing: str) -> None:
    station.put(WORKBOOK, b"" if failing == "size" else b"x")
    location, credentials, path = station.location, station.credentials, WORKBOOK
    if failing == "name":
        location = replace(location, host="a" * 64 + ".test")  # too long for a label: no name server is asked
    elif failing == "port":
        location = replace(location, port=free_port())
    elif failing == "login":
        credentials = Credentials(ACCOUNT, "wrong")
    elif failing == "share":
        location = replace(location, share="Nothing")
    elif failing == "folder":
        path = "Nowhere/Commercial Log.xlsx"
    elif failing == "file":
        path = f"{FOLDER}/Nothing.xlsx"
    steps = share.explain(location, credentials, path, WAITS)
    assert [step.name for step in steps] == ALL_STEPS[: ALL_STEPS.index(failing) + 1]
    assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1].advice


def test_explain_says_that_the_workbook_is_open(station: ShareStation) -> None:
    station.put_workbook()
    station.put(f"{FOLDER}/~$Commercial Log.xlsx", b"Erika Mustermann")
    last = share.explain(station.location, station.credentials, WORKBOOK, WAITS)[-1]
    assert last.name == "in use"
    assert last.ok
    assert last.detail.startswith("open in another program since 2026-08-2")


def test_the_command_prints_the_steps(station: ShareStation, tmp_path: Path) -> None:
    station.put_workbook()
    good = _command(station, tmp_path, "check")
    assert good.returncode == 0, good.stdout + good.stderr
    assert [line.split()[0] for line in good.stdout.splitlines()[1:]] == [name.split()[0] for name in ALL_STEPS]
    bad = _command(station, tmp_path, "check", CIFS_PASSWORD="wrong")
    assert bad.returncode == 1
    assert "login   FAILED  server" in bad.stdout
    listed = _command(station, tmp_path, "ls", FOLDER)
    assert listed.stdout.splitlines()[1].endswith("  Commercial Log.xlsx")
    assert PASSWORD not in good.stdout + bad.stdout + bad.stderr + listed.stdout


def _command(station: ShareStation, folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "COMMERCIAL_SHARE": f"//127.0.0.1:{station.server.port}/{SHARE}",
        "COMMERCIAL_WORKBOOK": WORKBOOK,
        "CIFS_USERNAME": ACCOUNT,
        "CIFS_PASSWORD": PASSWORD,
        "CTVPIPE_RUN_DIR": str(folder),
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        [sys.executable, "-c", "from ctvpipe.cli.app import main; main()", "share", *arguments],
        env={**settings, **changes},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
