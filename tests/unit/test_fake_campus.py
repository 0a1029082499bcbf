"""The invented campus: its sources agree about who is who, and its oddities are there to be met."""

from __future__ import annotations

from collections import Counter

from tests.fakes import campus, campus_ldap

SPEC = campus.Spec(people=2000, departments=100, groups=24)


def test_what_is_one_in_its_source_has_a_key_of_its_own() -> None:
    keys = {
        "department": [one["DeptId"] for one in campus.um_departments(SPEC)],
        "appointment": [(one["EmplId"], one["EmplRcd"]) for one in campus.um_employees(SPEC)],
        "account": [one["ID"] for one in campus.tdx_accounts(SPEC)],
        "person": [one["UID"] for one in campus.tdx_people(SPEC)],
        "entry": [one["uidNumber"] for one in campus_ldap.mcommunity_people(SPEC)],
        "uniqname": [one["uid"] for one in campus_ldap.mcommunity_people(SPEC)],
        "group": [one["objectGUID"] for one in campus_ldap.ad_groups(SPEC)],
    }
    assert {name: len(found) - len(set(found)) for name, found in keys.items()} == dict.fromkeys(keys, 0)
    assert {name: len(found) for name, found in keys.items()} == {
        "department": 96, "appointment": 1100, "account": 103, "person": 1200, "entry": 2000, "uniqname": 2000,
        "group": 24,
    }  # fmt: skip


def test_the_sources_agree_about_who_is_who() -> None:
    uniqnames = {person.empl_id: person.uniqname for person in campus.people(SPEC)}
    in_tdx = [one for one in campus.tdx_people(SPEC) if one.get("ExternalID") and one["AlternateID"]]
    assert {one["AlternateID"].casefold().partition(" ")[0] for one in in_tdx} <= set(uniqnames.values())
    assert all(uniqnames[one["ExternalID"]] == one["AlternateID"].casefold().partition(" ")[0] for one in in_tdx)
    codes = {one["Code"] for one in campus.tdx_accounts(SPEC)} & {one["DeptId"] for one in campus.um_departments(SPEC)}
    assert {one["DepartmentId"] for one in campus.um_employees(SPEC)} <= codes


def test_its_oddities_are_there() -> None:
    held = Counter(one["EmplId"] for one in campus.um_employees(SPEC))
    assert Counter(held.values())[1] > Counter(held.values())[2] > Counter(held.values())[3] > 0
    people = list(campus.tdx_people(SPEC))
    assert sum("ExternalID" not in one for one in people) == sum(one.get("ExternalID", "") is None for one in people)
    assert {type(one["AlternateID"]) for one in people} == {str, type(None)}
    assert any("CNF:" in (one["AlternateID"] or "") for one in people)
    assert sum(one["Code"] == "" for one in campus.tdx_accounts(SPEC)) == 8
    entries = list(campus_ldap.mcommunity_people(SPEC))
    assert {type(one["cn"]) for one in entries} == {type(one["ou"]) for one in entries} == {str, list}
    assert max(len(one.get("umichTitle", "")) for one in entries) == 611
    groups = [len(one.get("member", ())) for one in campus_ldap.ad_groups(SPEC)]
    assert groups[:4] == [0, 1, 1600, 5]
