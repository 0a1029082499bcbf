"""Copy one file to an rclone remote: a bounded call of the program, which knows the remote's login by itself."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ctvpipe.core.errors import PermanentError, TransientError

# NAME:PATH, or :BACKEND:PATH. Connection strings (NAME,key=value:PATH) may hold secrets, and arguments are public.
_REMOTE = re.compile(r"(:?[\w.+@][\w.+@ -]*:)(.*)")
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
_KEPT_PREFIXES = ("RCLONE_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_SECRET = re.compile("PASS|TOKEN|SECRET|KEY|PROXY", re.IGNORECASE)
_LONGEST_MESSAGE = 300
# "copy" with a list of one name, for "copyto" overwrites what is there in spite of --immutable.
_COPY = ("rclone", "copy", "--immutable", "--files-from-raw=-", "--no-traverse", "--quiet", "--ask-password=false")
_PATIENCE = ("--retries=3", "--contimeout=15s", "--timeout=60s")


def destination(remote: str, name: str) -> str:
    """Where file ``name`` goes below ``remote``. Raises ``PermanentError`` when that is not of the form NAME:PATH."""
    match = _REMOTE.fullmatch(remote)
    if match is None:
        raise PermanentError(
            "BACKUP_RCLONE_REMOTE: must be NAME:PATH, without any options",
            "Logins and options belong into rclone's configuration ('rclone config').",
        )
    root, path = match.groups()
    between = "" if not path or path.endswith("/") else "/"
    return f"{root}{path}{between}{name}"


def secrets(environ: Mapping[str, str]) -> list[str]:
    """What in the program's environment must not be shown."""
    return [value for name, value in _environment(environ).items() if _SECRET.search(name) and value]


def copy(file: Path, remote: str, *, seconds: float, environ: Mapping[str, str]) -> str:
    """Copy ``file`` below ``remote``, where no file is ever overwritten by another; returns where it is now.

    Raises ``TransientError`` when it took longer than ``seconds``, ``PermanentError`` for any other failure; the text
    holds rclone's last line, which the caller has to scrub.
    """
    target = destination(remote, file.name)
    if not file.is_file() or not file.name.isprintable():  # rclone would find nothing to do, and say that all is well
        raise PermanentError(f"there is no file {file.name!r} to copy", "Back up again.")
    try:
        done = subprocess.run(  # noqa: S603  (no shell; both places are arguments after "--")
            [*_COPY, *_PATIENCE, "--", str(file.parent), remote],
            input=f"{file.name}\n".encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(environ),
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        raise PermanentError("rclone is not installed", "Install it ('apt install rclone').") from None
    except OSError as error:
        raise PermanentError(f"cannot start rclone: {error.strerror}", "Try 'rclone version'.") from error
    except subprocess.TimeoutExpired:
        raise TransientError(
            f"rclone did not finish within {seconds:.0f} s", "Check the network, or raise BACKUP_RCLONE_SECONDS."
        ) from None
    if done.returncode:
        said = _last_line(done.stderr.decode("utf-8", "replace"))
        raise PermanentError(
            f"rclone ended with code {done.returncode}: {said}", "Try 'rclone lsd' on the remote as the service user."
        )
    return target


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What rclone gets to see: its own settings and the way to the network, none of our secrets."""
    return {
        name: value for name, value in environ.items() if name in _KEPT_ENVIRONMENT or name.startswith(_KEPT_PREFIXES)
    }


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_LONGEST_MESSAGE] if lines else "it said nothing"
