"""A whole night of the four pipelines on sample data: ``python -m tests.demo DIRECTORY`` (``make demo``).

Everything happens inside DIRECTORY, with the embedded databases, no root and no server but a few on loopback. A script
there, ``DIRECTORY/ctvpipe``, goes on working with the demo's data.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from tests import demo_circuits, demo_directory, demo_fms
from tests.fakes.workbook import Spec, write

WORKBOOK = Path("Traffic/Media Library/Commercial Log.xlsx")
NIGHT = (
    ("commercial", "import"),
    ("update", "--unattended"),
    ("update", "--unattended"),
    ("commercial", "rotate"),
)
BACKUP = ("backup",)


def main(directory: Path) -> int:
    shutil.rmtree(directory, ignore_errors=True)
    station = make_station(directory)
    with (
        demo_circuits.world(directory) as circuits,
        demo_fms.world(directory) as fms,
        demo_directory.world(directory) as campus,
    ):
        command = write_command(directory, station | circuits | fms | campus)
        of_pipelines = (*demo_circuits.night(directory), *demo_fms.NIGHT, *demo_directory.NIGHT, demo_directory.LOOK)
        return night(command, (*NIGHT, *of_pipelines, BACKUP), directory)


def night(command: Path, commands: Iterable[tuple[str, ...]], directory: Path) -> int:
    """Call the commands, as long as they end well, and look at the status; gives the exit code."""
    for words in commands:
        print(f"\n$ ctvpipe {' '.join(words)}", flush=True)
        code = subprocess.run([command, *words], check=False).returncode
        if code:
            print(f"exit code {code}", flush=True)
            return code
    print("\n$ ctvpipe status", flush=True)
    code = subprocess.run([command, "status"], check=False).returncode
    print(where_to_look(directory, command))
    return code


def make_station(root: Path) -> dict[str, Path | str]:
    """A sample share, the station's directories, and files of earlier days for the rotation to archive."""
    share, data = root / "share", root / "data"
    for place in (
        share / WORKBOOK.parent,
        data / "database",
        data / "raw" / "daily",
        data / "raw" / "archive",
        root / "etc",
    ):
        place.mkdir(parents=True)
    today = date.today()
    summary = write(Spec(reference=today), share / WORKBOOK)
    settled = (share / WORKBOOK).stat().st_mtime - 3600
    os.utime(share / WORKBOOK, (settled, settled))
    print(
        f"{share / WORKBOOK}: {summary.spots + summary.trade} spots in {len(summary.months)} broadcast months",
        flush=True,
    )
    for days in range(8, 14):
        old = data / "raw" / "daily" / f"Commercial Log {today - timedelta(days=days):%y%m%d}.xlsx"
        write(Spec(rows=200, seed=days, reference=today - timedelta(days=days)), old)
    settings: dict[str, Path | str] = {
        "CTVPIPE_STATE_DIR": root / "state",
        "CTVPIPE_RUN_DIR": root / "run",
        "CTVPIPE_LOG_DIR": root / "log",
        "CTVPIPE_CLOCK": "trust",
        "CTV_DATA_DIR": data,
        "COMMERCIAL_SHARE": share,
        "DATABASE_PATH": data / "database" / "production.db",
    }
    return settings


def write_command(root: Path, settings: dict[str, Path | str]) -> Path:
    """The env file, and a script that runs ``ctvpipe`` with the demo's settings and nothing of the caller's."""
    (root / "etc" / "ctvpipe.env").write_text("".join(f'{name}="{value}"\n' for name, value in settings.items()))
    command = root / "ctvpipe"
    clear = " ".join(f"-u {name}" for name in settings)
    command.write_text(f'#!/bin/sh\nexec env {clear} CTVPIPE_ETC_DIR="{root}/etc" "{sys.executable}" -m ctvpipe "$@"\n')
    command.chmod(0o755)
    return command


def where_to_look(root: Path, command: Path) -> str:
    shown = os.path.relpath(command)
    return f"""
Where to look
  {shown} status            how the night went
  {shown} runs list         every run of it
  {shown} months list       what is in the sales database
  {shown} review list       spots whose language a person should decide
  {shown} circuits --help   what people decide of the circuits
  {shown} fms --help        what people decide of the partners
  {shown} directory quality how good the campus's records are; directory explain KEY: why one is as it is
  {os.path.relpath(root)}/data/raw/daily/       the daily workbooks
  {os.path.relpath(root)}/data/raw/archive/     the monthly archives
  {os.path.relpath(root)}/log/                  the logs
"""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
