"""Records made of what sources return: the hash of facts 3.1, the keys of each stream, and no key that is made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctvpipe.pipelines.directory import canonical, keys, streams
from ctvpipe.pipelines.directory.records import Failed, Record, Stream, content_hash, ldap_picked, picked

LDAP = {streams.MCOMMUNITY, streams.AD}
EVERY = (*streams.INGESTS, *streams.ENRICHMENTS)
DEPARTMENT = {
    "DeptId": "990100", "DeptDescription": "Zoólogy Lab Svcs", "DeptGroup": "COLLEGE_OF_EX",
    "DeptGroupDescription": "College of Examples", "DeptGroupVPArea": "PRVST_EX",
    "DeptGroupVPAreaDescr": "Provost Example", "DeptGroupCampus": "EX_MAIN", "DeptGroupCampusDescr": "Example Main",
}  # fmt: skip
EMPLOYEE = {"EmplId": "00099001", "EmplRcd": 0, "UniqName": "JQEXAMPL"}
PERSON = {"uid": "jqexampl", "uidNumber": 990001, "cn": ["Jo Q Example", "Jo Example"], "mail": "jqexampl@example.edu"}
GROUP = {"objectGUID": "{11111111-2222}", "cn": "Ex-Zoo-Lab", "member": ["CN=b,DC=x", "CN=a,DC=x"]}
ACCOUNT = {"ID": 9901, "Code": "990100", "Name": "Zoo Lab Svcs  990100"}
TDX_USER = {"UID": "0f0f-11", "AlternateID": "JQExampl", "ExternalID": None}
TEXTS = st.text(st.sampled_from('aé"\\ \t\n%\u2028\U0001f600'), max_size=5)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
LDAP_VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.binary(max_size=4), st.just(datetime(2026, 1, 2, tzinfo=UTC)))  # fmt: skip


def only(stream: Stream, payload: Any) -> Record | Failed:
    (found,) = canonical.records(stream, [payload])
    return found


def hashed(stream: Stream, **payload: Any) -> str:
    return canonical.hasher(stream)(payload)


def test_the_vector_of_facts() -> None:
    found = only(streams.UMAPI_DEPARTMENTS, DEPARTMENT)
    assert found.content_hash == "70d31b365410057dce718b733958fd42bced133a3f66769856f011eed52b1e13"
    plain = {"email": None, "id": "1", "name": "A"}
    assert content_hash(plain) == "a891c4f76008feba45ee8f09a3b45e14e257a530272c0f295f6712e868376d10"


@given(st.sampled_from(EVERY), st.data())
def test_the_fast_hash_is_the_one_of_the_picked_fields(stream: Stream, data: st.DataObject) -> None:
    is_ldap = stream.source_system in LDAP
    names = st.sampled_from([*stream.fields, "of no significance"])
    payload = data.draw(st.dictionaries(names, LDAP_VALUES if is_ldap else VALUES))
    plain = (ldap_picked if is_ldap else picked)(payload, stream.fields)
    assert canonical.hasher(stream)(payload) == content_hash(plain)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    assert canonical.hasher(stream)(payload) == sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("stream", EVERY, ids=lambda stream: f"{stream.job}-{stream.entity_type}")
def test_only_significant_fields_count(stream: Stream) -> None:
    before = hashed(stream)
    assert hashed(stream, ModifiedDate="2026-01-01", whenChanged="x", uSNChanged=1) == before
    for name in stream.fields:
        assert hashed(stream, **{name: "x"}) != before


def test_a_swap_is_a_change_and_an_order_is_none() -> None:
    """Counting members misses a swap, hashing them as they come finds changes where there are none (P14)."""
    before = hashed(streams.AD_GROUPS, member=["a", "b"])
    assert hashed(streams.AD_GROUPS, member=["b", "a"]) == before
    assert hashed(streams.AD_GROUPS, member=["a", "c"]) != before


def test_the_lists_of_a_rest_api_have_no_order() -> None:
    """Naive: the accounts of a person come in another order, and the person has changed (P14)."""
    first = hashed(streams.TDX_USERS, Accounts=["Botany", "Zoology"], Attributes=[{"ID": 2, "Value": "x"}, {"ID": 1}])
    again = hashed(streams.TDX_USERS, Accounts=["Zoology", "Botany"], Attributes=[{"ID": 1}, {"Value": "x", "ID": 2}])
    assert first == again
    assert first != hashed(streams.TDX_USERS, Accounts=["Zoology", "Botany"], Attributes=[{"ID": 1}])


def test_one_value_is_the_same_as_a_list_of_one_and_nothing_as_an_empty_list() -> None:
    assert hashed(streams.AD_GROUPS, member=["a"]) == hashed(streams.AD_GROUPS, member=" a ")
    assert hashed(streams.AD_GROUPS, member=[]) == hashed(streams.AD_GROUPS, member=None) == hashed(streams.AD_GROUPS)


@pytest.mark.parametrize(("stream", "payload", "expected"), [
    (streams.UMAPI_DEPARTMENTS, DEPARTMENT, ("990100", "990100")),
    (streams.UMAPI_EMPLOYEES, EMPLOYEE, ("00099001:0", "jqexampl")),
    (streams.UMAPI_EMPLOYEES, EMPLOYEE | {"EmplRcd": 3, "UniqName": " "}, ("00099001:3", None)),
    (streams.MCOMMUNITY_USERS, PERSON, ("990001", "jqexampl")),
    (streams.MCOMMUNITY_USERS, PERSON | {"uid": ["JQEXAMPL", "other"]}, ("990001", "jqexampl")),
    (streams.AD_GROUPS, GROUP, ("{11111111-2222}", "ex-zoo-lab")),
    (streams.TDX_ACCOUNTS, ACCOUNT, ("9901", "990100")),
    (streams.TDX_ACCOUNT_DETAILS, ACCOUNT, ("9901", "990100")),
    (streams.TDX_USERS, TDX_USER, ("0f0f-11", "jqexampl")),
    (streams.TDX_USER_DETAILS, TDX_USER, ("0f0f-11", "jqexampl")),
])  # fmt: skip
def test_the_keys_of_each_stream(stream: Stream, payload: Any, expected: tuple[str, str | None]) -> None:
    found = only(stream, payload)
    assert (found[0], found[1]) == expected
    assert isinstance(found, Record)
    assert found.payload is payload


@pytest.mark.parametrize("code", [None, "", "  "])
def test_accounts_without_a_code_keep_apart(code: str | None) -> None:
    """COALESCE does not skip an empty text: all of them would be one department (P12)."""
    found = {only(streams.TDX_ACCOUNTS, {"ID": number, "Code": code})[1] for number in (7, 8)}
    assert found == {"TDX_7", "TDX_8"}


@pytest.mark.parametrize(("stream", "payload", "name"), [
    (streams.UMAPI_DEPARTMENTS, {"DeptId": " "}, "DeptId"),
    (streams.UMAPI_EMPLOYEES, {"EmplId": "1"}, "EmplRcd"),
    (streams.UMAPI_EMPLOYEES, {"EmplRcd": 0}, "EmplId"),
    (streams.MCOMMUNITY_USERS, {"uid": "jo"}, "uidNumber"),
    (streams.AD_GROUPS, {"cn": "x", "objectGUID": []}, "objectGUID"),
    (streams.TDX_ACCOUNTS, {"Code": "1", "ID": True}, "ID"),
    (streams.TDX_USERS, {"ExternalID": "1", "UID": None}, "UID"),
    (streams.TDX_USERS, {"ExternalID": "1"}, "UID"),
])  # fmt: skip
def test_a_record_without_an_id_fails_and_is_given_none(stream: Stream, payload: Any, name: str) -> None:
    """A new random id a night would be a new person a night (P13)."""
    assert only(stream, payload) == Failed("", f"it has no {name}")


@pytest.mark.parametrize(("name", "expected"), [
    ("JQEXAMPL", "jqexampl"), (" jo ", "jo"), ("jo.q-x1", "jo.q-x1"), ("a" * 50, "a" * 50), ("a" * 51, None),
    ("1jo", None), ("jo q", None), ("jo\\0ACNF:1234", None), ("jo\n", "jo"), ("jó", None), ("", None), (None, None),
    (["jo", "x"], "jo"), ([], None), (7, None),
])  # fmt: skip
def test_what_is_a_uniqname(name: object, expected: str | None) -> None:
    assert keys.uniqname(name) == expected
