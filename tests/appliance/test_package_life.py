"""The package on a clean Debian that does not run, without a network: installed, upgraded, removed, purged. In this order."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ctvpipe.jobs import of_pipeline
from tests.appliance.package import Root, built_package, changed, native
from tests.appliance.roots import debian_root

CODE = "usr/lib/ctvpipe/python"
DATA = "/opt/apps/ctv-bookedbiz-db/data"
ENV_FILE = "etc/ctv-daily-update.env"
KEPT = "--force-confdef,confold"
LOCK = "run/ctvpipe/commercial-import.lock"
SYSTEMS_OWN = {"/etc/.pwd.lock", "/var/log/dpkg.log", "/var/lib/systemd/timers"} | {
    f"/etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow")
}
# Loads what the night may need: all of ctvpipe, whatever is compiled, and every package's own beginning.
LOAD_ALL = f"""
import importlib, pathlib, sys
sys.path.append("/{CODE}")
root = pathlib.Path("/{CODE}")
names = {{path.parent.name for path in root.glob("*/__init__.py")}} | {{path.stem for path in root.glob("*.py")}}
for path in (*root.glob("ctvpipe/**/*.py"), *root.rglob("*.cpython-*.so"), *root.rglob("*.abi3.so")):
    where = path.relative_to(root).with_name(path.name.split(".")[0])
    names.add(".".join(where.parts).removesuffix(".__init__"))
for name in sorted(name for name in names if not name.endswith(("__main__", "alembic_environment.env"))):
    importlib.import_module(name)
print(len(names))
"""


@dataclass(frozen=True)
class Life:
    """The machine, what was on it before the package, and two versions of the package."""

    root: Root
    before: set[str]
    first: str
    second: str

    def path(self, name: str) -> Path:
        return self.root.directory / name.removeprefix("/")

    def version(self) -> str:
        return self.root.ok("dpkg-query", "--show", "--showformat=${Version}", "ctvpipe")

    def compiled(self) -> dict[str, int]:
        """Every file of compiled code, with its mode."""
        found = self.path(CODE).rglob("*.pyc") if self.path(CODE).exists() else ()
        return {str(path.relative_to(self.path(CODE))): path.stat().st_mode & 0o777 for path in found}

    def left(self) -> set[str]:
        """Every path that was not there before the package, but what the system keeps of its own doings."""
        return self.root.files() - self.before - SYSTEMS_OWN


@pytest.fixture(scope="module")
def life(dist: str, tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("life")
    package = built_package(dist, native())
    first, second = changed(package, "0.0.1", folder), changed(package, "0.0.2", folder, grow_older)
    root = Root(debian_root(dist), folder / "root")
    names = root.put(first), root.put(second)
    return Life(root, root.files(), *names)


def grow_older(content: Path) -> None:
    """What another version may have: a module less, one more, and an env file that says something new."""
    (content / CODE / "ctvpipe/cli/months.py").rename(content / CODE / "ctvpipe/cli/years.py")
    with (content / ENV_FILE).open("a") as file:
        file.write("# new in this version\n")


def test_it_installs_without_a_network_and_starts_nothing(life: Life) -> None:
    life.root.ok("dpkg", "--install", life.first)
    assert life.version() == "0.0.1"
    wanted = life.path("etc/systemd/system/timers.target.wants")
    assert {path.name for path in wanted.iterdir() if path.name.startswith("ctv-")} == {
        job.timer for job in of_pipeline("commercial_log")
    }
    added = life.root.files() - life.before
    services = [path for path in added if path.startswith("/etc/systemd/") and path.endswith(".service")]
    assert services == ["/etc/systemd/system/multi-user.target.wants/ctv-boot.service"], "it waits for a boot"
    assert life.root.ok("find", "/var/lib/ctvpipe", "/var/log/ctv-commercial-import", "-type", "f") == ""


def test_secrets_are_for_the_group_and_directories_for_the_jobs(life: Life) -> None:
    def ownership(*paths: str) -> set[str]:
        return set(life.root.ok("stat", "--format=%a %U:%G", *paths).splitlines())

    assert ownership("/etc/ctvpipe.env", f"/{ENV_FILE}", "/etc/ctv-commercial-import.env") == {"640 root:ctvapps"}
    assert ownership("/var/lib/ctvpipe", "/var/log/ctv-daily-update") == {"2755 ctvpipe:ctvapps"}
    assert ownership(f"{DATA}/raw/daily", f"{DATA}/database") == {"2775 ctvpipe:ctvapps"}
    assert life.root.ok("find", "/usr/lib/ctvpipe", "!", "-user", "root") == ""
    assert life.root.ok("find", f"/{CODE}", "/etc", DATA, "/var/lib/ctvpipe", "-perm", "-002", "!", "-type", "l") == ""


def test_the_command_starts(life: Life) -> None:
    assert life.root.ok("ctvpipe", "--version").startswith("ctvpipe ")
    said = life.root.run("setpriv", "--reuid=ctvpipe", "--regid=ctvapps", "--init-groups", "ctvpipe", "status")
    assert "NEXT RUN" in said.stdout
    assert "Traceback" not in said.stderr
    assert life.root.ok("/opt/apps/ctv-bookedbiz-db/bin/rotate_commercial_logs.sh", "status")


def test_every_module_loads(life: Life) -> None:
    assert int(life.root.ok("python3", "-ISB", "-c", LOAD_ALL)) > 150


def test_all_code_is_compiled_for_every_user(life: Life) -> None:
    sources = {path.relative_to(life.path(CODE)) for path in life.path(CODE).rglob("*.py")}
    made = life.compiled()
    assert {Path(name).parent.parent / f"{Path(name).name.split('.')[0]}.py" for name in made} == sources
    assert set(made.values()) == {0o644}
    said = life.root.run("setpriv", "--reuid=ctvpipe", "--regid=ctvapps", "--clear-groups", *explained("--version"))
    loaded = re.findall(rf"^# code object from '?/{CODE}/(\S+?)'?$", said.stderr, re.MULTILINE)
    assert any(name.startswith("ctvpipe/cli/__pycache__/app.") for name in loaded)
    assert [name for name in loaded if not name.endswith(".pyc")] == []


def explained(*words: str) -> tuple[str, ...]:
    """``ctvpipe``, saying how it finds each module."""
    return ("python3", "-ISBv", "/usr/bin/ctvpipe", *words)


def test_an_upgrade_waits_for_a_run_and_leaves_its_code_alone(life: Life) -> None:
    with life.path(ENV_FILE).open("a") as file:
        file.write("DAILY_UPDATE_MAX_AGE_DAYS=3\n")
    with running(life.path(LOCK)):
        upgrading = subprocess.Popen(
            life.root.command("dpkg", KEPT, "--install", life.second), stdout=subprocess.PIPE, text=True
        )
        assert upgrading.stdout is not None
        told = any("waiting for commercial-import to end" in line for line in upgrading.stdout)
        before = life.path(f"{CODE}/ctvpipe/cli/months.py").exists(), upgrading.poll()
    upgrading.communicate()
    assert told
    assert before == (True, None)
    assert upgrading.returncode == 0
    assert life.version() == "0.0.2"
    assert not life.path(f"{CODE}/ctvpipe/cli/months.py").exists()


@contextmanager
def running(lock: Path) -> Iterator[None]:
    """Hold a job's lock, as its run does."""
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_an_upgrade_keeps_what_was_edited(life: Life) -> None:
    assert life.path(ENV_FILE).read_text().endswith("\nDAILY_UPDATE_MAX_AGE_DAYS=3\n")
    assert life.path(f"{ENV_FILE}.dpkg-dist").read_text().endswith("# new in this version\n")
    assert life.root.ok("stat", "--format=%a %U:%G", f"/{ENV_FILE}") == "640 root:ctvapps\n"


def test_an_upgrade_leaves_no_code_of_the_version_before(life: Life) -> None:
    made = life.compiled()
    assert [name for name in made if name.startswith("ctvpipe/cli/__pycache__/months.")] == []
    assert len([name for name in made if "/years." in name]) == 1


def test_a_run_that_does_not_end_keeps_its_version(life: Life, tmp_path: Path) -> None:
    """What the attempt has taken away, it puts back."""
    package = changed(life.path(life.first), "0.0.3", tmp_path, become_impatient)
    with running(life.path(LOCK)):
        done = life.root.run("dpkg", KEPT, "--install", life.root.put(package))
    assert done.returncode != 0
    assert "ctvpipe: commercial-import still runs: nothing was upgraded" in done.stderr
    assert life.version() == "0.0.2"
    assert life.root.ok("dpkg", "--audit") == ""
    assert any("/years." in name for name in life.compiled())


def become_impatient(content: Path) -> None:
    """Wait for nothing; and as nothing will be unpacked, there is nothing to unpack."""
    script = content / "DEBIAN/preinst"
    script.write_text(script.read_text().replace("\nLONGEST=1800\n", "\nLONGEST=0\n"))
    shutil.rmtree(content / "usr")


def test_removal_keeps_settings_state_and_data(life: Life) -> None:
    for name in (f"{DATA}/database/production.db", "/var/lib/ctvpipe/ledger.sqlite3"):
        life.path(name).touch()
    life.root.ok("dpkg", "--remove", "ctvpipe")
    assert not life.path("usr/lib/ctvpipe").exists()
    assert not os.path.lexists(life.path("opt/apps/ctv-bookedbiz-db/bin"))
    assert life.path(f"{DATA}/database/production.db").exists()
    assert life.path("var/lib/ctvpipe/ledger.sqlite3").exists()
    assert "DAILY_UPDATE_MAX_AGE_DAYS=3" in life.path(ENV_FILE).read_text()


def test_purging_leaves_the_data_and_who_owns_them(life: Life) -> None:
    stamp = life.path("var/lib/systemd/timers/stamp-ctv-daily-update.timer")
    stamp.parent.mkdir(exist_ok=True)
    stamp.touch()
    moved = life.path("etc/systemd/system/ctv-fms-sync.timer.d/schedule.conf")
    moved.parent.mkdir()
    moved.touch()
    life.root.ok("dpkg", "--purge", "ctvpipe")
    above = {"/opt/apps", "/opt/apps/ctv-bookedbiz-db"}
    assert life.left() == {DATA, f"{DATA}/database", f"{DATA}/database/production.db"} | above
    assert life.before - life.root.files() == set()
    assert life.root.ok("stat", "--format=%U:%G", DATA) == "ctvpipe:ctvapps\n"


def test_purging_without_data_leaves_nothing(life: Life) -> None:
    life.path(f"{DATA}/database/production.db").unlink()
    life.root.ok("dpkg", "--install", life.first)
    life.root.ok("dpkg", "--purge", "ctvpipe")
    assert life.left() == set()
