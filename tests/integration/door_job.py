"""A throw-away job, run as a program of its own: ``python -m tests.integration.door_job BODY [ARGUMENT] [--dry-run]``.

``SAMPLE_JOB`` gives it the place of a real job, ``SAMPLE_SECONDS`` another time limit, ``SAMPLE_ONLY`` narrows it.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import time as wall_clock
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from pydantic import Field, SecretStr

from ctvpipe import jobs
from ctvpipe.core import bounded
from ctvpipe.core.bounded import Limits
from ctvpipe.core.errors import ConfigurationError, ContractError, NotNowError, PermanentError, Skipped
from ctvpipe.core.job import Job, Schedule
from ctvpipe.core.run import Run, run_of
from ctvpipe.core.settings import Settings

JOB = Job(
    name="sample",
    pipeline="sample",
    command=("sample",),
    schedule=Schedule(wall_clock(1, 0)),
    wrapper="sample.sh",
    env_file="ctv-sample.env",
    log="ctv-sample/sample.log",
    outcome_log="ctv-sample/wrapper.log",
    settings="tests.integration.door_job:SampleSettings",
)


class SampleSettings(Settings):
    """The sample job's settings."""

    number: int = Field(1, alias="SAMPLE_NUMBER")
    password: SecretStr = Field(SecretStr(""), alias="SAMPLE_PASSWORD")
    database_url: SecretStr = Field(SecretStr(""), alias="DATABASE_URL")


def ok(run: Run, _argument: str) -> None:
    run.load(SampleSettings)
    run.count("rows", 5)
    run.warn("one thing to know")
    run.summary = "5 rows"


def skip(_run: Run, _argument: str) -> None:
    raise Skipped("nothing is configured")


def fail(_run: Run, _argument: str) -> None:
    raise PermanentError("the share did not answer", "Look at the server.")


def refuse(_run: Run, _argument: str) -> None:
    raise ContractError("the sheet is not what it was")


def boom(_run: Run, argument: str) -> None:
    raise ValueError(argument or "Jane Example, row 7")


def full(_run: Run, _argument: str) -> None:
    raise OSError(28, "No space left on device")


def memory(_run: Run, _argument: str) -> None:
    raise MemoryError


def partial(run: Run, _argument: str) -> None:
    run.summary = "6 of 7 sites."
    run.fail_unit("site 3 did not answer")


def misconfigured(run: Run, _argument: str) -> None:
    run.load(SampleSettings)
    raise ConfigurationError("SAMPLE_NUMBER: must be even")


def later(_run: Run, _argument: str) -> None:
    raise NotNowError("the clock cannot be trusted yet")


def leave(_run: Run, _argument: str) -> None:
    sys.exit(0)


def uncountable(run: Run, _argument: str) -> None:
    run.counters["rows"] = object()
    run.summary = "file \udce9"


def gate(_run: Run, argument: str) -> None:
    """Say that the body has begun, and wait for a word."""
    Path(argument, "begun").touch()
    while not Path(argument, "go").exists():
        time.sleep(0.02)


def slow_cleanup(run: Run, argument: str) -> None:
    """Take time for cleaning up, in which a second signal comes."""
    try:
        gate(run, argument)
    finally:
        Path(argument, "cleaning").touch()
        for _ in range(20):
            time.sleep(0.02)
        Path(argument, "clean").touch()


def child(run: Run, argument: str) -> None:
    """Leave a child behind that would inherit whatever is inheritable."""
    started = subprocess.Popen(["sleep", "60"], close_fds=False)
    Path(argument, "child").write_text(str(started.pid))
    gate(run, argument)


def leak(run: Run, argument: str) -> None:
    """Say every secret in every way there is."""
    settings = run.load(SampleSettings)
    secrets = [*run.shared.secret_values(), *settings.secret_values(), *argument.split()]
    text = " | ".join(f"{s} {quote(s, safe='')} {s!r} {s.encode()!r}" for s in secrets)
    bounded.call(time.sleep, 0.3, limits=Limits(20))
    run.log.info("log %s", text)
    logging.getLogger("library").warning("retry %s", text)
    run.warn(f"warning {text}")
    run.fail_unit(f"unit {text}")
    run.summary = f"summary {text}"
    try:
        raise ValueError(f"cause {text}")  # noqa: TRY301
    except ValueError as error:
        run.log.exception("caught")
        raise ContractError(f"contract {text}", f"advice {text}") from error


def leak_unforeseen(run: Run, argument: str) -> None:
    """The same in an error that nobody foresaw."""
    settings = run.load(SampleSettings)
    secrets = [*run.shared.secret_values(), *settings.secret_values(), *argument.split()]
    raise RuntimeError(*secrets)


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--dry-run"]
    body = globals()[words[0]]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a background process of a shell without job control
        signal.signal(signal.SIGINT, signal.default_int_handler)
    job = jobs.find(os.environ["SAMPLE_JOB"]) if "SAMPLE_JOB" in os.environ else JOB
    if "SAMPLE_SECONDS" in os.environ:
        job = replace(job, timeout=timedelta(seconds=float(os.environ["SAMPLE_SECONDS"])))
    with run_of(job, only=os.environ.get("SAMPLE_ONLY", ""), dry_run="--dry-run" in sys.argv) as run:
        body(run, words[1] if len(words) > 1 else "")


if __name__ == "__main__":
    main()
