"""Say what a run could not say itself: it was killed, ended before it came to the ledger, or the machine stopped.

Takes no lock, so that it disturbs no newer run of the job: only the row of the failed one is touched.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from ctvpipe.core import again, clock, files, journal, logs, timers
from ctvpipe.core.alerts import MANUAL
from ctvpipe.core.ending import Ending, begun, ended, log_ending
from ctvpipe.core.errors import CtvpipeError, ExitCode, Outcome
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import RUNNING, WITHOUT_A_WORD, Ledger, LedgerReader, RunRecord, is_alive
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import SharedSettings, environment
from ctvpipe.core.telling import Teller
from ctvpipe.core.unit_result import UnitResult

# A job that gets as far as one of these has told its ending even where the ledger cannot be used.
_TOLD_BY_THE_JOB = {ExitCode.FAILED, ExitCode.REFUSED, ExitCode.PARTIAL, ExitCode.INTERRUPTED}
_JUST_NOW = timedelta(minutes=5)
_UNFINISHED = {RUNNING, Outcome.INTERRUPTED, Outcome.NOT_NOW}


def say(job: Job, result: UnitResult, environ: Mapping[str, str], scrubber: Scrubber) -> None:
    """Close, record and tell the run of ``job`` that ended with ``result``, unless it did that itself.

    ``scrubber`` knows every secret that is set for the job. Settings that are wrong are not in force, and said.
    """
    with _speaking(job, environ, scrubber) as teller:
        try:
            with closing(Ledger(teller.shared.state_dir)) as ledger:
                _say(job, result, ledger, teller)
        except CtvpipeError as error:
            _complain(teller, error)
            if result.exit_code not in _TOLD_BY_THE_JOB:
                _tell(job, result.ending(job), None, teller, _new(job, result))


def after_boot(jobs: Sequence[Job], environ: Mapping[str, str], scrubber: Scrubber) -> None:
    """Tell the runs that the last stop of the machine cut short, and ask systemd for what is still to be done.

    That is what was cut short, was stopped in good order or had put itself off, unless a person had started it or its
    timer is switched off meanwhile. To be called when the machine starts, before any job.
    """
    off = timers.switched_off([job.timer for job in jobs], Path(environ.get("CTVPIPE_HOST_DIR") or "/"))
    for job in jobs:
        with _speaking(job, environ, scrubber) as teller:
            try:
                _look_back(job, teller, may_start=job.timer not in off)
            except CtvpipeError as error:
                _complain(teller, error)


def _look_back(job: Job, teller: Teller, *, may_start: bool) -> None:
    state_dir, run_dir = teller.shared.state_dir, teller.shared.run_dir
    with LedgerReader.open(state_dir) as reader:
        if reader is None:
            return
        runs = reader.from_latest_begun(job.name)
    begun_last = next((run for run in runs if run.outcome != Outcome.NOT_NOW), None)
    if begun_last is not None and begun_last.outcome == RUNNING and is_alive(begun_last.process):
        return
    unfinished = [run for run in runs if run.outcome in _UNFINISHED and run.trigger != MANUAL and run.whole]
    if may_start and unfinished:
        with files.explained(f"ask for {job.unit} in {run_dir}"):
            again.ask(run_dir, job)
        teller.log.info("%s was not finished when the machine stopped: it starts again in ten minutes", job.name)
    if begun_last is not None and begun_last.outcome == RUNNING:
        by_itself = begun_last in unfinished and may_start
        advice = "it starts again by itself in ten minutes" if by_itself else f"sudo systemctl start {job.unit}"
        message = "the machine stopped while it ran (power cut, crash or reset)"
        ending = Ending(Outcome.FAILED, int(ExitCode.FAILED), message, f"What it had committed is whole; {advice}.")
        with closing(Ledger(state_dir)) as ledger:
            _tell(job, ending, ledger, teller, begun_last, finished=begun_last.started_at)


@contextmanager
def _speaking(job: Job, environ: Mapping[str, str], scrubber: Scrubber) -> Iterator[Teller]:
    """What it takes to speak for ``job``: its settings, as far as they can be used, and its log."""
    shared, problems = environment([job.env_file], environ).usable(SharedSettings)
    tz = clock.zone(shared.timezone)
    outcome_log = shared.log_dir / job.outcome_log if job.outcome_log else None
    with logs.job_log(job.name, log=shared.log_dir / job.log, outcome_log=outcome_log, tz=tz, scrubber=scrubber) as log:
        for problem in problems:
            log.warning("not in force: %s", problem)
        yield Teller(shared, tz, scrubber, log)


def _complain(teller: Teller, error: CtvpipeError) -> None:
    teller.log.error("%s; %s", error, error.advice)


def _say(job: Job, result: UnitResult, ledger: Ledger, teller: Teller) -> None:
    found = ledger.reader.of_invocation(job.name, result.invocation, old_since=clock.now() - _JUST_NOW)
    if found is None:
        _tell(job, result.ending(job), ledger, teller, _new(job, result))
    elif found.outcome == RUNNING and is_alive(found.process):
        teller.log.warning("the service has failed, but process %s of its run still runs", found.process)
    elif found.outcome == RUNNING or found.message == WITHOUT_A_WORD:
        _tell(job, result.ending(job), ledger, teller, replace(found, invocation=result.invocation))
    elif not found.told and found.invocation is not None and not ledger.reader.has_later_ending(found):
        teller.tell(ledger, found)


def _tell(
    job: Job,
    ending: Ending,
    ledger: Ledger | None,
    teller: Teller,
    record: RunRecord,
    finished: datetime | None = None,
) -> None:
    """Close ``record`` with ``ending``, now or ``finished`` then, say it in the log, and tell it."""
    record = ended(record, ending)
    record = replace(record, finished_at=finished or record.finished_at)
    log_ending(teller.log, job.name, ending)
    if ledger is not None:
        ledger.finish(record)
        if ledger.reader.has_later_ending(record):
            ledger.told(record, None)  # how the job stands is told by the run that came after
            return
    teller.tell(ledger, record, _last_lines(record.invocation or "", teller.scrubber, teller.log))


def _last_lines(invocation: str, scrubber: Scrubber, log: logging.Logger) -> tuple[str, ...]:
    if not invocation:
        return ()
    try:
        return journal.fit(scrubber.clean(journal.last_lines(invocation)))
    except CtvpipeError as error:
        log.warning("%s", error)
        return ()


def _new(job: Job, result: UnitResult) -> RunRecord:
    """The run that came not as far as the ledger; when it started is not known."""
    return begun(
        job,
        run_id=str(uuid.uuid4()),
        trigger="service",
        started=clock.now(),
        process="?",
        invocation=result.invocation,
    )
