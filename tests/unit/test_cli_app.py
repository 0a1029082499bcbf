"""The command line as a process: what is loaded, exit codes, errors, pipes, completion."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ctvpipe import __version__
from ctvpipe.cli.app import COMMANDS, app, load

ROOT = Path(__file__).parents[2]
WITH_ENDINGS = """
import sys
from ctvpipe.cli import app
app.COMMANDS["ending"] = ("tests.fakes.commands:app", "End in some way.")
app.main()
"""


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "CTVPIPE_ETC_DIR": str(tmp_path),
        "CTVPIPE_STATE_DIR": str(tmp_path / "state"),
        "CTV_DATA_DIR": str(tmp_path / "data"),
    } | more


def call(tmp_path: Path, *words: str, code: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    start = ["-c", code] if code else ["-m", "ctvpipe"]
    return subprocess.run(
        [sys.executable, *start, *words], env=environment(tmp_path, **more), text=True, capture_output=True, check=False
    )


def end(tmp_path: Path, how: str, **more: str) -> subprocess.CompletedProcess[str]:
    return call(tmp_path, "ending", how, code=WITH_ENDINGS, **more)


def imported(stderr: str) -> set[str]:
    return {line.rpartition("|")[2].strip() for line in stderr.splitlines() if line.startswith("import time:")}


def test_the_help_lists_every_command_and_loads_none(tmp_path: Path) -> None:
    done = call(tmp_path, "--help", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    for name, (target, line) in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert line.rstrip(".") in " ".join(done.stdout.split())
        assert target.partition(":")[0] not in imported(done.stderr)


def test_status_loads_nothing_heavy(tmp_path: Path) -> None:
    done = call(tmp_path, "status", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    heavy = {"pydantic", "rich", "sqlalchemy", "requests", "apprise", "pandas", "openpyxl", "smbclient", "alembic"}
    assert "ctvpipe.health.report" in imported(done.stderr)
    assert not {module.partition(".")[0] for module in imported(done.stderr)} & heavy


def test_the_version(tmp_path: Path) -> None:
    done = call(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"ctvpipe {__version__}\n")


@pytest.mark.parametrize("words", [["statsu"], ["status", "--jsno"], ["runs", "list", "--limit", "many"], []])
def test_usage_errors_exit_with_2(tmp_path: Path, words: list[str]) -> None:
    done = call(tmp_path, *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_typing_error_is_met_with_a_suggestion(tmp_path: Path) -> None:
    assert "Did you mean 'status'?" in call(tmp_path, "statsu").stderr


def test_an_error_of_ours_is_one_line_and_what_to_do(tmp_path: Path) -> None:
    done = end(tmp_path, "refused")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "ERROR: the sheet has no header\nAsk the traffic department.\n"


def test_an_unexpected_error_is_one_line_without_secrets(tmp_path: Path) -> None:
    done = end(tmp_path, "unexpected", CIFS_PASSWORD="hunter22secret")
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert re.fullmatch(r"ERROR: unexpected ZeroDivisionError in commands\.py, line \d+", first)
    assert second == "Set CTVPIPE_DEBUG=1 to see more."


def test_the_traceback_comes_when_asked_for_and_without_secrets(tmp_path: Path) -> None:
    done = end(tmp_path, "unexpected", CTVPIPE_DEBUG="1", CIFS_PASSWORD="hunter22secret")
    assert "Traceback" in done.stderr
    assert "tests/fakes/commands.py" in done.stderr
    assert "ZeroDivisionError: cannot log in with ***" in done.stderr
    assert "hunter22secret" not in done.stderr


def test_an_interrupt_exits_with_130_and_says_nothing_more(tmp_path: Path) -> None:
    done = end(tmp_path, "interrupt")
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["flood", "short"])
def test_a_closed_pipe_is_quiet(tmp_path: Path, how: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-c", WITH_ENDINGS, "ending", how]
    done = subprocess.run(words, env=environment(tmp_path), stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.stderr == b""


def test_what_the_terminal_cannot_show_is_replaced(tmp_path: Path) -> None:
    done = end(tmp_path, "umlaut", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "Gr??e ? ?\n")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("ctvpipe sta", {"status"}), ("ctvpipe runs ", {"list", "show"}), ("ctvpipe status --j", {"--json"})],
)
def test_completion_knows_commands_before_and_after_they_are_loaded(
    tmp_path: Path, typed: str, expected: set[str]
) -> None:
    words = typed.split(" ")
    done = call(
        tmp_path,
        _CTVPIPE_COMPLETE="complete_bash",
        COMP_WORDS=typed,
        COMP_CWORD=str(len(words) - 1),
    )
    assert set(done.stdout.split()) == expected


def test_completion_can_be_installed(tmp_path: Path) -> None:
    done = call(tmp_path, _CTVPIPE_COMPLETE="source_bash")
    assert "complete -o" in done.stdout
    assert "_CTVPIPE_COMPLETE" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_explains_itself(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert f"Usage: root {name}" in done.stdout
    assert "completion" not in done.stdout


def test_an_application_with_one_command_is_that_command() -> None:
    assert not hasattr(load("tests.fakes.commands:app"), "commands")
    assert list(vars(load("ctvpipe.cli.alert:app"))["commands"]) == ["test", "unit", "boot"]
