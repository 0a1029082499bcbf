"""How a run can end, and the errors that decide it.

Every error carries two texts: ``str(error)`` is the one line the operator reads (what happened, to what),
``error.advice`` is what to do about it. Neither may hold a secret or a person's data.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """How a run ended; stored in the ledger."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILED = "failed"
    REFUSED = "refused"
    SKIPPED = "skipped"
    NOT_NOW = "not_now"
    INTERRUPTED = "interrupted"


class ExitCode(IntEnum):
    """The exit codes, which are an interface: stable, documented, checked by systemd units and wrappers."""

    OK = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    PARTIAL = 4
    NOT_NOW = 75
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done, or rightly nothing to do",
    ExitCode.FAILED: "failed; nothing half-written",
    ExitCode.USAGE: "usage or settings",
    ExitCode.REFUSED: "refused: the source broke its contract, or a safety limit would be passed; nothing written",
    ExitCode.PARTIAL: "partial: the run says what failed, the rest is stored",
    ExitCode.NOT_NOW: "not now: another run is going on, or the clock is not known to be right; a service tries again in ten minutes",
    ExitCode.INTERRUPTED: "stopped by a signal; what was committed is whole",
}

EXIT_CODES = {
    Outcome.SUCCESS: ExitCode.OK,
    Outcome.SKIPPED: ExitCode.OK,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.REFUSED: ExitCode.REFUSED,
    Outcome.PARTIAL: ExitCode.PARTIAL,
    Outcome.NOT_NOW: ExitCode.NOT_NOW,
    Outcome.INTERRUPTED: ExitCode.INTERRUPTED,
}


class CtvpipeError(Exception):
    """An error the operator can understand; its class says how the run ends."""

    outcome = Outcome.FAILED
    exit_code = ExitCode.FAILED

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message, advice)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return self.message


class TransientError(CtvpipeError):
    """May go away by itself (a timeout, a busy server); retried within bounds, then a failure."""


class PermanentError(CtvpipeError):
    """Will not go away by itself (a wrong password, a missing folder, a full disk); never retried."""


class ContractError(CtvpipeError):
    """The source is not what it must be, or a safety limit would be passed; nothing is written."""

    outcome = Outcome.REFUSED
    exit_code = ExitCode.REFUSED


class ConfigurationError(CtvpipeError):
    """Settings are missing or wrong; the message names the variables."""

    exit_code = ExitCode.USAGE


class NotNowError(CtvpipeError):
    """Another run holds the lock, or the clock cannot be trusted yet; trying later is right."""

    outcome = Outcome.NOT_NOW
    exit_code = ExitCode.NOT_NOW


class Skipped(CtvpipeError):  # noqa: N818  (not an error: rightly nothing to do)
    """There is rightly nothing to do, for instance because the job is not configured."""

    outcome = Outcome.SKIPPED
    exit_code = ExitCode.OK
