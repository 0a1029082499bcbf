"""The demo: a whole night on sample data that ends healthy, inside its directory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ctvpipe.jobs import of_pipeline
from tests import demo_circuits, demo_directory, demo_fms
from tests.demo import NIGHT
from tests.integration.station import CHECKOUT, tree

INSTALLED = [
    Path(place)
    for place in (
        "/var/lib/ctvpipe",
        "/run/ctvpipe",
        "/opt/apps/ctv-bookedbiz-db",
        "/opt/apps/ctv-circuits-db",
        "/opt/apps/ctv-fms-db",
        "/opt/apps/ctv-directory-db",
    )
]
LOGS = Path("/var/log")
RUNS = len(NIGHT) + len(demo_circuits.night(Path())) + len(demo_fms.NIGHT) + len(demo_directory.NIGHT) + 1


@dataclass(frozen=True)
class Demo:
    """The demo after it has run. ``outside``: the only other places it knew of."""

    directory: Path
    outside: Path
    installed: dict[str, str]
    code: int
    printed: str


def installed() -> dict[str, str]:
    """What an installation would have touched."""
    found = {str(place): repr(tree(place)) for place in INSTALLED if place.exists()}
    return found | {str(log): repr(tree(log)) for log in LOGS.glob("ctv-*")}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the demo with home, temporary and working directories that are empty, and with settings that must not count."""
    directory, outside = tmp_path_factory.mktemp("demo") / "night", tmp_path_factory.mktemp("outside")
    places = {
        name: outside / name
        for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "CTVPIPE_STATE_DIR", "cwd")
    }
    for place in places.values():
        place.mkdir()
    before = installed()
    environ = {name: str(place) for name, place in places.items() if name != "cwd"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo", str(directory)],
        cwd=places["cwd"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1", **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=180,
        check=False,
    )
    assert installed() == before
    return Demo(directory, outside, before, done.returncode, done.stdout)


def test_the_demo_ends_healthy(demo: Demo) -> None:
    assert demo.code == 0, demo.printed
    assert "\nHEALTHY" in demo.printed
    assert "ERROR" not in demo.printed
    assert "Traceback" not in demo.printed
    assert "Where to look" in demo.printed
    assert demo.printed.count("SUCCESS: ") == RUNS


def test_the_second_update_changes_nothing(demo: Demo) -> None:
    first, second = re.findall(r"SUCCESS: daily-update: .*", demo.printed)
    assert re.search(r"15,?532 new", first), first
    assert re.search(r"\b0 new\b", second), second
    assert re.search(r"\b0 gone\b", second), second


def test_the_circuits_night_finds_what_the_day_has_brought(demo: Demo) -> None:
    said = dict(re.findall(r"SUCCESS: (circuits-\w+|meraki-[\w-]+): (.*)", demo.printed))
    assert set(said) == {job.name for job in of_pipeline("circuits")}
    assert "0 new, 4 changed, 296 unchanged" in said["circuits-import"]
    assert re.search(r"\b4 enablements", said["circuits-enablement"]), said
    assert re.search(r"circuits-\d+-\d+\.sqlite3\.gz: [\d,]+ rows", demo.printed)


def test_the_second_sync_of_fms_finds_nothing_new(demo: Demo) -> None:
    first, second = demo.printed.split("$ ctvpipe fms sync\n")[1:]
    assert "5 of 5 tables synced, 18,214 rows, 18,214 of them changed" in first
    assert "426 updated" in first
    assert "562 of 580 partners with an address have coordinates" in first
    assert "5 of 5 tables synced, 18,214 rows, nothing has changed" in second
    assert "0 requests" in second
    assert re.search(r"fms-\d+-\d+\.sqlite3\.gz: [\d,]+ rows", second)


def test_the_second_sync_of_the_directory_finds_nothing_new(demo: Demo) -> None:
    first, second = demo.printed.split("$ ctvpipe directory sync\n")[1:]
    assert re.search(r"(\d+) of \1 steps done, [\d,]+ records, [\d,]+ changes\.", first)
    assert re.search(r"(\d+) of \1 steps done, [\d,]+ records, nothing has changed\.", second)
    assert re.search(r"users: 600 records", second)
    assert re.search(r"directory-\d+-\d+\.sqlite3\.gz: [\d,]+ rows", second)


def test_nothing_is_written_outside_of_its_directory(demo: Demo) -> None:
    assert [path for path in demo.outside.rglob("*") if path.parent != demo.outside] == []
    assert {path.name for path in demo.directory.iterdir()} == {
        "share",
        "circuitinfo",
        "data",
        "state",
        "run",
        "log",
        "etc",
        "ctvpipe",
    }
    assert len(list((demo.directory / "data" / "raw" / "archive").iterdir())) >= 1


def test_its_command_goes_on_working(demo: Demo) -> None:
    done = subprocess.run(
        [demo.directory / "ctvpipe", "runs", "list"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("success") == RUNS
