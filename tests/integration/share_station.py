"""The station's share on a real smbd, a folder to fetch into, and what every failing fetch must satisfy."""

from __future__ import annotations

import os
import tempfile
import traceback
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.sources import share
from ctvpipe.sources import share_errors as errors
from ctvpipe.sources.share import Credentials, Fetched, ShareLocation, Waits
from tests.integration.smb_server import ACCOUNT, SmbServer, wait_for

SHARE = "K Drive"
FOLDER = "Traffic/Media Library"
WORKBOOK = f"{FOLDER}/Commercial Log.xlsx"
PASSWORD = "korrekt-Pferd 7"
MEGABYTE = 1_000_000
WAITS = Waits(
    network_seconds=0, connect_seconds=5, stall_seconds=20, total_seconds=60, settle_tries=2, settle_seconds=0.2
)
LONG_AGO = datetime(2026, 8, 27, 23, 15, tzinfo=UTC)


class ShareStation:
    """A server with the station's share, and a folder to fetch into."""

    def __init__(self, folder: Path, **options: str) -> None:
        self.server = SmbServer(folder / "server", **options)
        self.share = self.server.share(SHARE, ACCOUNT)
        self.folder = self.share / FOLDER
        self.folder.mkdir(parents=True)
        self.workbook = self.share / WORKBOOK
        self.server.user(ACCOUNT, PASSWORD)
        self.out = folder / "local files"
        self.out.mkdir()
        self.location = ShareLocation("smb", host="127.0.0.1", port=self.server.port, share=SHARE)
        self.credentials = Credentials(ACCOUNT, PASSWORD)

    def fetch(self, path: str = WORKBOOK, **changes: object) -> Fetched:
        arguments = {"location": self.location, "credentials": self.credentials, "waits": WAITS, "max_bytes": 10**9}
        return share.fetch(path=path, destination=self.out / "copy.xlsx", **{**arguments, **changes})  # type: ignore[arg-type]

    def refused(self, path: str = WORKBOOK, **changes: object) -> CtvpipeError:
        """The error of a fetch that must fail, after looking that it left nothing behind and told no secret."""
        with pytest.raises(CtvpipeError) as caught:
            self.fetch(path, **changes)
        assert list(self.out.iterdir()) == []
        told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert PASSWORD not in told
        assert caught.value.advice or isinstance(caught.value, errors.ServerTrouble)
        assert "\n" not in str(caught.value)
        return caught.value

    def put(self, path: str, content: bytes = b"x", *, age: datetime = LONG_AGO) -> Path:
        file = self.share / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (age.timestamp(), age.timestamp()))
        return file

    def put_workbook(self, size: int = 2 * MEGABYTE, *, age: datetime = LONG_AGO) -> bytes:
        with zipfile.ZipFile(self.workbook, "w") as archive:
            archive.writestr("content", os.urandom(size))
        os.utime(self.workbook, (age.timestamp(), age.timestamp()))
        return self.workbook.read_bytes()

    def put_long_file(self) -> None:
        """More than passes before the server can be stopped; takes no room."""
        with self.workbook.open("wb") as file:
            file.truncate(400 * MEGABYTE)


@contextmanager
def running(folder: Path) -> Iterator[ShareStation]:
    """A station whose server runs; afterwards no process may be left of what was started for it."""
    others = set(_children())
    station = ShareStation(folder)
    with station.server:
        yield station
    assert station.server.pids() == []
    wait_for(lambda: not set(_children()) - others, "no child process is left")


@contextmanager
def restricted(folder: Path) -> Iterator[ShareStation]:
    """A running station with a share on which everybody acts as ``nobody``."""
    station = ShareStation(folder)
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o755)
        station.share = station.server.share("Restricted", ACCOUNT, path=Path(shared), account="nobody")
        station.location = replace(station.location, share="Restricted")
        station.workbook = station.share / WORKBOOK
        station.workbook.parent.mkdir(parents=True)
        with station.server:
            yield station


def _children() -> list[str]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    states = {pid: Path(f"/proc/{pid}/stat") for pid in listed}
    return [
        pid for pid, stat in states.items() if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    ]
