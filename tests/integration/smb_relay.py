"""Stands between a client and an SMB server on loopback: keeps what passes, and can take the signatures off what is read."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self

_SIGNED = 0x08
_READ = 8
_COMMAND = 12
_FLAGS = 16
_SIGNATURE = slice(48, 64)


class Relay:
    """A TCP relay to ``port`` on loopback. ``seen`` is all that passed, in both directions."""

    def __init__(self, port: int, *, strip_signatures: bool = False) -> None:
        self.seen = bytearray()
        self._target = port
        self._strip = strip_signatures
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for opened in list(self._sockets):
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()
        for opened in self._sockets:
            opened.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, server]
                for source, sink, strip in ((client, server, False), (server, client, self._strip)):
                    thread = threading.Thread(target=self._pump, args=(source, sink, strip))
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, strip: bool) -> None:
        with contextlib.suppress(OSError):
            while header := _exactly(source, 4):
                message = bytearray(_exactly(source, int.from_bytes(header, "big")))
                self.seen += message
                if strip and message[:4] == b"\xfeSMB" and message[_COMMAND] == _READ:
                    message[_FLAGS] &= ~_SIGNED
                    message[_SIGNATURE] = bytes(16)
                sink.sendall(header + message)
            sink.shutdown(socket.SHUT_RDWR)


def _exactly(source: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        chunk = source.recv(size - len(received))
        if not chunk:
            return b""
        received += chunk
    return bytes(received)
