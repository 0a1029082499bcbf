"""A station in a temporary folder: directories, environment, commands as subprocesses, the ledger, the database."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing, redirect_stderr
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2

from ctvpipe import jobs
from ctvpipe.core.ledger import LedgerReader, RunRecord
from ctvpipe.core.run import run_of
from ctvpipe.pipelines.commercial_log.update import Options, update

CHECKOUT = Path(__file__).parents[2]
Dump = dict[str, list[tuple[Any, ...]]]
# Runs the command as ``python -m ctvpipe`` does and leaves the peak of its resident memory, and of the largest of
# its children, in a file. Its own peak is the kernel's VmHWM, which knows nothing of the process that started it.
_MEASURED = """
import atexit, pathlib, resource, runpy, sys
def leave(path):
    own = next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    pathlib.Path(path).write_text(f"{own} {children}")
atexit.register(leave, sys.argv.pop(1))
runpy.run_module("ctvpipe", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Result:
    """How a command ended. ``memory_mib``: the peaks of the process and of its largest child together, if measured."""

    code: int
    out: str
    err: str
    memory_mib: float = 0.0

    @classmethod
    def of(cls, command: Sequence[str], *, seconds: float, **options: Any) -> Result:
        """Run ``command`` with nothing to read, and wait for its end; ``options``: of ``subprocess.run``."""
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False, **options
        )
        return cls(done.returncode, done.stdout, done.stderr)

    @property
    def text(self) -> str:
        return self.out + self.err

    def required(self, command: str) -> str:
        """The standard output of ``command``, which must have succeeded."""
        assert self.code == 0, f"{command}: exit {self.code}\n{self.text[-4000:]}"
        return self.out

    def line(self, word: str) -> str:
        """The one line of the output that holds ``word``."""
        (found,) = (line for line in self.text.splitlines() if word in line)
        return found


@dataclass
class Station:
    """Everything an appliance has, below ``root``. ``url``: a PostgreSQL database instead of the SQLite file."""

    root: Path
    url: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path in (self.etc, self.state, self.run_dir, self.log, self.daily, self.archive, self.database.parent):
            path.mkdir(parents=True, exist_ok=True)

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def run_dir(self) -> Path:
        return self.root / "run"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def daily(self) -> Path:
        return self.data / "raw" / "daily"

    @property
    def archive(self) -> Path:
        return self.data / "raw" / "archive"

    @property
    def database(self) -> Path:
        """The SQLite database; on PostgreSQL the file stays absent."""
        return self.data / "database" / "production.db"

    @property
    def environ(self) -> dict[str, str]:
        """The whole environment of a command."""
        where = {"DATABASE_URL": self.url} if self.url else {"DATABASE_PATH": str(self.database)}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "CTVPIPE_TIMEZONE": "UTC",
            "CTVPIPE_ETC_DIR": str(self.etc),
            "CTVPIPE_STATE_DIR": str(self.state),
            "CTVPIPE_RUN_DIR": str(self.run_dir),
            "CTVPIPE_LOG_DIR": str(self.log),
            "CTVPIPE_CLOCK": "trust",
            "CTV_DATA_DIR": str(self.data),
            **where,
            **self.settings,
        }

    def workbook(self, day: date | None = None) -> Path:
        """Where the daily workbook of ``day`` belongs (default: today's)."""
        return self.daily / f"Commercial Log {day or datetime.now(UTC).date():%y%m%d}.xlsx"

    def command(self, *arguments: str) -> list[str]:
        """The command line of ``ctvpipe ARGUMENTS``."""
        return [sys.executable, "-m", "ctvpipe", *arguments]

    def run(self, *arguments: str, timeout: float = 60, env: dict[str, str] | None = None) -> Result:
        """Run ``ctvpipe ARGUMENTS`` in a clean environment and wait for it."""
        return self._run(self.command(*arguments), timeout, env)

    def run_measured(self, *arguments: str, timeout: float = 60) -> Result:
        """The same, with its peak of memory."""
        peaks = self.root / "peaks"
        done = self._run([sys.executable, "-c", _MEASURED, str(peaks), *arguments], timeout, None)
        return Result(done.code, done.out, done.err, sum(int(each) for each in peaks.read_text().split()) / 1024)

    def _run(self, command: list[str], timeout: float, env: dict[str, str] | None) -> Result:
        return Result.of(command, seconds=timeout, env={**self.environ, **(env or {})}, cwd=CHECKOUT)

    def update(self, *arguments: str) -> Result:
        """Run the daily update as the night does."""
        return self.run("update", "--unattended", *arguments)

    def update_here(self, **options: Any) -> Result:
        """The same in this process, which is faster; ``options`` as in ``commercial_log.update.Options``."""
        said = StringIO()
        dry_run = options.pop("dry_run", False)
        try:
            with (
                redirect_stderr(said),
                run_of(jobs.find("daily-update"), dry_run=dry_run, environ=self.environ) as run,
            ):
                update(run, Options(**options))
        except SystemExit as ended:
            return Result(int(str(ended.code)), "", said.getvalue())
        raise AssertionError("a run always ends in SystemExit")

    def runs(self, job: str | None = None) -> list[RunRecord]:
        """The recorded runs, newest first."""
        with LedgerReader.open(self.state) as reader:
            return [] if reader is None else reader.runs(job=job, limit=1000)

    def dump(self, *, without: Collection[str] = ()) -> Dump:
        """Every row of every table of the sales database, sorted; ``without``: tables left out."""
        return dump(self.url or str(self.database), without=without)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the sales database, read without the product's code."""
        return query(self.url or str(self.database), sql)

    def execute(self, *statements: str) -> None:
        """Change the sales database as another program would."""
        execute(self.url or str(self.database), *statements)


def tree(root: Path) -> dict[str, str]:
    """Every file and folder below ``root``: path and digest, size and times of what is in it."""
    return {str(path.relative_to(root)): _fingerprint(path) for path in sorted(root.rglob("*"))}


def _fingerprint(path: Path) -> str:
    found = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return f"{found.st_mode:o} {found.st_size if content else 0} {found.st_mtime_ns} {content}"


def query(database: str, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a database: an SQLite file by its path, PostgreSQL by its address."""
    with closing(_connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        return [tuple(map(_plain, row)) for row in cursor.fetchall()]


def execute(database: str, *statements: str) -> None:
    """Change a database as another program would."""
    with closing(_connect(database)) as connection:
        for statement in statements:
            connection.cursor().execute(statement)
        connection.commit()


def dump(database: str, *, without: Collection[str] = ()) -> Dump:
    """Every row of every table of a database, sorted by its text."""
    names = [name for name in tables(database) if name not in without]
    return {name: sorted(query(database, f"SELECT * FROM {name}"), key=repr) for name in names}


def tables(database: str) -> Iterable[str]:
    """The names of a database's own tables."""
    if "://" in database:
        sql = "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('public', 'meta', 'bronze', 'silver') AND table_type = 'BASE TABLE'"
        return sorted(name.removeprefix("public.") for (name,) in query(database, sql))
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return sorted(name for (name,) in query(database, sql))


def _connect(database: str) -> Any:
    if "://" in database:
        return psycopg2.connect(database, options="-c timezone=UTC")
    return sqlite3.connect(f"{Path(database).as_uri()}?mode=rw", uri=True)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
