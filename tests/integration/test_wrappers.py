"""The wrappers, run for real: they lock, set the environment, and become the command."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core import lock
from ctvpipe.core.job import Job
from ctvpipe.jobs import JOBS, find

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = CHECKOUT / "bin"
MORE_WORDS = {"daily-update": ["--extra-args"]}
BACKUP = find("db-backup")
EVERY_JOB = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)

TELLS = """
    import json, os, sys
    links = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            links[number] = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            pass
    umask = os.umask(0)
    print(json.dumps({"pid": os.getpid(), "argv": sys.argv[1:], "environ": dict(os.environ), "fds": links,
                      "umask": umask}), flush=True)
    sys.stdin.read()
    sys.exit(7)
"""
LOCKS = f"""
    import os, sys
    sys.path.insert(0, {str(CHECKOUT)!r})
    from pathlib import Path
    from ctvpipe.core import errors, lock
    try:
        with lock.held(Path(os.environ["CTVPIPE_RUN_DIR"]) / "db-backup.lock", "db-backup", os.environ):
            print("held", flush=True)
            sys.stdin.read()
    except errors.NotNowError as error:
        sys.exit(int(error.exit_code))
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What the wrappers see; the run directory is there, as it is on the appliance."""
    for name in ("run", "etc"):
        (tmp_path / name).mkdir()
    return {
        "PATH": os.environ["PATH"],
        "CTVPIPE_COMMAND": str(tmp_path / "command"),
        "CTVPIPE_RUN_DIR": str(tmp_path / "run"),
        "CTVPIPE_ETC_DIR": str(tmp_path / "etc"),
        "CTVPIPE_STATE_DIR": str(tmp_path / "state"),
        "CTVPIPE_LOG_DIR": str(tmp_path / "log"),
        "CTVPIPE_CLOCK": "trust",
    }


def write_command(environ: dict[str, str], body: str) -> None:
    command = Path(environ["CTVPIPE_COMMAND"])
    command.write_text(f"#!{sys.executable} -IS\n{textwrap.dedent(body)}")
    command.chmod(0o755)


@pytest.fixture
def telling(environ: dict[str, str]) -> dict[str, str]:
    """An environment in which the command tells what it got, waits until its input ends, and exits with 7."""
    write_command(environ, TELLS)
    return environ


@pytest.fixture
def real(environ: dict[str, str]) -> dict[str, str]:
    """An environment in which the command is ctvpipe."""
    command = Path(environ["CTVPIPE_COMMAND"])
    command.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -m ctvpipe "$@"\n')
    command.chmod(0o755)
    return environ


def call(wrapper: str | Path, *args: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = [str(BIN / wrapper), *args]
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False, input="", timeout=60)


def told(wrapper: str | Path, *args: str, environ: dict[str, str]) -> dict[str, Any]:
    """What the telling command says; the wrapper itself says nothing, and its exit code is the command's."""
    done = call(wrapper, *args, environ=environ)
    assert (done.returncode, done.stderr) == (7, "")
    heard: dict[str, Any] = json.loads(done.stdout)
    return heard


def lock_file(job: Job, environ: dict[str, str]) -> Path:
    return Path(environ["CTVPIPE_RUN_DIR"]) / f"{job.name}.lock"


@pytest.fixture
def held_backup(environ: dict[str, str]) -> Iterator[None]:
    with lock.held(lock_file(BACKUP, environ), BACKUP.name, {}):
        yield


@EVERY_JOB
def test_becomes_the_jobs_command_and_holds_its_lock(job: Job, telling: dict[str, str]) -> None:
    with subprocess.Popen([BIN / job.wrapper], env=telling, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        heard = json.loads(process.stdout.readline())
        with lock_file(job, telling).open("a") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.communicate()
    assert heard["pid"] == process.pid
    assert heard["argv"] == [*job.command, *MORE_WORDS.get(job.name, [])]
    assert heard["environ"][lock.DESCRIPTOR_VARIABLE] == "9"
    assert heard["fds"]["9"] == str(lock_file(job, telling))
    assert heard["umask"] == 0o007
    assert lock_file(job, telling).stat().st_mode & 0o777 == 0o660
    assert process.returncode == 7


@EVERY_JOB
def test_passes_arguments_on_as_they_are(job: Job, telling: dict[str, str]) -> None:
    given = ["--dry-run", "two  words", "*", ""]
    action = ["rotate"] if job.name == "commercial-rotation" else []
    heard = told(job.wrapper, *action, *given, environ=telling)
    assert heard["argv"] == [*job.command, *MORE_WORDS.get(job.name, []), *given]


@EVERY_JOB
def test_works_through_links(job: Job, telling: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a place").mkdir()
    (tmp_path / "a place" / "bin").symlink_to(BIN)
    (tmp_path / "short").symlink_to(tmp_path / "a place" / "bin" / job.wrapper)
    for path in (tmp_path / "a place" / "bin" / job.wrapper, tmp_path / "short"):
        assert told(path, environ=telling)["argv"][: len(job.command)] == list(job.command)


def test_without_the_lock_the_command_is_called_without_a_descriptor(
    telling: dict[str, str], held_backup: None
) -> None:
    heard = told(BACKUP.wrapper, environ=telling | {lock.DESCRIPTOR_VARIABLE: "9"})
    assert lock.DESCRIPTOR_VARIABLE not in heard["environ"]
    assert str(lock_file(BACKUP, telling)) not in heard["fds"].values()


def test_the_command_says_not_now(real: dict[str, str], held_backup: None) -> None:
    done = call(BACKUP.wrapper, environ=real)
    assert done.returncode == 75
    assert "NOT_NOW: db-backup: another run of db-backup is going on" in done.stderr


@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_an_unusable_run_directory_is_left_to_the_command(kind: str, telling: dict[str, str]) -> None:
    run_dir = Path(telling["CTVPIPE_RUN_DIR"])
    run_dir.rmdir()
    if kind == "a file":
        run_dir.write_text("")
    heard = told(BACKUP.wrapper, environ=telling)
    assert heard["argv"] == ["backup"]
    assert lock.DESCRIPTOR_VARIABLE not in heard["environ"]


def test_the_command_says_that_the_run_directory_is_unusable(real: dict[str, str]) -> None:
    Path(real["CTVPIPE_RUN_DIR"]).rmdir()
    Path(real["CTVPIPE_RUN_DIR"]).write_text("")
    done = call(BACKUP.wrapper, environ=real)
    assert done.returncode == 1
    assert f"cannot open the lock file {lock_file(BACKUP, real)}" in done.stderr


def test_a_forbidden_run_directory_is_left_to_the_command(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any]
) -> None:
    shutil.copytree(BIN, public_dir / "bin")
    command, run_dir = public_dir / "command", public_dir / "run"
    command.write_text('#!/bin/sh\necho "$* ${CTVPIPE_LOCK_FD-none}"\n')
    command.chmod(0o755)
    run_dir.mkdir()
    run_dir.chmod(0o555)
    environ = {"PATH": os.environ["PATH"], "CTVPIPE_COMMAND": str(command), "CTVPIPE_RUN_DIR": str(run_dir)}

    def attempt() -> tuple[str, str]:
        done = subprocess.run(
            [public_dir / "bin" / BACKUP.wrapper], env=environ, cwd="/", capture_output=True, text=True, check=True
        )
        return done.stdout, done.stderr

    assert as_another_user(attempt) == ("backup none\n", "")


def test_of_twenty_at_once_one_runs(environ: dict[str, str]) -> None:
    write_command(environ, LOCKS)
    words = [BIN / BACKUP.wrapper]
    processes = [subprocess.Popen(words, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(20)]
    try:
        deadline = time.monotonic() + 60
        while len(running := [process for process in processes if process.poll() is None]) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # It ends with its input, so it was there while the others came and went.
        assert running[0].communicate()[0] == b"held\n"
    finally:
        for process in processes:
            process.kill()
    assert sorted(process.wait() for process in processes) == [0] + [75] * 19
    for process in processes:
        if process is not running[0]:
            assert process.communicate()[0] == b""


def test_rotate_is_the_default(telling: dict[str, str]) -> None:
    assert told("rotate_commercial_logs.sh", "rotate", environ=telling)["argv"] == ["commercial", "rotate"]


def test_status_takes_no_lock(telling: dict[str, str]) -> None:
    heard = told("rotate_commercial_logs.sh", "status", environ=telling)
    assert heard["argv"] == ["commercial", "rotate", "--status"]
    assert lock.DESCRIPTOR_VARIABLE not in heard["environ"]
    assert list(Path(telling["CTVPIPE_RUN_DIR"]).iterdir()) == []


@pytest.mark.parametrize("word", ["clean", "--help", ""])
def test_any_other_word_is_refused(word: str, telling: dict[str, str]) -> None:
    done = call("rotate_commercial_logs.sh", word, environ=telling)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"usage: {BIN}/rotate_commercial_logs.sh [rotate|status]\n"


def set_extra_args(environ: dict[str, str], line: str) -> None:
    (Path(environ["CTVPIPE_ETC_DIR"]) / "ctv-daily-update.env").write_text(f"{line}\n")


def update(environ: dict[str, str], *args: str) -> str:
    """What ``daily_update.sh`` says of an option with a wrong value."""
    done = call("daily_update.sh", *args, environ=environ)
    assert done.returncode == 2
    return " ".join(done.stderr.split())


def test_extra_args_of_the_env_file_hold_by_hand(real: dict[str, str]) -> None:
    set_extra_args(real, "DAILY_UPDATE_EXTRA_ARGS=--dry-run --strategy filed")
    assert "'filed' is not one of" in update(real)


def test_extra_args_of_the_environment_hold(real: dict[str, str]) -> None:
    set_extra_args(real, "DAILY_UPDATE_EXTRA_ARGS=--strategy filed")
    assert "'handed' is not one of" in update(real | {"DAILY_UPDATE_EXTRA_ARGS": "--strategy handed"})


def test_extra_args_may_be_quoted(real: dict[str, str]) -> None:
    set_extra_args(real, "DAILY_UPDATE_EXTRA_ARGS=\"--strategy 'two words'\"")
    assert "'two words' is not one of" in update(real)


def test_an_argument_given_by_hand_wins_over_extra_args(real: dict[str, str]) -> None:
    set_extra_args(real, "DAILY_UPDATE_EXTRA_ARGS=--strategy filed")
    assert "'given' is not one of" in update(real, "--strategy", "given")


def test_an_open_quote_in_extra_args_is_said(real: dict[str, str]) -> None:
    assert "DAILY_UPDATE_EXTRA_ARGS: a quotation mark" in update(real | {"DAILY_UPDATE_EXTRA_ARGS": "--file 'x"})


def test_the_command_alone_ignores_extra_args(real: dict[str, str]) -> None:
    done = subprocess.run(
        [real["CTVPIPE_COMMAND"], "update", "--unattended", "--dry-run"],
        env=real | {"DAILY_UPDATE_EXTRA_ARGS": "--strategy filed"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "DATABASE_PATH and DATABASE_URL: neither is set" in done.stderr
