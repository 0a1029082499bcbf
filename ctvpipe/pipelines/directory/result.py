"""What became of a night and of each of its stages, as programs read it (facts 1.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.stages import Stage, Status

# What may be of single persons or departments is for whoever asks, and not for the ledger.
_OF_RECORDS = frozenset({"errors", "quality_issues"})


@dataclass(frozen=True)
class StageResult:
    """One stage: ``text`` says in a line what it did, or why it did not; ``run`` counts, where it ran to its end."""

    stage: Stage
    status: Status
    text: str = ""
    run: StepRun | None = None
    error: CtvpipeError | None = None

    def shape(self) -> dict[str, Any]:
        """The entry of the stage in the result, with the statistics of its run."""
        told = {"stage": self.stage.name, "status": str(self.status), "message": self.text}
        if self.run is None:
            return told
        statistics = {name: _plain(value) for name, value in self.run.statistics().items()}
        return {**told, **statistics, "details": dict(self.run.details)}


@dataclass
class SyncResult:
    """What became of all that was wanted; instants are UTC."""

    run_id: str
    dry_run: bool
    started: datetime
    stages: list[StageResult] = field(default_factory=list)
    ended: datetime | None = None

    def of(self, status: Status) -> list[StageResult]:
        """The stages that ended so."""
        return [one for one in self.stages if one.status is status]

    @property
    def runs(self) -> list[StepRun]:
        """The counts of the stages that ran to their end."""
        return [one.run for one in self.stages if one.run is not None]

    @property
    def processed(self) -> int:
        """The records of all stages."""
        return sum(run.processed for run in self.runs)

    @property
    def written(self) -> int:
        """How much they have changed."""
        return sum(run.written for run in self.runs)

    def require_any(self) -> None:
        """Raise the first error where nothing at all could be done, ``Skipped`` where there was rightly nothing to do."""
        if self.of(Status.DONE):
            return
        failed = self.of(Status.FAILED)
        for one in (*failed, *self.of(Status.SKIPPED)):
            if one.error is not None:
                if len(failed) > 1:
                    one.error.message = (
                        f"all {len(failed)} steps failed, the first of them {one.stage.name}: {one.text}"
                    )
                raise one.error

    def shape(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {
            "run_id": self.run_id,
            "dry_run": self.dry_run,
            "started_at": _plain(self.started),
            "completed_at": _plain(self.ended),
            "duration_seconds": round(((self.ended or self.started) - self.started).total_seconds(), 2),
            "records_processed": self.processed,
            "records_written": self.written,
            "stages": [one.shape() for one in self.stages],
        }

    def recorded(self) -> dict[str, Any]:
        """The same as the ledger keeps it: without anything of a single record."""
        shape = self.shape()
        for stage in shape["stages"]:
            for name in _OF_RECORDS & stage.keys():
                stage[name] = len(stage[name])
        return shape


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
