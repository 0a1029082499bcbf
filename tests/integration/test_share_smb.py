"""Fetching from a real smbd that requires signing and encryption: what is copied, found, and refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ctvpipe.core.errors import PermanentError
from ctvpipe.sources import share
from ctvpipe.sources import share_errors as errors
from ctvpipe.sources.share import Credentials, Fetched
from tests.integration.share_station import (
    FOLDER,
    LONG_AGO,
    PASSWORD,
    WAITS,
    WORKBOOK,
    ShareStation,
    restricted,
    running,
)
from tests.integration.smb_relay import Relay
from tests.integration.smb_server import ACCOUNT


@pytest.fixture
def station(tmp_path: Path) -> Iterator[ShareStation]:
    with running(tmp_path) as station:
        yield station


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[ShareStation]:
    with restricted(tmp_path) as station:
        yield station


def test_the_copy_is_identical_and_described(station: ShareStation) -> None:
    content = station.put_workbook()
    seen: list[tuple[int, int]] = []

    fetched = station.fetch(on_progress=lambda done, total: seen.append((done, total)))

    assert (station.out / "copy.xlsx").read_bytes() == content
    assert [file.name for file in station.out.iterdir()] == ["copy.xlsx"]
    assert (station.out / "copy.xlsx").stat().st_mode & 0o777 == 0o640
    assert fetched == Fetched(
        WORKBOOK, WORKBOOK, False, len(content), LONG_AGO, hashlib.sha256(content).hexdigest(), attempts=1
    )
    assert seen[-1] == (len(content), len(content))
    assert seen == sorted(set(seen))


def test_an_earlier_copy_stays_when_the_fetch_fails(station: ShareStation) -> None:
    (station.out / "copy.xlsx").write_bytes(b"of yesterday")
    with pytest.raises(errors.FileMissing):
        station.fetch()
    assert [file.read_bytes() for file in station.out.iterdir()] == [b"of yesterday"]


def test_the_session_is_encrypted_and_signed_as_the_server_sees_it(station: ShareStation) -> None:
    station.put_long_file()
    seen: list[str] = []

    def look(_done: int, _total: int) -> None:
        if not seen:
            seen.append(station.server.status())
            station.server.kill()

    station.refused(on_progress=look)
    assert "SMB3_11" in seen[0]
    assert "AES-128-GCM" in seen[0]
    assert "AES-128-GMAC" in seen[0]


@pytest.mark.parametrize(("encrypt", "readable"), [("required", False), ("off", True)])
def test_what_passes_on_the_wire(tmp_path: Path, encrypt: str, readable: bool) -> None:
    station = ShareStation(tmp_path, encrypt=encrypt)
    station.put(WORKBOOK, b"Quellwasser " * 500)
    with station.server, Relay(station.server.port) as relay:
        station.fetch(location=replace(station.location, port=relay.port), must_be_zip=False)
    assert (b"Quellwasser" in relay.seen) == readable
    assert PASSWORD.encode("utf-16-le") not in relay.seen


def test_answers_without_a_signature_are_refused(tmp_path: Path) -> None:
    station = ShareStation(tmp_path, encrypt="off")
    station.put_workbook(1000)
    with station.server, Relay(station.server.port, strip_signatures=True) as relay:
        error = station.refused(location=replace(station.location, port=relay.port))
    assert "was not signed" in str(error)


def test_an_old_server_is_read_signed(tmp_path: Path) -> None:
    station = ShareStation(tmp_path, dialect="SMB2_02", max_dialect="SMB2_02", encrypt="off")
    content = station.put_workbook()
    with station.server:
        station.fetch()
        steps = {step.name: step for step in share.explain(station.location, station.credentials, WORKBOOK, WAITS)}
    assert (station.out / "copy.xlsx").read_bytes() == content
    assert steps["login"].detail.endswith("SMB 2.0.2, signed, not encrypted")


def test_wrong_password(station: ShareStation) -> None:
    error = station.refused(credentials=Credentials(ACCOUNT, "wrong"))
    assert isinstance(error, errors.LoginRefused)
    assert isinstance(error, PermanentError)
    assert str(error) == (
        f"server 127.0.0.1:{station.server.port} refused the login of {ACCOUNT}: wrong user name, password or domain"
    )


def test_unknown_user(station: ShareStation) -> None:
    error = station.refused(credentials=Credentials("no-such-user", PASSWORD, "STATION"))
    assert isinstance(error, errors.LoginRefused)
    assert "login of STATION\\no-such-user" in str(error)


def test_unknown_user_taken_as_guest(tmp_path: Path) -> None:
    station = ShareStation(tmp_path, guest="Bad User", encrypt="off")
    with station.server:
        error = station.refused(credentials=Credentials("no-such-user", PASSWORD))
    assert isinstance(error, errors.LoginRefused)
    assert "only as a guest" in str(error)


def test_disabled_account(station: ShareStation) -> None:
    station.server.user("daemon", PASSWORD, flags="-d")
    error = station.refused(credentials=Credentials("daemon", PASSWORD))
    assert isinstance(error, errors.LoginRefused)
    assert str(error).endswith("the account is disabled")


def test_missing_share(station: ShareStation) -> None:
    error = station.refused(location=replace(station.location, share="K-Drive"))
    assert isinstance(error, errors.ShareMissing)
    assert str(error) == f"server 127.0.0.1:{station.server.port} has no share 'K-Drive'"


def test_share_with_denied_access(tmp_path: Path) -> None:
    station = ShareStation(tmp_path)
    station.server.share("Accounting", "daemon")
    with station.server:
        error = station.refused(location=replace(station.location, share="Accounting"))
    assert isinstance(error, errors.AccessDenied)
    assert "access to share 'Accounting'" in str(error)


def test_file_with_denied_access(limited: ShareStation) -> None:
    limited.put_workbook()
    limited.workbook.chmod(0o600)
    error = limited.refused()
    assert isinstance(error, errors.AccessDenied)
    assert str(error) == f"access to {limited.location}/{WORKBOOK} denied"


def test_folder_with_denied_access(limited: ShareStation) -> None:
    limited.put_workbook()
    limited.workbook.parent.chmod(0o700)
    error = limited.refused()
    assert isinstance(error, errors.AccessDenied)
    assert str(error) == f"access to {limited.location}/{FOLDER} denied"


def test_a_folder_may_be_passed_without_the_right_to_list_it(limited: ShareStation) -> None:
    limited.put_workbook()
    (limited.share / "Traffic").chmod(0o711)
    limited.workbook.parent.chmod(0o711)
    assert limited.fetch().actual_path == WORKBOOK


def test_missing_folder_names_the_first_that_is_missing_and_what_is_close(station: ShareStation) -> None:
    error = station.refused("Traffic/Media Libary/Deep/Commercial Log.xlsx")
    assert isinstance(error, errors.FolderMissing)
    assert str(error) == f"folder 'Media Libary' not found in {station.location}/Traffic"
    assert error.advice == "close names there: 'Media Library'"


def test_missing_file(station: ShareStation) -> None:
    station.put(f"{FOLDER}/Commercial Log old.xlsx")
    error = station.refused()
    assert isinstance(error, errors.FileMissing)
    assert str(error) == f"file 'Commercial Log.xlsx' not found in {station.location}/{FOLDER}"
    assert error.advice == "close names there: 'Commercial Log old.xlsx'"


def test_a_file_where_a_folder_should_be_and_the_reverse(station: ShareStation) -> None:
    station.put("Traffic/Plan")
    assert isinstance(station.refused("Traffic/Plan/Commercial Log.xlsx"), errors.FolderMissing)
    assert isinstance(station.refused(FOLDER), errors.FileMissing)


def test_another_letter_case_is_found_and_said(station: ShareStation) -> None:
    station.put_workbook()
    fetched = station.fetch("traffic/MEDIA library/commercial log.XLSX")
    assert fetched.case_differs
    assert fetched.actual_path == WORKBOOK
    assert fetched.requested_path == "traffic/MEDIA library/commercial log.XLSX"


def test_another_letter_case_is_said_where_the_server_does_not_mind(tmp_path: Path) -> None:
    station = ShareStation(tmp_path)
    folder = station.server.share("Lax", ACCOUNT, case_sensitive=False)
    (folder / "Notes.txt").write_text("n")
    with station.server:
        fetched = station.fetch("NOTES.TXT", location=replace(station.location, share="Lax"), must_be_zip=False)
    assert (fetched.actual_path, fetched.case_differs) == ("Notes.txt", True)


def test_the_exact_spelling_wins_over_others(station: ShareStation) -> None:
    content = station.put_workbook()
    station.put("TRAFFIC/Media Library/Commercial Log.xlsx", b"another")
    assert not station.fetch().case_differs
    assert (station.out / "copy.xlsx").read_bytes() == content


@pytest.mark.parametrize("wanted", ["Notes.txt", "NOTES.txt", "notes.txt"])
def test_the_exact_spelling_wins_where_the_server_does_not_mind(tmp_path: Path, wanted: str) -> None:
    station = ShareStation(tmp_path)
    folder = station.server.share("Lax", ACCOUNT, case_sensitive=False)
    for name in ("Notes.txt", "NOTES.txt", "notes.txt"):
        (folder / name).write_text(name)
    with station.server:
        fetched = station.fetch(wanted, location=replace(station.location, share="Lax"), must_be_zip=False)
    assert (fetched.actual_path, fetched.case_differs) == (wanted, False)
    assert (station.out / "copy.xlsx").read_text() == wanted


def test_two_spellings_and_none_exact(station: ShareStation) -> None:
    station.put("TRAFFIC/x")
    error = station.refused("traffic/Media Library/Commercial Log.xlsx")
    assert isinstance(error, errors.NameAmbiguous)
    assert "has no 'traffic', but 'TRAFFIC' and 'Traffic'" in str(error)


def test_nothing_outside_the_share(station: ShareStation) -> None:
    (station.share / "way out").symlink_to("/etc")
    assert not isinstance(station.refused("way out/passwd"), errors.ServerTrouble)


def test_spaces_everywhere(tmp_path: Path) -> None:
    station = ShareStation(tmp_path)
    folder = station.server.share("A Share (2) & more", ACCOUNT)
    path = "Ordner mit  Leerzeichen/ü ñ 中文/Plan #1 100% [neu].xlsx"
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_bytes(b"abc")
    location = share.parse_location(f"//127.0.0.1:{station.server.port}/A Share (2) & more")
    with station.server:
        fetched = station.fetch(path, location=location, must_be_zip=False)
    assert not fetched.case_differs
    assert (station.out / "copy.xlsx").read_bytes() == b"abc"


def test_a_location_may_lead_into_the_share(station: ShareStation) -> None:
    station.put_workbook()
    location = share.parse_location(f"smb://127.0.0.1:{station.server.port}/K%20Drive/Traffic/Media%20Library")
    assert station.fetch("Commercial Log.xlsx", location=location).actual_path == "Commercial Log.xlsx"
