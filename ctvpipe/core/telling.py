"""Tell people how a run ended: the alert that is due, and the heartbeats around the run."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import tzinfo

from ctvpipe.core import alerts, clock, outbound
from ctvpipe.core.errors import CtvpipeError, Outcome
from ctvpipe.core.ledger import Ledger, RunRecord
from ctvpipe.core.secrets import Scrubber
from ctvpipe.core.settings import SharedSettings

_NO_TARGET = "no alert target is configured"


@dataclass
class Teller:
    """What telling needs: the targets, the station's time, the secrets to keep and the log. For one run."""

    shared: SharedSettings
    tz: tzinfo
    scrubber: Scrubber
    log: logging.Logger
    _opening: outbound.Sending | None = None

    def open(self, job: str) -> None:
        """Start the heartbeat that says that the run of ``job`` has begun."""
        start = outbound.heartbeat(self.shared, job, "start")
        self._opening = outbound.start(None, [], start, seconds=self.shared.alert_seconds / 2)

    def tell(self, ledger: Ledger | None, record: RunRecord, last_lines: tuple[str, ...] = ()) -> None:
        """Send the alert that is due after ``record`` and the closing heartbeat, and keep that it was done.

        ``ledger``: ``None`` where it cannot be used; every failure of an unattended run is told then. ``last_lines``:
        what the run said last, free of secrets. Nothing that goes wrong here changes the outcome, or is raised.
        """
        try:
            self._alert(ledger, record, last_lines)
        except CtvpipeError as error:
            self.log.warning("the state of the alerts could not be recorded: %s", error)
        except Exception:
            self.log.exception("ERROR: the alert could not be sent")

    def _alert(self, ledger: Ledger | None, record: RunRecord, last_lines: tuple[str, ...]) -> None:
        before = ledger.alert_state(record.job) if ledger else None
        kind, state = alerts.next_state(before, record, clock.business_day(clock.now(), self.tz), self.tz)
        if ledger is None and record.trigger == alerts.MANUAL:
            kind = None
        message = alerts.compose(kind, record, state or before, self.tz, last_lines) if kind else None
        deliveries = self._send(message, record)
        if ledger is None:
            return
        if kind is not None:
            self._keep(ledger, record, kind, deliveries)
            if state is not None and (not deliveries or not all(delivery.error for delivery in deliveries)):
                state = replace(state, sent_at=clock.now())
        if state != before:  # a night in which all is well spares the disk a write
            ledger.told(record, state)

    def _keep(
        self, ledger: Ledger, record: RunRecord, kind: outbound.Kind, deliveries: list[outbound.Delivery]
    ) -> None:
        reached = [delivery for delivery in deliveries if not delivery.error]
        errors = "; ".join(f"{item.name}: {item.error}" for item in deliveries if item.error)
        error = self.scrubber.clean(errors) if deliveries else _NO_TARGET
        ledger.record_alert(run_id=record.run_id, job=record.job, kind=kind, delivered=len(reached), error=error)

    def _send(self, message: outbound.Message | None, record: RunRecord) -> list[outbound.Delivery]:
        """Send the alert and the closing heartbeat together; returns the alert's deliveries.

        The opening heartbeat must have arrived, or been given up, before the closing one may leave: in the wrong
        order they would say that the job still runs. It has half of the time at most, so that all ends in time.
        """
        began = time.monotonic()
        opening = self._opening.wait() if self._opening else []
        to = outbound.targets(self.shared, message.kind) if message else []
        ending = _heartbeat_of(record)
        pings = [] if ending is None else outbound.heartbeat(self.shared, record.job, ending)
        seconds = max(self.shared.alert_seconds / 2, self.shared.alert_seconds - (time.monotonic() - began))
        done = outbound.start(message, to, pings, seconds=seconds).wait()
        for delivery in (*opening, *done):
            if delivery.error:
                self.log.warning("could not reach %s: %s", delivery.name, delivery.error)
        return done[: len(to)]


def _heartbeat_of(record: RunRecord) -> str | None:
    """How a heartbeat's address ends: empty for success, the exit code for failure; None: say nothing.

    Trying later, a run of a part of the job and a person's Ctrl-C are neither a success nor an alarm.
    """
    outcome = Outcome(record.outcome)
    by_hand = record.trigger == alerts.MANUAL
    if outcome is Outcome.NOT_NOW or not record.whole or (outcome is Outcome.INTERRUPTED and by_hand):
        return None
    return "" if outcome in {Outcome.SUCCESS, Outcome.SKIPPED} else str(record.exit_code)
