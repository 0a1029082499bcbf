"""Space on the disks that hold the appliance's directories."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from ctvpipe.health.model import DiskHealth, Finding, State
from ctvpipe.health.words import size

_MIB = 1024 * 1024
WARN_BELOW_PERCENT = 5.0
WARN_BELOW = 200 * _MIB
CRITICAL_BELOW = 50 * _MIB


def state_of(free: int, total: int) -> State:
    """How a disk with ``free`` of ``total`` bytes stands."""
    if free < CRITICAL_BELOW:
        return State.CRITICAL
    if free < WARN_BELOW or free * 100 < total * WARN_BELOW_PERCENT:
        return State.WARNING
    return State.HEALTHY


def look(directories: Mapping[str, Path]) -> tuple[list[DiskHealth], list[Finding]]:
    """The disks of ``directories`` (what it is for, path), one entry a file system, and what is wrong with them.

    A directory that does not exist yet stands for its nearest parent that does.
    """
    uses: dict[int, list[str]] = {}
    paths: dict[int, Path] = {}
    findings = []
    for use, directory in directories.items():
        try:
            existing = _existing(directory)
            device = existing.stat().st_dev
        except OSError as error:
            findings.append(_unseen(directory, error))
            continue
        uses.setdefault(device, []).append(use)
        paths.setdefault(device, existing)
    disks = []
    for device, path in paths.items():
        try:
            usage = shutil.disk_usage(path)
        except OSError as error:
            findings.append(_unseen(path, error))
            continue
        disk = DiskHealth(path, tuple(uses[device]), usage.total, usage.free, state_of(usage.free, usage.total))
        disks.append(disk)
        if disk.state is not State.HEALTHY:
            findings.append(_low(disk))
    return disks, findings


def _existing(directory: Path) -> Path:
    for path in (directory, *directory.parents):
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            continue  # hidden from this user; its parent is on the same disk, or as near as can be said
        return path
    return Path("/")


def _low(disk: DiskHealth) -> Finding:
    used_for = " and ".join(disk.uses)
    reason = f"only {size(disk.free)} free ({disk.free_percent:.0f} %) on the disk of {used_for} ({disk.path})"
    advice = "Free some space: 'ctvpipe commercial rotate --status' shows what is kept, 'sudo apt clean' and "
    return Finding(disk.state, "disk", reason, f"{advice}'sudo journalctl --vacuum-size=50M' help at once.")


def _unseen(path: Path, error: OSError) -> Finding:
    reason = f"the disk of {path} cannot be looked at: {error.strerror or error}"
    return Finding(State.WARNING, "disk", reason, "Check the disk or the SD card ('dmesg').")
