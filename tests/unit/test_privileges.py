"""Who a job runs as when root starts it by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NOBODY = 65534
# Says who it is before and after, and with which groups.
ASK = """
import os, sys
from pathlib import Path
from ctvpipe.core.privileges import become_owner
name = become_owner(Path(sys.argv[1]))
print(name, *os.getresuid(), *os.getresgid(), *os.getgroups(), os.environ["HOME"])
"""


def asked(state_dir: Path) -> str:
    command = [sys.executable, "-c", ASK, str(state_dir)]
    environ = {"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": "/home/of-the-caller"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def test_root_becomes_the_owner_of_the_state_directory_and_nobody_else_changes(tmp_path: Path) -> None:
    unchanged = " ".join(map(str, (*os.getresuid(), *os.getresgid(), *os.getgroups(), "/home/of-the-caller")))
    assert asked(tmp_path) == unchanged
    assert asked(tmp_path / "absent") == unchanged
    if os.geteuid() == 0:
        os.chown(tmp_path, NOBODY, NOBODY)
        assert asked(tmp_path) == "nobody " + " ".join([str(NOBODY)] * 7) + " /nonexistent"
