"""Runs inside the guest: a time server on loopback (SNTP, RFC 4330) that knows what time it is, whatever the clock says.

Usage: time_server.py SECONDS: the seconds since 1970 at its start
"""

from __future__ import annotations

import socket
import struct
import sys
import time

_SINCE_1900 = 2_208_988_800
_SERVER_V4 = 0b00_100_100  # no leap second, version 4, mode 4


def main(now: float) -> None:
    started = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.bind(("127.0.0.1", 123))
        while True:
            asked, client = port.recvfrom(512)
            moment = _timestamp(now + time.monotonic() - started)
            head = struct.pack(">BBbbII4s", _SERVER_V4, 2, 6, -20, 0, 0, b"TEST")
            # reference, the client's own time given back, received, sent
            port.sendto(head + moment + asked[40:48] + moment + moment, client)


def _timestamp(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack(">II", (whole + _SINCE_1900) % 2**32, int((seconds - whole) * 2**32))


if __name__ == "__main__":
    main(float(sys.argv[1]))
