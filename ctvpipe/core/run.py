"""The door every job goes through: settings, lock, ledger, log, outcome, heartbeat, alert.

    with run_of(job) as run:
        ...

Leaving the block records how it ended and raises ``SystemExit`` with the exit code that belongs to it. Nothing
else in the package knows about locks, the ledger or alerts.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from ctvpipe.core import again, alerts, clock, collection, logs, privileges, signals
from ctvpipe.core.door import Door, DryDoor
from ctvpipe.core.ending import Ending, unforeseen
from ctvpipe.core.errors import ConfigurationError, CtvpipeError, ExitCode, Outcome
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import LedgerReader, RunRecord
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import Environment, Settings, SharedSettings, environment

S = TypeVar("S", bound=Settings)
# systemd counts from the start of the wrapper.
_UNTIL_HERE = timedelta(seconds=30)


@dataclass
class Run:
    """One execution of a job, as its body sees it.

    ``only``: to what part of the job's work it is narrowed, in words; see ``RunRecord.whole``.
    """

    job: Job
    shared: SharedSettings
    environment: Environment
    tz: tzinfo
    log: logging.Logger
    scrubber: Scrubber
    dry_run: bool
    trigger: str
    only: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=clock.now)
    began: float = field(default_factory=time.monotonic)
    counters: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    summary: str = ""

    def load(self, cls: type[S]) -> S:
        """The job's settings; their secrets are scrubbed from everything from here on."""
        settings = self.environment.load(cls)
        self.scrubber.learn(settings.secret_values())
        return settings

    @property
    def attended(self) -> bool:
        """Whether a person started it, and waits for it."""
        return self.trigger == alerts.MANUAL

    def latest(self, job: str, *, whole: bool = True) -> RunRecord | None:
        """The latest run of another job that really began; it may still be going on. ``whole``: of all its work."""
        with LedgerReader.open(self.shared.state_dir) as reader:
            return reader.latest_begun(job, whole=whole) if reader else None

    def is_to_come(self, job: Job) -> bool:
        """Whether another job will be started again: the last that is known of it is that it put itself off, or a stop
        of the machine has cut it short."""
        with LedgerReader.open(self.shared.state_dir) as reader:
            latest = reader.latest(job.name) if reader else None
        put_off = latest is not None and latest.outcome == Outcome.NOT_NOW
        return put_off or again.is_asked(self.shared.run_dir, job)

    def latest_done(self, job: str = "", *, whole: bool = True) -> RunRecord | None:
        """The latest run of this job, or of the one named, that did its work, or some units of it.

        ``whole``: not one that was narrowed to a part.
        """
        with LedgerReader.open(self.shared.state_dir) as reader:
            return reader.latest_done(job or self.job.name, whole=whole) if reader else None

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
    job: Job,
    *,
    only: str = "",
    dry_run: bool = False,
    verbose: bool = False,
    log_file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Run]:
    """Run the block as one run of ``job``; see the module's text. Always ends in ``SystemExit``.

    ``only``: the part of the job's work to which the caller has narrowed it, in words. Such a run is recorded, and says
    nothing of how the job stands: status, alerts, heartbeats and the jobs that come after go by whole runs.
    ``log_file``: where its log is written besides.

    A dry run reads settings and logs to the console, but takes no lock and touches no ledger, file or remote.
    """
    real = os.environ if environ is None else environ
    with signals.deferred() as stopping:
        scrubber = Scrubber()
        try:
            env = environment([job.env_file], real)
            shared = env.load(SharedSettings)
            scrubber.learn(shared.secret_values())
            tz = clock.zone(shared.timezone)
        except ConfigurationError as error:
            _give_up(job, error)
        owner = privileges.become_owner(shared.state_dir)
        with logs.job_log(
            job.name,
            log=None if dry_run else shared.log_dir / job.log,
            outcome_log=shared.log_dir / job.outcome_log if job.outcome_log and not dry_run else None,
            tz=tz,
            scrubber=scrubber,
            verbose=verbose,
            also=log_file,
        ) as log:
            if owner:
                log.info("called by root: it goes on as %s, to whom %s belongs", owner, shared.state_dir)
            run = Run(job, shared, env, tz, log, scrubber, dry_run, _trigger(real), only)
            yield from _through(DryDoor(run) if dry_run else Door(run, real), run, stopping)


def _through(door: Door | DryDoor, run: Run, stopping: signals.Stopping) -> Iterator[Run]:
    """Enter, run the block, record how it ended. Stop signals end the block, not what is before and after it."""
    if run.attended:
        for path, reason in run.environment.unreadable.items():
            run.warn(f"cannot read {path} ({reason}): what it sets is not in force; run it as the service user or root")
    with ExitStack() as stack:
        try:
            stack.enter_context(door)
        except Exception as error:  # noqa: BLE001  (told and recorded, as far as that is possible)
            raise SystemExit(door.turned_away(_ending(run, error))) from None
        ended: BaseException | None = None
        try:
            try:
                stopping.allow()
                with collection.seldom():
                    yield run
            finally:
                stopping.defer()
        except BaseException as error:  # noqa: BLE001  (the one place where every error ends)
            stopping.defer()
            ended = error
        raise SystemExit(door.leave(_ending(run, ended)))


def _ending(run: Run, error: BaseException | None) -> Ending:
    def clean(text: str) -> str:
        return " ".join(run.scrubber.clean(text).split())

    match error:
        case None if run.failures:
            message = f"{len(run.failures)} of its units failed: {run.failures[0]}"
            advice = f"{run.summary} The rest is done and stored."
            return Ending(Outcome.PARTIAL, int(ExitCode.PARTIAL), clean(message), clean(advice))
        case None:
            return Ending(Outcome.SUCCESS, int(ExitCode.OK), clean(run.summary))
        case CtvpipeError():
            return Ending(error.outcome, int(error.exit_code), clean(str(error)), clean(error.advice), error)
        case KeyboardInterrupt():
            message, advice = _stopped(run, str(error) or "a signal")
            return Ending(Outcome.INTERRUPTED, int(ExitCode.INTERRUPTED), message, advice, error)
        case MemoryError():
            return Ending(Outcome.FAILED, int(ExitCode.FAILED), "out of memory", "Free some memory.", error)
        case _:
            return Ending(
                Outcome.FAILED, int(ExitCode.FAILED), clean(unforeseen(error)), "The log has the traceback.", error
            )


def _stopped(run: Run, by: str) -> tuple[str, str]:
    """What to say of a run that was stopped by the signal ``by``, which systemd sends when its time is up, too."""
    taken = timedelta(seconds=time.monotonic() - run.began)
    whole = "What was committed is whole."
    if by == signal.SIGTERM.name and not run.attended and taken > run.job.timeout - _UNTIL_HERE:
        message = f"stopped by {by} after the {run.job.minutes} it may take (TimeoutStartSec)"
        return message, f"{whole} Look for what it waited for in its log."
    return f"stopped by {by}", whole


def _give_up(job: Job, error: ConfigurationError) -> NoReturn:
    print(f"ERROR: {job.name}: {error}. {error.advice}", file=sys.stderr)  # noqa: T201  (there is no log yet)
    raise SystemExit(int(error.exit_code))


def _trigger(environ: Mapping[str, str]) -> str:
    """What started the process. systemd names the timer since version 252; a desktop's terminal is a service too."""
    if environ.get("TRIGGER_UNIT", "").endswith(".timer"):
        return "timer"
    return "service" if environ.get("INVOCATION_ID") and not os.isatty(0) else alerts.MANUAL
