"""What an SMB server's status codes mean for the operator ([MS-ERREF] 2.3.1)."""

from __future__ import annotations

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.sources.share_errors import (
    AccessDenied,
    ConnectionLost,
    FileBusy,
    FileMissing,
    LoginRefused,
    ServerTrouble,
    ShareMissing,
)
from ctvpipe.sources.share_types import ShareLocation

END_OF_FILE = 0xC0000011
NO_MORE_FILES = 0x80000006
NO_SUCH_FILE = 0xC000000F

_ASK = "ask the administrator of the server"
_LOGIN = {
    0xC000006D: ("wrong user name, password or domain", "check the user, password and domain settings"),
    0xC000006A: ("wrong password", "check the password setting"),
    0xC0000064: ("the user is unknown there", "check the user and domain settings"),
    0xC0000071: ("the password has expired", "set a new password on the server, then in the settings"),
    0xC0000224: ("the password must be changed first", "set a new password on the server, then in the settings"),
    0xC0000072: ("the account is disabled", f"{_ASK} to enable it"),
    0xC0000193: ("the account has expired", f"{_ASK} to extend it"),
    0xC0000234: ("the account is locked", f"{_ASK} to unlock it, and check the password setting before trying again"),
    0xC000006E: ("the account is restricted", f"{_ASK} about limits on the account (an empty password is one)"),
    0xC000006F: ("the account may not log in at this hour", f"{_ASK} about the account's logon hours"),
    0xC0000070: ("the account may not log in from this machine", f"{_ASK} about the account's workstations"),
    0xC000015B: ("the account may not log in over the network", f"{_ASK} about the account's logon rights"),
    0xC0000022: ("access denied", "check the account and whether the server demands a newer protocol or encryption"),
}
_GONE = {
    0xC00000C9: "the share was taken away",
    0xC0000203: "the server ended the session",
    0xC000035C: "the session expired",
    0xC0000128: "the server closed the file",
    0xC000013B: "the server is disconnecting",
    0xC000020C: "the server disconnected",
    0xC000020D: "the connection was reset",
}
_BUSY = {0xC0000043, 0xC0000054, 0xC0000056, 0xC000022D}
_MISSING = {0xC0000034, 0xC000003A, NO_SUCH_FILE, 0xC0000225, 0xC000003B, 0xC0000033, 0xC0000039}
_NOT_THAT_KIND = {0xC00000BA: "is a folder, not a file", 0xC0000103: "is a file, not a folder"}
_ACCESS_DENIED = 0xC0000022
_NO_SUCH_SHARE = {0xC00000CC, 0xC00000BE, 0xC0000034}
_NO_LOGON_SERVER = 0xC000005E
_NOT_SUPPORTED = 0xC00000BB
_SYMLINK = 0x8000002D
_DFS_LINK = 0xC0000257


def login_error(status: int, location: ShareLocation, login: str) -> CtvpipeError:
    """Why the server refused the session."""
    if status == _NO_LOGON_SERVER:
        return ServerTrouble(f"server {location.server} cannot reach its domain controller", f"try later, or {_ASK}")
    if status == _NOT_SUPPORTED:
        return ServerTrouble(f"server {location.server} speaks none of SMB 2.0 to 3.1.1", f"{_ASK} to enable SMB 3")
    if status not in _LOGIN:
        return _other(status, f"login to {location.server}")
    reason, advice = _LOGIN[status]
    return LoginRefused(f"server {location.server} refused the login of {login}: {reason}", advice)


def share_error(status: int, location: ShareLocation, login: str) -> CtvpipeError:
    """Why the share could not be opened."""
    if status in _NO_SUCH_SHARE:
        return ShareMissing(
            f"server {location.server} has no share {location.share!r}",
            "check the share's name; it may contain spaces, and a folder on the share is not a share",
        )
    if status == _ACCESS_DENIED:
        return AccessDenied(
            f"access to share {location.share!r} on {location.server} denied to {login}",
            f"{_ASK} to let this user read the share",
        )
    return _other(status, f"opening share {location.share!r} on {location.server}")


def file_error(status: int, where: str) -> CtvpipeError:
    """Why the file or folder called ``where`` could not be opened or read."""
    if status in _MISSING:
        return FileMissing(f"{where} not found", "check the configured path")
    if status in _NOT_THAT_KIND:
        return FileMissing(f"{where} {_NOT_THAT_KIND[status]}", "check the configured path")
    if status == _ACCESS_DENIED:
        return AccessDenied(f"access to {where} denied", f"{_ASK} to let this user read it")
    if status in _BUSY:
        return FileBusy(f"{where} is held by another program", "close it there, then try again")
    if status == _SYMLINK:
        return FileMissing(f"{where} leads through a symbolic link", "configure the real path; links are not followed")
    if status == _DFS_LINK:
        return FileMissing(f"{where} is a DFS link to another server", "configure the server and share it leads to")
    return _other(status, f"reading {where}")


def _other(status: int, doing: str) -> CtvpipeError:
    if status in _GONE:
        return ConnectionLost(f"{doing}: {_GONE[status]}", "try again; if it stays so, look at the server's log")
    return ServerTrouble(f"{doing}: the server answered with status 0x{status:08X}", "look at the server's log")
