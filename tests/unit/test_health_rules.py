"""The rules that say whether a job is healthy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.clock_trust import DOUBTED
from ctvpipe.core.errors import Outcome
from ctvpipe.core.ledger import RUNNING, RunRecord
from ctvpipe.health import rules, trend
from ctvpipe.health.model import Finding, Mark, State, worst
from ctvpipe.jobs import find
from tests.fakes.nights import DEAD, run

IMPORT, ROTATION = find("commercial-import"), find("commercial-rotation")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)  # a Sunday
NIGHT = datetime(2026, 11, 22, 1, 3, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)
OUTCOMES = st.sampled_from([*Outcome])


def look(runs: Sequence[RunRecord], *, now: datetime = NOW, oldest: datetime | None = LONG_AGO) -> list[Finding]:
    view = rules.View(now, ZoneInfo("UTC"), oldest, alive=lambda process: process != DEAD)
    return rules.findings(IMPORT, runs, view)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("success", State.HEALTHY),
        ("skipped", State.HEALTHY),
        ("partial", State.WARNING),
        ("failed", State.CRITICAL),
        ("refused", State.CRITICAL),
        ("interrupted", State.CRITICAL),
    ],
)
def test_the_last_outcome_decides(outcome: str, state: State) -> None:
    findings = look(
        [run(IMPORT.name, NIGHT, outcome, message="the reason"), run(IMPORT.name, NIGHT - timedelta(days=1))]
    )
    assert worst(findings) is state
    assert all("the reason" in finding.reason for finding in findings)


def test_a_success_with_warnings_is_a_warning_that_says_them() -> None:
    [finding] = look([run(IMPORT.name, NIGHT, warnings=("3 dates are unreadable", "more"))])
    assert finding.state is State.WARNING
    assert "3 dates are unreadable (and 1 more)" in finding.reason


def test_a_repaired_night_is_healthy() -> None:
    assert not look([run(IMPORT.name, NIGHT + timedelta(hours=5)), run(IMPORT.name, NIGHT, "failed")])


def test_a_run_from_the_future_is_a_warning_because_it_hides_what_is_missed() -> None:
    [finding] = look([run(IMPORT.name, NOW + timedelta(days=40)), run(IMPORT.name, NIGHT)])
    assert finding.state is State.WARNING
    assert "its last run is dated 40 days in the future" in finding.reason
    assert not look([run(IMPORT.name, NOW + timedelta(minutes=50))])


def test_not_now_is_looked_through() -> None:
    later = [run(IMPORT.name, NIGHT + timedelta(minutes=minute), "not_now") for minute in (3, 2, 1)]
    assert not look([*later, run(IMPORT.name, NIGHT)])
    assert worst(look([*later, run(IMPORT.name, NIGHT, "failed")])) is State.CRITICAL


def test_a_night_of_nothing_but_not_now_is_overdue_and_says_why() -> None:
    [finding] = look(
        [run(IMPORT.name, NIGHT, "not_now", message="the clock cannot be trusted"), run(IMPORT.name, LONG_AGO)]
    )
    assert finding.state is State.CRITICAL
    assert "did not run when it was due (Sun 22 Nov 01:00)" in finding.reason
    assert "put off 1 times: the clock cannot be trusted" in finding.reason


def test_a_job_that_was_only_ever_put_off_is_overdue_once_it_was_due() -> None:
    installed = NIGHT - timedelta(days=1)
    put_off = [run(IMPORT.name, installed + timedelta(minutes=10 * tries), "not_now") for tries in range(8)]
    assert not look(put_off[::-1], now=installed + timedelta(minutes=70), oldest=installed)
    [finding] = look(put_off[::-1], oldest=installed)
    assert finding.state is State.CRITICAL


def test_a_doubted_clock_is_said_while_it_puts_off_the_latest_run() -> None:
    doubted = {"counters": {DOUBTED: 1}, "message": "the clock is wrong", "advice": "Wait."}
    put_off = [run(IMPORT.name, NIGHT, "not_now", **doubted)]
    locked = [run(ROTATION.name, NIGHT, "not_now", message="another run is going on")]
    [finding] = rules.clock_doubted({IMPORT.name: put_off, ROTATION.name: locked, "daily-update": []})
    assert (finding.state, finding.subject) == (State.WARNING, "clock")
    assert finding.reason == "the clock is wrong; put off: commercial-import"
    assert not rules.clock_doubted({IMPORT.name: [run(IMPORT.name, NOW), *put_off]})


def test_a_run_whose_process_is_dead_is_critical() -> None:
    [finding] = look([run(IMPORT.name, NIGHT, RUNNING, process=DEAD)])
    assert finding.state is State.CRITICAL
    assert "without a word" in finding.reason


@pytest.mark.parametrize(("minutes", "state"), [(0, State.HEALTHY), (30, State.HEALTHY), (31, State.CRITICAL)])
def test_a_run_may_take_its_timeout_and_no_longer(minutes: int, state: State) -> None:
    going = run(IMPORT.name, NOW - timedelta(minutes=minutes), RUNNING, process="alive:2:2")
    assert worst(look([going])) is state


def test_while_a_bad_job_runs_again_it_stays_bad() -> None:
    going = run(IMPORT.name, NOW, RUNNING, process="alive:2:2")
    assert worst(look([going, run(IMPORT.name, NIGHT, "failed")])) is State.CRITICAL
    assert worst(look([going, run(IMPORT.name, NIGHT)])) is State.HEALTHY


@pytest.mark.parametrize(
    ("clock", "overdue"),
    [("00:59", False), ("01:00", False), ("01:34", False), ("01:35", True), ("23:59", True)],
)
def test_overdue_begins_after_delay_and_timeout(clock: str, overdue: bool) -> None:
    """01:00, five minutes of random delay, thirty of timeout."""
    hour, minute = map(int, clock.split(":"))
    yesterday = run(IMPORT.name, NIGHT - timedelta(days=1))
    assert bool(look([yesterday], now=NOW.replace(hour=hour, minute=minute))) is overdue


def test_a_run_that_was_under_way_at_the_due_instant_counts() -> None:
    by_hand = run(IMPORT.name, datetime(2026, 11, 22, 0, 58, tzinfo=UTC), seconds=300)
    assert not look([by_hand])


@pytest.mark.parametrize(
    ("oldest", "overdue"),
    [(None, False), (NIGHT + timedelta(hours=1), False), (NIGHT - timedelta(days=1), True)],
)
def test_a_job_that_never_ran_is_overdue_only_where_others_ran_before(oldest: datetime | None, overdue: bool) -> None:
    findings = look([], oldest=oldest)
    assert bool(findings) is overdue
    assert all("it has never run" in finding.reason for finding in findings)


def test_an_unconfigured_job_is_never_overdue() -> None:
    assert not look([run(IMPORT.name, LONG_AGO, "skipped")])


def test_a_failure_long_ago_and_silence_since_are_two_findings() -> None:
    findings = look([run(IMPORT.name, LONG_AGO, "failed", message="disk full")])
    assert len(findings) == 2


@given(st.integers(0, 400), st.integers(0, 60 * 24 * 20), OUTCOMES)
def test_what_ran_after_it_was_due_is_never_overdue(age_minutes: int, now_minutes: int, outcome: Outcome) -> None:
    now = NOW + timedelta(minutes=now_minutes)
    view = rules.View(now, ZoneInfo("America/Los_Angeles"), LONG_AGO, alive=lambda _: True)
    started = rules.due(IMPORT, view) + timedelta(minutes=age_minutes)
    real = rules.begun([run(IMPORT.name, started, outcome)])
    assert rules.is_overdue(IMPORT, real, view) is (outcome is Outcome.NOT_NOW)


@given(st.lists(OUTCOMES, max_size=6), st.integers(1, 5))
def test_not_now_never_changes_the_verdict(outcomes: list[Outcome], extra: int) -> None:
    runs = [run(IMPORT.name, NIGHT - timedelta(hours=hour), outcome) for hour, outcome in enumerate(outcomes)]
    put_off = [run(IMPORT.name, NOW - timedelta(minutes=minute), "not_now") for minute in range(extra)]
    assert worst(look([*put_off, *runs])) is worst(look(runs))


def test_the_trend_has_a_mark_a_night() -> None:
    day = timedelta(days=1)
    runs = [
        run(IMPORT.name, NIGHT, warnings=("late",)),
        run(IMPORT.name, NIGHT - day + timedelta(hours=8)),
        run(IMPORT.name, NIGHT - day, "failed"),
        run(IMPORT.name, NIGHT - 2 * day, "refused"),
        run(IMPORT.name, NIGHT - 4 * day, "skipped"),
    ]
    view = rules.View(NOW, ZoneInfo("UTC"), NIGHT - 5 * day - timedelta(hours=1), alive=lambda _: True)
    marks = [night.mark for night in trend.nights(IMPORT, runs, view)]
    expected = [Mark.NOT_DUE, Mark.MISSED, Mark.SKIPPED, Mark.MISSED, Mark.REFUSED, Mark.SUCCESS, Mark.WARNINGS]
    assert marks == expected


def test_a_weekly_job_is_not_due_on_other_nights() -> None:
    view = rules.View(NOW, ZoneInfo("UTC"), LONG_AGO, alive=lambda _: True)
    marks = [night.mark for night in trend.nights(ROTATION, [], view)]
    assert marks == [Mark.NOT_DUE] * 6 + [Mark.MISSED]


def test_a_run_in_the_evening_belongs_to_the_stations_day() -> None:
    station = ZoneInfo("America/Los_Angeles")
    evening = datetime(2026, 11, 21, 23, 30, tzinfo=station).astimezone(UTC)
    view = rules.View(NOW, station, None, alive=lambda _: True)
    nights = trend.nights(IMPORT, [run(IMPORT.name, evening)], view)
    assert [night.day.isoformat() for night in nights if night.mark is Mark.SUCCESS] == ["2026-11-21"]


@given(OUTCOMES, st.booleans())
def test_every_outcome_has_a_mark(outcome: Outcome, warned: bool) -> None:
    record = replace(run(IMPORT.name, NIGHT, outcome), warnings=("w",) if warned else ())
    if outcome is not Outcome.NOT_NOW:
        assert trend.mark(record, lambda _: True) in Mark
