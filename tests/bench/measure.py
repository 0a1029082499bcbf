"""Measure whole processes: wall time, peak memory of the process and its children, bytes written."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Cost:
    """What one process cost: seconds, peak resident memory of its whole tree in MiB, bytes it handed to the disk."""

    seconds: float
    memory_mib: float
    written: int


def run(argv: Sequence[str], env: dict[str, str] | None = None) -> Cost:
    """Run ``argv`` to its end. Raises when it fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, errors = process.communicate()
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise RuntimeError(f"{argv}: exit code {process.returncode}\n{errors.decode()}")
    return Cost(seconds, 0.0, 0)


def inside(known: Path, module: str, function: str, *arguments: str, env: dict[str, str] | None = None) -> Cost:
    """Run a function of ``module`` in a process of its own, without starting it and its imports.

    ``known``: where the names of what the function imports are kept; see ``tests.bench.inside``.
    """
    argv = [sys.executable, "-m", "tests.bench.inside", str(known), module, function, *arguments]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{function} of {module}: exit code {done.returncode}\n{done.stderr}")
    return Cost(float(done.stdout.splitlines()[-1]), 0.0, 0)


def watched(argv: Sequence[str], env: dict[str, str] | None = None) -> Cost:
    """Run ``argv`` while looking at its memory and written bytes every few milliseconds; its time counts for nothing."""
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = _Watch(process.pid)
    thread = threading.Thread(target=seen.watch)
    thread.start()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays readable in /proc until it is reaped
    seen.look()
    seen.ended = True
    thread.join()
    if process.wait():
        raise RuntimeError(f"{argv}: exit code {process.returncode}")
    return Cost(0.0, seen.memory / 1024, sum(seen.written.values()))


class _Watch:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.memory = 0
        self.written: dict[int, int] = {}
        self.ended = False

    def watch(self) -> None:
        while not self.ended:
            self.look()
            time.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        tree = _tree(self._pid)
        self.memory = max(self.memory, sum(_proportional_kib(pid) for pid in tree))
        for pid in tree:
            if (written := _written(pid)) is not None:
                self.written[pid] = written


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(process for child in children for process in _tree(int(child)))]


def _proportional_kib(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0


def _written(pid: int) -> int | None:
    try:
        lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    except OSError:
        return None
    # What was written to files that were deleted before it reached the disk is taken off (proc(5)).
    return int(lines["write_bytes"]) - int(lines["cancelled_write_bytes"])


def fastest(programs: dict[str, Callable[[], Cost]], rounds: int) -> dict[str, float]:
    """Seconds of each program's least disturbed run; they take turns, so that a noisy neighbour disturbs all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            seconds[name].append(program().seconds)
    return {name: min(taken) for name, taken in seconds.items()}
