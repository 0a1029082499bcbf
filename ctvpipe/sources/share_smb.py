"""Read files on an SMB share in user space (smbprotocol): no mount, no root.

Runs in a bounded child: only the connection attempt has a time limit of its own, every other wait is ended by the
parent, which kills the child. What the library says in its messages is not passed on, only status codes are.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

from smbprotocol import Dialects
from smbprotocol.connection import Ciphers, Commands, Connection
from smbprotocol.exceptions import SMBAuthenticationError, SMBConnectionClosed, SMBResponseException
from smbprotocol.file_info import FileAttributes, FileInformationClass
from smbprotocol.header import Smb2Flags
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    ShareAccess,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from ctvpipe.core import bounded
from ctvpipe.core.errors import ConfigurationError, CtvpipeError
from ctvpipe.sources.share_errors import ConnectionLost, LoginRefused, ServerTrouble, Unreachable, silent
from ctvpipe.sources.share_status import (
    END_OF_FILE,
    NO_MORE_FILES,
    NO_SUCH_FILE,
    file_error,
    login_error,
    share_error,
)
from ctvpipe.sources.share_types import At, Credentials, Entry, Look, Parts, ShareLocation, Step

_READ_FILE = FilePipePrinterAccessMask.FILE_READ_DATA | FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES
_LOOK = FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES
_ANYBODY = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE
_PENDING = 0x00000103
_UNSOLICITED = 0xFFFFFFFFFFFFFFFF
_DIALECTS = {0x0202: "SMB 2.0.2", 0x0210: "SMB 2.1", 0x0300: "SMB 3.0", 0x0302: "SMB 3.0.2", 0x0311: "SMB 3.1.1"}
_CIPHERS = {
    Ciphers.AES_128_CCM: "AES-128-CCM",
    Ciphers.AES_128_GCM: "AES-128-GCM",
    Ciphers.AES_256_CCM: "AES-256-CCM",
    Ciphers.AES_256_GCM: "AES-256-GCM",
}


class SmbTree:
    """The files of an SMB share; see ``share_tree.Tree``."""

    def __init__(self, location: ShareLocation, tree: TreeConnect) -> None:
        self.location = location
        self._tree = tree

    def find(self, folder: Parts, name: str) -> list[Entry]:
        return self._query(folder, name)

    def entries(self, folder: Parts) -> list[Entry]:
        return self._query(folder, "*")

    def look(self, file: Parts) -> Look:
        with self._opened(file, _LOOK, CreateOptions.FILE_NON_DIRECTORY_FILE) as handle:
            return _look(handle)

    @contextmanager
    def open(self, file: Parts) -> Iterator[_SmbReader]:
        with self._opened(file, _READ_FILE, CreateOptions.FILE_NON_DIRECTORY_FILE) as handle:
            yield _SmbReader(handle, lambda: self._translated(file))

    def _query(self, folder: Parts, pattern: str) -> list[Entry]:
        found: list[Entry] = []
        with self._opened(folder, _READ_FILE, CreateOptions.FILE_DIRECTORY_FILE) as handle:
            while page := self._page(handle, folder, pattern):
                found += [entry for entry in page if entry.name not in (".", "..")]
                bounded.progress(None)
        return found

    def _page(self, handle: Open, folder: Parts, pattern: str) -> list[Entry]:
        with self._translated(folder):
            try:
                page = handle.query_directory(pattern, FileInformationClass.FILE_DIRECTORY_INFORMATION)
            except SMBResponseException as error:
                if error.status in (NO_MORE_FILES, NO_SUCH_FILE):
                    return []
                raise
            return [_entry(info) for info in page]

    @contextmanager
    def _opened(self, parts: Parts, access: int, kind: int) -> Iterator[Open]:
        base = tuple(part for part in self.location.path.split("/") if part)
        handle = Open(self._tree, "\\".join((*base, *parts)))
        with self._translated(parts):
            handle.create(
                ImpersonationLevel.Impersonation,
                access,
                FileAttributes.FILE_ATTRIBUTE_NORMAL,
                _ANYBODY,
                CreateDisposition.FILE_OPEN,
                kind,
            )
        yield handle
        with self._translated(parts):
            handle.close(False)

    def _translated(self, parts: Parts) -> AbstractContextManager[None]:
        return _translated(self.location.server, lambda status: file_error(status, self.location.name(parts)))


class _SmbReader:
    def __init__(self, handle: Open, translated: Callable[[], AbstractContextManager[None]]) -> None:
        self._handle = handle
        self._translated = translated
        self.look = _look(handle)

    def read(self, offset: int, length: int) -> bytes:
        connection = self._handle.connection
        largest = connection.max_read_size if connection.supports_multi_credit else 65536
        with self._translated():
            try:
                return bytes(self._handle.read(offset, min(length, largest)))
            except SMBResponseException as error:
                if error.status == END_OF_FILE:
                    return b""
                raise


class _Connection(Connection):  # type: ignore[misc]  # the library has no types
    """A connection that follows no link, and that breaks off at an answer that is neither signed nor encrypted.

    The library itself checks a signature only where an answer says that it has one. ``answer_seconds`` is the
    longest wait for an answer; without it the parent decides. ``label`` and ``doing`` are for the message.
    """

    answer_seconds: float | None = None
    label = ""
    doing = ""

    def begin(self, step: str, doing: str) -> None:
        """Say what comes next."""
        self.doing = doing
        bounded.progress(At(step, doing))

    def receive(self, request: Any, wait: bool = True, **_: Any) -> Any:
        if not request.response_event.wait(self.answer_seconds):
            raise silent(self.label, f"no answer for {self.answer_seconds:.0f} s while {self.doing}")
        return super().receive(request, wait=wait, timeout=None, resolve_symlinks=False)

    def verify_signature(self, header: Any, session_id: int, force: bool = False) -> None:
        if (
            session_id in self.session_table
            and header["command"].get_value() not in (Commands.SMB2_NEGOTIATE, Commands.SMB2_SESSION_SETUP)
            and header["status"].get_value() != _PENDING
            and header["message_id"].get_value() != _UNSOLICITED
            and not header["flags"].has_flag(Smb2Flags.SMB2_FLAGS_SIGNED)
        ):
            raise ServerTrouble(
                f"an answer of server {self.label} was not signed",
                "something between here and the server may be changing the data",
            )
        super().verify_signature(header, session_id, force)


@contextmanager
def connected(location: ShareLocation, credentials: Credentials, connect_seconds: float) -> Iterator[SmbTree]:
    """Connect, log in, open the share. Reports the steps "login" and "share".

    Raises ``LoginRefused``, ``ShareMissing``, ``AccessDenied``, ``ConnectionLost``, ``ServerSilent``,
    ``ServerTrouble``.
    """
    if not credentials.username:
        raise ConfigurationError(f"no user name is set for the share {location}", "set the user, password and domain")
    connection = _Connection(uuid.uuid4(), location.host, location.port, require_signing=True)
    connection.answer_seconds = connect_seconds
    connection.label = location.server
    try:
        connection.begin("login", "agreeing on the protocol")
        with _translated(location.server, lambda status: login_error(status, location, credentials.login)):
            connection.connect(timeout=connect_seconds)
        connection.begin("login", "logging in")
        session = Session(connection, credentials.login, credentials.password, require_encryption=False)
        _login(session, location, credentials)
        secrecy = _secrecy(connection, encrypted=bool(session.encrypt_data))
        bounded.progress(Step("login", ok=True, detail=f"{credentials.login}, {secrecy}"))
        connection.begin("share", f"opening share {location.share}")
        tree = TreeConnect(session, rf"\\{location.host}\{location.share}")
        with _translated(location.server, lambda status: share_error(status, location, credentials.login)):
            tree.connect()
        connection.answer_seconds = None
        tree.is_dfs_share = False  # paths are sent as they are; a link to another server is said, not followed
        demanded = ", demands encryption" if tree.encrypt_data and not session.encrypt_data else ""
        bounded.progress(Step("share", ok=True, detail=f"{location.share}{demanded}"))
        yield SmbTree(location, tree)
    finally:
        connection.disconnect(close=False)


def _login(session: Session, location: ShareLocation, credentials: Credentials) -> None:
    try:
        with _translated(location.server, lambda status: login_error(status, location, credentials.login)):
            session.connect()
    except ServerTrouble:
        if session.session_id is not None:
            raise
        raise LoginRefused(
            f"server {location.server} let {credentials.login} in only as a guest: the user is unknown there",
            "check the user and domain settings",
        ) from None


def _secrecy(connection: Connection, *, encrypted: bool) -> str:
    dialect = _DIALECTS.get(connection.dialect, f"dialect 0x{connection.dialect:04x}")
    if encrypted:
        cipher = connection.cipher_id if connection.dialect >= Dialects.SMB_3_1_1 else Ciphers.AES_128_CCM
        return f"{dialect}, encrypted and signed ({_CIPHERS.get(cipher, 'unknown cipher')})"
    return f"{dialect}, signed, not encrypted"


@contextmanager
def _translated(server: str, meaning: Callable[[int], CtvpipeError]) -> Iterator[None]:
    """Turn what the library raises into ours; its messages stay behind, they may repeat what they were given."""
    try:
        yield
    except CtvpipeError:
        raise
    except SMBResponseException as error:
        raise meaning(error.status) from None
    except SMBAuthenticationError:
        raise LoginRefused(
            f"server {server} and this machine agree on no way to log in", "the server must accept NTLMv2 logins"
        ) from None
    except (SMBConnectionClosed, ConnectionError, BrokenPipeError):
        raise ConnectionLost(
            f"the connection to server {server} broke off", "was the server restarted? Try again"
        ) from None
    except ValueError as error:
        if isinstance(error.__cause__, OSError):
            raise Unreachable(f"server {server} took one connection, then no other", "is it overloaded?") from None
        raise ServerTrouble(f"server {server} sent what cannot be understood ({type(error).__name__})") from None
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  (a strange answer can make the library raise anything)
        raise ServerTrouble(
            f"the conversation with server {server} failed ({type(error).__name__})", "is it an SMB 2 or 3 server?"
        ) from None


def _look(handle: Open) -> Look:
    return Look(int(handle.end_of_file), _utc(handle.last_write_time))


def _entry(info: Any) -> Entry:
    attributes = info["file_attributes"].get_value()
    return Entry(
        name=info["file_name"].get_value().decode("utf-16-le", errors="replace"),
        is_dir=bool(attributes & FileAttributes.FILE_ATTRIBUTE_DIRECTORY),
        size=int(info["end_of_file"].get_value()),
        modified=_utc(info["last_write_time"].get_value()),
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
