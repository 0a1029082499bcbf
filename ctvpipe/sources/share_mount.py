"""Mount the share at a path with the kernel's CIFS client, for those who want the path.

The imports do not need it; at every boot the unit ``mnt-k\\x2ddrive.mount`` mounts instead, with the same options.
Mounted read-only; the password goes by a file that only root can read, never by the command line (facts 1.3), and that
is gone afterwards.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctvpipe.core.errors import ConfigurationError, CtvpipeError, PermanentError, TransientError
from ctvpipe.sources.share import list_folder
from ctvpipe.sources.share_types import Credentials, Entry, ShareLocation, Waits

_MOUNTS = Path("/proc/self/mountinfo")
# What kernels from 6.1 on know (Debian 12); retrans= came with 6.8, and an unknown option fails the mount.
OPTIONS = (
    "ro,soft,nosuid,nodev,noexec,vers=3.1.1,seal,iocharset=utf8,nobrl,file_mode=0440,dir_mode=0550,echo_interval=10"
)


def mount(
    location: ShareLocation,
    credentials: Credentials,
    mount_point: Path,
    *,
    run_dir: Path,
    waits: Waits,
    owner: tuple[int, int],
) -> list[Entry]:
    """Mount the share at ``mount_point`` and return what its root holds, read through the mount.

    ``owner``: the user and group id the files shall belong to. Does nothing more than read when it is mounted
    already. Raises ``ConfigurationError`` when the setting names no SMB share, ``PermanentError`` without root,
    ``TransientError`` when the mount does not answer.
    """
    if location.kind != "smb":
        raise ConfigurationError(f"the share is the folder {location} of this machine", "there is nothing to mount")
    _require_root("mount")
    if not is_mounted(mount_point):
        mount_point.mkdir(parents=True, exist_ok=True)
        with credentials_file(credentials, run_dir) as file:
            _run(mount_command(location, mount_point, file, owner), waits.total_seconds, f"mounting {location}")
    return list_folder(ShareLocation("path", path=str(mount_point)), Credentials(), "", waits)


def unmount(mount_point: Path, *, waits: Waits) -> bool:
    """Take the mount away; False when there was none. One whose server is gone is detached, not waited for."""
    _require_root("unmount")
    if not is_mounted(mount_point):
        return False
    try:
        list_folder(ShareLocation("path", path=str(mount_point)), Credentials(), "", waits)
        options = []
    except CtvpipeError:  # it does not answer, or is empty: detaching works in any case
        options = ["-l"]
    _run(["umount", *options, "--", str(mount_point)], waits.total_seconds, f"unmounting {mount_point}")
    return True


def service_owner() -> tuple[int, int]:
    """User and group id of the jobs, to whom the mounted files shall belong; root where they do not exist."""
    try:
        user = pwd.getpwnam("ctvpipe").pw_uid
    except KeyError:
        user = 0
    try:
        group = grp.getgrnam("ctvapps").gr_gid
    except KeyError:
        group = 0
    return user, group


def is_mounted(mount_point: Path) -> bool:
    """Whether something is mounted there, by the kernel's table: asking the path itself may never return."""
    escaped = str(mount_point).replace("\\", r"\134").replace(" ", r"\040").replace("\t", r"\011")
    return any(line.split()[4] == escaped for line in _MOUNTS.read_text().splitlines())


def mount_command(location: ShareLocation, mount_point: Path, file: Path, owner: tuple[int, int]) -> list[str]:
    """The call of ``mount``; holds no secret."""
    host = f"[{location.host}]" if ":" in location.host else location.host
    source = "/".join(part for part in (f"//{host}", location.share, location.path) if part)
    user, group = owner
    options = f"credentials={file},port={location.port},uid={user},gid={group},{OPTIONS}"
    return ["mount", "-t", "cifs", source, str(mount_point), "-o", options]


@contextmanager
def credentials_file(credentials: Credentials, run_dir: Path) -> Iterator[Path]:
    """A file in the form that mount.cifs reads, mode 0600, removed on leaving."""
    values = {"username": credentials.username, "password": credentials.password, "domain": credentials.domain}
    if any(character in value for value in values.values() for character in "\r\n\0"):
        raise ConfigurationError("a user name, password or domain with a line break cannot be used for mounting")
    run_dir.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="cifs-", dir=run_dir)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.writelines(f"{key}={value}\n" for key, value in values.items() if value)
        yield Path(name)
    finally:
        Path(name).unlink()


def _require_root(verb: str) -> None:
    if os.geteuid() != 0:
        raise PermanentError(f"only root can {verb} the share", f"run: sudo ctvpipe share {verb}")


def _run(command: list[str], seconds: float, doing: str) -> None:
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)  # noqa: S603
        except FileNotFoundError:
            raise PermanentError(f"{doing}: the command {command[0]} is missing", "install cifs-utils") from None
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # one stuck in the kernel is left to it
                process.wait(1)
            raise TransientError(f"{doing}: not done after {seconds:.0f} s", "is the server up?") from None
        if code != 0:
            said.seek(0)
            lines = said.read(4000).decode(errors="replace").split("\n")
            reason = " ".join(line.strip() for line in lines if line.strip()) or f"exit code {code}"
            raise PermanentError(f"{doing} failed: {reason}", "see 'ctvpipe share check'; is cifs-utils installed?")
