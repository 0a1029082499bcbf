"""What the tests of the door share: directories for one appliance, and a way to run jobs there as processes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ctvpipe.core.ledger import FILE_NAME, LedgerReader, RunRecord

ROOT = Path(__file__).parents[2]
SECONDS = 40
SERVICE = {"INVOCATION_ID": "0123456789abcdef0123456789abcdef"}


def wait_until(condition: Callable[[], Any], what: str = "it did not happen") -> None:
    """Poll ``condition`` until it holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Bench:
    """An appliance under ``base``; settings stand in its env files, not in the environment of the processes."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.etc, self.state, self.run_dir, self.logs = (base / name for name in ("etc", "state", "run", "log"))
        self.etc.mkdir()
        self.configure()

    def configure(self, **variables: object) -> None:
        """Write ``ctvpipe.env``."""
        places = {"CTVPIPE_STATE_DIR": self.state, "CTVPIPE_RUN_DIR": self.run_dir, "CTVPIPE_LOG_DIR": self.logs}
        lines = [f"{name}='{value}'\n" for name, value in {"CTVPIPE_CLOCK": "trust", **places, **variables}.items()]
        (self.etc / "ctvpipe.env").write_text("".join(lines))

    def environ(self, **variables: str) -> dict[str, str]:
        """The environment of a job's process."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        return {**kept, "CTVPIPE_ETC_DIR": str(self.etc), **variables}

    def start(self, *words: str, prefix: tuple[str, ...] = (), **options: Any) -> subprocess.Popen[str]:
        """Start the sample job; ``environ`` in ``options`` adds variables."""
        environ = self.environ(**options.pop("environ", {}))
        command = [*prefix, sys.executable, "-m", "tests.integration.door_job", *words]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def run(self, *words: str, **options: Any) -> tuple[int, str]:
        """Run the sample job; its exit code and what it printed."""
        process = self.start(*words, **options)
        printed, _ = process.communicate(timeout=SECONDS)
        return process.returncode, printed

    def service(self, *words: str, **options: Any) -> tuple[int, str]:
        """Run it as systemd would."""
        return self.run(*words, environ=SERVICE, **options)

    def runs(self) -> list[RunRecord]:
        """The ledger's runs, newest first."""
        with LedgerReader.open(self.state) as reader:
            return reader.runs(limit=100) if reader else []

    def last(self) -> RunRecord:
        """The latest run."""
        return self.runs()[0]

    def alerts(self) -> list[tuple[str, int, str]]:
        """Kind, deliveries and error of the ledger's alerts, oldest first."""
        with LedgerReader.open(self.state) as reader:
            rows = reader.alerts(limit=100) if reader else []
        return [(row["kind"], row["delivered"], row["error"]) for row in reversed(rows)]

    def sql(self, statement: str, *values: object) -> None:
        """Change the ledger from outside."""
        with closing(sqlite3.connect(self.state / FILE_NAME, timeout=SECONDS)) as db, db:
            db.execute(statement, values)

    def log(self, name: str = "sample.log") -> str:
        """A log file's text."""
        return (self.logs / "ctv-sample" / name).read_text()

    def tree(self) -> dict[str, bytes | None]:
        """Everything there is, with contents."""
        paths = sorted(self.base.rglob("*"))
        return {str(path): path.read_bytes() if path.is_file() else None for path in paths}
