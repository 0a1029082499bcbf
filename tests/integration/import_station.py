"""A station whose traffic department's workbook is on a real smbd, with a real receiver of its alerts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tests.fakes.http_receiver import Receiver
from tests.fakes.workbook import Spec, Summary, write
from tests.integration.share_station import LONG_AGO, PASSWORD, SHARE, WORKBOOK, ShareStation
from tests.integration.smb_server import ACCOUNT, wait_for
from tests.integration.station import CHECKOUT, Result, Station

IMPORT = ("commercial", "import")
SMALL = Spec(rows=120, seed=3)
TOPIC = "station-alerts"
AS_SERVICE = {"INVOCATION_ID": "0123456789abcdef0123456789abcdef"}
WIDTHS = b'<cols><col min="1" max="1" width="41.5" customWidth="1"/><col min="3" max="3" hidden="1" width="0"/></cols>'
SHORT_WAITS = {
    "COMMERCIAL_NETWORK_SECONDS": "0",
    "COMMERCIAL_CONNECT_SECONDS": "5",
    "COMMERCIAL_STALL_SECONDS": "20",
    "COMMERCIAL_SETTLE_TRIES": "2",
    "COMMERCIAL_SETTLE_SECONDS": "0.1",
}


class ImportStation(Station):
    """A station with a share. ``smb``: the server and its folders."""

    smb: ShareStation
    receiver: Receiver

    def connect(self, smb: ShareStation, receiver: Receiver) -> None:
        """Point the settings at the share and the receiver."""
        self.smb, self.receiver = smb, receiver
        self.settings |= {
            "COMMERCIAL_SHARE": f"//127.0.0.1:{smb.server.port}/{SHARE}",
            "CIFS_USERNAME": ACCOUNT,
            "CIFS_PASSWORD": PASSWORD,
            "NTFY_SERVER": receiver.url,
            "NTFY_TOPIC": TOPIC,
            "TMPDIR": str(self.temporary),
            **SHORT_WAITS,
            **AS_SERVICE,
        }
        self.temporary.mkdir()

    @property
    def temporary(self) -> Path:
        """Where the station's commands put temporary files; not below ``root``."""
        return self.root.with_name("tmp")

    def put(self, spec: Spec = SMALL) -> Summary:
        """Put a workbook on the share, saved long ago."""
        summary = write(spec, self.smb.workbook)
        self.settle()
        return summary

    def settle(self) -> None:
        """Make the workbook on the share look saved long ago."""
        os.utime(self.smb.workbook, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))

    def import_(self, *words: str) -> Result:
        """Run the import and wait for it."""
        return self.run(*IMPORT, *words)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            self.command(*words),
            env=self.environ,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def import_until(self, happens: Callable[[], None]) -> Result:
        """Run the import; ``happens()`` is called when a part of the workbook has arrived."""
        process = self.start(*IMPORT)
        wait_for(lambda: self.arrived() > 0 or process.poll() is not None, "the copy begins")
        assert process.poll() is None, process.communicate()[0]
        happens()
        printed, _ = process.communicate(timeout=60)
        return Result(process.returncode, "", printed)

    def arrived(self) -> int:
        """Bytes of a workbook that is being fetched."""
        return sum(path.stat().st_size for path in self.incoming.glob(".*")) if self.incoming.exists() else 0

    @property
    def incoming(self) -> Path:
        return self.state / "incoming"

    def leftovers(self) -> list[str]:
        """What should not be there: files in the daily directory that are no workbooks, fetched files, temporary files."""
        return sorted(
            [path.name for path in self.daily.iterdir() if not path.name.startswith("Commercial Log ")]
            + [
                str(path.relative_to(self.root.parent))
                for place in (self.incoming, self.temporary)
                for path in place.rglob("*")
            ]
        )

    def alerts(self) -> list[tuple[str, str]]:
        """Title without the host, and text of each alert that arrived, in order."""
        bodies: list[dict[str, Any]] = [request.json for request in self.receiver.requests if request.method == "POST"]
        assert {body["topic"] for body in bodies} <= {TOPIC}
        return [(body["title"].partition("] ")[2], body["message"]) for body in bodies]


@contextmanager
def importing(root: Path, receiver: Receiver) -> Iterator[ImportStation]:
    """A station with a small workbook on a running server."""
    smb = ShareStation(root / "share")
    with smb.server:
        station = ImportStation(root / "station")
        station.connect(smb, receiver)
        station.put()
        yield station


def widen(path: Path, sheet: str = "xl/worksheets/sheet1.xml") -> None:
    """Give the first columns widths of their own, as people do."""
    with ZipFile(path) as package:
        parts = {info: package.read(info) for info in package.infolist()}
    with ZipFile(path, "w") as package:
        for info, data in parts.items():
            package.writestr(
                info, data.replace(b"<sheetData>", WIDTHS + b"<sheetData>") if info.filename == sheet else data
            )


__all__ = ["AS_SERVICE", "IMPORT", "SMALL", "TOPIC", "WIDTHS", "WORKBOOK", "ImportStation", "importing", "widen"]
