"""Fetching from a real smbd while it stops, hangs or dies, and while somebody saves the workbook."""

from __future__ import annotations

import resource
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from smbprotocol.connection import Connection
from smbprotocol.open import CreateDisposition, FilePipePrinterAccessMask, ImpersonationLevel, Open
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from ctvpipe.core.errors import ContractError, CtvpipeError, TransientError
from ctvpipe.sources import share
from ctvpipe.sources import share_errors as errors
from ctvpipe.sources.share import Credentials, ShareLocation
from tests.integration.share_station import (
    FOLDER,
    MEGABYTE,
    PASSWORD,
    SHARE,
    WAITS,
    WORKBOOK,
    ShareStation,
    running,
)
from tests.integration.smb_server import ACCOUNT


@pytest.fixture
def station(tmp_path: Path) -> Iterator[ShareStation]:
    with running(tmp_path) as station:
        yield station


def test_stopped_server(station: ShareStation) -> None:
    station.server.kill()
    error = station.refused(waits=replace(WAITS, network_seconds=1.5))
    assert isinstance(error, errors.Unreachable)
    assert isinstance(error, TransientError)
    assert str(error).startswith(f"server 127.0.0.1 not reachable on port {station.server.port} after ")
    assert str(error).endswith(" s: connection refused")


def test_the_wait_for_the_network_ends_when_the_server_comes_up(station: ShareStation) -> None:
    station.put_workbook()
    station.server.kill()
    steps = []

    def start_late(step: share.Step) -> None:
        steps.append(step.name)
        if step.name == "name":
            station.server.start()

    waits = replace(WAITS, network_seconds=30)
    found = share.explain(station.location, station.credentials, WORKBOOK, waits, on_step=start_late)
    assert all(step.ok for step in found)
    assert steps[:3] == ["name", "port", "login"]


def test_server_killed_in_the_middle_of_the_copy(station: ShareStation) -> None:
    station.put_long_file()
    done: list[int] = []

    def kill(copied: int, _total: int) -> None:
        done.append(copied)
        if len(done) == 1:
            station.server.kill()

    error = station.refused(on_progress=kill)
    assert isinstance(error, errors.ConnectionLost)
    assert isinstance(error, TransientError)
    assert str(error) == f"the connection to server 127.0.0.1:{station.server.port} broke off"
    assert 0 < done[-1] < 400 * MEGABYTE


def test_server_suspended_before_the_login(station: ShareStation) -> None:
    station.put_workbook()
    station.server.suspend()
    error = station.refused(waits=replace(WAITS, connect_seconds=1))
    assert isinstance(error, errors.ServerSilent)
    assert str(error).endswith("stopped answering: no answer for 1 s while agreeing on the protocol")


def test_server_suspended_in_the_middle_of_the_copy(station: ShareStation) -> None:
    station.put_long_file()
    stopped: list[int] = []

    def suspend(copied: int, _total: int) -> None:
        if not stopped:
            stopped.append(copied)
            station.server.suspend()

    error = station.refused(on_progress=suspend, waits=replace(WAITS, stall_seconds=2))
    assert isinstance(error, errors.ServerSilent)
    assert "stopped answering: no answer for 2 s while reading Commercial Log.xlsx" in str(error)


def test_a_copy_that_goes_on_for_too_long(station: ShareStation) -> None:
    station.put_workbook()
    station.put(f"{FOLDER}/~$Commercial Log.xlsx")
    error = station.refused(waits=replace(WAITS, settle_tries=100, settle_seconds=1, total_seconds=2))
    assert isinstance(error, errors.ServerSilent)
    assert "took more than 2 s in all" in str(error)


@pytest.mark.parametrize("owner", ["~$Commercial Log.xlsx", ".~lock.Commercial Log.xlsx#"])
def test_a_workbook_that_somebody_has_open_is_refused(station: ShareStation, owner: str) -> None:
    station.put_workbook()
    station.put(f"{FOLDER}/{owner}", b"Erika Mustermann")
    error = station.refused()
    assert isinstance(error, errors.BeingSaved)
    assert isinstance(error, ContractError)
    assert "is open in another program since 2026-08-2" in str(error)
    assert str(error).endswith("(2 tries)")
    assert "Mustermann" not in str(error) + error.advice


def test_an_owner_file_may_be_ignored(station: ShareStation) -> None:
    content = station.put_workbook()
    station.put(f"{FOLDER}/~$Commercial Log.xlsx")
    station.fetch(owner_file="ignore")
    assert (station.out / "copy.xlsx").read_bytes() == content


def test_a_file_that_grows_while_it_is_copied_is_copied_again(station: ShareStation) -> None:
    station.put_workbook(age=datetime.now(UTC))
    touched: list[int] = []

    def grow(done: int, _total: int) -> None:
        if not touched:
            touched.append(done)
            station.put_workbook(3 * MEGABYTE, age=datetime.now(UTC))

    fetched = station.fetch(on_progress=grow, waits=replace(WAITS, settle_seconds=1))
    assert fetched.attempts == 2
    assert (station.out / "copy.xlsx").read_bytes() == station.workbook.read_bytes()


def test_a_file_that_never_rests_is_refused(station: ShareStation) -> None:
    station.put_workbook(age=datetime.now(UTC))

    def grow(_done: int, _total: int) -> None:
        with station.workbook.open("ab") as file:
            file.write(b"more")

    error = station.refused(on_progress=grow, waits=replace(WAITS, settle_seconds=0.5))
    assert isinstance(error, errors.BeingSaved)
    assert "is being saved: it " in str(error)


def test_a_truncated_workbook_is_refused(station: ShareStation) -> None:
    station.put(WORKBOOK, station.put_workbook()[:MEGABYTE])
    error = station.refused()
    assert isinstance(error, errors.BeingSaved)
    assert "has no readable end" in str(error)


def test_a_workbook_that_another_program_holds_is_refused(station: ShareStation) -> None:
    station.put_workbook()
    connection = Connection(uuid.uuid4(), "127.0.0.1", station.server.port)
    connection.connect()
    session = Session(connection, ACCOUNT, PASSWORD)
    session.connect()
    tree = TreeConnect(session, rf"\\127.0.0.1\{SHARE}")
    tree.connect()
    held = Open(tree, WORKBOOK.replace("/", "\\"))
    read = FilePipePrinterAccessMask.FILE_READ_DATA
    held.create(ImpersonationLevel.Impersonation, read, 0, 0, CreateDisposition.FILE_OPEN, 0)
    try:
        error = station.refused()
    finally:
        connection.disconnect()
    assert isinstance(error, errors.BeingSaved)
    assert "is held by another program (2 tries)" in str(error)


def test_too_large_a_file_is_not_read(station: ShareStation) -> None:
    content = station.put_workbook()
    seen: list[int] = []
    error = station.refused(max_bytes=len(content) - 1, on_progress=lambda done, _total: seen.append(done))
    assert isinstance(error, errors.TooLarge)
    assert isinstance(error, ContractError)
    assert seen == []
    station.fetch(max_bytes=len(content))


def test_a_disk_that_takes_no_more_is_not_the_share_s_fault(station: ShareStation) -> None:
    station.put_workbook()
    arguments = [str(station.server.port), str(station.out)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.test_share_smb_trouble", *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.startswith(f"NoSpace: cannot write {station.out}")
    assert done.stdout.endswith("left: []\n")


def _fetch_with_little_room(port: str, folder: str) -> None:
    """Run in a process of its own: fetch where no file may grow beyond 1 MB, and print how that ended."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE))
    location = ShareLocation("smb", host="127.0.0.1", port=int(port), share=SHARE)
    try:
        target = Path(folder) / "copy.xlsx"
        share.fetch(location, Credentials(ACCOUNT, PASSWORD), WORKBOOK, target, waits=WAITS, max_bytes=10**9)
    except CtvpipeError as error:
        print(f"{type(error).__name__}: {error}")
    print(f"left: {[file.name for file in Path(folder).iterdir()]}")


if __name__ == "__main__":
    _fetch_with_little_room(*sys.argv[1:])
