"""Wait, within bounds, until the server's name resolves and its port takes connections."""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from ctvpipe.core import bounded
from ctvpipe.sources.share_errors import NameUnknown, Unreachable
from ctvpipe.sources.share_types import At, ShareLocation, Step, Waits

_Address = tuple[int, tuple[Any, ...]]
_PAUSE_SECONDS = 1.0
_UP = "the server is up but offers no file service there: check the port and the server's firewall"
_DOWN = "is the server switched on, and are the network and the VPN up?"
_NAMELESS = "check the spelling, the name server and the VPN, or use the server's address instead of its name"


def reach(location: ShareLocation, waits: Waits) -> None:
    """Run in a bounded child: return once a connection to the port succeeded; tries again until ``network_seconds``.

    Raises ``NameUnknown`` or ``Unreachable``. Reports the steps "name" and "port".
    """
    begin = time.monotonic()
    while True:
        try:
            addresses = _resolve(location)
            _connect(location, addresses, waits.connect_seconds)
        except (NameUnknown, Unreachable) as error:
            waited = time.monotonic() - begin
            if waited + _PAUSE_SECONDS > waits.network_seconds:
                raise type(error)(error.message.replace("{waited}", f"{waited:.0f} s"), error.advice) from None
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def timed_out(location: ShareLocation, at: At, seconds: float) -> NameUnknown | Unreachable:
    """What to raise when the child itself had to be given up after ``seconds``."""
    if at.step == "port":
        return Unreachable(_unreachable(location).format(waited=f"{seconds:.0f} s"), _DOWN)
    return NameUnknown(f"the name of server {location.host} did not resolve within {seconds:.0f} s", _NAMELESS)


def _resolve(location: ShareLocation) -> list[_Address]:
    bounded.progress(At("name", f"looking up {location.host}"))
    try:
        found = socket.getaddrinfo(location.host, location.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the second for a label that is too long
        message = f"the name of server {location.host} does not resolve (tried for {{waited}})"
        raise NameUnknown(message, _NAMELESS) from None
    addresses: list[_Address] = [(family, address) for family, _, _, _, address in found]
    shown = ", ".join(sorted({str(address[0]) for _, address in addresses}))
    bounded.progress(Step("name", ok=True, detail=f"{location.host} is {shown}"))
    return addresses


def _connect(location: ShareLocation, addresses: list[_Address], seconds: float) -> None:
    bounded.progress(At("port", f"connecting to {location.server}"))
    problem = OSError(errno.EHOSTUNREACH, "no address")
    for family, address in addresses:
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.settimeout(seconds / len(addresses))
            try:
                attempt.connect(address)
            except OSError as error:
                problem = error
            else:
                bounded.progress(Step("port", ok=True, detail=f"port {location.port} takes connections"))
                return
    reason = "no answer" if isinstance(problem, TimeoutError) else (problem.strerror or "no answer").lower()
    advice = _UP if problem.errno == errno.ECONNREFUSED else _DOWN
    raise Unreachable(f"{_unreachable(location)}: {reason}", advice)


def _unreachable(location: ShareLocation) -> str:
    return f"server {location.host} not reachable on port {location.port} after {{waited}}"
