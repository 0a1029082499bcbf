"""Call a function in a child process that cannot take more time or memory than it is given.

Whatever reads hostile or remote input (a workbook, a share whose server may stop answering) runs here: the
child can be killed at any moment, an allocation beyond the limit ends the child and not the run, and the child
gets no environment, so no secret either, but what the arguments carry through a pipe.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import resource
import selectors
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from typing import IO, Any, BinaryIO, Generic, Self, TypeVar, cast

from ctvpipe.core.errors import CtvpipeError, TransientError

T = TypeVar("T")

_BOOT = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from ctvpipe.core.bounded import serve; serve()"
)
_Process = subprocess.Popen[bytes]
# LD_PRELOAD: a library that the parent was started under (faketime, an allocator, a fault injector) is meant for all of it.
_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "LD_PRELOAD", "FAKETIME")
_MIB = 1024 * 1024
_report: Callable[[Any], None] | None = None


class ChildDied(CtvpipeError):  # noqa: N818
    """The child ended without an answer: killed by a limit, by the system, or by a crash."""

    def __init__(self, message: str, advice: str = "", *, signal_number: int | None = None) -> None:
        super().__init__(message, advice)
        self.signal_number = signal_number


class ChildTimeout(TransientError):  # noqa: N818
    """The child gave no sign of life for too long, or did not finish in the time it was given."""


def progress(item: Any) -> None:
    """Say from within a bounded call that it goes on; counts as a sign of life. Outside one, does nothing."""
    if _report is not None:
        _report(item)


class Task(Generic[T]):
    """A bounded call under way; ``result()`` waits for it. Also a context manager that ends the child."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        limits: Limits,
        on_progress: Callable[[Any], None] | None,
    ) -> None:
        self._process = process
        self._limits = limits
        self._on_progress = on_progress
        self._seen = time.monotonic()
        self._deadline = self._seen + limits.seconds

    def __enter__(self) -> Task[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """End the child, if it still runs. A child stuck in the kernel is left to it, not waited for."""
        if self._process.poll() is None:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what a dead child did not read any more
                    stream.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return

    def result(self) -> T:
        """The function's return value.

        Raises what the function raised, ``ChildTimeout`` when time is up, ``ChildDied`` when it ended without
        an answer. The child is gone afterwards in every case.
        """
        try:
            while True:
                kind, value = self._next_message()
                if kind == "progress":
                    if self._on_progress is not None:
                        self._on_progress(value)
                elif kind == "error":
                    raise cast("BaseException", value)
                else:
                    return cast("T", value)
        finally:
            self.cancel()

    def _next_message(self) -> tuple[str, Any]:
        header = self._read(8)
        size = int.from_bytes(header, "big")
        return cast("tuple[str, Any]", pickle.loads(self._read(size)))  # noqa: S301  (our own child)

    def _read(self, size: int) -> bytes:
        stream = cast("IO[bytes]", self._process.stdout)
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while len(received) < size:
                now = time.monotonic()
                stall = self._limits.stall_seconds
                until = self._deadline if stall is None else min(self._deadline, self._seen + stall)
                late = now >= until and self._process.poll() is None  # what a child left behind is read at any time
                if late or not selector.select(max(0.0, until - now)):
                    raise self._timeout()
                chunk = os.read(stream.fileno(), min(size - len(received), _MIB))
                if not chunk:
                    raise self._died()
                self._seen = time.monotonic()
                received += chunk
        return bytes(received)

    def _timeout(self) -> ChildTimeout:
        if time.monotonic() >= self._deadline or self._limits.stall_seconds is None:
            return ChildTimeout(f"no answer within {self._limits.seconds:g} s")
        return ChildTimeout(f"no answer for {self._limits.stall_seconds:g} s")

    def _died(self) -> ChildDied:
        code = self._process.wait()
        if code < 0:
            name = signal.Signals(-code).name
            return ChildDied(f"the child process was ended by {name}", signal_number=-code)
        return ChildDied(f"the child process ended with exit code {code} and no answer")


def start(
    function: Callable[..., T],
    *args: Any,
    limits: Limits,
    on_progress: Callable[[Any], None] | None = None,
    child: Child | None = None,
    **kwargs: Any,
) -> Task[T]:
    """Start ``function(*args, **kwargs)`` in a child under ``limits``; it must be importable by its name.

    Arguments, result and exceptions travel pickled through pipes, never through the command line or environment.
    ``child``: one that was prepared for it.
    """
    process = (child or Child(function.__module__)).take()
    task: Task[T] = Task(process, limits=limits, on_progress=on_progress)
    _tell(process, (function.__module__, function.__qualname__, args, kwargs, limits))
    return task


class Child:
    """A child that gets ready for a call to come: it imports ``module`` while the parent is at something else.

    A context manager: a child that got no call is ended on leaving. ``at_once``: or not before the call comes.
    """

    def __init__(self, module: str, *, at_once: bool = True) -> None:
        self._module = module
        self._process: _Process | None = None
        if at_once:
            with contextlib.suppress(OSError):  # tried again, and told, when the call comes
                self._process = self._spawned()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            Task[None](self.take(), limits=Limits(0), on_progress=None).cancel()

    def take(self) -> _Process:
        """The process, for its one call."""
        process, self._process = self._process or self._spawned(), None
        return process

    def _spawned(self) -> _Process:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter)
            [sys.executable, "-I", "-S", "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
            start_new_session=True,
        )
        _tell(process, sys.path, self._module)
        return process


def _tell(process: _Process, *items: Any) -> None:
    stdin = cast("IO[bytes]", process.stdin)
    try:
        for item in items:
            pickle.dump(item, stdin)
        stdin.flush()
    except BrokenPipeError:
        pass  # the child died at birth; result() says how


class Limits:
    """What a bounded call may take.

    ``seconds``: wall time in all; ``stall_seconds``: longest silence between signs of life (default: no such
    limit); ``memory_mib``: address space in MiB (default: no limit).
    """

    def __init__(self, seconds: float, *, stall_seconds: float | None = None, memory_mib: int | None = None) -> None:
        self.seconds = seconds
        self.stall_seconds = stall_seconds
        self.memory_mib = memory_mib


def call(
    function: Callable[..., T],
    *args: Any,
    limits: Limits,
    on_progress: Callable[[Any], None] | None = None,
    **kwargs: Any,
) -> T:
    """``start(...)`` and wait for the result."""
    return start(function, *args, limits=limits, on_progress=on_progress, **kwargs).result()


def serve() -> None:
    """The child's side: get ready, read one request from standard input, answer on standard output."""
    global _report  # noqa: PLW0603  (one request a process)
    gc.disable()  # the child lives for one call
    with contextlib.suppress(Exception):  # the call imports it again, and tells what was wrong
        importlib.import_module(pickle.load(sys.stdin.buffer))  # noqa: S301  (our own parent)
    module, name, args, kwargs, limits = pickle.load(sys.stdin.buffer)  # noqa: S301  (our own parent)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing printed by a library may mix with the answer

    def report(item: Any) -> None:
        _write(out, _message("progress", item))

    _report = report
    if limits.memory_mib is not None:
        limit = limits.memory_mib * _MIB
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
        answer = _message("ok", function(*args, **kwargs))
    except MemoryError:
        answer = _message("error", ChildDied("the memory limit was reached", signal_number=signal.SIGABRT))
    except Exception as error:  # noqa: BLE001  (carried over to the parent, which raises it)
        answer = _message("error", _picklable(error))
    _write(out, answer)


def _message(kind: str, value: Any) -> bytes:
    return pickle.dumps((kind, value), protocol=pickle.HIGHEST_PROTOCOL)


def _write(out: BinaryIO, body: bytes) -> None:
    out.write(len(body).to_bytes(8, "big"))
    out.write(body)
    out.flush()


def _picklable(error: Exception) -> Exception:
    if not isinstance(error, CtvpipeError):
        error.add_note(f"In the child process:\n{traceback.format_exc()}")  # a traceback does not travel, a note does
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301
    except Exception:  # noqa: BLE001  (any failure means: cannot travel)
        return _stand_in(error)
    return error


def _stand_in(error: Exception) -> CtvpipeError:
    """The nearest of the common errors, for one that cannot be pickled."""
    if isinstance(error, CtvpipeError):
        common = next(each for each in type(error).__mro__ if each.__module__ == CtvpipeError.__module__)
        return cast("CtvpipeError", common(error.message, error.advice))
    plain = CtvpipeError(f"unexpected {type(error).__name__} in a child process", "The log has the traceback.")
    plain.add_note("\n".join(error.__notes__))
    return plain
