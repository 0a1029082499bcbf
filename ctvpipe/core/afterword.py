"""Say what a run could not say itself: its process was killed, or ended before it came to the ledger.

Takes no lock, so that it disturbs no newer run of the job: only the row of the failed one is touched.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta

from ctvpipe.core import clock, journal, logs
from ctvpipe.core.ending import begun, ended, log_ending
from ctvpipe.core.errors import CtvpipeError, ExitCode
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import RUNNING, WITHOUT_A_WORD, Ledger, RunRecord, is_alive
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import SharedSettings, environment
from ctvpipe.core.telling import Teller
from ctvpipe.core.unit_result import UnitResult

# A job that gets as far as one of these has told its ending even where the ledger cannot be used.
_TOLD_BY_THE_JOB = {ExitCode.FAILED, ExitCode.REFUSED, ExitCode.PARTIAL, ExitCode.INTERRUPTED}
_JUST_NOW = timedelta(minutes=5)


def say(job: Job, result: UnitResult, environ: Mapping[str, str], scrubber: Scrubber) -> None:
    """Close, record and tell the run of ``job`` that ended with ``result``, unless it did that itself.

    ``scrubber`` knows every secret that is set for the job. Settings that are wrong are not in force, and said.
    """
    shared, problems = environment([job.env_file], environ).usable(SharedSettings)
    tz = clock.zone(shared.timezone)
    outcome_log = shared.log_dir / job.outcome_log if job.outcome_log else None
    with logs.job_log(job.name, log=shared.log_dir / job.log, outcome_log=outcome_log, tz=tz, scrubber=scrubber) as log:
        for problem in problems:
            log.warning("not in force: %s", problem)
        teller = Teller(shared, tz, scrubber, log)
        try:
            with closing(Ledger(shared.state_dir)) as ledger:
                _say(job, result, ledger, teller)
        except CtvpipeError as error:
            log.error("%s; %s", error, error.advice)  # noqa: TRY400  (a traceback helps nobody here)
            if result.exit_code not in _TOLD_BY_THE_JOB:
                _tell(job, result, None, teller, _new(job, result))


def _say(job: Job, result: UnitResult, ledger: Ledger, teller: Teller) -> None:
    found = ledger.reader.of_invocation(job.name, result.invocation, old_since=clock.now() - _JUST_NOW)
    if found is None:
        _tell(job, result, ledger, teller, _new(job, result))
    elif found.outcome == RUNNING and is_alive(found.process):
        teller.log.warning("the service has failed, but process %s of its run still runs", found.process)
    elif found.outcome == RUNNING or found.message == WITHOUT_A_WORD:
        _tell(job, result, ledger, teller, found)
    elif not found.told and found.invocation is not None and not ledger.reader.has_later_ending(found):
        teller.tell(ledger, found)


def _tell(job: Job, result: UnitResult, ledger: Ledger | None, teller: Teller, record: RunRecord) -> None:
    ending = result.ending(job)
    record = ended(record, ending)
    log_ending(teller.log, job.name, ending)
    if ledger is not None:
        ledger.finish(record)
        if ledger.reader.has_later_ending(record):
            ledger.told(record, None)  # how the job stands is told by the run that came after
            return
    teller.tell(ledger, record, _last_lines(result.invocation, teller.scrubber, teller.log))


def _last_lines(invocation: str, scrubber: Scrubber, log: logging.Logger) -> tuple[str, ...]:
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
