"""LDAP values as JSON holds them: lists of texts, whatever bytes come (facts 6, P16)."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.directory.ldap_values import guid_text, payload, sid_text, time_text
from ctvpipe.sources.ldap_types import Attributes

NAME = st.sampled_from(["cn", "CN2", "member", "objectGUID", "objectSid", "whenCreated"])
TEXTS = {"objectguid": guid_text, "objectsid": sid_text, "whencreated": time_text}


@given(st.dictionaries(NAME, st.lists(st.binary(max_size=40), min_size=1)))
def test_whatever_comes_is_a_list_of_texts_that_a_database_takes(values: dict[str, list[bytes]]) -> None:
    made = payload(Attributes(values.items()), ("Cn",), TEXTS, {"member"})
    assert {name: len(found) for name, found in values.items()} == {
        {"Cn": "cn"}.get(name, name): len(found) for name, found in made.items()
    }
    assert "\\u0000" not in json.dumps(made)
    json.dumps(made).encode("ascii")
    assert made.get("member", []) == sorted(made.get("member", []))


@given(st.uuids())
def test_a_guid_is_written_as_active_directory_shows_it(guid: uuid.UUID) -> None:
    assert guid_text(guid.bytes_le) == str(guid)


@pytest.mark.parametrize("value", [b"", b"short", b"\x00" * 17])
def test_what_is_no_guid_is_text_all_the_same(value: bytes) -> None:
    assert isinstance(guid_text(value), str)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (bytes.fromhex("010500000000000515000000dcf4dc3b833d2b46828ba62800020000"), "S-1-5-21-1004336348-1177238915-682003330-512"),
        (bytes.fromhex("01010000000000010000 0000".replace(" ", "")), "S-1-1-0"),
        (bytes.fromhex("010200000000000515000000"), "AQIAAAAAAAUVAAAA"),
        (b"S-1-5", "S-1-5"),
    ],
)  # fmt: skip
def test_security_identifiers(value: bytes, expected: str) -> None:
    assert sid_text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"20240229093000.0Z", "2024-02-29T09:30:00+00:00"),
        (b"20240229093000Z", "2024-02-29T09:30:00+00:00"),
        (b"16010101000000.0Z", "1601-01-01T00:00:00+00:00"),
        (b"20230229093000.0Z", "20230229093000.0Z"),
        (b"soon", "soon"),
        (b"", ""),
    ],
)
def test_times(value: bytes, expected: str) -> None:
    assert time_text(value) == expected
