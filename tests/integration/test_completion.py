"""Completion in a real bash on a terminal: keys go in, completed words come out."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ctvpipe.cli.app import COMMANDS
from ctvpipe.jobs import JOBS
from ctvpipe.manual.__main__ import main

ROOT = Path(__file__).parents[2]
TAB = "\t"
INSERT_ALL = "\x1b*"  # readline's insert-completions
PATIENCE_SECONDS = 60
Typed = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Typed:
    """Type keys after the prompt of a bash that knows nothing but bash-completion; gives the words then on the line."""
    home = tmp_path_factory.mktemp("completion")
    main(home / "completions")
    command = home / "ctvpipe"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ctvpipe "$@"\n')
    command.chmod(0o755)
    environ = {
        "PATH": f"{home}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "TERM": "dumb",
        "BASH_COMPLETION_USER_DIR": str(home),
        "CTVPIPE_ETC_DIR": str(home),
    }
    begin = ". /usr/share/bash-completion/bash_completion\n"

    def words(keys: str) -> list[str]:
        return _on_a_terminal(f"{begin}{keys}\x01printf '<%s>' \x05 ; exit\n", environ)

    return words


def _on_a_terminal(keys: str, environ: dict[str, str]) -> list[str]:
    """What the line that is typed prints, its words in angle brackets."""
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, env=environ, close_fds=True
    )
    os.close(theirs)
    os.write(ours, keys.encode())
    seen = b""
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while select.select([ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
            try:
                seen += os.read(ours, 65536)
            except OSError:  # the shell has left
                break
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)
    lines = [line for line in seen.decode().splitlines() if line.startswith("<ctvpipe>")]
    assert len(lines) == 1, seen.decode()
    return lines[0].partition(">exit")[0].strip("<>").split("><")


def test_a_command_is_completed(typed: Typed) -> None:
    assert typed(f"ctvpipe sta{TAB}") == ["ctvpipe", "status"]


def test_all_commands_are_offered(typed: Typed) -> None:
    assert set(typed(f"ctvpipe {INSERT_ALL}")[1:]) == set(COMMANDS)


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ("runs li", "list"),
        ("commercial rot", "rotate"),
        ("runs list --js", "--json"),
        ("runs list --job daily", "daily-update"),
        ("config show -j db", "db-backup"),
        ("update --strategy re", "replace"),
        ("enable com", "commercial_log"),
    ],
)
def test_subcommands_options_and_values_are_completed(typed: Typed, keys: str, word: str) -> None:
    assert typed(f"ctvpipe {keys}{TAB}") == ["ctvpipe", *keys.split()[:-1], word]


def test_all_jobs_are_offered(typed: Typed) -> None:
    assert set(typed(f"ctvpipe runs list --job {INSERT_ALL}")[4:]) == {job.name for job in JOBS}


def test_file_names_are_offered_for_a_file(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "Log.xlsx").touch()
    assert typed(f"ctvpipe update --file {tmp_path}/L{TAB}")[3] == str(tmp_path / "Log.xlsx")
