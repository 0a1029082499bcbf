"""What surrounds a run: lock, ledger, heartbeat and alerts. Used by ``ctvpipe.core.run`` and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ctvpipe import __version__
from ctvpipe.core import again, clock_evidence, clock_trust, lock
from ctvpipe.core.ending import Ending, begun, ended, log_ending
from ctvpipe.core.errors import CtvpipeError, ExitCode, NotNowError, Outcome
from ctvpipe.core.job import Job
from ctvpipe.core.ledger import Ledger, RunRecord, process_identity
from ctvpipe.core.telling import Teller

if TYPE_CHECKING:
    from ctvpipe.core.run import Run


class DryDoor:
    """Shows the ending and records nothing."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __enter__(self) -> None:
        run = self._run
        if run.shared.clock == "check" and (doubt := clock_trust.doubt(_evidence(run))):
            run.log.warning("%s: without --dry-run nothing would be done now", doubt)

    def __exit__(self, *_: object) -> None:
        return

    def turned_away(self, ending: Ending) -> int:
        return ending.exit_code

    def leave(self, ending: Ending) -> int:
        log_ending(self._run.log, self._run.job.name, ending, "dry run, nothing was written")
        return ending.exit_code


class Door:
    """Lock, ledger, heartbeat and alerts around a run."""

    def __init__(self, run: Run, environ: Mapping[str, str]) -> None:
        self._run = run
        self._environ = environ
        self._stack = ExitStack()
        self._begun = self._record()
        self._teller = Teller(run.shared, run.tz, run.scrubber, run.log)

    def __enter__(self) -> None:
        run = self._run
        _require_clock(run)
        with ExitStack() as stack:
            path = run.shared.run_dir / f"{run.job.name}.lock"
            stack.enter_context(lock.held(path, run.job.name, self._environ))
            if not run.only:
                self._change(again.withdraw)
            self._ledger = stack.enter_context(closing(Ledger(run.shared.state_dir)))
            if self._ledger.begin(self._begun):
                run.log.warning("the run before ended without a word (killed, power cut or reboot); closed as failed")
            if not run.only:
                self._teller.open(run.job.name)
            how = f"{run.trigger}, only {run.only}" if run.only else run.trigger
            run.log.info("%s %s started (run %s, %s)", run.job.name, __version__, run.id, how)
            self._stack = stack.pop_all()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def turned_away(self, ending: Ending) -> int:
        """Say and record why the run did not begin; that the lock is held is no reason for an alert."""
        run = self._run
        log_ending(run.log, run.job.name, ending)
        record = self._ended(ending)
        self._ask_again(ending)
        try:
            with closing(Ledger(run.shared.state_dir)) as ledger:
                ledger.record(record)
                if ending.outcome is not Outcome.NOT_NOW:
                    self._teller.tell(ledger, record)
        except CtvpipeError as error:
            if str(error) != ending.message:
                run.log.error("%s; %s", error, error.advice)  # noqa: TRY400  (a traceback helps nobody here)
            if ending.outcome is not Outcome.NOT_NOW:
                self._teller.tell(None, record)
        return ending.exit_code

    def leave(self, ending: Ending) -> int:
        """Record how the run ended, then say so. What cannot be recorded is a failure, and told as one."""
        run = self._run
        record = self._ended(ending)
        self._ask_again(ending)
        duration = f"Duration: {record.seconds:.1f} s"
        try:
            self._ledger.finish(record)
        except CtvpipeError as error:
            log_ending(run.log, run.job.name, ending, duration)
            code = ending.exit_code or int(ExitCode.FAILED)
            ending = Ending(Outcome.FAILED, code, f"the outcome could not be recorded: {error}", error.advice)
            log_ending(run.log, run.job.name, ending)
            self._teller.tell(None, self._ended(ending))
            return code
        log_ending(run.log, run.job.name, ending, duration)
        self._teller.tell(self._ledger, record)
        return ending.exit_code

    def _ask_again(self, ending: Ending) -> None:
        if ending.outcome is Outcome.NOT_NOW and not self._run.attended and not self._run.only:
            self._change(again.ask)

    def _change(self, change: Callable[[Path, Job], None]) -> None:
        """``again.ask`` or ``again.withdraw``: what cannot be done there is said, and stops no run."""
        try:
            change(self._run.shared.run_dir, self._run.job)
        except OSError as error:
            self._run.log.warning("cannot change %s: %s", error.filename, error.strerror)

    def _record(self) -> RunRecord:
        run = self._run
        return begun(
            run.job,
            run_id=run.id,
            trigger=run.trigger,
            started=run.started,
            process=process_identity(),
            invocation=self._environ.get("INVOCATION_ID", ""),
            only=run.only,
        )

    def _ended(self, ending: Ending) -> RunRecord:
        run = self._run
        record = ended(self._begun, ending)
        told = (*run.warnings, *run.failures)
        return replace(record, counters=dict(run.counters), warnings=told, only=run.only)


def _require_clock(run: Run) -> None:
    if run.shared.clock == "trust":
        return
    found = _evidence(run)
    if found.synchronised or found.set_once:
        clock_evidence.remember(run.shared.run_dir)
    if doubt := clock_trust.doubt(found):
        run.count(clock_trust.DOUBTED, 1)
        raise NotNowError(doubt, clock_trust.ADVICE)


def _evidence(run: Run) -> clock_trust.Evidence:
    return clock_evidence.collect(run.shared.run_dir, run.shared.state_dir, run.environment.values)
