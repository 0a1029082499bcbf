"""What the share modules hand to each other: where a share is, who asks, how long to wait, what was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

SMB_PORT = 445
Parts = tuple[str, ...]


@dataclass(frozen=True)
class ShareLocation:
    """Where the files are: an SMB share, or a folder of this machine (a mounted share, or a plain folder).

    ``kind`` "smb": ``host``, ``port``, ``share`` and ``path``, a folder inside the share ("" is its root).
    ``kind`` "path": ``path`` is an absolute path of this machine; the rest is empty.
    """

    kind: Literal["smb", "path"]
    host: str = ""
    port: int = SMB_PORT
    share: str = ""
    path: str = ""

    def __str__(self) -> str:
        if self.kind == "path":
            return self.path
        base = f"//{self.server}/{self.share}"
        return f"{base}/{self.path}" if self.path else base

    @property
    def server(self) -> str:
        """The host as an address is written: with its port where that is not 445, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == SMB_PORT else f"{host}:{self.port}"

    def name(self, parts: Parts) -> str:
        """What to call a file or folder of this share in a message."""
        return "/".join((str(self).rstrip("/"), *parts))


@dataclass(frozen=True)
class Credentials:
    """Who logs in to the share; the password never shows in ``repr``."""

    username: str = ""
    password: str = field(default="", repr=False)
    domain: str = ""

    @property
    def login(self) -> str:
        r"""The user as the server is told: ``DOMAIN\user`` or ``user``."""
        return f"{self.domain}\\{self.username}" if self.domain else self.username


@dataclass(frozen=True)
class Waits:
    """How long to wait for what, in seconds.

    ``network_seconds``: for the network, the name and the port to come up; ``connect_seconds``: for one connection
    and for each step of the login; ``stall_seconds``: longest silence of the server; ``total_seconds``: for all that
    follows the connection. ``settle_tries`` and ``settle_seconds``: how often to try, and how long to rest between two
    tries, while somebody saves the file.
    """

    network_seconds: float = 60
    connect_seconds: float = 10
    stall_seconds: float = 30
    total_seconds: float = 600
    settle_tries: int = 6
    settle_seconds: float = 10


@dataclass(frozen=True)
class Entry:
    """One name in a folder; ``modified`` is an aware UTC time."""

    name: str
    is_dir: bool
    size: int
    modified: datetime


@dataclass(frozen=True)
class Look:
    """A file at one moment; two looks that differ mean that somebody is writing it."""

    size: int
    modified: datetime


@dataclass(frozen=True)
class Fetched:
    """A file as it was copied. ``actual_path`` is spelled as the share spells it; ``modified`` is aware UTC."""

    requested_path: str
    actual_path: str
    case_differs: bool
    size: int
    modified: datetime
    sha256: str
    attempts: int


@dataclass(frozen=True)
class Step:
    """One step of the way to the file, for ``share check``. ``transient``: one that failed may succeed by itself."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    transient: bool = False


@dataclass(frozen=True)
class At:
    """Sent by the child before a step begins: its name, and the words for "... while" in a message."""

    step: str
    doing: str
