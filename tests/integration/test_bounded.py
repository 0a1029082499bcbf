"""Calls in a child that can be given up at any moment."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from ctvpipe.core import bounded
from ctvpipe.core.bounded import ChildDied, ChildTimeout, Limits
from ctvpipe.core.errors import ContractError, Outcome, PermanentError
from tests.integration import bounded_bodies as bodies

PATIENT = Limits(30)


def test_result_and_progress() -> None:
    seen: list[int] = []
    assert bounded.call(bodies.count_up, 3, by=2, limits=PATIENT, on_progress=seen.append) == 6
    assert seen == [0, 1, 2]
    bounded.progress("outside a call it does nothing")


def test_large_arguments_and_results() -> None:
    data = os.urandom(5_000_000)
    assert bounded.call(bodies.reverse, data, limits=PATIENT) == data[::-1]


def test_what_the_child_prints_does_not_mix_with_the_answer() -> None:
    assert bounded.call(bodies.chatter, limits=PATIENT) == "answer"


def test_our_errors_arrive_whole() -> None:
    with pytest.raises(ContractError) as caught:
        bounded.call(bodies.breach, limits=PATIENT)
    error = caught.value
    assert (str(error), error.advice, error.outcome) == ("wrong sheet", "Look at row 3.", Outcome.REFUSED)
    assert error.row == 3  # type: ignore[attr-defined]


def test_other_errors_arrive_with_the_childs_traceback() -> None:
    with pytest.raises(KeyError) as caught:
        bounded.call(bodies.stumble, limits=PATIENT)
    assert "bounded_bodies.py" in caught.value.__notes__[0]


def test_errors_that_cannot_be_pickled_arrive_as_their_kind() -> None:
    with pytest.raises(PermanentError) as ours:
        bounded.call(bodies.breach_unpicklable, limits=PATIENT)
    assert (str(ours.value), ours.value.advice) == ("locked", "Unlock it.")
    with pytest.raises(bounded.CtvpipeError, match="unexpected StrangeError in a child process") as other:
        bounded.call(bodies.stumble_unpicklable, limits=PATIENT)
    assert "telling text" not in str(other.value)
    assert "bounded_bodies.py" in other.value.__notes__[0]


def test_an_answer_that_cannot_be_pickled_is_an_error() -> None:
    with pytest.raises(Exception, match="pickle"):
        bounded.call(bodies.unpicklable, limits=PATIENT)


def test_a_function_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError):
        bounded.call(lambda: 1, limits=PATIENT)


def test_memory_limit() -> None:
    with pytest.raises(ChildDied, match="the memory limit was reached"):
        bounded.call(bodies.allocate, 2000, limits=Limits(30, memory_mib=300))
    assert bounded.call(bodies.allocate, 20, limits=Limits(30, memory_mib=300)) == 20 * 1024 * 1024


def test_a_child_that_is_killed() -> None:
    with pytest.raises(ChildDied, match="ended by SIGKILL") as caught:
        bounded.call(bodies.kill_itself, limits=PATIENT)
    assert caught.value.signal_number == signal.SIGKILL


def test_a_child_that_leaves_without_an_answer() -> None:
    with pytest.raises(ChildDied, match="ended with exit code 3 and no answer"):
        bounded.call(bodies.leave, 3, limits=PATIENT)


def test_time_is_limited_even_when_it_makes_progress() -> None:
    with pytest.raises(ChildTimeout, match=r"^no answer within 1\.5 s$"):
        bounded.call(bodies.report_for_ever, limits=Limits(1.5, stall_seconds=10))


def test_silence_is_limited(tmp_path: Path) -> None:
    with pytest.raises(ChildTimeout, match=r"^no answer for 1 s$"):
        bounded.call(bodies.sleep, str(tmp_path / "pid"), limits=Limits(30, stall_seconds=1))


def wait_until(condition: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_child_is_gone_when_it_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    with bounded.start(bodies.sleep, str(file), limits=PATIENT):
        wait_until(file.exists)
        pid = int(file.read_text())
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_stopped_child_is_given_up_too(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    task = bounded.start(bodies.sleep, str(file), limits=Limits(30, stall_seconds=1.5))
    wait_until(file.exists)
    os.kill(int(file.read_text()), signal.SIGSTOP)
    with pytest.raises(ChildTimeout):
        task.result()
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


def test_an_answer_that_came_in_time_is_read_at_any_later_time(tmp_path: Path) -> None:
    seen: list[int] = []
    file = tmp_path / "pid"
    task = bounded.start(bodies.note_and_count, str(file), limits=Limits(2, stall_seconds=2), on_progress=seen.append)
    wait_until(file.exists)
    stat = Path(f"/proc/{file.read_text()}/stat")
    wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z")
    task._deadline = task._seen = time.monotonic() - 100  # as if the body had taken its time
    assert task.result() == 6
    assert seen == [0, 1, 2]


def test_a_child_that_dies_at_birth_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded.sys, "executable", "/bin/false")
    with pytest.raises(ChildDied, match="exit code 1"):
        bounded.call(bodies.reverse, list(range(500_000)), limits=PATIENT)


def test_nothing_of_ours_is_on_the_command_line_or_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIFS_PASSWORD", "hushhush")
    monkeypatch.setenv("TZ", "UTC")
    command, environment = bounded.call(bodies.look_at_yourself, "argument-hush", limits=PATIENT)
    assert "hush" not in command + environment
    names = {entry.partition("=")[0] for entry in environment.split("\0") if entry}
    assert "TZ" in names
    assert names <= {"PATH", "LANG", "LC_ALL", "TZ", "HOME", "LD_PRELOAD"}


def test_a_child_writes_no_core_file() -> None:
    assert bounded.call(bodies.core_limit, limits=PATIENT) == (0, 0)


def test_several_at_once() -> None:
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(bounded.call(bodies.count_up, 2, limits=PATIENT)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2, 2, 2]
