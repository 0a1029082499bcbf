"""What the shell's completion offers for values."""

from __future__ import annotations

from collections.abc import Callable

from ctvpipe.jobs import JOBS


def jobs(incomplete: str) -> list[str]:
    """The names of jobs that begin with what is typed."""
    return [job.name for job in JOBS if job.name.startswith(incomplete)]


def pipelines(incomplete: str) -> list[str]:
    """The same for pipelines."""
    return [name for name in dict.fromkeys(job.pipeline for job in JOBS) if name.startswith(incomplete)]


def among(names: str) -> Callable[[str], list[str]]:
    """The same for ``names``, which a comma separates."""
    return lambda incomplete: [name for name in names.split(", ") if name.startswith(incomplete)]
