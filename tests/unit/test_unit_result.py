"""What is said of a service that failed, for everything that systemd can say of it."""

from __future__ import annotations

import pytest

from ctvpipe.core.errors import ConfigurationError, Outcome
from ctvpipe.core.unit_result import UnitResult
from ctvpipe.jobs import find

JOB = find("daily-update")
INVOCATION = "0123456789abcdef0123456789abcdef"

ENDINGS = [
    ("signal", "killed", "KILL", 137, "killed by signal 9 (SIGKILL)", "sudo systemctl start ctv-daily-update"),
    ("signal", "killed", "RTMIN+3", 1, "killed by signal RTMIN+3", "dmesg"),
    ("oom-kill", "killed", "KILL", 137, "out of memory: the system killed it", "Free some memory"),
    ("oom-kill", "exited", "1", 1, "out of memory: the system killed it", "Free some memory"),
    ("timeout", "killed", "KILL", 137, "ran longer than it may (TimeoutStartSec, 30 min as delivered)", "waited for"),
    ("timeout", "exited", "0", 1, "ran longer than it may", "waited for"),
    ("watchdog", "killed", "ABRT", 134, "gave no sign of life for too long", "journalctl --unit ctv-daily-update"),
    ("core-dump", "dumped", "SEGV", 139, "crashed: signal 11 (SIGSEGV)", "report it"),
    ("exit-code", "exited", "203", 203, "could not be started: systemd gave up with 203, the wrapper", "reinstall"),
    ("exit-code", "exited", "217", 217, "could not be started: systemd gave up with 217, its user", "reinstall"),
    ("exit-code", "exited", "222", 222, "could not be started: systemd gave up with 222, the number", "reinstall"),
    ("exit-code", "exited", "126", 126, "a command it needs is missing (exit code 126)", "reinstall"),
    ("exit-code", "exited", "127", 127, "a command it needs is missing (exit code 127)", "reinstall"),
    ("exit-code", "exited", "2", 2, "ended with exit code 2 before it could say anything", "ctvpipe config check"),
    ("exit-code", "exited", "1", 1, "ended with exit code 1 before it could say anything", "journalctl"),
    ("start-limit-hit", "", "", 1, "could not be started: it was started too often", "Wait a minute"),
    ("resources", "", "", 1, "could not be run by systemd (resources)", "journalctl"),
    ("protocol", "exited", "0", 1, "could not be run by systemd (protocol)", "journalctl"),
]


@pytest.mark.parametrize(("result", "code", "status", "exit_code", "message", "advice"), ENDINGS)
def test_every_result_is_said_in_words(
    result: str, code: str, status: str, exit_code: int, message: str, advice: str
) -> None:
    ending = UnitResult(INVOCATION, result, code, status).ending(JOB)
    assert (ending.outcome, ending.exit_code) == (Outcome.FAILED, exit_code)
    assert message in ending.message
    assert advice in ending.advice
    assert "\n" not in ending.message + ending.advice


def test_systemd_tells_it_by_variables() -> None:
    variables = {
        "MONITOR_INVOCATION_ID": INVOCATION,
        "MONITOR_SERVICE_RESULT": "signal",
        "MONITOR_EXIT_CODE": "killed",
        "MONITOR_EXIT_STATUS": "KILL",
    }
    assert UnitResult.told(variables) == UnitResult(INVOCATION, "signal", "killed", "KILL")
    for missing in ("MONITOR_INVOCATION_ID", "MONITOR_SERVICE_RESULT"):
        with pytest.raises(ConfigurationError, match="are not set"):
            UnitResult.told({name: value for name, value in variables.items() if name != missing})
