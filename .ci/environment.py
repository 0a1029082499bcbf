"""Make a virtual environment from a lock file, with nothing but Python 3 on the machine.

Usage: python3 .ci/environment.py DIRECTORY LOCK

Debian's python3 may come without venv's pip (package python3-venv); then pip's own wheel is fetched from the index
and checked against the digest below. Every other package is installed by pip with the digests of the lock. A second
call with the same lock does nothing.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from pathlib import Path

PIP_WHEEL = "pip-25.0.1-py3-none-any.whl"
PIP_SHA256 = "c46efd13b6aa8279f33f2864459c8ce587ea6a1a59ee20de055868d8f7688f7f"


def main(directory: Path, lock: Path) -> None:
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest() + sys.version
    stamp = directory / "lock.stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"making {directory} from {lock} (Python {sys.version.split()[0]})", flush=True)
    venv.EnvBuilder(clear=True, symlinks=True, with_pip=False).create(directory)
    python = str(directory / "bin" / "python")
    with tempfile.TemporaryDirectory() as temporary:
        wheel = fetch_pip(Path(temporary))
        pip = [python, f"{wheel}/pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
        subprocess.run([*pip, "--require-hashes", "--only-binary=:all:", "-r", str(lock)], check=True)
    checkout = Path(__file__).resolve().parent.parent
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(site) / "ctvpipe-checkout.pth").write_text(f"{checkout}\n")
    command = directory / "bin" / "ctvpipe"
    command.write_text(f"#!{directory.absolute()}/bin/python\nfrom ctvpipe.cli.app import main\n\nmain()\n")
    command.chmod(0o755)
    stamp.write_text(wanted)


def fetch_pip(into: Path) -> Path:
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    with urllib.request.urlopen(index, timeout=60) as page:
        links = re.findall(r'href="([^"]+)"', page.read().decode())
    link = next(link for link in links if PIP_WHEEL in link)
    with urllib.request.urlopen(urllib.parse.urljoin(index, link), timeout=180) as response:
        data = response.read()
    if hashlib.sha256(data).hexdigest() != PIP_SHA256:
        raise SystemExit(f"{PIP_WHEEL} from {index} is not the file it must be")
    wheel = into / PIP_WHEEL
    wheel.write_bytes(data)
    return wheel


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
