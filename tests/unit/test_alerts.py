"""When an alert is due: one at first, one a day, one at the end, and none that reached nobody counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ctvpipe.core import alerts
from ctvpipe.core.errors import Outcome
from ctvpipe.core.ledger import AlertState, RunRecord

TZ = ZoneInfo("America/Los_Angeles")
NIGHT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)  # 01:30 at the station; summer time begins a week later
BAD = (Outcome.FAILED, Outcome.REFUSED, Outcome.PARTIAL, Outcome.INTERRUPTED)


def run(outcome: Outcome, at: datetime = NIGHT, *, trigger: str = "timer", **changes: str) -> RunRecord:
    made = RunRecord("0123456789ab", "daily-update", "commercial_log", trigger, "pi", "1", "p", at, outcome=outcome)
    return replace(made, **changes)  # type: ignore[arg-type]


class Station:
    """Does with the rules what the door does with them, and keeps what was delivered."""

    def __init__(self) -> None:
        self.state: AlertState | None = None
        self.delivered: list[tuple[str, date]] = []

    def night(self, record: RunRecord, *, reachable: bool = True) -> str | None:
        today = record.started_at.astimezone(TZ).date()
        kind, self.state = alerts.next_state(self.state, record, today, TZ)
        if kind is not None and reachable:
            self.delivered.append((kind, today))
            if self.state is not None:
                self.state = replace(self.state, sent_at=record.started_at)
        return kind


def nights(count: int, start: datetime = NIGHT) -> list[datetime]:
    return [start + timedelta(days=number) for number in range(count)]


@pytest.mark.parametrize("outcome", BAD)
def test_fourteen_bad_nights(outcome: Outcome) -> None:
    station = Station()
    kinds = [station.night(run(outcome, at)) for at in nights(14)]
    kinds.append(station.night(run(Outcome.SUCCESS, NIGHT + timedelta(days=14))))
    kinds.append(station.night(run(Outcome.SUCCESS, NIGHT + timedelta(days=15))))
    assert kinds == ["alert", *["reminder"] * 13, "recovery", None]


def test_many_bad_runs_on_one_day_are_one_message() -> None:
    station = Station()
    kinds = [station.night(run(Outcome.FAILED, NIGHT + timedelta(hours=2 * number))) for number in range(6)]
    assert kinds == ["alert", None, None, None, None, None]
    assert station.state is not None
    assert station.state.bad_runs == 6


def test_the_day_is_the_stations() -> None:
    station = Station()
    evening = datetime(2026, 3, 2, 7, 59, tzinfo=UTC)  # 23:59 of the first
    station.night(run(Outcome.FAILED, evening))
    assert station.night(run(Outcome.FAILED, evening + timedelta(minutes=2))) == "reminder"


def test_an_alert_that_reached_nobody_is_due_again() -> None:
    station = Station()
    assert station.night(run(Outcome.FAILED), reachable=False) == "alert"
    assert station.night(run(Outcome.FAILED, NIGHT + timedelta(hours=1)), reachable=False) == "alert"
    assert station.night(run(Outcome.FAILED, NIGHT + timedelta(hours=2))) == "alert"
    assert station.night(run(Outcome.FAILED, NIGHT + timedelta(hours=3))) is None
    tomorrow = NIGHT + timedelta(days=1)
    assert station.night(run(Outcome.FAILED, tomorrow), reachable=False) == "reminder"
    assert station.night(run(Outcome.FAILED, tomorrow + timedelta(hours=1))) == "reminder"


def test_no_recovery_from_what_nobody_heard_of() -> None:
    station = Station()
    station.night(run(Outcome.FAILED), reachable=False)
    assert station.night(run(Outcome.SUCCESS, NIGHT + timedelta(days=1))) is None
    assert station.state is None


@pytest.mark.parametrize("trigger", ["timer", "manual"])
@pytest.mark.parametrize("outcome", [Outcome.NOT_NOW, Outcome.SKIPPED])
def test_not_now_and_skipped_change_nothing(outcome: Outcome, trigger: str) -> None:
    station = Station()
    assert station.night(run(outcome, trigger=trigger)) is None
    station.night(run(Outcome.FAILED))
    before = station.state
    assert station.night(run(outcome, NIGHT + timedelta(days=1), trigger=trigger)) is None
    assert station.state == before


def test_a_persons_ctrl_c_is_no_alert() -> None:
    station = Station()
    assert station.night(run(Outcome.INTERRUPTED, trigger="manual")) is None
    assert station.state is None
    assert station.night(run(Outcome.INTERRUPTED, trigger="service")) == "alert"


class Nights(RuleBasedStateMachine):
    """Any runs at any distance, with targets that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.station = Station()
        self.now = NIGHT
        self.told: set[date] = set()  # days with a delivered message, in this bad time
        self.bad_runs = 0

    @rule(hours=st.integers(1, 60), outcome=st.sampled_from(Outcome), manual=st.booleans(), reachable=st.booleans())
    def night(self, hours: int, outcome: Outcome, manual: bool, reachable: bool) -> None:
        self.now += timedelta(hours=hours)
        trigger = "manual" if manual else "timer"
        kind = self.station.night(run(outcome, self.now, trigger=trigger), reachable=reachable)
        assert kind == self._expected(outcome, manual)
        if outcome is Outcome.SUCCESS:
            self.told, self.bad_runs = set(), 0
        elif kind and reachable:
            self.told.add(self.now.astimezone(TZ).date())
        state = self.station.state
        assert (state.bad_runs if state else 0) == self.bad_runs

    def _expected(self, outcome: Outcome, manual: bool) -> str | None:
        if outcome is Outcome.SUCCESS:
            return "recovery" if self.told else None
        if outcome not in BAD or (manual and outcome is Outcome.INTERRUPTED):
            return None
        self.bad_runs += 1
        if not self.told:
            return "alert"
        return None if self.now.astimezone(TZ).date() in self.told else "reminder"


TestNights = Nights.TestCase
TestNights.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_what_an_alert_says() -> None:
    failed = run(Outcome.FAILED, message="the share did not answer", advice="Look at the server.")
    message = alerts.compose("alert", failed, None, TZ)
    assert message.title == "[pi] daily-update failed"
    assert message.body == "the share did not answer\nLook at the server.\nMore: ctvpipe runs show 01234567"
    state = AlertState("daily-update", NIGHT, 3, NIGHT)
    reminder = alerts.compose("reminder", failed, state, TZ)
    assert reminder.title == "[pi] daily-update still failed"
    assert "Bad since 2026-03-01 01:30, 3 runs." in reminder.body
    recovery = alerts.compose("recovery", run(Outcome.SUCCESS), replace(state, bad_runs=1), TZ)
    assert recovery.title == "[pi] daily-update works again"
    assert recovery.body == "success\nBad since 2026-03-01 01:30, 1 run."
