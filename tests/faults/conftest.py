"""What the tests of the injector share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .injector import ForkServer, Host
from .station import fork_server


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """Starts runs as processes of their own."""
    host = Host()
    yield host
    host.close()


@pytest.fixture(scope="session")
def jobs() -> Iterator[ForkServer]:
    """Starts ``ctvpipe`` in forks of a process that has imported it."""
    server = fork_server()
    yield server
    server.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty directory in which steps are counted; ``tmp_path`` around it is not."""
    root = tmp_path / "root"
    root.mkdir()
    return root
