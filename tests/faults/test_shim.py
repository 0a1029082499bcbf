"""What the injector sees, what its faults do, and how it starts and ends runs."""

from __future__ import annotations

import errno
import signal
from pathlib import Path

import pytest

from .injector import DiskFull, Fault, ForkServer, FsyncError, Host, HostError, Injector, Kill, ShimError, WrongBit
from .sample import ENV, command, script
from .shim import build

# Everything Python can change a tree with: the statement, and the calls expected in the trace (None: not counted).
CALLS: list[tuple[str, str | None]] = [
    ('fd = os.open("a", os.O_CREAT | os.O_RDWR)', "open a 0"),
    ('os.close(os.open("a", os.O_CREAT | os.O_RDWR))', None),
    ('os.write(fd, b"abcd")', "write a 4"),
    ('os.pwrite(fd, b"abc", 0)', "pwrite a 3"),
    ('os.writev(fd, [b"ab", b"cde"])', "writev a 5"),
    ('os.pwritev(fd, [b"ab", b"c"], 0)', "pwritev2 a 3"),
    ("os.fsync(fd)", "fsync a 0"),
    ("os.fdatasync(fd)", "fdatasync a 0"),
    ("os.ftruncate(fd, 7)", "ftruncate a 7"),
    ('os.truncate("a", 9)', "truncate a 9"),
    ("os.posix_fallocate(fd, 0, 11)", "posix_fallocate a 11"),
    ("os.fchmod(fd, 0o600)", "fchmod a 0"),
    ('os.chmod("a", 0o644)', "chmod a 0"),
    ("os.fchown(fd, -1, -1)", "fchown a 0"),
    ('os.chown("a", -1, -1)', "chown a 0"),
    ('os.utime("a")', "utimensat a 0"),
    ('source = os.open("a", os.O_RDONLY)', None),
    ("os.read(source, 1)", None),
    ('target = os.open("b", os.O_CREAT | os.O_WRONLY)', "open b 0"),
    ("os.sendfile(target, source, 0, 6)", "sendfile b 6"),
    ('shutil.copyfile("a", "b")', "truncating open b 0\nsendfile b 11\nsendfile b 0"),
    ("os.copy_file_range(source, target, 5)", "copy_file_range b 5"),
    ('os.rename("b", "c")', "rename b -> c 0"),
    ('os.replace("c", "d")', "rename c -> d 0"),
    ('os.link("d", "e")', "link d -> e 0"),
    ('os.symlink("d", "f")', "symlink f 0"),
    ('os.unlink("e")', "unlink e 0"),
    ('os.remove("f")', "unlink f 0"),
    ('os.mkdir("g")', "mkdir g 0"),
    ('os.makedirs("g", exist_ok=True)', None),
    ('Path("missing").unlink(missing_ok=True)', None),
    ('os.rename("d", "g/d")', "rename d -> g/d 0"),
    ('folder = os.open("g", os.O_RDONLY)', None),
    ('os.close(os.open("h", os.O_CREAT | os.O_WRONLY, dir_fd=folder))', "openat g/h 0"),
    ('os.rename("h", "i", src_dir_fd=folder, dst_dir_fd=folder)', "renameat g/h -> g/i 0"),
    ('os.mkdir("j", dir_fd=folder)', "mkdirat g/j 0"),
    ("os.fsync(folder)", "fsync g 0"),
    ('os.rmdir("g/j")', "rmdir g/j 0"),
    ('os.unlink("i", dir_fd=folder)', "unlinkat g/i 0"),
    ('file = open("k", "wb", buffering=0)', "open k 0"),
    ('file.write(b"abc")', "write k 3"),
    ('open("k", "w").close()', "truncating open k 0"),
    ('os.chdir("g"); os.mkdir("../l/"); os.chdir("..")', "mkdir l 0"),
    ('os.close(os.open(".", os.O_TMPFILE | os.O_RDWR))', "open . 0"),
    ('out, into = os.pipe(); os.write(into, b"abc")', None),
    ('print("said", flush=True)', None),
    ('open(outside, "w").write("abc")', None),
    ('open("a", "rb").read()', None),
]


def test_every_changing_call_of_python_is_seen_and_no_other(tmp_path: Path, root: Path, host: Host) -> None:
    lines = [
        "import os, shutil\nfrom pathlib import Path",
        f"outside = {str(tmp_path / 'rootless')!r}",
        *(line for line, _ in CALLS),
    ]
    result = Injector(root, host).run(command(script(tmp_path, "\n".join(lines))), ENV)
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "said\n")
    seen = [line.split(" ", 1)[1].replace(f"{root}/", "") for line in result.trace.splitlines()]
    assert seen == [line for _, calls in CALLS if calls is not None for line in calls.split("\n")]
    assert result.calls == len(seen)


# The fault; what is then in the file, what the job was told, and how many steps the trace marks.
EFFECTS: list[tuple[Fault | None, str, list[int], int]] = [
    (None, "first second", [], 0),
    (Kill(2, "before"), "", [], 1),
    (Kill(2, "after"), "first ", [], 1),
    (Kill(4, "before"), "first second", [], 1),
    (Kill(1, "torn"), "fir", [], 1),
    (DiskFull(2, lasting=False), "second", [errno.ENOSPC], 1),
    (DiskFull(2), "", [errno.ENOSPC, errno.ENOSPC], 2),
    (DiskFull(2, short=True), "fir", [errno.ENOSPC], 2),
    (DiskFull(2, short=True, lasting=False), "firsecond", [], 1),
    (FsyncError(1), "first second", [errno.EIO], 1),
    (WrongBit(1), "firct second", [], 1),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=[str(effect[0]) for effect in EFFECTS])
def test_a_fault_does_what_it_says(
    effect: tuple[Fault | None, str, list[int], int], tmp_path: Path, root: Path, host: Host
) -> None:
    fault, content, errors, marked = effect
    text = """
import os
fd = os.open("file", os.O_CREAT | os.O_WRONLY)
errors = []
for call in (lambda: os.write(fd, b"first "), lambda: os.write(fd, b"second"), lambda: os.fsync(fd)):
    try:
        call()
    except OSError as error:
        errors.append(error.errno)
print(errors)
"""
    result = Injector(root, host).run(command(script(tmp_path, text)), ENV, fault)
    assert (root / "file").read_text() == content
    assert result.injected == (fault is not None)
    assert result.killed == isinstance(fault, Kill) == (result.returncode == -signal.SIGKILL)
    assert result.stdout == ("" if result.killed else f"{errors}\n")
    assert result.trace.count("!") == marked


PARENT = """
import subprocess, sys
open("parent", "w").close()
child = 'open("child", "w").close(); open("grown", "w").close()'
subprocess.run([sys.executable, "-S", "-c", child], check=True)
open("end", "w").close()
"""


@pytest.mark.parametrize(("tree", "calls"), [(False, 2), (True, 4)])
def test_children_count_if_the_tree_is_asked_for(
    tree: bool,
    calls: int,
    tmp_path: Path,
    root: Path,
    host: Host,
) -> None:
    assert Injector(root, host, tree=tree).count(command(script(tmp_path, PARENT)), ENV) == calls


def test_a_kill_in_a_child_takes_the_whole_tree(tmp_path: Path, root: Path, host: Host) -> None:
    result = Injector(root, host, tree=True).run(command(script(tmp_path, PARENT)), ENV, Kill(3, "before"))
    assert result.killed
    assert sorted(path.name for path in root.iterdir()) == ["child", "parent"]


def test_a_shell_wrapper_that_executes_the_job_counts_as_the_job(tmp_path: Path, root: Path, host: Host) -> None:
    path = script(tmp_path, PARENT)
    wrapped = ["/bin/sh", "-c", 'echo started > log; exec "$@"', "sh", *command(path)]
    assert Injector(root, host).count(wrapped, ENV) == 2 + Injector(root, host).count(command(path), ENV)


@pytest.mark.parametrize("mode", ["process", "fork"])
def test_what_a_run_leaves_running_is_ended(mode: str, tmp_path: Path, root: Path, host: Host) -> None:
    text = """
import subprocess
def main():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    print(child.pid, flush=True)
    open("file", "w").close()
if __name__ == "__main__":
    main()
"""
    path = script(tmp_path, text)
    server = ForkServer(entry="sample_job:main", path=[tmp_path]) if mode == "fork" else host
    result = Injector(root, server).run(command(path), ENV, Kill(1, "after"))
    assert (result.killed, result.left) == (True, 1)
    assert not Path("/proc", result.stdout.strip()).exists()


def test_a_run_that_hangs_is_ended_and_told(tmp_path: Path, root: Path, host: Host) -> None:
    path = script(tmp_path, 'import signal\nopen("file", "w").close()\nsignal.pause()\n')
    with pytest.raises(TimeoutError, match=r"did not end within 0.5 s.*\n.*open .*file"):
        Injector(root, host, timeout=0.5).run(command(path), ENV)
    assert Injector(root, host).count(command(script(tmp_path, "")), ENV) == 0


ANSWERS = """
import os, sys
runs = 0
def main():
    global runs
    runs += 1
    print(runs, sys.argv[1:], sorted(name for name in os.environ if not name.startswith("FAULT")))
    sys.stdout.write("no end of line")
    if sys.argv[1] == "raise":
        raise ValueError("told")
    if sys.argv[1] == "text":
        sys.exit("told")
    return int(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("argument", "code", "told"),
    [("0", 0, ""), ("3", 3, ""), ("text", 1, "told\n"), ("raise", 1, "ValueError: told\n")],
)
def test_a_fork_answers_like_a_console_script(argument: str, code: int, told: str, tmp_path: Path, root: Path) -> None:
    script(tmp_path, ANSWERS)
    injector = Injector(root, ForkServer(["json"], entry="sample_job:main", path=[tmp_path]))
    for _ in range(2):
        result = injector.run(["job", argument], {"ONLY": "this"})
        assert result.returncode == code
        assert result.stdout == f"1 ['{argument}'] ['LD_PRELOAD', 'ONLY']\nno end of line"
        assert result.stderr.endswith(told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        (
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\nmain = print",
            "2 threads",
        ),
        ("", "has no attribute 'main'"),
    ],
)
def test_an_entry_that_cannot_be_forked_is_refused(text: str, told: str, tmp_path: Path) -> None:
    script(tmp_path, text)
    with pytest.raises(HostError, match=told):
        ForkServer(entry="sample_job:main", path=[tmp_path])


def test_a_missing_compiler_or_header_is_named(tmp_path: Path) -> None:
    source = tmp_path / "shim.c"
    source.write_text("#include <no_such_header.h>\n")
    with pytest.raises(ShimError, match="apt-get install gcc libc6-dev"):
        build([source], tmp_path / "shim.so", "no-such-compiler")
    with pytest.raises(ShimError, match=r"(?s)apt-get install libc6-dev.*no_such_header"):
        build([source], tmp_path / "shim.so")


def test_a_closed_host_leaves_nothing_behind() -> None:
    host = Host()
    folder = host.trace.parent
    assert folder.is_dir()
    host.close()
    assert not folder.exists()
