"""The lock of a job: who may hold it, and who must not keep it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core import lock
from ctvpipe.core.errors import NotNowError, PermanentError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "job.lock"


def test_only_one_holds_it(path: Path) -> None:
    again = lock.held(path, "job", {})
    with lock.held(path, "job", {}), pytest.raises(NotNowError, match="another run of job is going on"), again:
        pytest.fail("held twice")
    with lock.held(path, "job", {}):
        pass


def test_released_after_an_error(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock.held(path, "job", {}):
        raise ZeroDivisionError
    with lock.held(path, "job", {}):
        pass


def open_as_wrapper(path: Path) -> int:
    path.parent.mkdir(exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.set_inheritable(descriptor, True)
    return descriptor


@pytest.mark.parametrize("wrapper_locks", [True, False])
def test_the_wrappers_descriptor_is_adopted(path: Path, wrapper_locks: bool) -> None:
    descriptor = open_as_wrapper(path)
    if wrapper_locks:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with lock.held(path, "job", {lock.DESCRIPTOR_VARIABLE: str(descriptor)}):
        assert not os.get_inheritable(descriptor)
        with pytest.raises(NotNowError), lock.held(path, "job", {}):
            pytest.fail("held twice")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("number", ["", "x", "-1", "9999", "99999999999999999999", "0"])
def test_what_is_not_the_lock_file_is_not_adopted(path: Path, number: str) -> None:
    before = os.fstat(0)
    with lock.held(path, "job", {lock.DESCRIPTOR_VARIABLE: number}):
        pass
    assert os.fstat(0) == before


def test_another_open_file_is_not_adopted(path: Path, tmp_path: Path) -> None:
    descriptor = open_as_wrapper(tmp_path / "other.lock")
    try:
        first, second = (lock.held(path, "job", {lock.DESCRIPTOR_VARIABLE: str(descriptor)}) for _ in range(2))
        with first, pytest.raises(NotNowError), second:
            pytest.fail("the lock file itself was not locked")
        os.fstat(descriptor)
    finally:
        os.close(descriptor)


def test_a_child_does_not_get_the_lock(path: Path) -> None:
    descriptor = open_as_wrapper(path)
    with lock.held(path, "job", {lock.DESCRIPTOR_VARIABLE: str(descriptor)}):
        child = subprocess.Popen(
            [sys.executable, "-c", "print('up', flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
    with lock.held(path, "job", {}):
        assert child.poll() is None
    child.communicate(b"\n")


def test_a_run_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with (
        pytest.raises(PermanentError, match=r"cannot open the lock file .*job\.lock: "),
        lock.held(tmp_path / "run" / "job.lock", "job", {}),
    ):
        pytest.fail("held")


def test_a_forbidden_run_directory_is_said(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any]
) -> None:
    public_dir.chmod(0o555)

    def attempt() -> None:
        with lock.held(public_dir / "job.lock", "job", {}):
            pass

    error = as_another_user(attempt)
    assert isinstance(error, PermanentError)
    assert str(error) == f"cannot open the lock file {public_dir}/job.lock: Permission denied"
    assert "service user" in error.advice
