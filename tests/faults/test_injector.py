"""The injector on a sample job: a sound job passes at every step, a broken one is found out."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from .injector import DiskFull, Fault, ForkServer, FsyncError, Host, Injector, Kill, Step, every_step, restore
from .sample import ENV, IN_PLACE, ROWS, SOUND, TWO_COMMITS, WHOLE, command, script

DONE = ("ok", ROWS, WHOLE)
ALLOWED = (("ok", 0, None), ("ok", ROWS, None), DONE)
FAULTS: dict[str, Callable[[int], Fault]] = {
    "kill before": lambda n: Kill(n, "before"),
    "kill after": lambda n: Kill(n, "after"),
    "torn write": lambda n: Kill(n, "torn"),
    "disk full": DiskFull,
    "disk full once": lambda n: DiskFull(n, lasting=False),
    "disk full in mid-write": lambda n: DiskFull(n, short=True),
    "short write": lambda n: DiskFull(n, lasting=False, short=True),
    "fsync error": FsyncError,
}
BROKEN = [
    *((TWO_COMMITS, name) for name in ("kill before", "kill after", "torn write", "disk full")),
    *((IN_PLACE, name) for name in ("kill before", "torn write", "disk full", "disk full in mid-write")),
]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A database in WAL mode whose table has no rows, and no report."""
    template = tmp_path / "template"
    template.mkdir()
    database = sqlite3.connect(template / "state.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE item (number INTEGER PRIMARY KEY, text TEXT)")
    database.close()
    return template


def state(root: Path) -> tuple[str, int, str | None]:
    """What a reader finds: the verdict of the integrity check, the number of rows, the report."""
    database = sqlite3.connect(root / "state.db")
    verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    rows = database.execute("SELECT count(*) FROM item").fetchone()[0]
    database.close()
    report = root / "report.csv"
    return verdict, rows, report.read_text() if report.exists() else None


def breach(injector: Injector, argv: list[str], step: Step) -> str | None:
    """What a step has broken, if anything: between two states, a failure not reported, or no way forward."""
    found = state(injector.root)
    if found not in ALLOWED:
        return f"in between: {found[:2]}"
    if isinstance(step.fault, Kill):
        if not step.result.killed:
            return "not killed"
    elif step.result.returncode == 0 and found != DONE:
        return "success was claimed"
    elif isinstance(step.fault, DiskFull) and step.fault.lasting and step.result.returncode == 0:
        return "a full disk went unnoticed"
    again = injector.run(argv, ENV)
    if again.returncode != 0 or state(injector.root) != DONE:
        return f"the next run does not converge: {again}"
    if sorted(path.name for path in injector.root.iterdir()) != ["report.csv", "state.db"]:
        return "files are left over"
    return None


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("mode", ["process", "fork"])
def test_a_sound_job_is_before_or_after_at_every_step(
    mode: str, fault: Callable[[int], Fault], tmp_path: Path, template: Path, host: Host
) -> None:
    path = script(tmp_path, SOUND)
    server = ForkServer(entry="sample_job:main", path=[tmp_path]) if mode == "fork" else host
    injector = Injector(tmp_path / "root", server)
    argv = command(path)
    stride = 1 if mode == "fork" else 6
    reached = []
    for step in every_step(injector, argv, ENV, fault, template=template, stride=stride):
        found = breach(injector, argv, step)
        assert found is None, f"{found}: {step}"
        reached.append(step.fault.at)
    assert state(injector.root) == DONE
    restore(template, injector.root)
    in_all = injector.run(argv, ENV, fault(1_000_000)).steps
    assert reached == list(range(1, in_all + 1, stride))


@pytest.mark.parametrize(
    ("text", "name"),
    BROKEN,
    ids=[f"{'two commits' if text == TWO_COMMITS else 'in place'}, {name}" for text, name in BROKEN],
)
def test_a_broken_job_is_found_out(text: str, name: str, tmp_path: Path, template: Path) -> None:
    path = script(tmp_path, text)
    injector = Injector(tmp_path / "root", ForkServer(entry="sample_job:main", path=[tmp_path]))
    argv = command(path)
    steps = every_step(injector, argv, ENV, FAULTS[name], template=template)
    assert any("in between" in (breach(injector, argv, step) or "") for step in steps)


def test_a_broken_job_is_found_out_in_a_process_of_its_own(tmp_path: Path, template: Path, host: Host) -> None:
    path = script(tmp_path, TWO_COMMITS)
    injector = Injector(tmp_path / "root", host)
    argv = command(path)
    steps = every_step(injector, argv, ENV, lambda n: Kill(n, "after"), template=template)
    assert f"in between: {('ok', 100)}" in (breach(injector, argv, step) for step in steps)


def test_a_fork_takes_the_same_steps_as_a_process(tmp_path: Path, template: Path, host: Host) -> None:
    path = script(tmp_path, SOUND)
    root = tmp_path / "root"
    traces = []
    for one in (host, ForkServer(entry="sample_job:main", path=[tmp_path])):
        restore(template, root)
        traces.append(Injector(root, one).run(command(path), ENV).trace)
    assert traces[0] == traces[1]
    assert f"rename {root}/.report.tmp -> {root}/report.csv" in traces[0]
    assert f"fdatasync {root}/state.db-wal" in traces[0]


@pytest.mark.parametrize(
    ("stride", "offset", "expected"),
    [(1, 0, [1, 2, 3, 4, 5]), (2, 0, [1, 3, 5]), (2, 1, [2, 4]), (5, 4, [5]), (9, 0, [1]), (9, 7, [3])],
)
def test_a_stride_takes_every_so_many_steps(
    stride: int, offset: int, expected: list[int], tmp_path: Path, host: Host
) -> None:
    argv = command(script(tmp_path, 'for name in "abcde":\n    open(name, "w").close()\n'))
    (tmp_path / "template").mkdir()
    injector = Injector(tmp_path / "root", host)
    steps = every_step(injector, argv, ENV, Kill, template=tmp_path / "template", stride=stride, offset=offset)
    assert [step.fault.at for step in steps] == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("print('read only')", "no step below .* can fail in this way"),
        ('open("a", "w").close()\nraise SystemExit(4)', "the untouched run failed: exit 4"),
    ],
)
def test_a_job_that_shows_nothing_is_an_error(text: str, told: str, tmp_path: Path, host: Host) -> None:
    argv = command(script(tmp_path, text))
    (tmp_path / "template").mkdir()
    with pytest.raises(AssertionError, match=told):
        list(every_step(Injector(tmp_path / "root", host), argv, ENV, Kill, template=tmp_path / "template"))


def test_an_offset_outside_the_stride_is_refused(tmp_path: Path, host: Host) -> None:
    with pytest.raises(ValueError, match="below the stride 2"):
        next(every_step(Injector(tmp_path, host), [], ENV, Kill, template=tmp_path, stride=2, offset=2))


def test_restoring_gives_an_exact_copy_and_nothing_else(tmp_path: Path, root: Path) -> None:
    template = tmp_path / "template"
    (template / "inner").mkdir(parents=True)
    (template / "inner" / "file").write_text("text")
    (template / "inner" / "file").chmod(0o640)
    os.utime(template / "inner" / "file", (1, 2))
    (template / "link").symlink_to("inner")
    (root / "stale").write_text("text")
    restore(template, root)
    found = (root / "inner" / "file").stat()
    assert sorted(path.name for path in root.iterdir()) == ["inner", "link"]
    assert (found.st_mtime, found.st_mode & 0o777) == (2, 0o640)
    assert (root / "link").readlink() == Path("inner")
    with pytest.raises(ValueError, match="lie in one another"):
        restore(template, tmp_path)
