"""How a run ended, as it is recorded and logged."""

from __future__ import annotations

import logging
import platform
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from traceback import extract_tb

from ctvpipe import __version__
from ctvpipe.core import clock, logs
from ctvpipe.core.errors import CtvpipeError, Outcome
from ctvpipe.core.job import Job
from ctvpipe.core.records import RunRecord


@dataclass(frozen=True)
class Ending:
    """How a run ended; the texts are scrubbed and of one line."""

    outcome: Outcome
    exit_code: int
    message: str
    advice: str = ""
    error: BaseException | None = None


def begun(
    job: Job, *, run_id: str, trigger: str, started: datetime, process: str, invocation: str, only: str = ""
) -> RunRecord:
    """The record of a run of ``job`` by this version on this machine."""
    return RunRecord(
        run_id=run_id,
        job=job.name,
        pipeline=job.pipeline,
        trigger=trigger,
        host=platform.node() or "?",
        version=__version__,
        process=process,
        started_at=started,
        invocation=invocation,
        only=only,
    )


def ended(record: RunRecord, ending: Ending) -> RunRecord:
    """``record`` with how the run ended, now."""
    return replace(
        record,
        outcome=ending.outcome,
        exit_code=ending.exit_code,
        finished_at=clock.now(),
        message=ending.message,
        advice=ending.advice,
    )


def log_ending(log: logging.Logger, name: str, ending: Ending, tail: str = "") -> None:
    """Say in the log how the run of job ``name`` ended."""
    mark = {logs.OUTCOME: True}
    advice = ending.advice[:1].upper() + ending.advice[1:]
    text = " ".join(_sentence(part) for part in (ending.message, advice, tail) if part)
    match ending.outcome:
        case Outcome.SUCCESS | Outcome.SKIPPED | Outcome.NOT_NOW:
            label = "SUCCESS" if ending.outcome is Outcome.SUCCESS else ending.outcome.upper()
            log.info("%s: %s: %s", label, name, text, extra=mark)
        case _:
            traceback = None if _foreseen(ending.error) else ending.error
            log.error("ERROR: %s %s: %s", name, ending.outcome, text, extra=mark, exc_info=traceback)


def unforeseen(error: BaseException) -> str:
    """What may be said of an error nobody foresaw. Its text may hold anybody's data and stays in the traceback."""
    reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    frames = extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"unexpected {type(error).__name__}{reason}{place}"


def _foreseen(error: BaseException | None) -> bool:
    """Whether the error says all there is to know, so that a traceback would only be noise."""
    if isinstance(error, CtvpipeError):
        return error.__cause__ is None and not hasattr(error, "__notes__")
    return error is None or isinstance(error, KeyboardInterrupt)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", " s")) else f"{text}."
