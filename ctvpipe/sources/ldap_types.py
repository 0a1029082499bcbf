"""What a search in an LDAP directory is made of, and what it returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

ALL_ATTRIBUTES = ("*",)


class Encryption(StrEnum):
    """How a connection is encrypted; the server's certificate is checked in either case."""

    LDAPS = "ldaps"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True)
class Server:
    """A server, and the account that reads.

    ``called``: its name in messages. ``ca_file``: the certificates that vouch for it, ``None``: the machine's own.
    ``user``: a DN, or what else the server takes; empty: anonymous. ``connect_seconds``: until a connection stands;
    ``answer_seconds``: until an answer, of up to a page, is whole.
    """

    host: str
    port: int = 636
    encryption: Encryption = Encryption.LDAPS
    ca_file: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    called: str = "the LDAP server"
    connect_seconds: float = 15.0
    answer_seconds: float = 90.0


@dataclass(frozen=True)
class Query:
    """Everything below ``base`` that ``filter`` matches, with ``attributes``.

    ``split_by``: the attribute by whose beginning the search is split where the server returns only a part of what
    matches; without it that is an error. ``max_results``: how many results the server is known to return at most,
    in one search or on one connection; 0: not known.
    """

    base: str
    filter: str
    attributes: tuple[str, ...] = ALL_ATTRIBUTES
    page_size: int = 500
    split_by: str = ""
    max_results: int = 0


class Attributes(Mapping[str, list[bytes]]):
    """The values of an entry by attribute: always lists, as the server returned them; names in any letter case."""

    __slots__ = ("_named",)

    def __init__(self, items: Iterable[tuple[str, list[bytes]]]) -> None:
        self._named = {name.lower(): (name, values) for name, values in items}

    def __getitem__(self, name: str) -> list[bytes]:
        return self._named[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._named.values())

    def __len__(self) -> int:
        return len(self._named)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._named


class Entry(NamedTuple):
    """An entry: its name in the directory, and its attributes. An attribute without values is not there."""

    dn: str
    attributes: Attributes


class Page(NamedTuple):
    """One page of results: the ``cookie`` asks for the next one, and is empty on the last; ``code`` says how it ended.

    ``elsewhere``: how many references to other servers came with it.
    """

    entries: list[Entry]
    cookie: bytes
    code: int
    elsewhere: int = 0
