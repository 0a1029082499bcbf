"""A cgroup of its own for a machine: systemd in it must not find the host's processes beside its own."""

from __future__ import annotations

import os
from pathlib import Path

from tests.integration.smb_server import wait_for


class Cgroup:
    """``name`` at the top of the unified hierarchy and, where that is mounted, of the one named systemd."""

    def __init__(self, name: str) -> None:
        self._places = [place / name for place in _hierarchies()]

    def inside(self, command: list[str]) -> list[str]:
        """The command line that runs ``command`` in the cgroup, which is made now."""
        for place in self._places:
            place.mkdir(exist_ok=True)
        joining = "".join(f'echo $$ > "{place}/cgroup.procs" && ' for place in self._places)
        return ["sh", "-c", f'{joining}exec "$@"', "join", *command]

    def remove(self) -> None:
        """Remove it, as soon as the last process in it has gone."""
        for place in self._places:
            wait_for(lambda place=place: _removed(place), f"{place} is empty")  # type: ignore[misc]


def _hierarchies() -> list[Path]:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [
        Path(where)
        for _, where, kind, options, *_ in mounts
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(","))
    ]


def _removed(place: Path) -> bool:
    for directory, _, _ in os.walk(place, topdown=False):
        try:
            Path(directory).rmdir()
        except OSError:
            return False
    return True
