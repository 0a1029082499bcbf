"""Run a job with one of its steps going wrong, and then with the next one, until it runs through untouched.

A step is a libc call that changes something below one directory (see shim.c). ``Injector`` runs a command with a
fault at step n; ``every_step`` moves n on by one, each time from a fresh copy of a directory tree, until it is not
reached any more: the way SQLite tests itself. With a ``ForkServer`` a run costs a fork instead of an interpreter's
start and imports.

    injector = Injector(root, ForkServer(["ctvpipe.cli.app"], entry="ctvpipe.cli.app:main"))
    for step in every_step(injector, ["ctvpipe", "update"], env, lambda n: Kill(n, "torn"), template=pristine):
        assert state(root) in (before, after), f"{step}"
        assert injector.run(["ctvpipe", "update"], env).returncode == 0, f"{step}"
        assert state(root) == after, f"{step}"

A step keeps its number only if the job is deterministic: one thread that writes, no names that need a second try.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .host import ForkServer, Host, HostError
from .shim import Mode, ShimError

__all__ = [
    "DiskFull",
    "Fault",
    "ForkServer",
    "FsyncError",
    "Host",
    "HostError",
    "Injector",
    "Kill",
    "Result",
    "ShimError",
    "Step",
    "WrongBit",
    "every_step",
    "restore",
]


@dataclass(frozen=True)
class Kill:
    """SIGKILL at step ``at`` (from 1): before the call, after it, or after half of the bytes it should write.

    ``torn`` counts only calls that write bytes.
    """

    at: int
    when: Literal["before", "after", "torn"] = "before"

    @property
    def mode(self) -> Mode:
        return {"before": Mode.KILL_BEFORE, "after": Mode.KILL_AFTER, "torn": Mode.KILL_TORN}[self.when]


@dataclass(frozen=True)
class DiskFull:
    """ENOSPC at step ``at``, counting only calls that need space; ``lasting``: at all such calls after it, too.

    ``short``: a write at step ``at`` first puts half of its bytes down and says so, as happens when a disk fills up
    in the middle of a write; only what comes after it fails (with ``lasting=False``: nothing does).
    """

    at: int
    lasting: bool = True
    short: bool = False

    @property
    def mode(self) -> Mode:
        if self.short:
            return Mode.SHORT_LASTING if self.lasting else Mode.SHORT_ONCE
        return Mode.FULL_LASTING if self.lasting else Mode.FULL_ONCE


@dataclass(frozen=True)
class FsyncError:
    """EIO at the fsync or fdatasync number ``at``, and only there: the kernel reports a lost write once."""

    at: int

    @property
    def mode(self) -> Mode:
        return Mode.SYNC_ERROR


@dataclass(frozen=True)
class WrongBit:
    """One bit of what the write number ``at`` puts down is wrong, and nobody says so: a bad disk, card or memory."""

    at: int

    @property
    def mode(self) -> Mode:
        return Mode.WRONG_BIT


Fault = Kill | DiskFull | FsyncError | WrongBit


@dataclass(frozen=True)
class Result:
    """How a run went.

    ``returncode``: exit code, or minus the signal; ``killed``: ended by the injected SIGKILL; ``injected``: the fault
    was reached; ``calls``: all steps seen; ``steps``: those of them that the fault counts; ``left``: processes that
    outlived the run and were ended; ``trace``: a line a step (number, call, path, size), "!" before one that failed.
    """

    returncode: int
    killed: bool
    injected: bool
    calls: int
    steps: int
    left: int
    stdout: str
    stderr: str
    trace: str

    @property
    def marked(self) -> str:
        """The trace's line of the first call that went wrong."""
        return next(line for line in self.trace.splitlines() if line.startswith("!"))

    def __str__(self) -> str:
        lines = self.trace.splitlines()
        first = next((index for index, line in enumerate(lines) if line.startswith("!")), len(lines))
        around = lines[max(0, first - 5) : first + 6]
        output = [*self.stdout.splitlines()[-5:], *self.stderr.splitlines()[-15:]]
        return "\n  ".join([f"exit {self.returncode} after {self.calls} steps", *around, *output])


@dataclass(frozen=True)
class Step:
    """One run of ``every_step``; its text is what to show when a check fails."""

    fault: Fault
    result: Result

    def __str__(self) -> str:
        return f"{self.fault}: {self.result}"


class Injector:
    """Runs commands with faults at what they change below ``root``; they start in ``root``.

    ``host``: how they are started (default: as processes of their own). ``tree``: child processes that inherit
    LD_PRELOAD count too, and a kill takes them all; otherwise only the started process itself. ``timeout``: seconds
    a run may take. A run gets ``env`` and nothing else but LD_PRELOAD and FAULT_* variables.
    """

    def __init__(self, root: Path, host: Host | None = None, *, tree: bool = False, timeout: float = 60) -> None:
        self.root = root.resolve()
        self.host = host or Host()
        self._tree = tree
        self._timeout = timeout

    def run(self, argv: Sequence[str], env: Mapping[str, str], fault: Fault | None = None) -> Result:
        """One run, with ``fault`` or untouched. Raises ``TimeoutError`` if it does not end in time."""
        host = self.host
        host.trace.write_bytes(b"")
        host.control.reset(root=self.root, trace=host.trace, tree=self._tree)
        mode, at = (Mode.COUNT, 0) if fault is None else (fault.mode, fault.at)
        answer = host.run(argv, env, mode, at, cwd=self.root, timeout=self._timeout)
        code, injected = answer["returncode"], host.control.injected > 0
        result = Result(
            returncode=code,
            killed=injected and code == -signal.SIGKILL,
            injected=injected,
            calls=host.control.total,
            steps=host.control.steps,
            left=answer["left"],
            stdout=host.stdout.read_text(errors="replace"),
            stderr=host.stderr.read_text(errors="replace"),
            trace=host.trace.read_text(errors="replace"),
        )
        if not answer["in_time"]:
            raise TimeoutError(f"{list(argv)} with {fault} did not end within {self._timeout} s: {result}")
        return result

    def count(self, argv: Sequence[str], env: Mapping[str, str]) -> int:
        """How many steps an untouched run has; raises ``AssertionError`` if it fails."""
        return _succeeded(self.run(argv, env)).calls


def restore(template: Path, root: Path) -> None:
    """Make ``root`` an exact copy of the directory ``template`` (contents, modes, times, links)."""
    template, root = template.resolve(), root.resolve()
    if template.is_relative_to(root) or root.is_relative_to(template):
        raise ValueError(f"{template} and {root} lie in one another")
    if root.exists():
        shutil.rmtree(root)
    subprocess.run(["cp", "-a", "--reflink=auto", str(template), str(root)], check=True)


def every_step(
    injector: Injector,
    argv: Sequence[str],
    env: Mapping[str, str],
    fault: Callable[[int], Fault],
    *,
    template: Path,
    stride: int = 1,
    offset: int = 0,
) -> Iterator[Step]:
    """Run with ``fault(1)``, ``fault(2)`` and so on, each in a copy of ``template``; yields after each run.

    Ends when the fault is not reached any more; that last run was untouched, must exit with 0, and its result stays
    in the injector's root. ``stride``: only every so many steps, the first being ``offset + 1``, or taken round if
    the job is shorter than that. Raises ``AssertionError`` if the untouched run fails, or if there is nothing to fail.
    """
    if not 0 <= offset < stride:
        raise ValueError(f"the offset must be at least 0 and below the stride {stride}, not {offset}")
    at, reached = offset + 1, 0
    while True:
        restore(template, injector.root)
        step = Step(fault(at), injector.run(argv, env, fault(at)))
        if step.result.injected:
            yield step
            reached, at = reached + 1, at + stride
        elif reached or not step.result.steps:
            break
        else:
            at = offset % step.result.steps + 1
    _succeeded(step.result)
    if not reached:
        raise AssertionError(f"no step below {injector.root} can fail in this way: {step}")


def _succeeded(result: Result) -> Result:
    if result.returncode != 0:
        raise AssertionError(f"the untouched run failed: {result}")
    return result
