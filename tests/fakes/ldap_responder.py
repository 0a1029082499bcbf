"""A small LDAP server on loopback that does what OpenLDAP does not: ranges, limits of a connection, sudden ends.

It speaks the protocol (RFC 4511) on a socket.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ctvpipe.sources.ldap_types import Encryption, Server
from tests.fakes.ldap_ber import Element, integer, length_of, octets, sequence, tlv
from tests.fakes.ldap_filters import matches

_PAGED = b"1.2.840.113556.1.4.319"
_BASE_SCOPE = 0
_SCOPE, _FILTER, _ATTRIBUTES = 1, 6, 7
_PROTOCOL_ERROR, _SIZE_LIMIT, _NO_SUCH_OBJECT = 2, 4, 32


@dataclass
class Directory:
    """What the server holds, and how it behaves.

    ``entries``: attributes by name of the entry. ``most_a_connection``: results that a connection returns and no more,
    0: all; ``silent``: whether it then says success. ``range_size``: values of an attribute that come at once, 0: all.
    ``ends_after``: entries until the connection is closed without a word, ``ends`` times; ``drips``: a byte now and then, for ever.
    ``refuses``: code and text of its answer to a login. ``references``: to other servers, on the last page.
    ``knows_extensions``: whether it answers what it does not do, such as StartTLS, or closes the connection.
    ``forgets``: whether an entry is left out of the search with this number, the first being 1, which is for one entry by
    its name or is not.
    """

    entries: Mapping[str, Mapping[str, Sequence[bytes]]]
    most_a_connection: int = 0
    silent: bool = False
    range_size: int = 0
    ends_after: int = 0
    ends: int = 1000
    drips: bool = False
    refuses: tuple[int, str] | None = None
    references: tuple[str, ...] = ()
    knows_extensions: bool = True
    forgets: Callable[[str, int, bool], bool] = lambda _dn, _search, _look: False
    port: int = 0
    connections: int = 0
    open: int = 0
    searches: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def described(self, **changed: Any) -> Server:
        """The server as the product's settings would describe it."""
        known = {
            "host": "127.0.0.1",
            "port": self.port,
            "encryption": Encryption.NONE,
            "called": "the campus directory",
        }
        return Server(**{**known, "connect_seconds": 10.0, "answer_seconds": 20.0, **changed})


class _Over(Exception):  # noqa: N818  (not an error: the connection ends)
    pass


class _Handler(socketserver.StreamRequestHandler):
    directory: Directory

    def setup(self) -> None:
        super().setup()
        self.directory.connections += 1
        self.directory.open += 1
        self.returned = 0

    def finish(self) -> None:
        self.directory.open -= 1
        super().finish()

    def handle(self) -> None:
        with suppress(OSError, _Over):
            while raw := self._message():
                number, operation, *controls = Element(0x30, raw).parts[0].parts
                self._answer(number.number, operation, controls)

    def _answer(self, number: int, operation: Element, controls: list[Element]) -> None:
        match operation.tag:
            case 0x60:
                code, text = self.directory.refuses or (0, "")
                self._send(number, _result(0x61, code, text))
            case 0x63:
                self._search(number, operation.parts, _page(controls))
            case 0x77 if self.directory.knows_extensions:
                self._send(number, _result(0x78, _PROTOCOL_ERROR, "not that one"))
            case _:
                raise _Over

    def _search(self, number: int, request: list[Element], page: tuple[int, int] | None) -> None:
        directory = self.directory
        directory.searches += 1
        found = self._found(request)
        if request[_SCOPE].number == _BASE_SCOPE and not found:
            self._send(number, _result(0x65, _NO_SUCH_OBJECT, "not here: uid=somebody"))
            return
        size, start = page or (len(found), 0)
        wanted = [name.text for name in request[_ATTRIBUTES].parts]
        most = directory.most_a_connection - self.returned if directory.most_a_connection else len(found)
        sent = found[start : start + min(size, most)]
        for dn in sent:
            if directory.ends_after and self.returned == directory.ends_after and directory.ends:
                directory.ends -= 1
                raise _Over
            self._send(number, _entry(dn, _selected(directory.entries[dn], wanted, directory.range_size)))
            self.returned += 1
        is_cut = len(sent) == most and start + len(sent) < len(found)
        more = start + len(sent) < len(found) and not is_cut
        if directory.drips:
            self._drip()
        if not more:
            for reference in directory.references:
                self._send(number, tlv(0x73, octets(reference.encode())))
        cookie = str(start + len(sent)).encode() if more else b""
        control = sequence(octets(_PAGED), octets(sequence(integer(0), octets(cookie))))
        code = _SIZE_LIMIT if is_cut and not directory.silent else 0
        self._send(number, _result(0x65, code, "see cn=somebody"), tlv(0xA0, control) if page else b"")

    def _found(self, request: list[Element]) -> list[str]:
        directory, base = self.directory, request[0].text.lower()
        if request[_SCOPE].number == _BASE_SCOPE:
            candidates = [dn for dn in directory.entries if dn.lower() == base]
        else:
            candidates = [dn for dn in directory.entries if dn.lower().endswith(base)]
        return [
            dn
            for dn in candidates
            if matches(request[_FILTER], {name.lower(): values for name, values in directory.entries[dn].items()})
            and not directory.forgets(dn, directory.searches, request[_SCOPE].number == _BASE_SCOPE)
        ]

    def _message(self) -> bytes:
        head = self.rfile.read(2)
        if len(head) < 2:
            return b""
        length = self.rfile.read(length_of(head))
        return head + length + self.rfile.read(int.from_bytes(length, "big") if length else head[1])

    def _drip(self) -> None:
        self.wfile.write(b"\x30\x84\x00\x10\x00\x00")
        while not self.directory.stopping.wait(0.05):
            self.wfile.write(b"\x04")

    def _send(self, number: int, operation: bytes, controls: bytes = b"") -> None:
        self.wfile.write(sequence(integer(number), operation, controls))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        return  # a client that goes away is what is being tested


@contextmanager
def responding(directory: Directory) -> Iterator[Directory]:
    """Serve on a free loopback port inside the block."""
    handler = type("_DirectoryHandler", (_Handler,), {"directory": directory})
    server = _Server(("127.0.0.1", 0), handler)
    directory.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield directory
    finally:
        directory.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _page(controls: list[Element]) -> tuple[int, int] | None:
    """How many results a page is to have, and where it begins."""
    for control in controls[0].parts if controls else ():
        if control.parts[0].content == _PAGED:
            size, cookie = Element(0, control.parts[-1].content).parts[0].parts
            return size.number, int(cookie.content or b"0")
    return None


def _selected(
    attributes: Mapping[str, Sequence[bytes]], wanted: list[str], range_size: int
) -> dict[str, Sequence[bytes]]:
    """The attributes that were asked for; of long ones a part, and its plain name without values, as AD does."""
    asked = {}
    for name in wanted:
        plain, _, option = name.partition(";range=")
        asked[plain.lower()] = int(option.partition("-")[0]) if option else 0
    selected: dict[str, Sequence[bytes]] = {}
    for name, values in attributes.items():
        if "*" not in asked and name.lower() not in asked:
            continue
        first = asked.get(name.lower(), 0)
        if range_size and len(values) > range_size:
            last = first + range_size
            selected[name] = ()
            end = "*" if last >= len(values) else str(last - 1)
            selected[f"{name};range={first}-{end}"] = values[first:last]
        else:
            selected[name] = values
    return selected


def _result(tag: int, code: int, text: str) -> bytes:
    return tlv(tag, integer(code, 0x0A) + octets(b"") + octets(text.encode()))


def _entry(dn: str, attributes: Mapping[str, Sequence[bytes]]) -> bytes:
    made = [
        sequence(octets(name.encode()), tlv(0x31, b"".join(map(octets, values)))) for name, values in attributes.items()
    ]
    return tlv(0x64, octets(dn.encode()) + sequence(*made))
