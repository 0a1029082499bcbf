"""A run that was narrowed to a part of its job says nothing of how the job stands, whatever became of it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ctvpipe.cli.app import app
from ctvpipe.core import alerts
from ctvpipe.core.errors import ContractError, NotNowError, Outcome
from ctvpipe.core.ledger import RUNNING, AlertState, Ledger, LedgerReader, RunRecord
from ctvpipe.health import rules, trend
from ctvpipe.health.model import State
from ctvpipe.health.places import places
from ctvpipe.health.report import look
from ctvpipe.jobs import JOBS, find
from ctvpipe.pipelines.commercial_log.daily_files import newest
from tests.fakes.nights import record, run
from tests.unit.test_ledger import old_ledger
from tests.unit.test_predecessors import NOW as TODAY
from tests.unit.test_predecessors import Ground

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NIGHT = NOW.replace(hour=2)
SYNC = find("fms-sync")
ENDED = st.sampled_from([*Outcome])


def whole(outcome: str = "failed", minutes: int = 0, **fields: object) -> RunRecord:
    return run("fms-sync", NIGHT + timedelta(minutes=minutes), outcome, **fields)


def part(outcome: str = "success", minutes: int = 5, **fields: object) -> RunRecord:
    return whole(outcome, minutes, trigger="manual", only="vehicles", **fields)


def test_the_ledger_is_asked_for_whole_runs_and_keeps_all(tmp_path: Path) -> None:
    runs = [whole("success"), whole("failed", 1), part("success", 2), part("not_now", 3)]
    record(tmp_path, runs)
    with closing(Ledger(tmp_path)) as ledger:
        reader = ledger.reader
        assert reader.runs(job="fms-sync") == runs[::-1]
        assert reader.latest("fms-sync") == reader.latest_begun("fms-sync") == runs[1]
        assert reader.latest_done("fms-sync") == runs[0]
        assert reader.latest_done("fms-sync", whole=False) == reader.latest_begun("fms-sync", whole=False) == runs[2]
        assert reader.from_latest_begun("fms-sync") == runs[:0:-1]
        assert not reader.has_later_ending(runs[1])
        ledger.told(runs[1], state := AlertState("fms-sync", NIGHT, 1, NIGHT))
        assert ledger.alert_state("fms-sync") == state


def test_a_run_is_known_as_narrowed_from_its_beginning_on_and_may_become_so(tmp_path: Path) -> None:
    begun = replace(part(RUNNING), finished_at=None)
    declined = replace(whole(RUNNING), finished_at=None)
    with closing(Ledger(tmp_path)) as ledger:
        ledger.begin(begun)
        assert ledger.reader.latest_begun("fms-sync") is None
        assert ledger.begin(declined) == 1, "and it is closed where it ends without a word"
        assert ledger.reader.latest_begun("fms-sync") == declined
        ledger.finish(replace(declined, outcome=Outcome.SKIPPED, only="the plan"))
        assert ledger.reader.latest_begun("fms-sync") is None


def test_in_a_ledger_of_an_older_version_every_run_is_whole(tmp_path: Path) -> None:
    with closing(old_ledger(tmp_path / "state")) as old:
        old.execute(
            "INSERT INTO runs (run_id, job, pipeline, trigger, host, version, process, started_at, outcome)"
            " VALUES ('old', 'fms-sync', 'fms', 'timer', 'host', '0.1.0', 'p', '2026-11-22T02:00:00.000+00:00', 'success')"
        )
        with LedgerReader.open(tmp_path / "state") as reader:
            assert reader is not None
            for found in (
                reader.latest_done("fms-sync"),
                reader.latest("fms-sync"),
                *reader.from_latest_begun("fms-sync"),
            ):
                assert found is not None
                assert (found.run_id, found.whole) == ("old", True)
            assert reader.latest_begun("fms-sync") == found
            assert not reader.has_later_ending(found)


@given(ENDED, st.booleans(), st.booleans())
def test_it_is_neither_an_alarm_nor_a_recovery(outcome: Outcome, bad: bool, told: bool) -> None:
    state = AlertState("fms-sync", NIGHT, 3, NIGHT if told else None) if bad else None
    assert alerts.next_state(state, part(outcome), NOW.date(), ZoneInfo("UTC")) == (None, state)


@given(
    st.lists(st.tuples(st.sampled_from([*Outcome, RUNNING]), st.booleans(), st.integers(1, 600)), max_size=6),
    st.integers(0, 72),
)
def test_status_is_as_if_it_had_not_been(past: list[tuple[str, bool, int]], hours: int) -> None:
    minutes, runs = 0, []
    for outcome, is_whole, later in past:
        minutes += later
        runs.insert(0, whole(outcome, minutes) if is_whole else part(outcome, minutes))
    view = rules.View(NOW + timedelta(hours=hours), ZoneInfo("UTC"), NIGHT - timedelta(days=9), alive=lambda _: True)
    without = [each for each in runs if each.whole]
    assert rules.findings(SYNC, runs, view) == rules.findings(SYNC, without, view)
    assert trend.nights(SYNC, runs, view) == trend.nights(SYNC, without, view)


@pytest.mark.parametrize("minutes", [1, 180])
def test_one_table_by_hand_does_not_repair_a_night_however_often(tmp_path: Path, minutes: int) -> None:
    failed = whole("failed", message="the report server did not answer")
    record(tmp_path / "state", [failed, *(part(minutes=minutes * number) for number in range(1, 91))])
    found = places(JOBS, {"CTVPIPE_ETC_DIR": str(tmp_path), "CTVPIPE_STATE_DIR": str(tmp_path / "state")})
    report = look(JOBS, found, NIGHT + timedelta(minutes=minutes * 91), newest)
    assert report.state is State.CRITICAL
    sync = next(job for job in report.jobs if job.name == "fms-sync")
    assert (sync.last, "failed" in sync.summary) == (failed, True)


def test_what_works_on_its_result_waits_for_it_and_does_not_take_it_for_all(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    with closing(Ledger(tmp_path / "state")) as ledger:
        ledger.record(replace(part(), job="first", started_at=TODAY))
        with pytest.raises(ContractError, match="first has not run since it was due"):
            ground.require()
        ledger.record(replace(whole("success"), job="first", started_at=TODAY))
        ledger.record(replace(part("failed"), job="first", started_at=TODAY))
        ledger.record(replace(part("not_now"), job="first", started_at=TODAY))
        ground.require()
        assert not ground.run.warnings
        ledger.record(replace(part(RUNNING), job="first", started_at=TODAY))
        with pytest.raises(NotNowError, match="first is still running"):
            ground.require()


def test_the_list_of_runs_shows_to_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTVPIPE_ETC_DIR", str(tmp_path))
    monkeypatch.setenv("CTVPIPE_STATE_DIR", str(tmp_path / "state"))
    record(tmp_path / "state", [shown := part(message="1 of 1 tables synced")])

    def call(*words: str) -> str:
        return CliRunner().invoke(app, ["runs", *words]).stdout

    assert "(only vehicles) 1 of 1 tables synced" in call("list")
    assert "Only       vehicles\n" in call("show", shown.run_id)
    assert '"only": "vehicles"' in call("list", "--json")
