"""Attributes that come in parts, and names of attributes in any letter case."""

from __future__ import annotations

import pytest

from ctvpipe.sources.ldap_ranges import Part, parts, whole
from ctvpipe.sources.ldap_types import Attributes


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("member;range=0-1499", Part("member", 0, is_last=False, values=[b"x"])),
        ("Member;Range=1500-*", Part("Member", 1500, is_last=True, values=[b"x"])),
        ("member;binary;range=0-1", Part("member;binary", 0, is_last=False, values=[b"x"])),
        ("member", None),
        ("member;range=a-b", None),
        ("userCertificate;binary", None),
    ],
)
def test_a_part_is_known_by_its_option(option: str, expected: Part | None) -> None:
    assert parts(Attributes([(option, [b"x"]), ("cn", [b"g"])])) == ([expected] if expected else [])


def test_what_follows_is_asked_for_from_where_it_ended() -> None:
    assert Part("member", 1500, is_last=False, values=[b"x"] * 700).next == "member;range=2200-*"


def test_the_whole_takes_the_place_of_its_part() -> None:
    given = Attributes([("cn", [b"g"]), ("member;range=0-0", [b"a"])])
    made = whole(given, {"member": [b"a", b"b"]})
    assert dict(made) == {"cn": [b"g"], "member": [b"a", b"b"]}


def test_letter_case_of_a_name_does_not_count_and_its_spelling_stays() -> None:
    given = Attributes([("Membersonly", [b"TRUE"])])
    assert given["membersOnly"] == [b"TRUE"]
    assert "MEMBERSONLY" in given
    assert 5 not in given
    assert list(given) == ["Membersonly"]
    assert len(given) == 1
    with pytest.raises(KeyError):
        given["members"]
