"""Where the appliance keeps what its health is judged by.

Read straight from the variables: validating settings takes longer than all the rest of ``ctvpipe status``. The
defaults are those of the settings classes, and a test proves it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from ctvpipe.core import clock
from ctvpipe.core.environment import etc_dir, layers
from ctvpipe.core.errors import ConfigurationError
from ctvpipe.core.job import Job

_DATA_JOB = "commercial-import"


@dataclass(frozen=True)
class Places:
    """Directories, time zone, whether a share is configured, and remarks about env files that say otherwise.

    ``root``: of the system that has the env files in its ``etc``, where its units are looked for.
    """

    root: Path
    state_dir: Path
    data_dir: Path
    log_dirs: Mapping[str, Path]
    tz: tzinfo
    share_configured: bool
    notes: tuple[str, ...]

    @property
    def daily_dir(self) -> Path:
        """The daily workbooks."""
        return self.data_dir / "raw" / "daily"

    def log(self, job: Job) -> Path:
        """The log file of ``job``."""
        return self.log_dirs[job.name] / job.log


def places(jobs: tuple[Job, ...], environ: Mapping[str, str] | None = None) -> Places:
    """The places of ``jobs``; never raises: what cannot be read is taken by default and noted."""
    shared = layers((), environ)
    of_file = {env_file: layers((env_file,), environ) for env_file in {job.env_file for job in jobs}}
    variables = {env_file: found.merged for env_file, found in of_file.items()}
    unreadable = dict(shared.unreadable)
    for found in of_file.values():
        unreadable |= found.unreadable
    notes = [f"cannot read {path} ({reason}): defaults are assumed" for path, reason in sorted(unreadable.items())]
    try:
        tz = clock.zone(shared.merged.get("CTVPIPE_TIMEZONE", ""))
    except ConfigurationError as error:
        notes.append(f"{error}; the machine's own is used")
        tz = clock.zone("")
    data = next((variables[job.env_file] for job in jobs if job.name == _DATA_JOB), {})
    return Places(
        root=etc_dir(os.environ if environ is None else environ).parent,
        state_dir=Path(shared.merged.get("CTVPIPE_STATE_DIR") or "/var/lib/ctvpipe"),
        data_dir=Path(data.get("CTV_DATA_DIR") or "/opt/apps/ctv-bookedbiz-db/data"),
        log_dirs={job.name: Path(variables[job.env_file].get("CTVPIPE_LOG_DIR") or "/var/log") for job in jobs},
        tz=tz,
        share_configured=bool(data.get("COMMERCIAL_SHARE")),
        notes=tuple(notes),
    )
