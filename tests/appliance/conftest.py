"""One machine with the package on it serves most tests; each leaves it as the first one found it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.appliance.appliance import Appliance
from tests.appliance.machine import Machine
from tests.appliance.network import private_network
from tests.appliance.office import office
from tests.appliance.package import built_package, native
from tests.appliance.roots import debian_root


@pytest.fixture(scope="session")
def dist() -> str:
    """The Debian release that is tested."""
    return os.environ.get("DIST") or "trixie"


@pytest.fixture(scope="session")
def package(dist: str) -> Path:
    """The package for it."""
    return built_package(dist, native())


@pytest.fixture(scope="session")
def clean(dist: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AbstractContextManager[Appliance]]:
    """Makes a clean machine that has booted, on a network with an office of its own."""
    root = debian_root(dist)

    @contextmanager
    def booted() -> Iterator[Appliance]:
        folder = tmp_path_factory.mktemp("appliance")
        with (
            private_network() as network,
            office(folder / "office", network) as there,
            Machine([root], folder / folder.name, network) as machine,
        ):
            made = Appliance(machine, there)
            made.boot()
            yield made

    return booted


@pytest.fixture(scope="session")
def installed(clean: Callable[[], AbstractContextManager[Appliance]], package: Path) -> Iterator[Appliance]:
    """A machine with the package and its settings, and a good night behind it."""
    with clean() as appliance:
        appliance.install(package)
        appliance.configure()
        appliance.night()
        yield appliance


@pytest.fixture
def appliance(installed: Appliance) -> Iterator[Appliance]:
    """The machine, at peace after a good night; nobody has been alerted yet."""
    if installed.status()[0] != 0:
        installed.night()
    installed.office.receiver.requests.clear()
    yield installed
    installed.calm()
