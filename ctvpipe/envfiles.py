"""Which env file documents what. ``python -m ctvpipe.envfiles DIRECTORY`` writes them; a test compares."""

from __future__ import annotations

import sys
from pathlib import Path

from ctvpipe.cli.declared import settings_class
from ctvpipe.core.envdoc import render
from ctvpipe.core.environment import SHARED_ENV_FILE
from ctvpipe.core.settings import Settings, SharedSettings
from ctvpipe.jobs import JOBS

_SYNTAX = (
    "\n\nOne NAME=value a line; a comment has a line of its own. What is commented out shows the default, and an empty "
    "value counts as not set. After a change: sudo -u ctvpipe ctvpipe config check\n\n"
    "The services may write to the default directories only. After moving one, allow the new place to each service "
    "that writes there: sudo systemctl edit ctv-JOB.service, with the lines [Service] and ReadWritePaths=/new/place"
)
_SHARED_TITLE = f"/etc/{SHARED_ENV_FILE}: what all jobs of ctvpipe share.{_SYNTAX}"
_JOB_TITLE = (
    "/etc/{}: settings of {}.\n\n"
    f"What /etc/{SHARED_ENV_FILE} documents (the alerts, for instance) may be set here too, for these jobs alone. What "
    f"two of the files document may be set once, in /etc/{SHARED_ENV_FILE}.{_SYNTAX}"
)
CIRCUITS_DATABASE = "/opt/apps/ctv-circuits-db/data/circuits.db"
FMS_DATABASE = "/opt/apps/ctv-fms-db/data/fms.db"
DIRECTORY_DATABASE = "/opt/apps/ctv-directory-db/data/directory.db"
BDC_DATABASE = "/opt/apps/ctv-bdc-db/data/bdc.db"
_VALUES = {
    "ctv-daily-update.env": {"DATABASE_PATH": "/opt/apps/ctv-bookedbiz-db/data/database/production.db"},
    "ctv-circuits.env": {"CIRCUITS_DATABASE_PATH": CIRCUITS_DATABASE},
    "ctv-fms.env": {"FMS_DATABASE_PATH": FMS_DATABASE},
    "ctv-directory.env": {"DIRECTORY_DATABASE_PATH": DIRECTORY_DATABASE},
    "ctv-bdc.env": {"BDC_DATABASE_PATH": BDC_DATABASE},
}
_EXAMPLES = {"ctv-commercial-import.env": {"COMMERCIAL_SHARE": "//100.102.206.113/K Drive"}}


def classes_by_file() -> dict[str, list[type[Settings]]]:
    """The settings classes that each env file documents, the file that all jobs share first."""
    found: dict[str, list[type[Settings]]] = {SHARED_ENV_FILE: [SharedSettings]}
    for job in JOBS:
        found.setdefault(job.env_file, []).append(settings_class(job))
    return found


def texts() -> dict[str, str]:
    """The text of every env file, by its name."""
    return {
        name: render(_title(name), classes, _VALUES.get(name, {}), _EXAMPLES.get(name))
        for name, classes in classes_by_file().items()
    }


def _title(name: str) -> str:
    if name == SHARED_ENV_FILE:
        return _SHARED_TITLE
    return _JOB_TITLE.format(name, listed([job.name for job in JOBS if job.env_file == name]))


def listed(names: list[str]) -> str:
    """``names`` as a sentence has them."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def main(directory: Path) -> None:
    """Write the files into ``directory``."""
    for name, text in texts().items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
