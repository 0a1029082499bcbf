"""A job that works on another's result: only what finished since it was last due counts, whatever the clock says."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from ctvpipe.core import again, predecessors
from ctvpipe.core.errors import ContractError, CtvpipeError, NotNowError, Outcome, Skipped
from ctvpipe.core.job import Job, Schedule
from ctvpipe.core.ledger import Ledger
from ctvpipe.core.run import Run
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import Environment, SharedSettings
from tests.unit.test_ledger import ended, record


def job(name: str) -> Job:
    return Job(name, "sample", (name,), Schedule(time(0, 0)), f"{name}.sh", "sample.env", "sample.log", "no.settings:X")


FIRST = job("first")
NOW = datetime.now(UTC)
YESTERDAY = NOW - timedelta(days=1)


class Ground:
    """A ledger, and a run that asks it."""

    def __init__(self, root: Path, trigger: str = "timer") -> None:
        self.root = root
        shared = SharedSettings.model_validate(
            {"CTVPIPE_STATE_DIR": str(root / "state"), "CTVPIPE_RUN_DIR": str(root / "run")}
        )
        log = logging.getLogger("test.predecessors")
        self.run = Run(job("second"), shared, Environment({}), UTC, log, Scrubber(), False, trigger)

    def recorded(self, outcome: Outcome | None, moment: datetime) -> None:
        """A run of ``FIRST`` of that time; ``None``: it is going on in this process."""
        made = record(job="first", started_at=moment)
        with closing(Ledger(self.root / "state")) as ledger:
            ledger.record(ended(made, outcome, message="so it went") if outcome else made)

    def require(self) -> None:
        predecessors.require_done(self.run, [FIRST], seconds=0, variable="WAIT")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


@pytest.mark.parametrize(("history", "error", "text"), [
    ([], ContractError, "first has not run since it was due"),
    ([(Outcome.SUCCESS, YESTERDAY)], ContractError, "first has not run since it was due"),
    ([(Outcome.SUCCESS, YESTERDAY), (Outcome.FAILED, NOW)], ContractError, "did not finish (failed: so it went)"),
    ([(Outcome.REFUSED, NOW)], ContractError, "did not finish (refused: so it went)"),
    ([(Outcome.SKIPPED, NOW)], Skipped, "first was skipped: so it went"),
    ([(Outcome.SUCCESS, YESTERDAY), (Outcome.NOT_NOW, NOW)], NotNowError, "will be started again"),
    ([(Outcome.SUCCESS, YESTERDAY), (None, NOW)], NotNowError, "first is still running after 0 s (WAIT)"),
    ([(Outcome.SUCCESS, NOW), (None, NOW)], NotNowError, "first is still running after 0 s (WAIT)"),
])  # fmt: skip
def test_what_did_not_finish_since_it_was_due_is_not_worked_on(
    ground: Ground, history: list[tuple[Outcome | None, datetime]], error: type[CtvpipeError], text: str
) -> None:
    for outcome, moment in history:
        ground.recorded(outcome, moment)
    with pytest.raises(error) as raised:
        ground.require()
    assert text in str(raised.value)


@pytest.mark.parametrize(("outcomes", "warned"), [
    ([Outcome.SUCCESS], False),
    ([Outcome.PARTIAL], True),
    ([Outcome.SUCCESS, Outcome.FAILED], True),
    ([Outcome.FAILED, Outcome.SUCCESS], False),
    ([Outcome.SUCCESS, Outcome.NOT_NOW], False),
])  # fmt: skip
def test_what_finished_is_worked_on(ground: Ground, outcomes: list[Outcome], warned: bool) -> None:
    for outcome in outcomes:
        ground.recorded(outcome, NOW)
    ground.require()
    assert [text.startswith("the latest first did not succeed") for text in ground.run.warnings] == [True] * warned


def test_one_that_a_stop_of_the_machine_cut_short_is_to_come(ground: Ground) -> None:
    ground.recorded(Outcome.FAILED, NOW)
    again.ask(ground.root / "run", FIRST)
    with pytest.raises(NotNowError):
        ground.require()


def test_a_night_waits_for_one_that_has_yet_to_begin_and_a_person_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for trigger, waits in (("timer", True), ("manual", False)):
        ground = Ground(tmp_path / trigger, trigger)
        caplog.clear()
        with pytest.raises(ContractError):
            ground.require()
        assert ("waiting for it" in caplog.text) is waits


def test_a_dead_run_is_not_waited_for(ground: Ground) -> None:
    with closing(Ledger(ground.root / "state")) as ledger:
        ledger.record(replace(record(job="first", started_at=NOW), process="1:1"))
    with pytest.raises(ContractError):
        ground.require()
