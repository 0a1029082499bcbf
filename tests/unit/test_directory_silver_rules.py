"""The rules of silver, by example (facts 4.8 to 4.10); that PostgreSQL has the same ones is another test's."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from ctvpipe.pipelines.directory.silver import rules


@pytest.mark.parametrize(("name", "plain"), [
    ("Zoo Lab Svcs  990100", "Zoo Lab Svcs"), ("Zoo Lab Svcs 990100", "Zoo Lab Svcs 990100"),
    ("Studio  54  7", "Studio 54"), ("  Zoo\t Lab ", "Zoo Lab"), ("Zoo  99 Lab", "Zoo 99 Lab"), ("  12", None),
])  # fmt: skip
def test_the_name_of_a_department(name: str, plain: str | None) -> None:
    assert rules.DEPARTMENT_NAME.of(name) == plain


@pytest.mark.parametrize(("one", "other"), [
    ("Example,Jo", "Jo Example"), ("Example,Jo Q", "Jo Example"), ("EXAMPLE, JO", "jo example"),
    ("Muñoz-Demo,José", "JOSÉ MUÑOZ DEMO"), ("O'Stub,Hana", "Hana O'Stub"), ("Example", "Jo Example"),
])  # fmt: skip
def test_p18_names_that_are_written_otherwise_agree(one: str, other: str) -> None:
    """Naive: ``Example,Jo`` is not ``Jo Example``."""
    assert rules.NAMES_AGREE.of(one, other)
    assert rules.NAMES_AGREE.of(other, one)


@pytest.mark.parametrize(("one", "other"), [("Example,Jo", "Bo Example"), ("Jo Q Example", "Jo R Example")])
def test_other_names_do_not(one: str, other: str) -> None:
    assert not rules.NAMES_AGREE.of(one, other)


@pytest.mark.parametrize(("number", "shown"), [
    ("555/555-0100", "(555) 555-0100"), ("5555550100", "(555) 555-0100"), ("+1 555 555 0100", "+1 555 555 0100"),
    ("555-0100", "555-0100"), ("ask Jo", "ask Jo"),
])  # fmt: skip
def test_phone_numbers(number: str, shown: str) -> None:
    assert rules.PHONE.of(number) == shown


@pytest.mark.parametrize(("text", "instant"), [
    ("2024-02-29T09:30:00Z", "2024-02-29 09:30:00.000000"), ("2024-01-01T00:00:00", "2024-01-01 00:00:00.000000"),
    ("2024-01-01T00:00:00.1234567Z", "2024-01-01 00:00:00.123456"), ("2024-01-01T00:00:00.5+00:00", "2024-01-01 00:00:00.500000"),
    ("0001-01-01T00:00:00Z", None), ("0000-01-01T00:00:00Z", None), ("2023-02-29T00:00:00Z", None),
    ("2024-01-01", None), ("2024-01-01T24:00:00Z", None), ("yesterday", None), ("", None),
])  # fmt: skip
def test_p24_instants_and_dates_that_are_none(text: str, instant: str | None) -> None:
    """Naive: the year 1 is a date, and one that cannot be read fails all the others."""
    assert rules.INSTANT.of(text) == instant


@pytest.mark.parametrize(("value", "texts"), [
    (["b", " a ", "b", ""], ["a", "b"]), ("one", ["one"]), ("", []), (None, []), ([], []), ([""], []),
    ([1, "é", None, {"x": 1}, True, "z"], ["1", "z", "é"]),
])  # fmt: skip
def test_p16_lists_are_lists(value: object, texts: list[str]) -> None:
    """Naive: a list of one is a text, and nothing is a list of nothing's name."""
    assert json.loads(rules.SORTED.of(json.dumps(value))) == texts


@pytest.mark.parametrize(("dn", "member"), [
    ("CN=JQExampl,OU=Accounts,DC=example,DC=edu", "ujqexampl"), ("uid=jo,ou=People,dc=example,dc=edu", "ujo"),
    ("CN=Ex-Zoo-Lab,OU=MCommADSync,DC=example,DC=edu", "gex-zoo-lab"),
    ("CN=Zoo\\, Lab,OU=Users and Groups,OU=Examples,DC=example", "gzoo, lab"),
    ("uid=jo,ou=User Groups,ou=Groups,dc=example,dc=edu", "ujo"), ("CN=jo,DC=example", "ujo"), ("cn=jo", "ujo"),
    ("CN=jo\\0ACNF:0f1e,OU=Accounts,DC=example", None), ("CN=Jo Example,OU=Accounts,DC=example", None),
    ("CN=S-1-5-21-1,CN=ForeignSecurityPrincipals,DC=example", None), ("OU=Accounts,DC=example", None), ("", None),
    (f"CN={'g' * 256},OU=Groups,DC=example", None),
])  # fmt: skip
def test_members(dn: str, member: str | None) -> None:
    assert rules.MEMBER.of(dn) == member
    assert rules.NAMES_GROUP.of(json.dumps([dn])) == (member or "").startswith("g")


def test_p21_an_object_of_a_conflict_is_nobody() -> None:
    """Naive: ``CNF:`` and a number is a uniqname."""
    assert rules.MEMBER.of("CN=jo CNF:0f1e2d3c,OU=Accounts,DC=example") is None


def test_p14_json_is_the_same_text_whatever_the_order_of_its_keys() -> None:
    found = rules.JSON_TEXT.of('{"city":"Exampleton","a":["é"]}')
    assert found == rules.JSON_TEXT.of('{"a":["\\u00e9"],"city":"Exampleton"}') == '{"a": ["é"], "city": "Exampleton"}'
    assert rules.DIGEST.of("é") == sha256("é".encode()).hexdigest()
