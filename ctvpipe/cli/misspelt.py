"""Variables in the env files that nothing reads, and what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from ctvpipe.cli.declared import known_names
from ctvpipe.core.environment import SHARED_ENV_FILE, layers
from ctvpipe.core.job import Job
from ctvpipe.jobs import JOBS

# What systemd, Python and the libraries read themselves.
_OTHERS = {
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "NO_PROXY",
    "PATH",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "http_proxy",
    "https_proxy",
    "no_proxy",
}
_OTHER_PREFIXES = ("LC_", "PG", "PYTHON", "RCLONE_")


def lines(jobs: Sequence[Job] = JOBS) -> list[str]:
    """One line a variable that is set in an env file of ``jobs`` and means nothing there."""
    found = []
    for env_file in dict.fromkeys((SHARED_ENV_FILE, *(job.env_file for job in jobs))):
        known = known_names(None if env_file == SHARED_ENV_FILE else env_file)
        of_file = (layer for layer in layers((env_file,)).layers if layer.path and layer.path.name == env_file)
        found += [
            f"{layer.path}: {name} is not a variable of ctvpipe{_meant(name, known)}"
            for layer in of_file
            for name in layer.values
            if name not in known | _OTHERS and not name.startswith(_OTHER_PREFIXES)
        ]
    return found


def _meant(name: str, known: set[str]) -> str:
    """The known name that is nearest, or where a name that is known elsewhere belongs."""
    if name in known_names(None):
        return " in this file, it belongs to another job"
    near = get_close_matches(name.upper(), sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
