"""``python -m ctvpipe.manual DIRECTORY`` writes the man pages and the completion of bash.

The same code gives the same files: the date is that of ``SOURCE_DATE_EPOCH``, which a package build sets from
debian/changelog; without it there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from typer._completion_shared import get_completion_script

from ctvpipe import __version__
from ctvpipe.manual import command, roff, variables

_EPOCH = "SOURCE_DATE_EPOCH"


def texts(environ: Mapping[str, str]) -> dict[str, str]:
    """The text of every file, by its name."""
    date = f"{datetime.fromtimestamp(int(environ[_EPOCH]), UTC):%Y-%m-%d}" if environ.get(_EPOCH) else ""
    foot = {"date": date, "source": f"ctvpipe {__version__}", "manual": "ctvpipe"}
    return {
        "ctvpipe.1": roff.page("ctvpipe", 1, **foot, body=command.sections()),
        "ctvpipe.env.5": roff.page("ctvpipe.env", 5, **foot, body=variables.sections()),
        "ctvpipe.bash": _completion(),
    }


def _completion() -> str:
    """What Typer itself would install for bash."""
    return get_completion_script(prog_name="ctvpipe", complete_var="_CTVPIPE_COMPLETE", shell="bash") + "\n"  # noqa: S604


def main(directory: Path) -> None:
    """Write the files into ``directory``, which is made where it is missing."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts(os.environ).items():
        (directory / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
