"""Unpack the Python packages of a lock file as they are for another Debian and machine: no compiler, no emulation.

Usage: bundle.py LOCK PYTHON-MINOR GLIBC-MINOR ARCH DIRECTORY

pip takes only wheels, with the digests of the lock, for the target's platform tags. The lock's conditions are decided
here: pip would decide them for the Python it runs on. What nobody runs is left out: the packages' own tests and
commands, what compilers and type checkers read, and the notes of how they were unpacked. Licences stay, in each
.dist-info, and the list of files, RECORD, by which the package tells whose they are.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import pip_command
from packaging.requirements import Requirement

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
LEFT_OUT = (
    *("bin", "**/__pycache__", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED"),
    *("**/tests", "**/conftest.py", "numpy/_core/*_tests.*.so", "**/.agents"),
    *("**/*.a", "**/*.c", "**/*.cpp", "**/*.h", "**/*.pxd", "**/*.pyi", "**/*.pyx"),
)
OLDEST_GLIBC = 17


def main(lock: Path, python: int, glibc: int, arch: str, directory: Path) -> None:
    parts = (lock.read_bytes(), Path(__file__).read_bytes(), f"{python} {glibc} {arch}".encode())
    wanted = hashlib.sha256(b"".join(parts)).hexdigest()
    stamp = directory.with_name(f"{directory.name}.stamp")
    if directory.is_dir() and stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(directory, ignore_errors=True)
    print(f"fetching the packages of {lock} for Python 3.{python}, glibc 2.{glibc}, {arch}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        chosen = Path(temporary) / "chosen.txt"
        chosen.write_text("\n".join(choose(lock.read_text(), target(python, arch))) + "\n")
        platforms = [f"manylinux_2_{minor}_{MACHINES[arch]}" for minor in range(glibc, OLDEST_GLIBC - 1, -1)]
        platforms.append(f"manylinux2014_{MACHINES[arch]}")  # the name that most wheels give to glibc 2.17
        options = ["--disable-pip-version-check", "--no-input", "install", "-qq", "--no-deps", "--no-compile"]
        options += ["--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--python-version=3.{python}"]
        options += ["--ignore-requires-python"]  # pip asks it of the Python it runs on; the lock was made for both
        options += [f"--platform={platform}" for platform in platforms]
        pip = [sys.executable, *pip_command(Path(temporary))]
        subprocess.run([*pip, *options, f"--target={directory}", "-r", str(chosen)], check=True)
    for pattern in LEFT_OUT:
        for path in list(directory.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in sorted(directory.rglob("*/"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for module in directory.rglob("*.py"):
        make_importable_only(module)
    stamp.write_text(wanted)


def make_importable_only(module: Path) -> None:
    """Take from a module what would let it be started as a command, by another Python: its mode and its first line."""
    module.chmod(0o644)
    text = module.read_bytes()
    if text.startswith(b"#!"):
        module.write_bytes(b"#" + text[text.index(b"\n") :])  # the numbers of the lines stay


def target(python: int, arch: str) -> dict[str, str]:
    """What the conditions in a lock file may ask, answered for the target."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"3.{python}.0",
        "os_name": "posix",
        "platform_machine": MACHINES[arch],
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"3.{python}.0",
        "python_version": f"3.{python}",
        "sys_platform": "linux",
    }


def choose(lock: str, environment: dict[str, str]) -> list[str]:
    """The entries of a lock file that hold for ``environment``, each on one line, without their conditions."""
    chosen = []
    text = re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        named, *hashes = re.split(r"\s+(?=--hash=)", line.strip())
        requirement = Requirement(named)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            chosen.append(" ".join([f"{requirement.name}{requirement.specifier}", *hashes]))
    return chosen


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
