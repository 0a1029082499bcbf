"""What these tests run on. They are slow, and not a part of ``make test``: ``make arm64-test``, ``make guest-test``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import pytest

from tests.appliance.package import built_package
from tests.guest import image
from tests.guest.machine import Guest


@pytest.fixture(scope="session")
def dist() -> str:
    """The Debian release that is tested."""
    return os.environ.get("DIST") or "trixie"


@pytest.fixture(scope="session")
def guest(dist: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[Guest]]:
    """Boots a machine with the package on it, the clock at ``began``, with a clock chip or without."""
    made = image.build(dist, built_package(dist, "amd64"), tmp_path_factory.mktemp("image"))

    @contextmanager
    def booted(*, began: datetime, chip: bool) -> Iterator[Guest]:
        with Guest(made, tmp_path_factory.mktemp("guest") / "machine", began=began, chip=chip) as running:
            yield running

    return booted


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints what has been seen, as the tests run."""

    def show(text: str) -> None:
        with capsys.disabled():
            print(text, flush=True)

    return show
