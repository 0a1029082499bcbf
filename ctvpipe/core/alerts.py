"""When an alert is due, and what it says.

One alert when a job goes bad, one reminder a day while it stays bad, one message when it has recovered; never
twice for the same, and an alert that reached nobody is due again at the next run.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, tzinfo

from ctvpipe.core import clock
from ctvpipe.core.errors import Outcome
from ctvpipe.core.ledger import AlertState, RunRecord
from ctvpipe.core.outbound import Kind, Message

_GOOD = {Outcome.SUCCESS}
_BAD = {Outcome.FAILED, Outcome.REFUSED, Outcome.PARTIAL, Outcome.INTERRUPTED}
MANUAL = "manual"


def next_state(
    state: AlertState | None, run: RunRecord, today: date, tz: tzinfo
) -> tuple[Kind | None, AlertState | None]:
    """What to send after ``run`` given the job's ``state`` before it, and the state that follows.

    A run of a part of the job is neither its recovery nor an alarm: who called it sees what becomes of it.
    ``sent_at`` of the new state is left as it was: the caller sets it when the message was delivered.
    """
    outcome = Outcome(run.outcome)
    if not run.whole:
        return None, state
    if outcome in _GOOD:
        told = state is not None and state.sent_at is not None
        return ("recovery" if told else None), None
    if outcome not in _BAD or (outcome is Outcome.INTERRUPTED and run.trigger == MANUAL):
        return None, state
    if state is None:
        return "alert", AlertState(run.job, run.started_at, 1, None)
    state = replace(state, bad_runs=state.bad_runs + 1)
    if state.sent_at is None:
        return "alert", state
    due = clock.business_day(state.sent_at, tz) != today
    return ("reminder" if due else None), state


def compose(
    kind: Kind, run: RunRecord, state: AlertState | None, tz: tzinfo, last_lines: tuple[str, ...] = ()
) -> Message:
    """The message of ``kind`` about ``run``; ``state`` is the bad state it belongs to, ``last_lines`` what it said."""
    where = f"[{run.host}]"
    if kind == "recovery":
        since = _since(state, tz)
        return Message(kind, f"{where} {run.job} works again", f"{run.message or 'success'}\n{since}")
    still = "still " if kind == "reminder" else ""
    lines = [run.message, run.advice]
    if kind == "reminder":
        lines.append(_since(state, tz))
    if last_lines:
        lines += ["Its last lines:", *last_lines]
    lines.append(f"More: ctvpipe runs show {run.run_id[:8]}")
    return Message(kind, f"{where} {run.job} {still}{run.outcome}", "\n".join(line for line in lines if line))


def _since(state: AlertState | None, tz: tzinfo) -> str:
    if state is None:
        return ""
    runs = "run" if state.bad_runs == 1 else "runs"
    return f"Bad since {state.bad_since.astimezone(tz):%Y-%m-%d %H:%M}, {state.bad_runs} {runs}."
