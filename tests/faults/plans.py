"""Which faults a job is put through, and what must hold after each, whatever the job."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from .injector import DiskFull, Fault, Kill, Step
from .station import STATUS, Recorded, Station

_DISK = re.compile(r"disk|No space left|Input/output", re.IGNORECASE)


def check_told(step: Step) -> None:
    """A run whose disk fails says so in its line (or the advice below it), and nothing else goes wrong."""
    result = step.result
    assert not result.killed, f"{step}"
    assert "Traceback" not in result.stderr, f"{step}"
    assert "unexpected" not in result.stderr, f"{step}"
    lines = result.stderr.splitlines()
    told = [f"{line} {advice}" for line, advice in pairwise([*lines, ""]) if "ERROR" in line]
    assert bool(told) == (result.returncode != 0), f"{step}"
    assert all(_DISK.search(line) for line in told), f"{step}"


def check_recorded(station: Station, step: Step, job: str, before: int) -> list[Recorded]:
    """The ledger after a fault can be read, and says how the run ended as far as that could still be written.

    ``before``: how many runs were in it before. Returns those that it takes to be running.
    """
    runs = station.ledger()[before:]
    assert len(runs) <= 1, f"{step}"
    assert all(run.job == job for run in runs), f"{step}"
    outcomes = {run.outcome for run in runs}
    if step.result.returncode == 0:
        assert outcomes == {"success"}, f"{step}"
    elif not step.result.killed:
        assert outcomes <= {"failed", "partial", "running"}, f"{step}"
    return [run for run in runs if run.outcome == "running"]


def check_closed_up(station: Station, step: Step, stale: list[Recorded]) -> None:
    """After the next run nothing is said to be running: what the dead one left is closed as failed."""
    runs = {run.run_id: run for run in station.ledger()}
    assert list(runs.values())[-1].outcome == "success", f"{step}"
    assert not [run for run in runs.values() if run.outcome == "running"], f"{step}"
    for run in stale:
        assert runs[run.run_id].outcome == "failed", f"{step}"
        assert "without a word" in runs[run.run_id].message, f"{step}"


def check_status(station: Station, step: Step, dead: Recorded) -> None:
    """``ctvpipe status`` works beside what a dead run left, and shows it as dead."""
    result = station.injector.run(STATUS, station.env)
    assert result.returncode in {0, 1, 2}, f"{step}: {result}"
    assert result.stderr == "", f"{step}: {result}"
    (job,) = (job for job in json.loads(result.stdout)["jobs"] if job["name"] == dead.job)
    assert job["last_run"]["run_id"] == dead.run_id, f"{step}: {job}"
    assert not job["running"], f"{step}: {job}"
    assert job["state"] == "critical", f"{step}: {job}"
    assert "without a word" in job["reason"], f"{step}: {job}"


@dataclass(frozen=True)
class Plan:
    """One kind of fault, and at which steps: every ``stride`` of them from ``offset`` on (see ``every_step``).

    The next run follows where the step is of a new kind (call and file), and at every ``follow`` of the same kind.
    """

    name: str
    fault: Callable[[int], Fault]
    stride: int = 1
    offset: int = 0
    follow: int = 5

    def __str__(self) -> str:
        return self.name

    def follow_ups(self) -> Callable[[Step], bool]:
        """Whether the next run is to follow a step, asked once for each in turn."""
        seen: Counter[str] = Counter()

        def due(step: Step) -> bool:
            kind = step.result.marked.partition(" ")[2].rpartition(" ")[0]
            seen[kind] += 1
            return seen[kind] % self.follow == 1 % self.follow

        return due


def kill_before(step: int) -> Fault:
    return Kill(step, "before")


def kill_after(step: int) -> Fault:
    return Kill(step, "after")


def torn_write(step: int) -> Fault:
    return Kill(step, "torn")


def full_once(step: int) -> Fault:
    return DiskFull(step, lasting=False)


def full_in_mid_write(step: int) -> Fault:
    return DiskFull(step, short=True)
