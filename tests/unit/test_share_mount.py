"""What the mount command is given; the mounting itself needs a kernel with CIFS."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.sources import share_mount
from ctvpipe.sources.share_location import parse_location
from ctvpipe.sources.share_types import Credentials, Waits


def test_the_password_goes_by_a_private_file_that_is_gone_afterwards(tmp_path: Path) -> None:
    with share_mount.credentials_file(Credentials("user", "ge,heim =1", "STATION"), tmp_path / "run") as file:
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text() == "username=user\npassword=ge,heim =1\ndomain=STATION\n"
        location = parse_location("//host:1445/K Drive")
        command = share_mount.mount_command(location, Path("/mnt/k drive"), file, (990, 991))
        assert "heim" not in " ".join(command)
    assert list((tmp_path / "run").iterdir()) == []


def test_the_mount_is_read_only_encrypted_and_never_hangs_for_ever() -> None:
    location = parse_location("//[2001:db8::1]/K Drive/Traffic")
    command = share_mount.mount_command(location, Path("/mnt/k drive"), Path("/run/c"), (990, 991))
    assert command[:5] == ["mount", "-t", "cifs", "//[2001:db8::1]/K Drive/Traffic", "/mnt/k drive"]
    options = command[6].split(",")
    assert {"ro", "soft", "nosuid", "nodev", "seal", "vers=3.1.1", "uid=990", "gid=991", "port=445"} <= set(options)
    assert "credentials=/run/c" in options


def test_a_line_break_cannot_add_an_option(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigurationError) as caught,
        share_mount.credentials_file(Credentials("user", "a\ndomain=b"), tmp_path),
    ):
        pass
    assert "domain=b" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_this_machine_is_not_mounted(tmp_path: Path) -> None:
    location = parse_location(str(tmp_path))
    with pytest.raises(ConfigurationError):
        share_mount.mount(location, Credentials(), tmp_path, run_dir=tmp_path, waits=Waits(), owner=(0, 0))


def test_is_mounted() -> None:
    assert share_mount.is_mounted(Path("/proc"))
    assert not share_mount.is_mounted(Path("/proc/self"))
