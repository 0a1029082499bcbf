"""Make a virtual environment from a lock file, with nothing but Debian and Python 3 on the machine.

Usage: python3 .ci/environment.py DIRECTORY LOCK

Debian's python3 may come without pip for its environments (package python3-venv); then Debian's own pip wheel is
fetched with apt, which needs no root for that. Everything else is installed by pip with the digests of the lock. A
second call with the same lock does nothing.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PIP_PACKAGE = "python3-pip-whl"


def main(directory: Path, lock: Path) -> None:
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest() + sys.version
    stamp = directory / "lock.stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"making {directory} from {lock} (Python {sys.version.split()[0]})", flush=True)
    with_pip = importlib.util.find_spec("ensurepip") is not None
    venv.EnvBuilder(clear=True, symlinks=True, with_pip=with_pip).create(directory)
    python = str(directory / "bin" / "python")
    with tempfile.TemporaryDirectory() as temporary:
        pip = pip_command(Path(temporary))
        options = ["--disable-pip-version-check", "--no-input", "install", "--quiet"]
        command = [python, *pip, *options, "--require-hashes", "--only-binary=:all:", "-r", str(lock)]
        subprocess.run(command, check=True)
    checkout = Path(__file__).resolve().parent.parent
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip()
    (Path(site) / "ctvpipe-checkout.pth").write_text(f"{checkout}\n")
    command_file = directory / "bin" / "ctvpipe"
    command_file.write_text(f"#!{directory.absolute()}/bin/python\nfrom ctvpipe.cli.app import main\n\nmain()\n")
    command_file.chmod(0o755)
    stamp.write_text(wanted)


def pip_command(into: Path) -> list[str]:
    """Python's arguments that run pip: the environment's own where its Python brings one, or Debian's."""
    with_pip = importlib.util.find_spec("ensurepip") is not None
    return ["-m", "pip"] if with_pip else [f"{debian_pip(into)}/pip"]


def debian_pip(into: Path) -> Path:
    """Debian's wheel of pip, unpacked into ``into``.

    The machine's package lists may be missing or out of date, and renewing them takes root: then by lists of our own.
    """
    apt, download = ["apt-get", "--quiet=2"], ["download", PIP_PACKAGE]
    own_lists = ["-o", f"Dir::State={into}/state", "-o", f"Dir::Cache={into}/cache", "-o", "APT::Sandbox::User="]
    try:
        if subprocess.run([*apt, *download], cwd=into, check=False, capture_output=True).returncode:
            (into / "state" / "lists" / "partial").mkdir(parents=True)
            subprocess.run([*apt, *own_lists, "update"], cwd=into, check=True)
            subprocess.run([*apt, *own_lists, *download], cwd=into, check=True)
        (package,) = into.glob("*.deb")
        subprocess.run(["dpkg", "--extract", str(package), str(into)], check=True)
        (wheel,) = into.glob("usr/share/python-wheels/pip-*.whl")
    except (OSError, ValueError, subprocess.CalledProcessError):
        sys.exit(f"pip is missing: sudo apt-get update && sudo apt-get install python3-venv (or {PIP_PACKAGE})")
    return wheel


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
