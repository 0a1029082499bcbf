"""The files in the run directory that ask systemd to start a service once more: ctv-again@.timer looks for them."""

from __future__ import annotations

from pathlib import Path

from ctvpipe.core.job import Job


def ask(run_dir: Path, job: Job) -> None:
    """Ask that ``job``'s service be started again in ten minutes; raises ``OSError`` where that cannot be written."""
    run_dir.mkdir(parents=True, exist_ok=True)
    _path(run_dir, job).touch()


def withdraw(run_dir: Path, job: Job) -> None:
    """Ask for it no more; raises ``OSError``."""
    _path(run_dir, job).unlink(missing_ok=True)


def is_asked(run_dir: Path, job: Job) -> bool:
    """Whether ``job`` is to be started again."""
    return _path(run_dir, job).exists()


def _path(run_dir: Path, job: Job) -> Path:
    return run_dir / f"{job.unit}.again"
