"""Read the two settings that name a file on the share: the location, and the path inside it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.sources.share_types import SMB_PORT, Parts, ShareLocation

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_LONGEST_SHARE = 80
_LAST_PORT = 65535
_FORMS = "write //server/Share Name, //server:1445/Share Name, smb://server/Share%20Name, or an absolute path"


def parse_location(text: str) -> ShareLocation:
    r"""The share a setting names.

    Accepted: ``//host/Share Name``, ``//host:1445/Share Name``, ``smb://host:port/Share%20Name``,
    ``\\host\share``, each with or without a folder after the share, or an absolute path of this machine.
    Raises ``ConfigurationError``; the text is not repeated where it may hold a password.
    """
    text = text.strip()
    if not text:
        raise ConfigurationError("the share is not named", _FORMS)
    if "\x00" in text:
        raise ConfigurationError("the share's name contains a NUL character", _FORMS)
    if text.lower().startswith("smb://"):
        return _smb_location([unquote(part) for part in text[len("smb://") :].split("/")])
    if text.startswith(("\\\\", "//")):
        return _smb_location(text.replace("\\", "/")[2:].split("/"))
    if text.startswith("/"):
        if ".." in text.split("/"):
            raise ConfigurationError(f"the share's folder {text} must not contain '..'", _FORMS)
        return ShareLocation("path", path=text.rstrip("/") or "/")
    if re.match(r"[A-Za-z]:", text):
        raise ConfigurationError(f"the share is named by a Windows drive letter: {text}", _FORMS)
    if "@" in text or "://" in text:
        raise ConfigurationError("the share's name is not understood", _FORMS)
    raise ConfigurationError(f"the share's name is not understood: {text}", _FORMS)


def parse_path(text: str, *, may_be_root: bool = False) -> Parts:
    r"""The path inside a share as its parts; ``/`` and ``\`` both separate, spaces are part of a name.

    Raises ``ConfigurationError`` for a path that could lead out of the share (``..``, an absolute path, a drive
    letter, a stream) or that cannot be a name on one (NUL, control characters, wildcards).
    """
    shown = _FORBIDDEN.sub("?", text)
    advice = "write it relative to the share, for instance Traffic/Media Library/Commercial Log.xlsx"
    slashed = text.replace("\\", "/")
    if slashed.startswith("/"):
        raise ConfigurationError(f"the path on the share must not begin with a slash: {shown}", advice)
    if re.match(r"[A-Za-z]:", text):
        raise ConfigurationError(f"the path on the share must not have a drive letter: {text[0]}:", advice)
    parts = tuple(part for part in slashed.split("/") if part not in ("", "."))
    if any(not part.strip(" .") for part in parts):  # a Windows server drops blanks and dots at the end of a name
        raise ConfigurationError(f"the path on the share must not contain '..' or a name of dots: {shown}", advice)
    if any(_FORBIDDEN.search(part) for part in parts):
        raise ConfigurationError(f"the path on the share contains a character no file name may have: {shown}", advice)
    if not parts and not may_be_root:
        raise ConfigurationError("the path on the share is empty", advice)
    return parts


def _smb_location(pieces: list[str]) -> ShareLocation:
    address, *rest = pieces
    if "@" in address:
        raise ConfigurationError(
            "the share's name must not contain a user name or a password", "give them as settings of their own"
        )
    host, port = _host_and_port(address)
    names = [name for name in rest if name]
    if not names:
        raise ConfigurationError(f"the share's name is missing after the server {host}", _FORMS)
    share = names[0].strip()
    if not share or share in (".", "..") or _FORBIDDEN.search(share) or "/" in share or len(share) > _LONGEST_SHARE:
        raise ConfigurationError(f"{_FORBIDDEN.sub('?', share)!r} cannot be the name of a share", _FORMS)
    folder = parse_path("/".join(names[1:]), may_be_root=True)
    return ShareLocation("smb", host=host, port=port, share=share, path="/".join(folder))


def _host_and_port(address: str) -> tuple[str, int]:
    host, bracket, tail = address.removeprefix("[").partition("]") if address.startswith("[") else (address, "", "")
    if bracket:
        valid = bool(_IPV6.fullmatch(host)) and (not tail or tail.startswith(":"))
        port_text = tail[1:] if tail else ""
    else:
        host, colon, port_text = address.partition(":")
        valid = bool(_HOST.fullmatch(host)) and (bool(port_text) or not colon)
    if not valid:
        raise ConfigurationError(f"{host[:80]!r} cannot be the name or address of a server", _FORMS)
    if not port_text:
        return host, SMB_PORT
    if not port_text.isascii() or not port_text.isdigit() or not 0 < int(port_text) <= _LAST_PORT:
        raise ConfigurationError(f"{port_text[:20]!r} is not a port number", "a port is between 1 and 65535")
    return host, int(port_text)
