"""What the appliance talks to, on its network but outside of it: the traffic department's share, and who is alerted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.appliance.network import Network
from tests.fakes.http_receiver import Receiver, receiving
from tests.fakes.workbook import Spec, rows, write_rows
from tests.fakes.workbook_cells import Row, money
from tests.integration.share_station import LONG_AGO, PASSWORD, SHARE, ShareStation
from tests.integration.smb_server import ACCOUNT

TOPIC = "station-alerts"
SPEC = Spec(rows=15_576, oddities=False, trade_rows=10)


@dataclass
class Office:
    """A share with the station's real number of spots, and a receiver of alerts."""

    network: Network
    share: ShareStation
    receiver: Receiver
    lines: list[Row]
    spec: Spec
    raised: int = 0

    def settings(self) -> dict[str, str]:
        """What an operator writes into the env files, by file."""
        return {
            "ctvpipe.env": f"CTVPIPE_CLOCK=trust\nNTFY_SERVER={self.receiver.url}\nNTFY_TOPIC={TOPIC}\n",
            "ctv-commercial-import.env": (
                f'COMMERCIAL_SHARE="//127.0.0.1:{self.share.server.port}/{SHARE}"\n'
                f'CIFS_USERNAME={ACCOUNT}\nCIFS_PASSWORD="{PASSWORD}"\n'
                "COMMERCIAL_NETWORK_SECONDS=0\nCOMMERCIAL_CONNECT_SECONDS=60\nCOMMERCIAL_SETTLE_TRIES=2\nCOMMERCIAL_SETTLE_SECONDS=0.1\n"
            ),
        }

    def save(self) -> None:
        """Put the workbook on the share, last saved long ago."""
        write_rows(self.share.workbook, self.lines, spec=self.spec)
        os.utime(self.share.workbook, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))

    def raise_a_third_of_the_prices(self) -> None:
        """A night with much to write, each time it is asked for."""
        self.raised += 1
        for n in range(0, len(self.lines), 3):
            self.lines[n] = self.lines[n].changed(gross_rate=money(1000.0 * self.raised + n % 97))
        self.save()

    def alerts(self) -> list[tuple[str, str]]:
        """Title without the host, and text of each alert that arrived, in order."""
        bodies: list[dict[str, Any]] = [request.json for request in self.receiver.requests if request.method == "POST"]
        assert {body["topic"] for body in bodies} <= {TOPIC}
        return [(body["title"].partition("] ")[2], body["message"]) for body in bodies]

    def suspend(self) -> None:
        """The share's server takes connections, and says nothing."""
        self.share.server.suspend()

    def open_again(self) -> None:
        """The share's server works."""
        self.share.server.resume()
        if not self.share.server.pids():
            with self.network.entered():
                self.share.server.start()


@contextmanager
def office(folder: Path, network: Network) -> Iterator[Office]:
    """An office that is open as long as the block lasts."""
    spec = replace(SPEC, reference=datetime.now(UTC).date())
    with ExitStack() as stack:
        with network.entered():
            share = ShareStation(folder)
            receiver = stack.enter_context(receiving())
            stack.enter_context(share.server)
        made = Office(network, share, receiver, list(rows(spec)), spec)
        made.save()
        yield made
