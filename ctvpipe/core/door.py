"""What surrounds a run: lock, ledger, heartbeat and alerts. Used by ``ctvpipe.core.run`` and by nothing else."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ctvpipe import __version__
from ctvpipe.core import alerts, clock, lock, logs, outbound
from ctvpipe.core.errors import CtvpipeError, ExitCode, Outcome
from ctvpipe.core.ledger import Ledger, RunRecord, process_identity

if TYPE_CHECKING:
    from ctvpipe.core.run import Run

_NO_TARGET = "no alert target is configured"


@dataclass(frozen=True)
class Ending:
    """How a run ended; the texts are scrubbed and of one line."""

    outcome: Outcome
    exit_code: int
    message: str
    advice: str = ""
    error: BaseException | None = None


class DryDoor:
    """Shows the ending and records nothing."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return

    def turned_away(self, ending: Ending) -> int:
        return ending.exit_code

    def leave(self, ending: Ending) -> int:
        _log_ending(self._run, ending, "dry run, nothing was written")
        return ending.exit_code


class Door:
    """Lock, ledger, heartbeat and alerts around a run."""

    def __init__(self, run: Run, environ: Mapping[str, str]) -> None:
        self._run = run
        self._environ = environ
        self._stack = ExitStack()
        self._heartbeat: outbound.Sending | None = None

    def __enter__(self) -> None:
        run = self._run
        with ExitStack() as stack:
            path = run.shared.run_dir / f"{run.job.name}.lock"
            stack.enter_context(lock.held(path, run.job.name, self._environ))
            self._ledger = stack.enter_context(closing(Ledger(run.shared.state_dir)))
            self._record = _record(run)
            if self._ledger.begin(self._record):
                run.log.warning("the run before ended without a word (killed, power cut or reboot); closed as failed")
            start = outbound.heartbeat(run.shared, run.job.name, "start")
            self._heartbeat = outbound.start(None, [], start, seconds=run.shared.alert_seconds / 2)
            run.log.info("%s %s started (run %s, %s)", run.job.name, __version__, run.id, run.trigger)
            self._stack = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def turned_away(self, ending: Ending) -> int:
        """Say and record why the run did not begin; that the lock is held is no reason for an alert."""
        run = self._run
        _log_ending(run, ending)
        record = _ended(_record(run), run, ending)
        try:
            with closing(Ledger(run.shared.state_dir)) as ledger:
                ledger.record(record)
                if ending.outcome is not Outcome.NOT_NOW:
                    self._tell(ledger, record)
        except CtvpipeError as error:
            if str(error) != ending.message:
                run.log.error("%s; %s", error, error.advice)  # noqa: TRY400  (a traceback helps nobody here)
            if ending.outcome is not Outcome.NOT_NOW:
                self._tell(None, record)
        return ending.exit_code

    def leave(self, ending: Ending) -> int:
        """Record how the run ended, then say so. What cannot be recorded is a failure, and told as one."""
        run = self._run
        record = _ended(self._record, run, ending)
        duration = f"Duration: {record.seconds:.1f} s"
        try:
            self._ledger.finish(record)
        except CtvpipeError as error:
            _log_ending(run, ending, duration)
            code = ending.exit_code or int(ExitCode.FAILED)
            ending = Ending(Outcome.FAILED, code, f"the outcome could not be recorded: {error}", error.advice)
            _log_ending(run, ending)
            self._tell(None, _ended(self._record, run, ending))
            return code
        _log_ending(run, ending, duration)
        self._tell(self._ledger, record)
        return ending.exit_code

    def _tell(self, ledger: Ledger | None, record: RunRecord) -> None:
        """Send the alert that is due and the closing heartbeat. Nothing that goes wrong here changes the outcome."""
        try:
            self._alert(ledger, record)
        except CtvpipeError as error:
            self._run.log.warning("the state of the alerts could not be recorded: %s", error)
        except Exception:
            self._run.log.exception("ERROR: the alert could not be sent")

    def _alert(self, ledger: Ledger | None, record: RunRecord) -> None:
        """``ledger``: None where it cannot be used; every failure of an unattended run is told then."""
        run = self._run
        before = ledger.alert_state(record.job) if ledger else None
        kind, state = alerts.next_state(before, record, clock.business_day(clock.now(), run.tz), run.tz)
        if ledger is None and record.trigger == alerts.MANUAL:
            kind = None
        message = alerts.compose(kind, record, state or before, run.tz) if kind else None
        deliveries = self._send(message, _heartbeat_of(record))
        if ledger is None:
            return
        if kind is not None:
            self._keep(ledger, record, kind, deliveries)
            if state is not None and (not deliveries or not all(delivery.error for delivery in deliveries)):
                state = replace(state, sent_at=clock.now())
        if state != before:
            ledger.set_alert_state(record.job, state)

    def _keep(
        self, ledger: Ledger, record: RunRecord, kind: outbound.Kind, deliveries: list[outbound.Delivery]
    ) -> None:
        reached = [delivery for delivery in deliveries if not delivery.error]
        errors = "; ".join(f"{item.name}: {item.error}" for item in deliveries if item.error)
        error = self._run.scrubber.clean(errors) if deliveries else _NO_TARGET
        ledger.record_alert(run_id=record.run_id, job=record.job, kind=kind, delivered=len(reached), error=error)

    def _send(self, message: outbound.Message | None, ending: str | None) -> list[outbound.Delivery]:
        """Send the alert and the closing heartbeat together; returns the alert's deliveries.

        The opening heartbeat must have arrived, or been given up, before the closing one may leave: in the wrong
        order they would say that the job still runs. It has half of the time at most, so that all ends in time.
        """
        run = self._run
        began = time.monotonic()
        opening = self._heartbeat.wait() if self._heartbeat else []
        to = outbound.targets(run.shared, message.kind) if message else []
        pings = [] if ending is None else outbound.heartbeat(run.shared, run.job.name, ending)
        seconds = max(run.shared.alert_seconds / 2, run.shared.alert_seconds - (time.monotonic() - began))
        done = outbound.start(message, to, pings, seconds=seconds).wait()
        for delivery in (*opening, *done):
            if delivery.error:
                run.log.warning("could not reach %s: %s", delivery.name, delivery.error)
        return done[: len(to)]


def _heartbeat_of(record: RunRecord) -> str | None:
    """How a heartbeat's address ends: empty for success, the exit code for failure; None: say nothing.

    Trying later and a person's Ctrl-C are neither a success nor an alarm.
    """
    outcome = Outcome(record.outcome)
    if outcome is Outcome.NOT_NOW or (outcome is Outcome.INTERRUPTED and record.trigger == alerts.MANUAL):
        return None
    return "" if outcome in {Outcome.SUCCESS, Outcome.SKIPPED} else str(record.exit_code)


def _record(run: Run) -> RunRecord:
    return RunRecord(
        run_id=run.id,
        job=run.job.name,
        pipeline=run.job.pipeline,
        trigger=run.trigger,
        host=platform.node() or "?",
        version=__version__,
        process=process_identity(),
        started_at=run.started,
    )


def _ended(record: RunRecord, run: Run, ending: Ending) -> RunRecord:
    return replace(
        record,
        outcome=ending.outcome,
        exit_code=ending.exit_code,
        finished_at=clock.now(),
        message=ending.message,
        advice=ending.advice,
        counters=dict(run.counters),
        warnings=(*run.warnings, *run.failures),
    )


def _log_ending(run: Run, ending: Ending, tail: str = "") -> None:
    mark = {logs.OUTCOME: True}
    text = " ".join(_sentence(part) for part in (ending.message, ending.advice, tail) if part)
    name = run.job.name
    match ending.outcome:
        case Outcome.SUCCESS | Outcome.SKIPPED | Outcome.NOT_NOW:
            label = "SUCCESS" if ending.outcome is Outcome.SUCCESS else ending.outcome.upper()
            run.log.info("%s: %s: %s", label, name, text, extra=mark)
        case _:
            traceback = None if _foreseen(ending.error) else ending.error
            run.log.error("ERROR: %s %s: %s", name, ending.outcome, text, extra=mark, exc_info=traceback)


def _foreseen(error: BaseException | None) -> bool:
    """Whether the error says all there is to know, so that a traceback would only be noise."""
    if isinstance(error, CtvpipeError):
        return error.__cause__ is None and not hasattr(error, "__notes__")
    return error is None or isinstance(error, KeyboardInterrupt)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", " s")) else f"{text}."
