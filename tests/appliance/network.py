"""A network namespace with nothing but a loopback of its own, which a machine and its servers share."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class Network:
    """``path``: the namespace, as others may join it."""

    def __init__(self, holder: int) -> None:
        self.path = Path(f"/proc/{holder}/ns/net")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """What this thread opens or starts inside the block is on this network, and stays there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            there = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                _join(there)
            finally:
                os.close(there)
            try:
                yield
            finally:
                _join(home)
        finally:
            os.close(home)


@contextmanager
def private_network() -> Iterator[Network]:
    """A network that lasts as long as the block."""
    script = "ip link set lo up && echo up && exec cat"
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n", "no network namespace: the appliance tests need root"
        yield Network(holder.pid)
        holder.communicate()


def _join(namespace: int) -> None:
    """``os.setns`` is there from Python 3.12 on only."""
    if _LIBC.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
