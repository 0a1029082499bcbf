"""What is in the package, and that it is the same whoever builds it. For another one: DIST=bookworm, ARCH=arm64."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ctvpipe.jobs import JOBS
from tests.appliance.package import INPUTS, TESTED, Target, build, built_package, native
from tests.integration.station import CHECKOUT

LARGEST = 45_000_000
ENV_FILES = {path.name for path in (CHECKOUT / "etc").glob("*.env")}
# What the packages in Depends bring: libc6, zlib1g, libstdc++6 and what that one needs.
SYSTEM_LIBRARIES = re.compile(
    r"(ld-linux-(x86-64|aarch64)|lib(c|m|dl|rt|util|resolv|pthread|gcc_s|stdc\+\+|z))\.so\.\d+"
)
MACHINES = {"amd64": (62, "x86_64-linux-gnu"), "arm64": (183, "aarch64-linux-gnu")}


@pytest.fixture(scope="module")
def target() -> Target:
    return Target.named(os.environ.get("DIST") or "trixie", os.environ.get("ARCH") or native())


@pytest.fixture(scope="module")
def package(target: Target) -> Path:
    return built_package(target.dist, target.arch)


@pytest.fixture(scope="module")
def content(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in it, with the control files in DEBIAN."""
    directory = tmp_path_factory.mktemp("package") / "content"
    subprocess.run(["dpkg-deb", "--raw-extract", package, directory], check=True)
    return directory


@pytest.fixture(scope="module")
def modules(content: Path) -> Path:
    return content / "usr/lib/ctvpipe/python"


@pytest.fixture(scope="module")
def compiled(modules: Path) -> list[Path]:
    """Every ELF file."""
    return [path for path in files(modules) if path.read_bytes()[:4] == b"\x7fELF"]


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_another_checkout_another_day_another_umask_the_same_package(
    package: Path, target: Target, tmp_path: Path
) -> None:
    checkout, output = tmp_path / "somewhere else", tmp_path / "output"
    for each in INPUTS:
        source, copy = CHECKOUT / each, checkout / each
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
    bundle = f"{target.dist}-{target.arch}"
    shutil.copytree(TESTED / "bundle" / bundle, output / "bundle" / bundle)
    shutil.copy(TESTED / "bundle" / f"{bundle}.stamp", output / "bundle")
    for path in (*files(checkout), *files(output / "bundle" / bundle)):
        path.chmod(path.stat().st_mode & 0o700)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    other = ("sh", "-c", 'umask 077 && exec faketime -f +400d "$@"', "sh")
    surroundings = {"TZ": "Pacific/Auckland", "LANG": "de_DE.UTF-8", "DPKG_DEB_COMPRESSOR_TYPE": "none"}
    again = build(checkout, output, target, other, **surroundings)
    for part in ("--ctrl-tarfile", "--fsys-tarfile"):
        assert digest(again, part) == digest(package, part)


def digest(package: Path, part: str) -> str:
    """The digest of a part of the package before it was compressed, which takes most of the time of a build."""
    done = subprocess.run(["dpkg-deb", part, package], capture_output=True, check=True)
    return hashlib.sha256(done.stdout).hexdigest()


def test_it_is_small_enough_for_a_slow_line(package: Path) -> None:
    assert package.stat().st_size < LARGEST


def test_everything_is_where_the_operator_and_systemd_look_for_it(content: Path, target: Target) -> None:
    units = {path.name for path in (content / target.units).iterdir()}
    assert units == {path.name for path in (CHECKOUT / "systemd").iterdir()}
    assert not (content / ("lib" if target.units.startswith("usr") else "usr/lib/systemd")).exists()
    assert {path.name for path in (content / "usr/lib/ctvpipe/bin").iterdir()} >= {job.wrapper for job in JOBS}
    for path in (
        *("usr/bin/ctvpipe", "usr/lib/ctvpipe/python/ctvpipe/cli/app.py", "usr/share/man/man1/ctvpipe.1.gz"),
        *("usr/share/man/man5/ctvpipe.env.5.gz", "usr/share/bash-completion/completions/ctvpipe"),
        *("usr/lib/sysusers.d/ctvpipe.conf", "usr/lib/tmpfiles.d/ctvpipe.conf", "etc/logrotate.d/ctvpipe"),
    ):
        assert (content / path).is_file(), path


def test_what_is_in_etc_is_the_operators(content: Path) -> None:
    kept = (content / "DEBIAN/conffiles").read_text().split()
    assert set(kept) == {"/etc/logrotate.d/ctvpipe", *(f"/etc/{name}" for name in ENV_FILES)}
    assert set(kept) == {f"/{path.relative_to(content)}" for path in files(content / "etc")}


def test_only_root_may_change_it_and_only_commands_may_be_executed(package: Path, content: Path) -> None:
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    executable = set()
    for path in content.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        wanted = (0o640,) if path.name in ENV_FILES else (0o755,) if path.is_dir() else (0o644, 0o755, 0o777)
        assert mode in wanted, path
        assert path.is_symlink() or mode != 0o777, path
        if path.is_file() and mode == 0o755:
            executable.add(str(path.relative_to(content)))
    scripts = {f"DEBIAN/{name}" for name in ("preinst", "postinst", "prerm", "postrm")}
    wrappers = {f"usr/lib/ctvpipe/bin/{job.wrapper}" for job in JOBS}
    assert executable == {"usr/bin/ctvpipe", *wrappers, *scripts}


def test_nothing_of_the_builder_and_nothing_that_nobody_runs_is_in_it(content: Path) -> None:
    surplus = re.compile(r"/(__pycache__|tests|conftest\.py|INSTALLER|RECORD)(/|$)|\.(py[cio]|pyi|pyx|pxd|a|h|c)$")
    for path in files(content):
        name = str(path.relative_to(content))
        assert not surplus.search(f"/{name}"), name
        assert str(CHECKOUT).encode() not in path.read_bytes(), name


def test_every_compiled_module_is_for_the_targets_python_and_machine(compiled: list[Path], target: Target) -> None:
    machine, triplet = MACHINES[target.arch]
    named = re.compile(rf"\.(cpython-{target.python}-{triplet}|abi3)\.so$")
    assert len(compiled) > 50
    for path in compiled:
        header = path.read_bytes()[:20]
        assert (header[4], int.from_bytes(header[18:20], "little")) == (2, machine), path
        assert named.search(path.name) or path.parent.name.endswith(".libs"), path


def test_every_file_that_looks_like_a_compiled_module_is_one(modules: Path, compiled: list[Path]) -> None:
    assert {path for path in files(modules) if re.search(r"\.so(\.|$)", path.name)} == set(compiled)


def test_compiled_modules_find_their_libraries(compiled: list[Path], content: Path, target: Target) -> None:
    own = {path.name for path in compiled}
    said = subprocess.run(["readelf", "--dynamic", *compiled], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", said))
    assert {name for name in needed - own if not SYSTEM_LIBRARIES.fullmatch(name)} == set()
    (depends,) = re.findall(r"^Depends: (.*)$", (content / "DEBIAN/control").read_text(), re.MULTILINE)
    assert {f"libc6 (>= 2.{target.glibc})", "libstdc++6", "zlib1g"} <= set(depends.split(", "))
    for path in compiled:
        versions = [int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", path.read_bytes())]
        assert max(versions, default=0) <= target.glibc, path


def test_every_package_that_another_one_needs_is_there(modules: Path, target: Target) -> None:
    minor, machine = target.python[1:], MACHINES[target.arch][1].split("-")[0]
    environment = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}
    environment |= {"platform_machine": machine, "extra": ""}
    found = {re.sub(r"[-_.]+", "-", one.name).lower(): one for one in distributions(path=[str(modules)])}
    for one in found.values():
        for requirement in map(Requirement, one.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate(environment):
                there = found.get(re.sub(r"[-_.]+", "-", requirement.name).lower())
                assert there is not None, f"{one.name} needs {requirement}"
                assert requirement.specifier.contains(there.version, prereleases=True), (
                    f"{one.name} needs {requirement}"
                )


def test_the_copyright_file_speaks_of_every_package_inside(content: Path, modules: Path) -> None:
    copyright_file = (content / "usr/share/doc/ctvpipe/copyright").read_text()
    spoken_of = re.findall(r"^Files: .*?python/(\S+\.dist-info)/\*", copyright_file, re.MULTILINE)
    assert sorted(spoken_of) == sorted(path.name for path in modules.glob("*.dist-info"))
    for named in re.findall(r"^ /(usr/lib/ctvpipe/python/.*)$", copyright_file, re.MULTILINE):
        assert (content / named).is_file(), named


def test_lintian_finds_nothing(package: Path) -> None:
    words = ["lintian", "--allow-root", "--fail-on=error,warning", "-EI", "--pedantic", "--no-tag-display-limit"]
    done = subprocess.run([*words, package], capture_output=True, text=True, check=False)
    assert done.returncode == 0, "\n".join(line for line in done.stdout.splitlines() if line[:2] in {"E:", "W:"})
