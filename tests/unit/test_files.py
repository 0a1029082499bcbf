"""Publishing files: the old one or the whole new one."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core import files
from ctvpipe.core.errors import ContractError, PermanentError


def test_publish_replaces_the_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "new" / "report.txt"
    for text in ("one", "two"):
        with files.publish(target, mode=0o604) as temporary:
            assert temporary.parent == target.parent
            assert files.is_temporary(temporary)
            temporary.write_text(text)
        assert target.read_text() == text
    assert target.stat().st_mode & 0o777 == 0o604
    assert [path.name for path in target.parent.iterdir()] == ["report.txt"]


@pytest.mark.parametrize("error", [ContractError("wrong"), KeyboardInterrupt(), ConnectionResetError(104, "reset")])
def test_an_error_in_the_body_leaves_the_old_file_and_is_not_changed(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")
    with pytest.raises(type(error)) as caught, files.publish(target) as temporary:  # noqa: PT012  (the body is meant)
        temporary.write_text("half")
        raise error
    assert caught.value is error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_check_publishes_nothing(tmp_path: Path) -> None:
    def check(path: Path) -> None:
        assert path.read_text() == "new"
        raise ContractError("not fit")

    target = tmp_path / "report.txt"
    with pytest.raises(ContractError), files.publish(target, check=check) as temporary:
        temporary.write_text("new")
    assert list(tmp_path.iterdir()) == []


def test_the_leftover_of_a_killed_run_is_not_published(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    with files.publish(target) as temporary:
        temporary.write_text("x")
        leftover = temporary
    leftover.write_text("left over")
    with files.publish(target) as temporary:
        assert not temporary.exists()
        temporary.write_text("y")
    assert target.read_text() == "y"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_is_explained(tmp_path: Path, number: int) -> None:
    target = tmp_path / "report.txt"
    with pytest.raises(PermanentError) as caught, files.publish(target):
        raise OSError(number, "as the system says it")
    assert str(caught.value) == f"cannot write {target}: as the system says it"
    assert caught.value.advice


def test_a_body_that_cannot_create_the_file_is_explained(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    with pytest.raises(PermanentError, match="cannot write"), files.publish(target) as temporary:  # noqa: PT012
        temporary.mkdir()
        temporary.write_text("x")


def test_a_body_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="No such file"), files.publish(tmp_path / "report.txt"):
        pass


def test_a_forbidden_directory_is_explained(
    public_dir: Path, as_another_user: Callable[[Callable[[], Any]], Any]
) -> None:
    public_dir.chmod(0o555)

    def attempt() -> None:
        with files.publish(public_dir / "report.txt") as temporary:
            temporary.write_text("x")

    error = as_another_user(attempt)
    assert isinstance(error, PermanentError)
    assert str(error).endswith("report.txt: Permission denied")
    assert "owner and permissions" in error.advice


def test_remove(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("x")
    files.remove(file)
    assert not file.exists()


def test_require_free(tmp_path: Path) -> None:
    files.require_free(tmp_path / "not" / "there" / "yet", 0)
    with pytest.raises(PermanentError, match=r"^only \d+ MiB free on the disk of .*, 1000000000 MiB are required$"):
        files.require_free(tmp_path / "not" / "there" / "yet", 1_000_000_000)
