"""What the ledger keeps: runs, and the jobs that are in a bad state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

RUNNING = "running"


@dataclass(frozen=True)
class RunRecord:
    """A row of ``runs``; ``outcome`` is an ``Outcome`` value or ``running``.

    ``invocation``: systemd's id of the service's start, empty outside a service, ``None`` in rows of a version that
    did not record it; ``told``: alert and heartbeat have been dealt with; ``only``: to what part of the job's work it was
    narrowed by whoever called it, empty for all of it.
    """

    run_id: str
    job: str
    pipeline: str
    trigger: str
    host: str
    version: str
    process: str
    started_at: datetime
    outcome: str = RUNNING
    finished_at: datetime | None = None
    exit_code: int | None = None
    message: str = ""
    advice: str = ""
    counters: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    invocation: str | None = ""
    told: bool = False
    only: str = ""

    @property
    def whole(self) -> bool:
        """Whether it says how its job stands: a run of a part proves nothing of the rest, whatever became of it."""
        return not self.only

    @property
    def seconds(self) -> float | None:
        """Duration of a finished run."""
        return None if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class AlertState:
    """A job that is in a bad state: since when, for how many runs, and when an alert was last delivered."""

    job: str
    bad_since: datetime
    bad_runs: int
    sent_at: datetime | None
