"""The arm64 package installs in an arm64 system, without a network, and a whole night of it works there."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator

import pytest

from ctvpipe import jobs
from tests import demo
from tests.appliance.package import built_package
from tests.appliance.roots import debian_root
from tests.guest.binfmt import arm64_programs
from tests.guest.chroot import Chroot, writable

DATA = "/opt/apps/ctv-bookedbiz-db/data"
WRAPPERS = {job.command: job.wrapper for job in jobs.JOBS}
# There is no systemd to ask about the clock, which is this machine's.
SETTINGS = "CTVPIPE_CLOCK=trust\nCOMMERCIAL_SHARE=/srv/share\n"


@pytest.fixture(scope="module")
def system(dist: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroot]:
    """An arm64 system with the package, the sample share and files of earlier days."""
    folder = tmp_path_factory.mktemp("arm64")
    deb = built_package(dist, "arm64")
    with arm64_programs(), writable(debian_root(dist, "arm64"), folder) as chroot:
        chroot.install(deb)
        demo.make_station(folder / "demo")
        shutil.copytree(folder / "demo" / "share", chroot.path("/srv/share"))
        for old in (folder / "demo" / "data" / "raw" / "daily").iterdir():
            shutil.copy2(old, chroot.path(f"{DATA}/raw/daily"))
        chroot.ok(f"chown -R ctvpipe:ctvapps {DATA}/raw/daily")
        with chroot.path("/etc/ctvpipe.env").open("a") as file:
            file.write(SETTINGS)
        yield chroot


def test_the_system_is_arm64_and_the_command_starts(system: Chroot, say: Callable[[str], None]) -> None:
    assert system.ok("uname -m").strip() == "aarch64"
    assert system.ok("dpkg-query -W -f '${Architecture} ${db:Status-Abbrev}' ctvpipe").split() == ["arm64", "ii"]
    version = system.ok("ctvpipe --version", "ctvpipe").strip()
    shown = system.run("ctvpipe status", "ctvpipe")
    assert version.startswith("ctvpipe ")
    assert "commercial-import" in shown.out, shown.text
    say(f"\n{version} on {system.ok('uname -m').strip()}; before the first night: {shown.out.splitlines()[0]}")


def test_every_compiled_module_loads(system: Chroot, say: Callable[[str], None]) -> None:
    """Those too that a night on SQLite does not need; a library of another machine would not load."""
    modules = system.ok("cd /usr/lib/ctvpipe/python && find . -name '*.so' -path '*cpython*' -o -name '*.abi3.so'")
    names = sorted(line[2:].partition(".")[0].replace("/", ".") for line in modules.splitlines())
    script = (
        "import importlib, sys; sys.path.append('/usr/lib/ctvpipe/python');"
        "[importlib.import_module(name) for name in sys.argv[1:]]; print(len(sys.argv) - 1)"
    )
    loaded = system.ok(f"python3 -ISB -c {shlex.quote(script)} {' '.join(names)}", "ctvpipe")
    assert int(loaded) == len(names) > 0
    say(f"{len(names)} compiled modules imported")


def test_the_night_of_the_demo(system: Chroot, say: Callable[[str], None]) -> None:
    for words in demo.NIGHT:
        done = system.run(f"/usr/lib/ctvpipe/bin/{WRAPPERS[words]}", "ctvpipe", seconds=1800)
        assert done.code == 0, done.text
        say(done.line("SUCCESS"))
    status = system.run("ctvpipe status", "ctvpipe")
    assert (status.code, status.out.split()[0]) == (0, "HEALTHY"), status.text
    say(status.out)
    archives = [path.name for path in system.path(f"{DATA}/raw/archive").iterdir()]
    assert archives
    assert all(name.startswith("commercial-logs-") for name in archives)
