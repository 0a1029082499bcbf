"""How the settings name a share and a file on it."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.sources.share_location import parse_location, parse_path
from ctvpipe.sources.share_types import Credentials, ShareLocation


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("//host/Share Name", ShareLocation("smb", "host", 445, "Share Name")),
        ("  //host/K Drive/  ", ShareLocation("smb", "host", 445, "K Drive")),
        ("//host:1445/Share Name", ShareLocation("smb", "host", 1445, "Share Name")),
        ("//192.0.2.7/K Drive/Traffic/Media Library", ShareLocation("smb", "192.0.2.7", 445, "K Drive", "Traffic/Media Library")),
        ("smb://files.example.test:1445/K%20Drive", ShareLocation("smb", "files.example.test", 1445, "K Drive")),
        ("SMB://host/K%20Drive/A%26B", ShareLocation("smb", "host", 445, "K Drive", "A&B")),
        (r"\\host\share", ShareLocation("smb", "host", 445, "share")),
        (r"\\host\K Drive\Traffic", ShareLocation("smb", "host", 445, "K Drive", "Traffic")),
        ("//host/admin$", ShareLocation("smb", "host", 445, "admin$")),
        ("//[2001:db8::1]/share", ShareLocation("smb", "2001:db8::1", 445, "share")),
        ("//[2001:db8::1]:1445/share", ShareLocation("smb", "2001:db8::1", 1445, "share")),
        ("/mnt/k-drive", ShareLocation("path", path="/mnt/k-drive")),
        ("/mnt/K Drive/", ShareLocation("path", path="/mnt/K Drive")),
        ("/", ShareLocation("path", path="/")),
    ],
)  # fmt: skip
def test_locations(text: str, location: ShareLocation) -> None:
    assert parse_location(text) == location


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not named"),
        ("   ", "not named"),
        ("host/share", "not understood"),
        ("mnt/k-drive", "not understood"),
        ("https://host/share", "not understood"),
        (r"K:\Traffic", "drive letter"),
        ("//host", "name is missing"),
        ("//host/", "name is missing"),
        ("///share", "name or address of a server"),
        ("//-host/share", "name or address of a server"),
        ("//ho st/share", "name or address of a server"),
        ("//host:/share", "name or address of a server"),
        ("//host:0/share", "port number"),
        ("//host:65536/share", "port number"),
        ("//host:12a/share", "port number"),
        ("//host:1:2/share", "port number"),
        ("//[host]/share", "name or address of a server"),
        ("//host/a*b", "name of a share"),
        ("//host/..", "name of a share"),
        ("smb://host/a%2Fb", "name of a share"),
        ("//host/share/../other", "'..'"),
        ("smb://host/share/%2e%2e/other", "'..'"),
        ("/mnt/../etc", "'..'"),
        ("/mnt/k\x00", "NUL"),
        ("//host/share\x00", "NUL"),
    ],
)
def test_locations_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_location(text)
    assert words in str(caught.value)
    assert caught.value.advice


@pytest.mark.parametrize(
    "text", ["smb://user:geheim@host/share", "//user:geheim@host/share", "user:geheim@host/share", "ftp://u:geheim@h/s"]
)
def test_a_password_in_a_location_is_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_location(text)
    assert "geheim" not in str(caught.value) + caught.value.advice


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Traffic/Media Library/Commercial Log.xlsx", ("Traffic", "Media Library", "Commercial Log.xlsx")),
        (r"Traffic\Media Library\Commercial Log.xlsx", ("Traffic", "Media Library", "Commercial Log.xlsx")),
        ("a//b/./c/", ("a", "b", "c")),
        ("..a/b..", ("..a", "b..")),
        ("~$a.xlsx", ("~$a.xlsx",)),
    ],
)
def test_paths(text: str, parts: tuple[str, ...]) -> None:
    assert parse_path(text) == parts


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a/../b", r"a\..\b", "a/ .. /b", "a/.. ./b", "a/ /b", "/etc/passwd", r"\Windows", "//h/s", r"C:\a", "c:a", "a\x00b", "a/b:c", "a*", "a?", "a|b", "a\nb"],
)  # fmt: skip
def test_paths_that_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_path(text)
    assert "\x00" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_root_must_be_asked_for() -> None:
    assert parse_path("", may_be_root=True) == ()


@given(st.text(alphabet="ab./\\: \x00*", max_size=20))
def test_no_path_leads_out(text: str) -> None:
    try:
        parts = parse_path(text)
    except ConfigurationError:
        return
    assert parts
    for part in parts:
        assert part.strip(" .")
        assert not set(part) & set("/\\:\x00*")


@given(st.text(max_size=30))
def test_a_location_is_parsed_or_refused(text: str) -> None:
    try:
        location = parse_location(text)
    except ConfigurationError:
        return
    assert parse_location(str(location)) == location


def test_how_a_location_is_shown() -> None:
    assert str(parse_location("smb://host:1445/K%20Drive/Traffic")) == "//host:1445/K Drive/Traffic"
    assert parse_location("//[2001:db8::1]:1445/s").name(("a b", "c")) == "//[2001:db8::1]:1445/s/a b/c"
    assert ShareLocation("path", path="/").name(("a",)) == "/a"


def test_the_password_is_not_shown() -> None:
    credentials = Credentials("user", "geheim", "STATION")
    assert "geheim" not in repr(credentials) + str(credentials)
    assert credentials.login == "STATION\\user"
    assert pickle.loads(pickle.dumps(credentials)) == credentials
