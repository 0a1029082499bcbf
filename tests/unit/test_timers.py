"""What counts as switched off, from the links that systemd keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctvpipe.core.timers import switched_off, switched_on
from tests.fakes.systemctl import System, install

ON, OFF = "ctv-on.timer", "ctv-off.timer"


@pytest.fixture
def system(tmp_path: Path) -> System:
    made = install(tmp_path, [ON, OFF])
    made.switch(ON, on=True)
    return made


def look(root: Path) -> set[str]:
    off = set(switched_off([ON, OFF], root))
    on = set(switched_on([ON, OFF], root))
    installed = {ON, OFF} if off | on else set()
    assert (off | on, off & on) == (installed, set()), "what is installed is either on or off"
    return off


def test_installed_but_not_enabled_is_off(system: System) -> None:
    assert look(system.root) == {OFF}


def test_where_no_unit_is_nothing_is_off(tmp_path: Path) -> None:
    assert look(tmp_path) == set()
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    assert look(tmp_path) == set()


def test_masked_is_off_even_where_the_link_is_left(system: System) -> None:
    system.mask(ON)
    assert look(system.root) == {ON, OFF}


def test_an_administrators_own_unit_in_place_of_ours(system: System) -> None:
    (system.root / "etc/systemd/system" / ON).write_text("[Timer]\n")
    assert look(system.root) == {OFF}


@pytest.mark.parametrize("place", ["run/systemd/system", "usr/lib/systemd/system"])
def test_enabled_until_the_next_boot_or_by_the_distribution_is_on(system: System, place: str) -> None:
    wants = system.root / place / "timers.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / OFF).symlink_to(f"../{OFF}")
    assert look(system.root) == set()


def test_units_of_debian_12_are_found(system: System) -> None:
    (system.root / "usr").rename(system.root / "usr-moved")
    (system.root / "usr-moved/lib").rename(system.root / "lib")
    assert look(system.root) == {OFF}
