"""The disk that a guest boots from: a clean Debian with a kernel, a file server, the package, and an ear for the tests."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.roots import debian_root
from tests.guest.chroot import Chroot, writable

PACKAGES = (
    *("linux-image-cloud-amd64", "udev", "systemd-timesyncd", "kmod"),
    *("samba", "cifs-utils"),
)
PORT = "ctvpipe.agent"
PASSWORD = "korrekt-Pferd 7"
ACCOUNT = "traffic"
SHARE = "K Drive"
SHARED = "/srv/share"
WORKBOOK = f"{SHARED}/Traffic/Media Library/Commercial Log.xlsx"
_INSIDE = Path(__file__).parent / "inside"
_AGENT = f"""
[Unit]
Description=Ear for the tests
After=multi-user.target

[Service]
ExecStart=/usr/bin/python3 -I /srv/inside/agent.py /dev/virtio-ports/{PORT}

[Install]
WantedBy=multi-user.target
"""
_TIME_SERVERS = "[Time]\nNTP=127.0.0.1\nFallbackNTP=\n"
_SHARES = f"""
[global]
    server role = standalone server
    interfaces = lo
    bind interfaces only = yes
    smb ports = 445
    server min protocol = SMB3
    server signing = mandatory
    server smb encrypt = required
    load printers = no
    disable spoolss = yes
[{SHARE}]
    path = {SHARED}
    read only = yes
    valid users = {ACCOUNT}
"""
_SETTLE_IN = f"""
systemctl enable agent.service systemd-timesyncd.service
systemctl disable smbd.service nmbd.service samba-ad-dc.service winbind.service
useradd --no-create-home {ACCOUNT}
printf '%s\\n%s\\n' '{PASSWORD}' '{PASSWORD}' | smbpasswd -s -a {ACCOUNT}
mkdir -p '{Path(WORKBOOK).parent}'
"""


@dataclass(frozen=True)
class Image:
    """A disk, and the kernel and initial root file system that start it."""

    disk: Path
    kernel: Path
    initrd: Path


def build(dist: str, package: Path, folder: Path) -> Image:
    """Make the image in ``folder``."""
    root = debian_root(dist, "amd64", PACKAGES)
    with writable(root, folder / "image") as chroot:
        chroot.install(package)
        _furnish(chroot)
        disk = folder / "disk.img"
        chroot.ok("umount /proc")
        words = ["mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", str(chroot.root), str(disk), "3G"]
        subprocess.run(chroot.entering(words), check=True)
    shutil.rmtree(folder / "image")
    (kernel,), (initrd,) = (root / "boot").glob("vmlinuz-*"), (root / "boot").glob("initrd.img-*")
    return Image(disk, kernel, initrd)


def _furnish(chroot: Chroot) -> None:
    shutil.copytree(_INSIDE, chroot.path("/srv/inside"))
    for name, text in {
        "/etc/systemd/system/agent.service": _AGENT,
        "/etc/systemd/timesyncd.conf.d/test.conf": _TIME_SERVERS,
        "/etc/samba/smb.conf": _SHARES,
    }.items():
        path = chroot.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    chroot.ok(_SETTLE_IN)
