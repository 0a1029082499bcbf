"""A run of a circuits' job, killed and starved at many steps: the database is as before it or as after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .circuits_station import CircuitsStation, Data
from .injector import DiskFull, FsyncError, Kill, every_step, restore
from .plans import Plan, check_closed_up, check_recorded, check_told, full_once, kill_after, kill_before, torn_write

PLANS = [
    Plan("kill before", kill_before, stride=6, offset=0),
    Plan("kill after", kill_after, stride=6, offset=3),
    Plan("torn write", torn_write, stride=6, offset=1),
    Plan("disk full", DiskFull, stride=8, offset=0),
    Plan("disk full once", full_once, stride=8, offset=4),
    Plan("fsync error", FsyncError, stride=2, offset=0),
]


@dataclass
class Night:
    """A station, kept in a template, before a run of ``command``: so many runs in its ledger, and the
    database before and after it."""

    station: CircuitsStation
    job: str
    command: list[str]
    template: Path
    runs: int
    before: Data
    after: Data

    @classmethod
    def watched(cls, station: CircuitsStation, job: str, command: list[str], template: Path) -> Night:
        restore(station.root, template)
        runs, before = len(station.ledger()), station.data()
        station.succeed(command)
        return cls(station, job, command, template, runs, before, station.data())

    def disturb(self, plan: Plan) -> None:
        """Run the command with a fault at every step of ``plan``, and at some of them once more without."""
        station, due, followed = self.station, plan.follow_ups(), 0
        for step in every_step(
            station.injector, self.command, station.env, plan.fault,
            template=self.template, stride=plan.stride, offset=plan.offset,
        ):  # fmt: skip
            found = station.data()
            assert found in (self.before, self.after), f"{step}"
            stale = check_recorded(station, step, self.job, self.runs)
            if not isinstance(step.fault, Kill):
                check_told(step)
                assert found == self.after or step.result.returncode != 0, f"success was claimed: {step}"
            if due(step):
                station.succeed(self.command)
                assert station.data() == self.after, f"{step}"
                check_closed_up(station, step, stale)
                followed += 1
        assert followed
