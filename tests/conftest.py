"""Fixtures that all tests may use."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.fakes.http_receiver import Receiver, receiving
from tests.side_by_side import SideBySide

_NOBODY = 65534
# How long an example takes says more of the other work of the machine than of the code.
settings.register_profile("ctvpipe", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ctvpipe")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySide:
    """What runs together where tests run side by side."""
    return SideBySide(config, log)


@pytest.fixture(autouse=True)
def _own_umask() -> Iterator[None]:
    """The command sets the process's umask; what it is for one test is not for the next."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on loopback that records what it gets."""
    with receiving() as running:
        yield running


@pytest.fixture
def public_dir() -> Iterator[Path]:
    """A temporary directory that every user may enter, unlike ``tmp_path``."""
    directory = Path(tempfile.mkdtemp(prefix="ctvpipe-test-"))
    directory.chmod(0o755)
    yield directory
    directory.chmod(0o755)
    shutil.rmtree(directory)


@pytest.fixture
def as_another_user() -> Callable[[Callable[[], Any]], Any]:
    """Call a function in a forked process without root's powers; returns its result, or the error it raised.

    Whoever runs the tests as an ordinary user is that other user already: permissions must then say no to the owner.
    """
    return _as_another_user


def _as_another_user(function: Callable[[], Any]) -> Any:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
        try:
            result = function()
        except Exception as error:  # noqa: BLE001  (handed to the test)
            result = error
        os.write(writing, pickle.dumps(result))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = stream.read()
    os.waitpid(pid, 0)
    return pickle.loads(answer)
