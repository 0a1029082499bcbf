"""What a look at the appliance's health finds. Instants are UTC, business days are dates in the station's zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from pathlib import Path

from ctvpipe.core.ledger import RunRecord


class State(IntEnum):
    """How things stand; the number is the exit code of ``ctvpipe status``, and the greater one is worse."""

    HEALTHY = 0
    WARNING = 1
    CRITICAL = 2

    @property
    def label(self) -> str:
        """The state's name in lower case."""
        return self.name.lower()


class Mark(StrEnum):
    """What became of a job on one night."""

    SUCCESS = "success"
    WARNINGS = "warnings"
    PARTIAL = "partial"
    FAILED = "failed"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"
    SKIPPED = "skipped"
    RUNNING = "running"
    MISSED = "missed"
    NOT_DUE = "not_due"


@dataclass(frozen=True)
class Finding:
    """Something the operator should know about ``subject``, why, and what to do about it."""

    state: State
    subject: str
    reason: str
    advice: str = ""


def worst(findings: Iterable[Finding]) -> State:
    """The gravest state among ``findings``; healthy when there are none."""
    return max((finding.state for finding in findings), default=State.HEALTHY)


@dataclass(frozen=True)
class Night:
    """A job's mark for the business day ``day``."""

    day: date
    mark: Mark


@dataclass(frozen=True)
class JobHealth:
    """A job's standing. ``last`` is its latest run of all its work that really began, ``running`` that run while it goes on.

    ``enabled``: whether its timer is switched on; ``next_run`` is ``None`` where it is not. ``in_use``: whether its
    pipeline is: otherwise nobody wants to hear of it.
    """

    name: str
    pipeline: str
    state: State
    summary: str
    findings: tuple[Finding, ...]
    last: RunRecord | None
    running: RunRecord | None
    nights: tuple[Night, ...]
    enabled: bool
    in_use: bool
    next_run: datetime | None


@dataclass(frozen=True)
class DiskHealth:
    """Space on one file system; ``uses`` names what of ours is on it."""

    path: Path
    uses: tuple[str, ...]
    total: int
    free: int
    state: State

    @property
    def free_percent(self) -> float:
        """Free share of the space, 0 to 100."""
        return 100.0 * self.free / self.total if self.total else 0.0


@dataclass(frozen=True)
class Freshness:
    """How fresh the data is: the newest local workbook by the date in its name, and the last good update."""

    state: State
    directory: Path
    workbook: str | None
    workbook_day: date | None
    age_days: int | None
    updated_at: datetime | None
    note: str = ""


@dataclass(frozen=True)
class AlertHealth:
    """A job in a bad state as the alerts see it; ``told_at`` is ``None`` while no alert has got through."""

    job: str
    bad_since: datetime
    bad_runs: int
    told_at: datetime | None
    error: str


@dataclass(frozen=True)
class Report:
    """Everything ``ctvpipe status`` tells."""

    generated_at: datetime
    state: State
    headline: str
    findings: tuple[Finding, ...]
    jobs: tuple[JobHealth, ...]
    disks: tuple[DiskHealth, ...]
    freshness: Freshness | None
    alerts: tuple[AlertHealth, ...]
    notes: tuple[str, ...]
    ledger: Path
