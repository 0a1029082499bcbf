"""A stand-in for ``systemctl`` where systemd does not run: keeps links as the real one does, and records its words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SCRIPT = r"""#!/bin/sh
root='@ROOT@'
printf '%s\n' "$*" >>"$root/calls"
while [ "${1#-}" != "$1" ]; do shift; done
verb=$1
for word in "$@"; do
    case $word in --now) now=yes ;; -*) ;; *) unit=$word ;; esac
done
installed=$root/usr/lib/systemd/system/$unit
own=$root/etc/systemd/system/$unit
link=$root/etc/systemd/system/timers.target.wants/$unit
stamp=$root/var/lib/systemd/timers/stamp-$unit
active=$root/run/active-$unit
if [ -e "$root/refuse-$verb-$unit" ]; then
    echo "Failed to $verb unit: Access denied" >&2
    exit 1
fi
case $verb in
    is-enabled)
        if [ -L "$own" ]; then
            echo masked; exit 1
        elif [ -L "$link" ]; then
            echo enabled
        elif [ -e "$installed" ]; then
            echo disabled; exit 1
        else
            echo "Failed to get unit file state for $unit: No such file or directory" >&2; exit 1
        fi ;;
    is-active)
        if [ -e "$active" ]; then cat "$active"; else echo inactive; exit 3; fi ;;
    clean)
        if [ -e "$active" ]; then
            echo "Failed to clean unit $unit: Unit is not inactive or has pending job." >&2; exit 1
        fi
        rm -f "$stamp" ;;
    stop)
        rm -f "$active" ;;
    daemon-reload)
        # A timer at work that finds a new time between its last start and now has missed it.
        for dropin in "$root"/etc/systemd/system/*.timer.d; do
            unit=$(basename "$dropin" .d)
            stamp=$root/var/lib/systemd/timers/stamp-$unit
            if [ -e "$root/run/active-$unit" ] && [ -e "$stamp" ]; then echo "$unit" >>"$root/jobs-started"; fi
        done ;;
    enable)
        ln -sf "$installed" "$link"
        if [ "$now" ] && [ ! -e "$active" ]; then
            if [ -e "$stamp" ]; then echo "$unit" >>"$root/jobs-started"; fi
            echo active >"$active"
        fi ;;
    disable)
        rm -f "$link"
        [ -z "$now" ] || rm -f "$active" ;;
    *)
        exit 64 ;;
esac
"""


@dataclass(frozen=True)
class System:
    """A system below ``root`` with units installed, and ``systemctl`` in its ``bin``."""

    root: Path

    def enabled(self) -> set[str]:
        return {path.name for path in self._wants.iterdir()}

    def active(self) -> set[str]:
        return {path.name.removeprefix("active-") for path in (self.root / "run").glob("active-*")}

    def calls(self) -> list[list[str]]:
        """The words of every call so far, options aside."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [[word for word in line.split() if not word.startswith("--no-")] for line in lines]

    def jobs_started(self) -> bool:
        """Whether a timer made up for a time it had missed."""
        return (self.root / "jobs-started").exists()

    def missed_a_night(self, timer: str) -> None:
        """Leave the stamp of a start that is long ago."""
        (self.root / "var/lib/systemd/timers" / f"stamp-{timer}").touch()

    def mask(self, timer: str) -> None:
        (self.root / "etc/systemd/system" / timer).symlink_to("/dev/null")

    def run(self, service: str) -> None:
        """Have a oneshot service at work."""
        (self.root / f"run/active-{service}").write_text("activating\n")

    def refuse(self, verb: str, timer: str) -> None:
        (self.root / f"refuse-{verb}-{timer}").touch()

    def switch(self, timer: str, *, on: bool) -> None:
        link = self._wants / timer
        link.unlink(missing_ok=True)
        if on:
            link.symlink_to(f"/usr/lib/systemd/system/{timer}")

    @property
    def _wants(self) -> Path:
        return self.root / "etc/systemd/system/timers.target.wants"


def install(root: Path, timers: list[str]) -> System:
    """Make a system with ``timers``, all switched off."""
    for place in (
        "bin",
        "run/systemd/system",
        "usr/lib/systemd/system",
        "etc/systemd/system/timers.target.wants",
        "var/lib/systemd/timers",
    ):
        (root / place).mkdir(parents=True)
    for timer in timers:
        (root / "usr/lib/systemd/system" / timer).write_text("[Timer]\n")
    command = root / "bin/systemctl"
    command.write_text(_SCRIPT.replace("@ROOT@", str(root)))
    command.chmod(0o755)
    return System(root)
