"""The lines of the job's log: how each stage begins, goes on and ends (facts 1.6)."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ctvpipe.pipelines.directory.result import StageResult, SyncResult
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.stages import Stage, Status

_RULE = "=" * 60
_DRY = "[DRY RUN] "
# A line at the first of these, then at each step of the last: a source of hundreds of thousands fills no log.
_MARKS = (1_000, 5_000, 10_000, 50_000, 100_000)
_MOST_REASONS = 3
_WORDS = {
    Status.SKIPPED: "⏭️ %s: skipped: %s",
    Status.WAITED: "⏸️ %s: waits for another night: %s",
}


class Lines:
    """What is said of one run of the job. ``dry_run``: nothing is written, and each line says so."""

    def __init__(self, log: logging.Logger, *, dry_run: bool) -> None:
        self._log, self._mark = log, _DRY if dry_run else ""

    def begin(self, stage: Stage) -> None:
        """The first line of a stage."""
        self._log.info("%s🔄 %s", self._mark, stage.name)

    def progress(self, stage: Stage) -> Callable[[StepRun], None]:
        """What is to be told of the run of an ingest, as it goes on."""
        told = 0

        def tell(run: StepRun) -> None:
            nonlocal told
            mark = max((mark for mark in _MARKS if mark <= run.processed), default=0)
            if mark == _MARKS[-1]:
                mark = run.processed // mark * mark
            if mark > told:
                told = mark
                self._going_on(stage, f"{run.processed:,}", run)

        return tell

    def progress_of(self, stage: Stage) -> Callable[[StepRun, int], None]:
        """The same for one that knows how much there is to do."""

        def tell(run: StepRun, due: int) -> None:
            self._going_on(stage, f"{run.processed:,} of {due:,}", run)

        return tell

    def _going_on(self, stage: Stage, how_far: str, run: StepRun) -> None:
        self._log.info(
            "%s📈 %s: %s, %s changes, %s unchanged",
            self._mark, stage.name, how_far, f"{run.written:,}", f"{run.skipped:,}",
        )  # fmt: skip

    def end(self, result: StageResult) -> None:
        """How a stage has ended."""
        name = result.stage.name
        match result.status:
            case Status.DONE if result.run is not None:
                self._summary(name, result.run)
            case Status.DONE:
                self._log.info("%s✅ %s: %s", self._mark, name, result.text)
            case Status.FAILED:
                cause = result.error.__cause__ if result.error else None
                self._log.error("%s❌ %s: %s", self._mark, name, result.text, exc_info=cause)
            case _:
                self._log.info(f"%s{_WORDS[result.status]}", self._mark, name, result.text)

    def _summary(self, name: str, run: StepRun) -> None:
        seconds = ((run.ended or run.started) - run.started).total_seconds()
        issues = run.details.get("quality_issues", 0)
        lines = (
            _RULE,
            f"✅ {name}",
            f"Duration: {seconds:.2f} seconds",
            f"📊 Total processed: {run.processed:,}",
            *(f"├─ {label}: {number:,}" for label, number in _tree(run)),
            f"└─ ⏭️ Skipped (unchanged): {run.skipped:,}",
            f"{_if_any('⚠️ ', issues)}Quality issues: {issues:,}",
            f"{_if_any('❌ ', run.failed)}Errors: {run.failed:,}",
            _RULE,
        )
        for line in lines:
            self._log.info("%s%s", self._mark, line)

    def finish(self, result: SyncResult) -> None:
        """The end of all that was wanted."""
        for status in (Status.FAILED, Status.WAITED):
            for one in result.of(status):
                self._log.warning("%s  %s %s: %s", self._mark, one.stage.name, status, one.text)
        self._log.info("%s🎉 %s", self._mark, summary(result))


def _if_any(mark: str, number: int) -> str:
    return mark if number else ""


def _tree(run: StepRun) -> list[tuple[str, int]]:
    """What was written, by its kind; an ingest writes a version of what has changed, too (facts 1.4)."""
    why = run.details
    if "changed" not in why:
        return [("🆕 New", run.created), ("📝 Updated", run.updated)]
    return [
        ("🆕 New", why["new"] + why["back"]),
        ("📝 Updated", why["changed"] + why["same"]),
        ("👋 Gone", why.get("gone", 0)),
    ]


def summary(result: SyncResult) -> str:
    """The whole in a sentence, for the ledger and the alert: nothing of a single record is in it."""
    done, tried = len(result.of(Status.DONE)), [one for one in result.stages if one.status is not Status.SKIPPED]
    written = f"{result.written:,} changes" if result.written else "nothing has changed"
    parts = [f"{done} of {len(tried)} steps done, {result.processed:,} records, {written}"]
    for status, word in ((Status.FAILED, "failed"), (Status.WAITED, "waiting for that")):
        if found := result.of(status):
            parts.append(f"{word}: {', '.join(one.stage.name for one in found)}")
    return "; ".join(parts) + "."


def counts(run: StepRun) -> str:
    """What a run has done, in a line."""
    return f"{run.processed:,} records, {run.written:,} changes, {run.skipped:,} unchanged, {run.failed:,} failed"


def why(run: StepRun) -> str:
    """Why records of a run failed: the commonest reasons, without the records; where none are counted, the first of all."""
    if not run.reasons:
        return run.errors[0]
    return "; ".join(f"{reason} ({number:,})" for reason, number in run.reasons.most_common(_MOST_REASONS))
