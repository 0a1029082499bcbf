"""What can go wrong on the way to a file on the share, each a class of its own, so that each can be told apart."""

# ruff: noqa: N818  (the names say what happened, and all are errors)

from __future__ import annotations

from ctvpipe.core.errors import ContractError, PermanentError, TransientError


class NameUnknown(TransientError):
    """The server's name does not resolve."""


class Unreachable(TransientError):
    """Nothing answers on the server's port."""


class ServerSilent(TransientError):
    """The server took the connection and then stopped answering."""


class ConnectionLost(TransientError):
    """The connection broke off."""


class FileBusy(TransientError):
    """Another program holds the file, or is writing it."""


class ServerTrouble(TransientError):
    """The server answered with an error of its own."""


class LoginRefused(PermanentError):
    """The server does not let this user in."""


class ShareMissing(PermanentError):
    """The server has no share of this name."""


class AccessDenied(PermanentError):
    """The user is logged in, but may not use this share, folder or file."""


class FolderMissing(PermanentError):
    """A folder on the way does not exist, or is not a folder."""


class FileMissing(PermanentError):
    """The folder exists, the file does not, or is not a file."""


class NameAmbiguous(PermanentError):
    """Several names differ from the wanted one in letter case only."""


class BeingSaved(ContractError):
    """The file was still being saved, or was open, or had no readable end, after every try."""


class TooLarge(ContractError):
    """The file is larger than it may be."""


class NotWritten(PermanentError):
    """The copy could not be written on this machine."""


class NoSpace(NotWritten):
    """This machine's disk is full."""


def silent(server: str, doing: str) -> ServerSilent:
    """The server has a connection, and does not answer on it."""
    return ServerSilent(
        f"server {server} stopped answering: {doing}", "is it overloaded, suspended, or restarting? Try again"
    )
