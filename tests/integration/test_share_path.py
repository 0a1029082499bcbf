"""Fetching from a folder of this machine: the same rules as on a server."""

from __future__ import annotations

import hashlib
import os
import threading
import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ctvpipe.core.errors import CtvpipeError
from ctvpipe.sources import share
from ctvpipe.sources import share_errors as errors
from ctvpipe.sources.share import Credentials, Fetched, ShareLocation, Waits
from ctvpipe.sources.share_path import PathTree

WORKBOOK = "Traffic/Media Library/Commercial Log.xlsx"
WAITS = Waits(stall_seconds=20, total_seconds=30, settle_tries=2, settle_seconds=0.1)
LONG_AGO = datetime(2026, 8, 27, 23, 15, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "k drive"
    (folder / WORKBOOK).parent.mkdir(parents=True)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def put_workbook(root: Path, path: str = WORKBOOK, age: datetime = LONG_AGO) -> bytes:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content", os.urandom(700_000))
    os.utime(file, (age.timestamp(), age.timestamp()))
    return file.read_bytes()


def fetch(root: Path, out: Path, path: str = WORKBOOK, **changes: object) -> Fetched:
    location = ShareLocation("path", path=str(root))
    arguments = {"waits": WAITS, "max_bytes": 10**7, **changes}
    return share.fetch(location, Credentials(), path, out / "copy.xlsx", **arguments)  # type: ignore[arg-type]


def refused(root: Path, out: Path, path: str = WORKBOOK, **changes: object) -> CtvpipeError:
    with pytest.raises(CtvpipeError) as caught:
        fetch(root, out, path, **changes)
    assert list(out.iterdir()) == []
    return caught.value


def test_the_copy_is_identical_and_described(root: Path, out: Path) -> None:
    content = put_workbook(root)
    fetched = fetch(root, out)
    assert fetched == Fetched(
        WORKBOOK, WORKBOOK, False, len(content), LONG_AGO, hashlib.sha256(content).hexdigest(), attempts=1
    )
    assert (out / "copy.xlsx").read_bytes() == content


def test_a_folder_is_made_for_the_copy(root: Path, out: Path) -> None:
    put_workbook(root)
    fetch(root, out / "new folder")
    assert (out / "new folder" / "copy.xlsx").exists()


def test_another_letter_case_is_found_and_said(root: Path, out: Path) -> None:
    put_workbook(root, "Traffic/Media library/COMMERCIAL LOG.xlsx")
    (root / "Traffic/Media Library").rmdir()
    fetched = fetch(root, out)
    assert fetched.case_differs
    assert fetched.actual_path == "Traffic/Media library/COMMERCIAL LOG.xlsx"


def test_the_exact_spelling_wins(root: Path, out: Path) -> None:
    content = put_workbook(root)
    put_workbook(root, "Traffic/media library/commercial log.xlsx")
    assert not fetch(root, out).case_differs
    assert (out / "copy.xlsx").read_bytes() == content


def test_two_spellings_and_none_exact(root: Path, out: Path) -> None:
    (root / "TRAFFIC").mkdir()
    error = refused(root, out, "traffic/a.xlsx")
    assert isinstance(error, errors.NameAmbiguous)
    assert "'TRAFFIC' and 'Traffic'" in str(error)


def test_accents_may_be_encoded_either_way(root: Path, out: Path) -> None:
    put_workbook(root, unicodedata.normalize("NFD", "Señal.xlsx"))
    assert fetch(root, out, unicodedata.normalize("NFC", "Señal.xlsx")).case_differs


def test_missing_things_are_named(root: Path, out: Path) -> None:
    folder = refused(root, out, "Trafic/Media Library/Commercial Log.xlsx")
    assert isinstance(folder, errors.FolderMissing)
    assert str(folder) == f"folder 'Trafic' not found in {root}"
    assert folder.advice == "close names there: 'Traffic'"
    file = refused(root, out)
    assert isinstance(file, errors.FileMissing)
    assert str(file) == f"file 'Commercial Log.xlsx' not found in {root}/Traffic/Media Library"


def test_an_empty_mount_point(tmp_path: Path, out: Path) -> None:
    (tmp_path / "mnt").mkdir()
    error = refused(tmp_path / "mnt", out)
    assert isinstance(error, errors.FolderMissing)
    assert str(error) == f"folder {tmp_path}/mnt is empty: is the share mounted?"


def test_a_missing_mount_point(tmp_path: Path, out: Path) -> None:
    error = refused(tmp_path / "mnt", out)
    assert isinstance(error, errors.FolderMissing)
    assert str(error) == f"folder {tmp_path}/mnt does not exist"


@pytest.mark.parametrize("path", ["link.xlsx", "way/secret.xlsx"])
def test_links_do_not_lead_out(root: Path, out: Path, tmp_path: Path, path: str) -> None:
    put_workbook(tmp_path, "elsewhere/secret.xlsx")
    (root / "way").symlink_to(tmp_path / "elsewhere")
    (root / "link.xlsx").symlink_to(tmp_path / "elsewhere/secret.xlsx")
    assert "symbolic link" in str(refused(root, out, path))


def test_a_link_put_there_after_the_look_does_not_lead_out_either(root: Path, tmp_path: Path) -> None:
    put_workbook(tmp_path, "elsewhere/secret.xlsx")
    (root / "way").symlink_to(tmp_path / "elsewhere")
    (root / "link.xlsx").symlink_to(tmp_path / "elsewhere/secret.xlsx")
    tree = PathTree(ShareLocation("path", path=str(root)))
    for file in (("link.xlsx",), ("way", "secret.xlsx")):
        with pytest.raises(CtvpipeError, match="symbolic link"):
            tree.look(file)
    with pytest.raises(CtvpipeError, match="symbolic link"):
        tree.entries(("way",))


def test_the_configured_folder_itself_may_be_a_link(root: Path, out: Path, tmp_path: Path) -> None:
    put_workbook(root)
    (tmp_path / "share").symlink_to(root)
    fetch(tmp_path / "share", out)


def test_what_is_not_a_file(root: Path, out: Path) -> None:
    os.mkfifo(root / WORKBOOK)
    assert "is not a file" in str(refused(root, out))
    assert "is a folder, not a file" in str(refused(root, out, "Traffic"))


def test_a_workbook_that_somebody_has_open(root: Path, out: Path) -> None:
    put_workbook(root)
    (root / WORKBOOK).with_name("~$Commercial Log.xlsx").write_text("Erika Mustermann")
    error = refused(root, out)
    assert isinstance(error, errors.BeingSaved)
    assert "Mustermann" not in str(error) + error.advice
    assert fetch(root, out, owner_file="ignore").attempts == 1


def test_a_truncated_workbook(root: Path, out: Path) -> None:
    (root / WORKBOOK).write_bytes(put_workbook(root)[:-100])
    error = refused(root, out)
    assert isinstance(error, errors.BeingSaved)
    assert "no readable end" in str(error)


def test_a_workbook_that_becomes_whole_is_taken(root: Path, out: Path) -> None:
    content = put_workbook(root)
    (root / WORKBOOK).write_bytes(content[: len(content) // 2])
    seen: list[int] = []

    def finish(done: int, _total: int) -> None:
        if not seen:
            put_workbook(root, age=datetime.now(UTC))
        seen.append(done)

    fetched = fetch(root, out, on_progress=finish, waits=Waits(settle_tries=3, settle_seconds=0.5))
    assert fetched.attempts == 2
    assert (out / "copy.xlsx").read_bytes() == (root / WORKBOOK).read_bytes()


def test_a_workbook_saved_lately_must_rest(root: Path, out: Path) -> None:
    put_workbook(root, age=datetime.now(UTC))
    seen: list[int] = []

    def save_again(done: int, total: int) -> None:
        if done == total and not seen:
            seen.append(done)
            timer.start()

    timer = threading.Timer(0.5, put_workbook, [root], {"age": datetime.now(UTC)})
    fetched = fetch(root, out, on_progress=save_again, waits=Waits(settle_tries=2, settle_seconds=1.5))
    timer.join()
    assert fetched.attempts == 2
    assert (out / "copy.xlsx").read_bytes() == (root / WORKBOOK).read_bytes()


def test_too_large(root: Path, out: Path) -> None:
    size = len(put_workbook(root))
    assert isinstance(refused(root, out, max_bytes=size - 1), errors.TooLarge)
    assert fetch(root, out, max_bytes=size).size == size


def test_where_the_copy_cannot_be_written(root: Path, out: Path) -> None:
    put_workbook(root)
    (out / "copy.xlsx").mkdir()
    (out / "copy.xlsx" / "occupied").touch()
    with pytest.raises(CtvpipeError, match="cannot write"):
        fetch(root, out)
    assert [file.name for file in out.iterdir()] == ["copy.xlsx"]


def test_list(root: Path) -> None:
    put_workbook(root)
    (root / "b").mkdir()
    listed = share.list_folder(ShareLocation("path", path=str(root)), Credentials(), "", WAITS)
    assert [(entry.name, entry.is_dir) for entry in listed] == [("b", True), ("Traffic", True)]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        (WORKBOOK, ["share", "folder", "file", "age", "size", "in use"]),
        ("Nowhere/a.xlsx", ["share", "folder"]),
        ("Traffic/a.xlsx", ["share", "folder", "file"]),
        ("empty.xlsx", ["share", "folder", "file", "age", "size"]),
    ],
)
def test_explain(root: Path, path: str, steps: list[str]) -> None:
    put_workbook(root)
    (root / "empty.xlsx").touch()
    told: list[share.Step] = []
    location = ShareLocation("path", path=str(root))
    found = share.explain(location, Credentials(), path, WAITS, on_step=told.append)
    assert tuple(told) == found
    assert [step.name for step in found] == steps
    assert found[-1].ok == (path == WORKBOOK)
