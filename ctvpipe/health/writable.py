"""Try whether a directory or file can be written, leaving nothing behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ctvpipe.core.errors import PermanentError
from ctvpipe.core.files import explained

_ADVICE = "Check owner and permissions; the jobs run as the service user ('sudo -u ctvpipe ctvpipe config check')."


def try_directory(directory: Path) -> str:
    """What was found: writable, or not there yet but to be made by the first run.

    Raises ``PermanentError`` when it is neither.
    """
    if directory.exists():
        with explained(f"write in {directory}"), tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"x")
            file.flush()
        return f"{directory} is writable"
    parent = next((path for path in directory.parents if path.exists()), Path("/"))
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PermanentError(f"{directory} does not exist and cannot be made in {parent}", _ADVICE)
    return f"{directory} does not exist yet; it can be made"


def try_file(path: Path) -> str:
    """The same for a file that is appended to, such as a log."""
    if path.exists():
        if not os.access(path, os.W_OK):
            raise PermanentError(f"{path} cannot be written", _ADVICE)
        return f"{path} is writable"
    try_directory(path.parent)
    return f"{path} does not exist yet; it can be made"
