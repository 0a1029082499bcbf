"""Closing a month, killed and starved at every step: it is closed with all of its rows, or open with all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from .injector import DiskFull, ForkServer, FsyncError, Injector, Kill, Step, every_step, restore
from .plans import (
    Plan,
    check_told,
    full_once,
    kill_after,
    kill_before,
    torn_write,
)
from .station import UPDATE, Sales, Station

MONTH = "Nov-26"
CLOSE = ["ctvpipe", "months", "close", MONTH, "--by", "A. Example", "--yes"]
REFUSED = 3
PLANS = [
    Plan("kill before", kill_before, stride=2, offset=0),
    Plan("kill after", kill_after, stride=2, offset=0),
    Plan("torn write", torn_write, stride=2, offset=1),
    Plan("disk full", DiskFull, stride=2, offset=0),
    Plan("disk full once", full_once, stride=2, offset=1),
    Plan("fsync error", FsyncError),
]


@dataclass
class Closing:
    """A station, kept in a template, before a month is closed, and the database before and after."""

    station: Station
    template: Path
    before: Sales
    after: Sales

    def check(self, step: Step) -> bool:
        """Whether the month is closed; it must be so wholly, or not at all."""
        found = self.station.sales()
        if found == self.before:
            return False
        self.check_done(found, step)
        return True

    def check_done(self, found: Sales, step: Step) -> None:
        assert found.data == self.after.data, f"in between at {step}"
        assert found.spots == self.after.spots, f"{step}"


@pytest.fixture(scope="module")
def closing(jobs: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Closing:
    folder = tmp_path_factory.mktemp("months")
    station = Station(Injector(folder / "root", jobs))
    station.make_directories()
    station.write_yesterday()
    station.succeed(UPDATE)
    station.close_oldest_month()
    restore(station.root, folder / "template")
    before = station.sales()
    station.succeed(CLOSE)
    return Closing(station, folder / "template", before, station.sales())


def test_a_closed_month_is_marked_and_recorded(closing: Closing) -> None:
    assert closing.before.closed.keys() == {"Oct-26"}
    assert closing.after.closed.keys() == {"Oct-26", MONTH}
    for sales in (closing.before, closing.after):
        month, mark = (sales.columns["spots"].index(name) for name in ("broadcast_month", "is_historical"))
        assert {spot[month] for spot in sales.spots.values() if spot[mark]} == sales.closed.keys()


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_a_month_is_closed_or_open_at_every_step(plan: Plan, closing: Closing) -> None:
    station = closing.station
    due, followed = plan.follow_ups(), 0
    for step in every_step(
        station.injector, CLOSE, station.env, plan.fault,
        template=closing.template, stride=plan.stride, offset=plan.offset,
    ):  # fmt: skip
        done = closing.check(step)
        if not isinstance(step.fault, Kill):
            check_told(step)
            assert done or step.result.returncode != 0, f"success was claimed: {step}"
        if due(step):
            again = station.injector.run(CLOSE, station.env)
            assert again.returncode == (REFUSED if done else 0), f"{step}: {again}"
            closing.check_done(station.sales(), step)
            followed += 1
    assert followed
