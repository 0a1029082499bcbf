"""How a job's service failed, as systemd tells the unit that ``OnFailure=`` starts (systemd.exec(5), ``$MONITOR_…``)."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass

from ctvpipe.core.ending import Ending
from ctvpipe.core.errors import ConfigurationError, ExitCode, Outcome
from ctvpipe.core.job import Job

_SYSTEMD = range(200, 246)
_WHY_NOT_STARTED = {
    203: "the wrapper or its interpreter is missing or may not be executed",
    216: "its group does not exist",
    217: "its user does not exist",
    226: "its view of the file system could not be made",
    243: "its credentials could not be read",
}
_NO_COMMAND = {126, 127}
_REINSTALL = "Install the package again: sudo apt install --reinstall ctvpipe."


@dataclass(frozen=True)
class UnitResult:
    """The end of one start of a service; ``code`` is ``exited``, ``killed``, ``dumped`` or empty, ``status`` its detail."""

    invocation: str
    result: str
    code: str
    status: str

    @classmethod
    def told(cls, environ: Mapping[str, str]) -> UnitResult:
        """What systemd says in ``environ``; raises ``ConfigurationError`` when it was not systemd that asked."""
        invocation, result = (environ.get(f"MONITOR_{name}", "") for name in ("INVOCATION_ID", "SERVICE_RESULT"))
        if not invocation or not result:
            raise ConfigurationError(
                "MONITOR_INVOCATION_ID and MONITOR_SERVICE_RESULT are not set",
                "This is for systemd, which sets them when a job's service has failed.",
            )
        return cls(invocation, result, environ.get("MONITOR_EXIT_CODE", ""), environ.get("MONITOR_EXIT_STATUS", ""))

    @property
    def exit_code(self) -> int:
        """The exit code as a shell would give it; 1 where there was none."""
        if self.status.isdecimal():
            return int(self.status) or int(ExitCode.FAILED)
        number = _signal_number(self.status)
        return 128 + number if number else int(ExitCode.FAILED)

    def ending(self, job: Job) -> Ending:
        """What to record and say about a run of ``job`` that could not do so itself."""
        message, advice = self._words(job)
        return Ending(Outcome.FAILED, self.exit_code, message, advice)

    def _words(self, job: Job) -> tuple[str, str]:
        log = f"journalctl --unit {job.unit}"
        again = f"start it again: sudo systemctl start {job.unit}"
        match self.result:
            case "timeout":
                message = f"ran longer than it may (TimeoutStartSec, {job.minutes} as delivered) and was ended"
                return message, f"Look for what it waited for in its log, then {again}."
            case "oom-kill":
                return (
                    "out of memory: the system killed it",
                    "Free some memory; 'journalctl --dmesg' says what took it.",
                )
            case "watchdog":
                return "gave no sign of life for too long (watchdog) and was killed", f"Look at: {log}."
            case "core-dump":
                return f"crashed: {self._signal()}", f"Look at: {log}; if it happens again, report it."
            case "signal":
                advice = f"If nobody did that, look for it in 'journalctl --dmesg'; {again}."
                return f"killed by {self._signal()}", advice
            case "start-limit-hit":
                return "could not be started: it was started too often in a short time", "Wait a minute, then " + again
            case "exit-code":
                return self._exited(job, log)
        return f"could not be run by systemd ({self.result})", f"Look at: {log}."

    def _exited(self, job: Job, log: str) -> tuple[str, str]:
        code = self.exit_code
        if code in _SYSTEMD:
            reason = _WHY_NOT_STARTED.get(code, "the number is explained in the manual, systemd.exec(5)")
            return f"could not be started: systemd gave up with {code}, {reason}", f"Look at: {log}. {_REINSTALL}"
        if code in _NO_COMMAND:
            return f"could not be started: a command it needs is missing (exit code {code})", _REINSTALL
        message = f"ended with exit code {code} before it could say anything"
        if code == ExitCode.USAGE:
            return (
                message,
                f"Its settings are wrong or cannot be read: sudo -u ctvpipe ctvpipe config check ({job.env_file}).",
            )
        return message, f"Look at: {log}."

    def _signal(self) -> str:
        number = _signal_number(self.status)
        return f"signal {number} (SIG{self.status})" if number else f"signal {self.status or 'unknown'}"


def _signal_number(name: str) -> int:
    """The number of the signal that systemd calls ``name``; 0 where it is none."""
    return int(signal.Signals.__members__.get(f"SIG{name}", 0))
