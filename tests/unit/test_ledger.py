"""The ledger: what is recorded, what is closed, and who may read it when."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core import ledger as module
from ctvpipe.core import ledger_schema
from ctvpipe.core.errors import Outcome, PermanentError
from ctvpipe.core.ledger import AlertState, Ledger, LedgerReader, RunRecord, is_alive, process_identity

ROOT = Path(module.__file__).parents[2]
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def record(number: int = 0, job: str = "job", **changes: Any) -> RunRecord:
    made = RunRecord(
        run_id=str(uuid.uuid4()),
        job=job,
        pipeline="sample",
        trigger="timer",
        host="host",
        version="1",
        process=process_identity(),
        started_at=START + timedelta(minutes=number),
    )
    return replace(made, **changes)


def ended(run: RunRecord, outcome: Outcome = Outcome.SUCCESS, **changes: Any) -> RunRecord:
    return replace(run, outcome=outcome, exit_code=0, finished_at=run.started_at + timedelta(seconds=90), **changes)


def runs(state_dir: Path, job: str | None = None) -> list[RunRecord]:
    with LedgerReader.open(state_dir) as reader:
        assert reader is not None
        return reader.runs(job=job)


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    run = record()
    finished = ended(run, message="done", advice="rest", counters={"rows": 5, "mib": 1.5}, warnings=("a", "ü"))
    with closing(Ledger(tmp_path / "state")) as ledger:
        assert ledger.begin(run) == 0
        assert ledger.reader.runs() == [run]
        ledger.finish(finished)
    assert runs(tmp_path / "state") == [finished]
    assert finished.seconds == 90
    assert run.seconds is None


def test_begin_closes_what_its_job_left_running_and_nothing_else(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        stale, other, new = record(1), record(2, job="other"), record(3)
        ledger.begin(stale)
        ledger.begin(other)
        ledger.record(ended(record(2), Outcome.NOT_NOW))
        assert [run.outcome for run in ledger.reader.runs(job="job")] == ["not_now", "running"]
        assert ledger.begin(new) == 1
        closed = ledger.reader.find(stale.run_id)[0]
        assert (closed.outcome, closed.exit_code, closed.finished_at) == ("failed", 1, new.started_at)
        assert ledger.reader.find(other.run_id)[0].outcome == "running"


def test_order_is_that_of_starts(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        long = record(1)
        ledger.begin(long)
        ledger.record(ended(record(2), Outcome.NOT_NOW))
        ledger.finish(ended(long))
        assert [run.outcome for run in ledger.reader.runs()] == ["not_now", "success"]
        assert ledger.reader.latest_done("job") == ended(long)
        assert ledger.reader.latest_done("other") is None
        assert ledger.reader.oldest_start() == long.started_at


def test_finish_records_even_a_row_that_is_gone(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        ledger.finish(ended(record()))
        assert len(ledger.reader.runs()) == 1


def test_what_json_and_utf8_do_not_know_is_kept_as_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"Caf\xe9.xlsx")
    with closing(Ledger(tmp_path)) as ledger:
        ledger.finish(ended(record(), message=name, warnings=(name,), counters={"rows": Decimal("1.5")}))
        (run,) = ledger.reader.runs()
    assert run.message == "Caf\\udce9.xlsx"
    assert run.warnings == ("Caf\\udce9.xlsx",)
    assert run.counters == {"rows": "1.5"}


def test_the_newest_runs_of_a_job_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RUNS_KEPT_PER_JOB", 3)
    with closing(Ledger(tmp_path)) as ledger:
        ledger.begin(record(0, job="other"))
        for number in range(5):
            run = record(number)
            ledger.begin(run)
            ledger.finish(ended(run))
        kept = [run.started_at for run in ledger.reader.runs(job="job")]
        assert kept == [START + timedelta(minutes=number) for number in (4, 3, 2)]
        assert len(ledger.reader.runs(job="other")) == 1


def test_runs_that_were_put_off_do_not_drive_out_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PUT_OFF_KEPT_PER_JOB", 3)
    with closing(Ledger(tmp_path)) as ledger:
        ledger.record(ended(record(0)))
        for number in range(1, 9):
            ledger.record(ended(record(number), Outcome.NOT_NOW))
        assert [run.outcome for run in ledger.reader.runs()] == ["not_now"] * 3 + ["success"]


def test_what_was_put_off_since_the_latest_run_that_began(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        assert ledger.reader.from_latest_begun("job") == []
        for number, outcome in enumerate([Outcome.NOT_NOW, Outcome.SUCCESS, Outcome.NOT_NOW, Outcome.NOT_NOW]):
            ledger.record(ended(record(number, job="other")))
            ledger.record(ended(record(number), outcome))
            found = [run.started_at for run in ledger.reader.from_latest_begun("job")]
            assert found == [START + timedelta(minutes=n) for n in range(number, min(number, 1) - 1, -1)]


def test_the_clock_of_a_run_that_was_put_off_dates_nothing(tmp_path: Path) -> None:
    def at(instant: datetime, outcome: Outcome = Outcome.NOT_NOW) -> RunRecord:
        return ended(record(started_at=instant), outcome)

    first_boot, later = datetime(1970, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC)
    with closing(Ledger(tmp_path)) as ledger:
        assert ledger.reader.oldest_start() is None
        assert ledger.reader.latest_instant() is None
        ledger.record(at(first_boot))
        assert ledger.reader.oldest_start() == first_boot
        assert ledger.reader.latest_instant() is None
        ledger.record(at(later))
        assert ledger.reader.oldest_start() == later
        ledger.record(at(later, Outcome.SUCCESS))
        ledger.record(at(later + timedelta(days=400)))
        assert ledger.reader.latest_instant() == later + timedelta(seconds=90)


def test_alert_states_and_alerts(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        run = ended(record())
        ledger.record(run)
        assert ledger.alert_state("job") is None
        for state in (AlertState("job", START, 1, None), AlertState("job", START, 2, START)):
            ledger.told(run, state)
            assert ledger.alert_state("job") == state
            assert ledger.reader.alert_states() == {"job": state}
        ledger.told(run, None)
        assert ledger.reader.alert_states() == {}
        ledger.record_alert(run_id="r1", job="job", kind="alert", delivered=0, error="no")
        ledger.record_alert(run_id="r2", job="job", kind="alert", delivered=2, error="")
        assert [(row["run_id"], row["delivered"], row["error"]) for row in ledger.reader.alerts()] == [
            ("r2", 2, ""),
            ("r1", 0, "no"),
        ]
        assert ledger.reader.alerts(job="other") == []


def test_a_run_is_found_by_the_service_start_it_belongs_to(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        ours, other = record(invocation="a" * 32), record(1, invocation="b" * 32)
        for run in (ours, replace(other, job="other"), replace(other, run_id="by hand", invocation="")):
            ledger.begin(run)
        assert ledger.reader.of_invocation("job", "a" * 32, old_since=START) is not None
        assert ledger.reader.of_invocation("job", "b" * 32, old_since=START) is None
        ledger.told(ended(ours), None)
        found = ledger.reader.of_invocation("job", "a" * 32, old_since=START)
        assert found is not None
        assert found.told


def test_the_state_of_a_job_is_its_latest_endings_to_say(tmp_path: Path) -> None:
    late, newer = record(1), record(2)
    bad = AlertState("job", START, 1, START)
    with closing(Ledger(tmp_path)) as ledger:
        ledger.record(ended(late, Outcome.FAILED))
        ledger.begin(newer)
        ledger.record(ended(record(3), Outcome.NOT_NOW))
        ledger.told(late, bad)
        assert ledger.alert_state("job") == bad
        ledger.finish(ended(newer))
        ledger.told(newer, None)
        assert ledger.reader.has_later_ending(late)
        ledger.told(late, bad)
        assert ledger.alert_state("job") is None
        assert not ledger.reader.has_later_ending(newer)


# What version 0.1.0 said to SQLite.
OLD_COLUMNS = (
    "run_id, job, pipeline, trigger, host, version, process, started_at, finished_at, outcome, exit_code, message,"
    " advice, counters, warnings"
)
OLD_BEGIN = f"INSERT INTO runs ({OLD_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,NULL,'running',NULL,'','','{{}}','[]')"
OLD_FINISH = (
    f"INSERT INTO runs ({OLD_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,'failed',1,'by itself','','{{}}','[]')"
    " ON CONFLICT (run_id) DO UPDATE SET outcome = excluded.outcome, exit_code = excluded.exit_code,"
    " finished_at = excluded.finished_at, message = excluded.message, advice = excluded.advice,"
    " counters = excluded.counters, warnings = excluded.warnings"
)


def old_ledger(state_dir: Path) -> sqlite3.Connection:
    """The ledger as version 0.1.0 made it, open in one of its processes."""
    state_dir.mkdir()
    db = sqlite3.connect(state_dir / module.FILE_NAME, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.executescript(ledger_schema.MIGRATIONS[0])
    db.execute("PRAGMA user_version = 1")
    return db


def test_an_old_ledger_is_read_as_it_is_and_migrated_under_a_running_process(tmp_path: Path) -> None:
    state_dir = tmp_path / "state"
    with closing(old_ledger(state_dir)) as old:
        values = ("old", "job", "sample", "timer", "host", "0.1.0", process_identity(), module.clock.to_text(START))
        old.execute(OLD_BEGIN, values)
        (found,) = runs(state_dir)
        assert (found.run_id, found.outcome, found.invocation, found.told) == ("old", "running", None, False)
        with LedgerReader.open(state_dir) as reader:
            assert reader is not None
            with closing(Ledger(state_dir)) as ledger:
                ledger.record(ended(record(1, job="other", invocation="c" * 32)))
            assert [run.invocation for run in reader.runs()] == ["c" * 32, None]
        old.execute(OLD_FINISH, (*values, module.clock.to_text(START + timedelta(hours=1))))
        assert old.execute("SELECT * FROM alert_states").fetchall() == []
    assert [(run.run_id, run.outcome) for run in runs(state_dir, "job")] == [("old", "failed")]
    with closing(Ledger(state_dir)) as ledger:
        assert ledger._db.execute("PRAGMA user_version").fetchone() == (3,)
        for since, taken in ((START, True), (START + timedelta(hours=2), False)):
            found_for = ledger.reader.of_invocation("job", "d" * 32, old_since=since)
            assert (found_for is not None) == taken


def test_twenty_migrate_an_old_ledger_at_once(tmp_path: Path) -> None:
    old_ledger(tmp_path / "state").close()
    with ThreadPoolExecutor(20) as pool:
        done = [pool.submit(lambda: Ledger(tmp_path / "state").close()) for _ in range(20)]
    assert [each.exception() for each in done] == [None] * 20


WRITER = """
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from ctvpipe.core.ledger import Ledger, RunRecord
now = datetime.now(timezone.utc)
for number in range(5):
    with closing(Ledger(Path(sys.argv[1]))) as ledger:
        run = RunRecord(f"{sys.argv[2]}/{number}", sys.argv[2], "sample", "timer", "host", "1", "process", now)
        ledger.begin(run)
        ledger.finish(replace(run, outcome="success", exit_code=0, finished_at=now))
"""


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"job{number}"], cwd=ROOT) for number in range(6)
    ]
    assert [writer.wait(timeout=50) for writer in writers] == [0] * 6
    with LedgerReader.open(tmp_path) as reader:
        assert reader is not None
        assert [run.outcome for run in reader.runs(limit=100)] == ["success"] * 30


def test_no_ledger_yet(tmp_path: Path) -> None:
    with LedgerReader.open(tmp_path) as reader:
        assert reader is None
    (tmp_path / module.FILE_NAME).touch()  # the moment between creating and filling it
    with LedgerReader.open(tmp_path) as reader:
        assert reader is None


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Ledger(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / module.FILE_NAME)) as db:
        db.execute("PRAGMA user_version = 99")
    before = (tmp_path / module.FILE_NAME).read_bytes()
    with pytest.raises(PermanentError, match="newer version"):
        Ledger(tmp_path)
    with pytest.raises(PermanentError, match="newer version"), LedgerReader.open(tmp_path):
        pytest.fail("opened")
    assert (tmp_path / module.FILE_NAME).read_bytes() == before


def test_a_file_that_is_no_ledger_is_said(tmp_path: Path) -> None:
    (tmp_path / module.FILE_NAME).write_bytes(b"this is not a database" * 100)
    with pytest.raises(PermanentError, match="cannot be used: file is not a database"):
        Ledger(tmp_path)
    with pytest.raises(PermanentError, match="cannot be used: file is not a database"), LedgerReader.open(tmp_path):
        pytest.fail("opened")


def test_a_damaged_ledger_is_said_by_every_question(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        ledger.begin(record())
        for table in ("runs", "alerts", "alert_states"):
            ledger._db.execute(f"DROP TABLE {table}")
        reader = ledger.reader
        for question in (
            reader.runs,
            reader.alerts,
            reader.alert_states,
            reader.oldest_start,
            lambda: reader.find("x"),
            lambda: reader.latest_done("job"),
            lambda: ledger.alert_state("job"),
            lambda: ledger.finish(ended(record())),
        ):
            with pytest.raises(PermanentError, match="cannot be used: no such table"):
                question()


def test_a_state_directory_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(PermanentError, match=r"the ledger .* cannot be used"):
        Ledger(tmp_path / "state")


@pytest.mark.parametrize("left", ["at rest", "in use", "killed"])
def test_another_user_can_read(
    left: str, public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any]
) -> None:
    state_dir = public_dir / "state"
    run = record()
    ledger = Ledger(state_dir)
    ledger.begin(run)
    if left == "killed":
        copy = public_dir / "copy"
        copy.mkdir()
        for file in state_dir.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        state_dir = copy
    if left == "at rest":
        ledger.close()
    names = {file.name for file in state_dir.iterdir()}
    assert (f"{module.FILE_NAME}-wal" in names) == (left != "at rest")
    for file in state_dir.iterdir():
        file.chmod(0o444)
    state_dir.chmod(0o555)
    assert as_another_user(lambda: runs(state_dir)) == [run]
    assert {file.name for file in state_dir.iterdir()} == names
    state_dir.chmod(0o755)
    ledger.close()


@pytest.mark.parametrize("closed", ["file", "directory"])
def test_who_may_not_read_it_is_told_which_group_may(
    closed: str, public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any]
) -> None:
    state_dir = public_dir / "state"
    Ledger(state_dir).close()
    shut = state_dir / module.FILE_NAME if closed == "file" else state_dir
    mode = shut.stat().st_mode
    shut.chmod(0)
    error = as_another_user(lambda: runs(state_dir))
    shut.chmod(mode)
    assert str(error) == f"the ledger {state_dir / module.FILE_NAME} may not be read by this user"
    assert "ctvapps" in error.advice


def test_who_may_not_even_look_for_it_is_told_that_it_cannot_be_used(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any]
) -> None:
    shut = public_dir / "shut"
    Ledger(shut / "state").close()
    shut.chmod(0)
    error = as_another_user(lambda: Ledger(shut / "state"))
    shut.chmod(0o755)
    assert isinstance(error, PermanentError)
    assert "cannot be used" in str(error)


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    identity = process_identity()
    boot, number, started = identity.split(":")
    assert is_alive(identity)
    assert not is_alive(f"{boot}:{number}:{int(started) - 1}")
    assert not is_alive(f"other-boot:{number}:{started}")
    assert not any(is_alive(text) for text in ("", "x", "a:b:c", f"{boot}:99999999:1"))


def test_a_process_that_has_ended_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = module.process_identity().replace(f":{os.getpid()}:", f":{child.pid}:")
    stat = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    identity = ":".join([*identity.split(":")[:2], stat[19]])
    assert is_alive(identity)
    child.communicate(b"\n")
    assert not is_alive(identity)
