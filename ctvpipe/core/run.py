"""The door every job goes through: settings, lock, ledger, log, outcome, heartbeat, alert.

    with run_of(job) as run:
        ...

Leaving the block records how it ended and raises ``SystemExit`` with the exit code that belongs to it. Nothing
else in the package knows about locks, the ledger or alerts.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from ctvpipe import __version__
from ctvpipe.core import alerts, clock, lock, logs, outbound
from ctvpipe.core.errors import (
    EXIT_CODES,
    ConfigurationError,
    CtvpipeError,
    ExitCode,
    NotNowError,
    Outcome,
    PermanentError,
    Skipped,
)
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import Ledger, LedgerReader, RunRecord, process_identity
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import Environment, Settings, SharedSettings, environment

S = TypeVar("S", bound=Settings)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Run:
    """One execution of a job, as its body sees it."""

    job: Job
    shared: SharedSettings
    environment: Environment
    tz: tzinfo
    log: logging.Logger
    scrubber: Scrubber
    dry_run: bool
    trigger: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=clock.now)
    counters: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    summary: str = ""

    def load(self, cls: type[S]) -> S:
        """The job's settings; their secrets are scrubbed from everything from here on."""
        settings = self.environment.load(cls)
        self.scrubber.learn(settings.secret_values())
        return settings

    def latest(self, job: str) -> RunRecord | None:
        """The latest recorded run of another job, that one may still be running."""
        with LedgerReader.open(self.shared.state_dir) as reader:
            return next(iter(reader.runs(job=job, limit=1)), None) if reader else None

    def latest_success(self) -> RunRecord | None:
        """The latest run of this job that succeeded."""
        with LedgerReader.open(self.shared.state_dir) as reader:
            return reader.latest_success(self.job.name) if reader else None

    def count(self, name: str, value: float) -> None:
        """Set a counter of the run's record; ``rows`` is the one that ``status`` shows."""
        self.counters[name] = value

    def warn(self, text: str) -> None:
        """Say and record something the operator should know that does not change the outcome."""
        self.log.warning(text)
        self.warnings.append(self.scrubber.clean(text))

    def fail_unit(self, text: str) -> None:
        """One unit of work failed while the others go on: the run will be ``partial``."""
        self.log.error(text)
        self.failures.append(self.scrubber.clean(text))


@contextmanager
def run_of(
    job: Job, *, dry_run: bool = False, verbose: bool = False, environ: Mapping[str, str] | None = None
) -> Iterator[Run]:
    """Run the block as one run of ``job``; see the module's text. Always ends in ``SystemExit``.

    A dry run reads settings and logs to the console, but takes no lock and touches no ledger, file or remote.
    """
    real = os.environ if environ is None else environ
    scrubber = Scrubber()
    try:
        env = environment([job.env_file], real)
        shared = env.load(SharedSettings)
        scrubber.learn(shared.secret_values())
        tz = clock.zone(shared.timezone)
    except ConfigurationError as error:
        _give_up(job, error)
    with ExitStack() as stack:
        log = stack.enter_context(
            logs.job_log(
                job.name,
                log=None if dry_run else shared.log_dir / job.log,
                outcome_log=shared.log_dir / job.outcome_log if job.outcome_log and not dry_run else None,
                tz=tz,
                scrubber=scrubber,
                verbose=verbose,
            )
        )
        run = Run(job, shared, env, tz, log, scrubber, dry_run, _trigger(real))
        door = _DryDoor(run) if dry_run else _Door(run, real)
        try:
            stack.enter_context(door)
        except CtvpipeError as error:
            raise SystemExit(door.turned_away(error)) from None
        previous = {number: signal.signal(number, signal.default_int_handler) for number in _SIGNALS}
        ended: BaseException | None = None
        try:
            yield run
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  (the one place where every error ends)
            ended = error
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # what follows is short and must be recorded whole
        code = door.leave(_ending(run, ended))
        for number, handler in previous.items():
            signal.signal(number, handler)
        raise SystemExit(code)


@dataclass(frozen=True)
class _Ending:
    outcome: Outcome
    exit_code: int
    message: str
    advice: str = ""
    error: BaseException | None = None


def _ending(run: Run, error: BaseException | None) -> _Ending:
    clean = run.scrubber.clean
    match error:
        case None if run.failures:
            message = f"{len(run.failures)} of its units failed: {run.failures[0]}"
            advice = f"{run.summary} The rest is done and stored.".strip()
            return _Ending(Outcome.PARTIAL, ExitCode.PARTIAL, message, advice)
        case None:
            return _Ending(Outcome.SUCCESS, ExitCode.OK, clean(run.summary))
        case CtvpipeError():
            return _Ending(error.outcome, error.exit_code, clean(str(error)), clean(error.advice), error)
        case KeyboardInterrupt():
            message = "stopped by a signal"
            return _Ending(Outcome.INTERRUPTED, ExitCode.INTERRUPTED, message, "What was committed is whole.", error)
        case MemoryError():
            return _Ending(Outcome.FAILED, ExitCode.FAILED, "out of memory", "Free some memory.", error)
        case _:
            message = clean(f"unexpected {type(error).__name__}: {_first_line(error)}")
            return _Ending(Outcome.FAILED, ExitCode.FAILED, message, "The log has the traceback.", error)


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or ["no text"])[0]


class _DryDoor:
    """Shows the ending and records nothing."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return

    def turned_away(self, error: CtvpipeError) -> int:
        return int(error.exit_code)

    def leave(self, ending: _Ending) -> int:
        _log_ending(self._run, ending, "dry run, nothing was written")
        return int(ending.exit_code)


class _Door:
    """Lock, ledger, heartbeat and alerts around a run."""

    def __init__(self, run: Run, environ: Mapping[str, str]) -> None:
        self._run = run
        self._environ = environ
        self._stack = ExitStack()
        self._heartbeat: outbound.Sending | None = None

    def __enter__(self) -> None:
        run = self._run
        with self._stack:
            path = run.shared.run_dir / f"{run.job.name}.lock"
            self._stack.enter_context(lock.held(path, run.job.name, self._environ))
            self._ledger = Ledger(run.shared.state_dir)
            self._stack.callback(self._ledger.close)
            self._record = _record(run)
            if self._ledger.begin(self._record):
                run.log.warning("the run before ended without a word (killed, power cut or reboot); closed as failed")
            seconds = run.shared.alert_seconds
            self._heartbeat = outbound.start(None, [], self._heartbeat_targets("start"), seconds=seconds)
            run.log.info("%s %s started (run %s, %s)", run.job.name, __version__, run.id, run.trigger)
            self._stack = self._stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def turned_away(self, error: CtvpipeError) -> int:
        """Say why the run did not begin; a held lock is recorded, the rest has no ledger to go to."""
        run = self._run
        ending = _Ending(error.outcome, error.exit_code, str(error), error.advice)
        _log_ending(run, ending)
        try:
            if isinstance(error, NotNowError):
                ledger = Ledger(run.shared.state_dir)
                ledger.record(_ended(_record(run), run, ending))
                ledger.close()
            elif run.trigger != "manual":
                message = alerts.compose("alert", _ended(_record(run), run, ending), None, run.tz)
                self._send(message)
        except CtvpipeError as second:
            run.log.error("%s; %s", second, second.advice)
        return int(ending.exit_code)

    def leave(self, ending: _Ending) -> int:
        run = self._run
        record = _ended(self._record, run, ending)
        _log_ending(run, ending, f"Duration: {record.seconds:.1f} s")
        code = int(ending.exit_code)
        try:
            self._ledger.finish(record)
            self._alert(record)
        except CtvpipeError as error:
            run.log.error("ERROR: the run's outcome could not be recorded: %s; %s", error, error.advice)
            code = code or int(ExitCode.FAILED)
        return code

    def _alert(self, record: RunRecord) -> None:
        run, before = self._run, self._ledger.alert_state(record.job)
        kind, state = alerts.next_state(before, record, clock.business_day(clock.now(), run.tz), run.tz)
        message = alerts.compose(kind, record, state or before, run.tz) if kind else None
        deliveries = self._send(message, self._end_of(record))
        if kind is not None:
            reached = [delivery for delivery in deliveries if not delivery.error]
            errors = "; ".join(f"{item.name}: {item.error}" for item in deliveries if item.error)
            errors = run.scrubber.clean(errors) or ("" if deliveries else "no alert target is configured")
            self._ledger.record_alert(run_id=run.id, job=record.job, kind=kind, delivered=len(reached), error=errors)
            if state is not None and (reached or not deliveries):
                state = replace(state, sent_at=clock.now())
        if state != before:
            self._ledger.set_alert_state(record.job, state)

    def _end_of(self, record: RunRecord) -> str:
        good = record.outcome in {Outcome.SUCCESS, Outcome.SKIPPED}
        return "" if good else str(record.exit_code)

    def _send(self, message: outbound.Message | None, heartbeat: str | None = None) -> list[outbound.Delivery]:
        """Send an alert and the closing heartbeat together; returns the alert's deliveries."""
        run = self._run
        to = outbound.targets(run.shared, message.kind) if message else []
        if message:
            message = replace(message, title=run.scrubber.clean(message.title), body=run.scrubber.clean(message.body))
        pings = [] if heartbeat is None else self._heartbeat_targets(heartbeat)
        done = outbound.start(message, to, pings, seconds=run.shared.alert_seconds).wait()
        if self._heartbeat is not None:
            done += self._heartbeat.wait()
        for delivery in done:
            if delivery.error:
                run.log.warning("could not reach %s: %s", delivery.name, delivery.error)
        return done[: len(to)]

    def _heartbeat_targets(self, ending: str) -> list[outbound.Target]:
        url = self._run.shared.heartbeat_url.get_secret_value().replace("{job}", self._run.job.name)
        if not url:
            return []
        return [outbound.Target("heartbeat", f"{url.rstrip('/')}/{ending}" if ending else url)]


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


def _ended(record: RunRecord, run: Run, ending: _Ending) -> RunRecord:
    return replace(
        record,
        outcome=ending.outcome,
        exit_code=int(ending.exit_code),
        finished_at=clock.now(),
        message=ending.message,
        advice=ending.advice,
        counters=dict(run.counters),
        warnings=(*run.warnings, *run.failures),
    )


def _log_ending(run: Run, ending: _Ending, tail: str = "") -> None:
    mark = {logs.OUTCOME: True}
    text = " ".join(_sentence(part) for part in (ending.message, ending.advice, tail) if part)
    name = run.job.name
    match ending.outcome:
        case Outcome.SUCCESS | Outcome.SKIPPED | Outcome.NOT_NOW:
            label = "SUCCESS" if ending.outcome is Outcome.SUCCESS else ending.outcome.upper()
            run.log.info("%s: %s: %s", label, name, text, extra=mark)
        case _:
            known = ending.error is None or (isinstance(ending.error, CtvpipeError) and not ending.error.__cause__)
            run.log.error(
                "ERROR: %s %s: %s", name, ending.outcome, text, extra=mark, exc_info=None if known else ending.error
            )


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", " s")) else f"{text}."


def _give_up(job: Job, error: ConfigurationError) -> NoReturn:
    print(f"ERROR: {job.name}: {error} {error.advice}", file=sys.stderr)
    raise SystemExit(int(error.exit_code))


def _trigger(environ: Mapping[str, str]) -> str:
    """What started the process: systemd names the timer since version 252."""
    if environ.get("TRIGGER_UNIT", "").endswith(".timer"):
        return "timer"
    return "service" if environ.get("INVOCATION_ID") else "manual"
