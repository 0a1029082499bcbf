"""The ledger: the appliance's own small SQLite file of runs and alerts.

It answers "did last night work?" even when every other database is down, so it is reached with the standard
library alone. Instants are stored as UTC text, durations in seconds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ctvpipe import RELEASED
from ctvpipe.core import clock, ledger_file, ledger_schema
from ctvpipe.core.errors import EXIT_CODES, Outcome
from ctvpipe.core.process import is_alive, process_identity
from ctvpipe.core.records import RUNNING, AlertState, RunRecord

__all__ = [
    "FILE_NAME",
    "RUNNING",
    "AlertState",
    "Ledger",
    "LedgerReader",
    "RunRecord",
    "is_alive",
    "process_identity",
]

FILE_NAME = "ledger.sqlite3"
RUNS_KEPT_PER_JOB = 2000
PUT_OFF_KEPT_PER_JOB = 200
WITHOUT_A_WORD = "the run ended without a word (killed, power cut or reboot)"

_INSERT_RUN = (
    "INSERT INTO runs (run_id, job, pipeline, trigger, host, version, process, started_at, finished_at,"
    " outcome, exit_code, message, advice, counters, warnings, invocation, only)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
# Keeps the row's place in the order of starts.
_REPLACE_ENDING = (
    " ON CONFLICT (run_id) DO UPDATE SET outcome = excluded.outcome, exit_code = excluded.exit_code,"
    " finished_at = excluded.finished_at, message = excluded.message, advice = excluded.advice,"
    " counters = excluded.counters, warnings = excluded.warnings, only = excluded.only"
)


class Ledger:
    """Open the ledger in ``state_dir`` for writing, creating or migrating it; close it with ``close()``.

    Raises ``PermanentError`` when the file cannot be opened, or comes from a newer version.
    """

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE_NAME
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=ledger_file.BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise ledger_file.unusable(self.path, error) from error
        try:
            with ledger_file.explained(self.path):
                ledger_file.use_wal(self._db)
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA foreign_keys=ON")
                self._migrate()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def _migrate(self) -> None:
        if ledger_schema.version(self._db, self.path) == len(ledger_schema.MIGRATIONS):
            return
        with self._transaction():
            for number in range(ledger_schema.version(self._db, self.path), len(ledger_schema.MIGRATIONS)):
                for statement in ledger_schema.MIGRATIONS[number].split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {number + 1}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with ledger_file.explained(self.path):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def begin(self, run: RunRecord) -> int:
        """Record that ``run`` has started, and close what dead runs of the job left running.

        The caller holds the job's lock, so whatever is still ``running`` has no process any more. Returns how many
        rows were closed so.
        """
        with self._transaction():
            closed = self._db.execute(
                "UPDATE runs SET outcome = ?, exit_code = ?, finished_at = ?, message = ?, advice = ?"
                " WHERE job = ? AND outcome = ?",
                (
                    Outcome.FAILED,
                    EXIT_CODES[Outcome.FAILED],
                    clock.to_text(run.started_at),
                    WITHOUT_A_WORD,
                    "What it had committed is whole; this run starts afresh.",
                    run.job,
                    RUNNING,
                ),
            ).rowcount
            self._insert(run)
        return closed

    def record(self, run: RunRecord) -> None:
        """Record a run that has ended already, such as one that found the lock held."""
        with self._transaction():
            self._insert(run)
            self._prune(run.job)

    def finish(self, run: RunRecord) -> None:
        """Record how ``run`` ended."""
        with self._transaction():
            self._insert(run, or_replace=True)
            self._prune(run.job)

    def _prune(self, job: str) -> None:
        """Keep the job's newest runs; fewer of those that were put off, which may come every ten minutes for weeks."""
        for which, kept in (("outcome = ?", PUT_OFF_KEPT_PER_JOB), ("outcome != ?", RUNS_KEPT_PER_JOB)):
            values = (job, Outcome.NOT_NOW, job, Outcome.NOT_NOW, kept)
            self._db.execute(
                f"DELETE FROM runs WHERE job = ? AND {which} AND run_id NOT IN"  # noqa: S608
                f" (SELECT run_id FROM runs WHERE job = ? AND {which} ORDER BY rowid DESC LIMIT ?)",
                values,
            )

    def _insert(self, run: RunRecord, *, or_replace: bool = False) -> None:
        self._db.execute(
            _INSERT_RUN + (_REPLACE_ENDING if or_replace else ""),
            (
                run.run_id,
                run.job,
                run.pipeline,
                run.trigger,
                run.host,
                run.version,
                run.process,
                clock.to_text(run.started_at),
                clock.to_text(run.finished_at) if run.finished_at else None,
                run.outcome,
                run.exit_code,
                _storable(run.message),
                _storable(run.advice),
                json.dumps(dict(run.counters), default=str),
                json.dumps([_storable(text) for text in run.warnings]),
                run.invocation,
                _storable(run.only),
            ),
        )

    def alert_state(self, job: str) -> AlertState | None:
        """The job's bad state, or ``None`` when all is well."""
        with ledger_file.explained(self.path):
            row = self._db.execute("SELECT * FROM alert_states WHERE job = ?", (job,)).fetchone()
        return None if row is None else _alert_state(row)

    def told(self, run: RunRecord, state: AlertState | None) -> None:
        """Record that ``run`` has been told, and the state of its job from here on; ``None``: all is well.

        Where a later run of the job has ended meanwhile, the state is that run's to say.
        """
        with self._transaction():
            self._db.execute("UPDATE runs SET told_at = ? WHERE run_id = ?", (clock.to_text(clock.now()), run.run_id))
            if self.reader.has_later_ending(run):
                return
            self._db.execute("DELETE FROM alert_states WHERE job = ?", (run.job,))
            if state is not None:
                self._db.execute(
                    "INSERT INTO alert_states (job, bad_since, bad_runs, sent_at) VALUES (?,?,?,?)",
                    (
                        run.job,
                        clock.to_text(state.bad_since),
                        state.bad_runs,
                        clock.to_text(state.sent_at) if state.sent_at else None,
                    ),
                )

    def record_alert(self, *, run_id: str, job: str, kind: str, delivered: int, error: str) -> None:
        """Keep that an alert was sent: to how many targets, and what went wrong with the others."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO alerts (run_id, job, kind, created_at, delivered, error) VALUES (?,?,?,?,?,?)",
                (run_id, job, kind, clock.to_text(clock.now()), delivered, _storable(error)),
            )

    @property
    def reader(self) -> LedgerReader:
        """The reading side, on this connection."""
        return LedgerReader(self._db, self.path)


class LedgerReader:
    """Questions to the ledger; needs no right to write.

    How a job stands is asked of its whole runs, see ``RunRecord.whole``: ``whole=False`` asks of all.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, version: int = len(ledger_schema.MIGRATIONS)) -> None:
        self._db, self._path = db, path
        self._is_whole = "only = ''" if version >= ledger_schema.KNOWS_PARTS else "TRUE"

    @classmethod
    @contextmanager
    def open(cls, state_dir: Path) -> Iterator[LedgerReader | None]:
        """Yield a reader, or ``None`` where no job has run yet. Raises ``PermanentError`` when it cannot be read."""
        path = state_dir / FILE_NAME
        with ledger_file.explained(path):
            db = ledger_file.connect_read_only(path)
        if db is None:
            yield None
            return
        try:
            with ledger_file.explained(path):
                version = ledger_schema.version(db, path)
            yield cls(db, path, version) if version else None
        finally:
            db.close()

    def runs(self, *, job: str | None = None, limit: int = 20) -> list[RunRecord]:
        """The latest runs, whole or not, newest first."""
        where, values = ("WHERE job = ?", (job,)) if job else ("", ())
        rows = self._query(f"SELECT * FROM runs {where} ORDER BY rowid DESC LIMIT ?", *values, limit)  # noqa: S608
        return [_run(row) for row in rows]

    def latest(self, job: str) -> RunRecord | None:
        """The latest whole run of ``job``, begun or put off."""
        return self._latest(job, self._is_whole)

    def latest_done(self, job: str, *, whole: bool = True) -> RunRecord | None:
        """The latest run of ``job`` that did its work, or some units of it."""
        return self._latest(job, f"outcome IN (?, ?) AND {self._wanted(whole)}", Outcome.SUCCESS, Outcome.PARTIAL)

    def latest_begun(self, job: str, *, whole: bool = True) -> RunRecord | None:
        """The latest run of ``job`` that really began; ``not_now`` is looked through."""
        return self._latest(job, f"outcome != ? AND {self._wanted(whole)}", Outcome.NOT_NOW)

    def _latest(self, job: str, which: str, *values: str) -> RunRecord | None:
        sql = f"SELECT * FROM runs WHERE job = ? AND {which} ORDER BY rowid DESC LIMIT 1"  # noqa: S608
        return next((_run(row) for row in self._query(sql, job, *values)), None)

    def _wanted(self, whole: bool) -> str:
        return self._is_whole if whole else "TRUE"

    def from_latest_begun(self, job: str) -> list[RunRecord]:
        """The latest whole run of ``job`` that really began, and all its runs since; newest first."""
        sql = (
            "SELECT * FROM runs WHERE job = ? AND rowid >= (SELECT coalesce(max(rowid), 0)"  # noqa: S608
            f" FROM runs WHERE job = ? AND outcome != ? AND {self._is_whole}) ORDER BY rowid DESC"
        )
        return [_run(row) for row in self._query(sql, job, job, Outcome.NOT_NOW)]

    def find(self, prefix: str) -> list[RunRecord]:
        """The runs whose id begins with ``prefix``."""
        rows = self._query("SELECT * FROM runs WHERE substr(run_id, 1, ?) = ?", len(prefix), prefix)
        return [_run(row) for row in rows]

    def of_invocation(self, job: str, invocation: str, *, old_since: datetime) -> RunRecord | None:
        """The run of ``job`` that systemd started as ``invocation``.

        A run of a version that did not record that yet is taken for it where it is the job's latest, and was still
        running at ``old_since``.
        """
        latest = "rowid = (SELECT max(rowid) FROM runs WHERE job = ?)"
        sql = (
            "SELECT * FROM runs WHERE job = ? AND (invocation = ? OR (invocation IS NULL"  # noqa: S608
            f" AND {latest} AND coalesce(finished_at, '9') >= ?)) ORDER BY rowid DESC LIMIT 1"
        )
        rows = self._query(sql, job, invocation, job, clock.to_text(old_since))
        return next(map(_run, rows), None)

    def has_later_ending(self, run: RunRecord) -> bool:
        """Whether a whole run of the same job that began after ``run`` has ended."""
        sql = (
            f"SELECT 1 FROM runs WHERE job = ? AND outcome NOT IN (?, ?) AND {self._is_whole}"  # noqa: S608
            " AND rowid > (SELECT rowid FROM runs WHERE run_id = ?) LIMIT 1"
        )
        return bool(self._query(sql, run.job, RUNNING, Outcome.NOT_NOW, run.run_id))

    def alert_states(self) -> dict[str, AlertState]:
        """The jobs that are in a bad state."""
        rows = self._query("SELECT * FROM alert_states")
        return {state.job: state for state in map(_alert_state, rows)}

    def alerts(self, *, job: str | None = None, limit: int = 20) -> list[sqlite3.Row]:
        """The latest alerts, newest first."""
        where, values = ("WHERE job = ?", (job,)) if job else ("", ())
        sql = f"SELECT * FROM alerts {where} ORDER BY alert_id DESC LIMIT ?"  # noqa: S608
        return self._query(sql, *values, limit)

    def latest_instant(self) -> datetime | None:
        """When the latest run that really began did so, or ended; ``not_now`` may come from a wrong clock."""
        sql = "SELECT max(max(started_at, coalesce(finished_at, ''))) FROM runs WHERE outcome != ?"
        text = self._query(sql, Outcome.NOT_NOW)[0][0]
        return clock.from_text(text) if text else None

    def oldest_start(self) -> datetime | None:
        """When the first run that is still recorded started.

        A run that was put off before this program was made is one of a wrong clock: looked at where there is no other.
        """
        right = "CASE WHEN outcome != ? OR started_at >= ? THEN started_at END"
        row = self._query(f"SELECT coalesce(min({right}), min(started_at)) FROM runs", Outcome.NOT_NOW, RELEASED)[0]  # noqa: S608
        text = row[0]
        return clock.from_text(text) if text else None

    def _query(self, sql: str, *values: str | int) -> list[sqlite3.Row]:
        with ledger_file.explained(self._path):
            cursor = self._db.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(sql, values).fetchall()


def _storable(text: str) -> str:
    """``text`` with what is no Unicode (an undecodable file name) spelt out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _run(row: sqlite3.Row) -> RunRecord:
    columns = row.keys()
    migrated = "invocation" in columns
    return RunRecord(
        run_id=row["run_id"],
        job=row["job"],
        pipeline=row["pipeline"],
        trigger=row["trigger"],
        host=row["host"],
        version=row["version"],
        process=row["process"],
        started_at=clock.from_text(row["started_at"]),
        outcome=row["outcome"],
        finished_at=clock.from_text(row["finished_at"]) if row["finished_at"] else None,
        exit_code=row["exit_code"],
        message=row["message"],
        advice=row["advice"],
        counters=json.loads(row["counters"]),
        warnings=tuple(json.loads(row["warnings"])),
        invocation=row["invocation"] if migrated else None,
        told=bool(row["told_at"]) if migrated else False,
        only=row["only"] if "only" in columns else "",
    )


def _alert_state(row: Sequence[Any]) -> AlertState:
    job, since, runs, sent = row
    return AlertState(job, clock.from_text(since), runs, clock.from_text(sent) if sent else None)
