"""Groups of Active Directory and who is in them, the same on both stores (facts 2.6, 4.10)."""

from __future__ import annotations

from typing import Any

import pytest

from ctvpipe.pipelines.directory.streams import AD_GROUPS, MCOMMUNITY_USERS
from tests.integration.directory_campus import GROUP, PERSON, bring, transform_all
from tests.integration.directory_silver import Silver, counts

LAB = "ex-zoo-lab"
OTHER = GROUP | {"objectGUID": ["2"], "cn": ["ex-all"], "name": ["ex-all"], "sAMAccountName": ["ex-all"], "member": []}


def person(name: str) -> str:
    return f"CN={name},OU=Accounts,DC=example,DC=edu"


def group(name: str) -> str:
    return f"CN={name},OU=Users and Groups,OU=Examples,DC=example,DC=edu"


def memberships(silver: Silver) -> dict[str, list[str]]:
    return {key: row["ad_group_memberships"] for key, row in silver.rows("users").items()}


def test_a_group(her: Silver) -> None:
    found = her.rows("groups")[LAB]
    assert len(found.pop("entity_hash")) == 64
    assert found == {
        "group_id": LAB, "group_name": "Ex-Zoo-Lab", "group_aliases": [LAB], "gid_number": None,
        "description": "The lab", "email_address": "ex-zoo-lab@example.edu", "mcommunity_dn": None,
        "ad_object_guid": GROUP["objectGUID"][0], "ad_sam_account_name": LAB, "ad_object_sid": "S-1-5-21-1",
        "is_security_group": True, "member_count": 1, "owner_count": 0, "has_nested_groups": False, "is_ad_synced": True,
        "sync_source": "ad_only", "is_active": True, "data_quality_score": 1.0, "quality_flags": [],
        "source_system": "active_directory", "source_entity_id": GROUP["objectGUID"][0],
    }  # fmt: skip
    assert her.members == [(LAB, "user", "jqexampl", "active_directory")]


@pytest.mark.parametrize(("changed", "expected", "flags", "score"), [
    ({"groupType": ["2"]}, {"is_security_group": False}, [], 1.0),
    ({"groupType": []}, {"is_security_group": None}, [], 1.0),
    ({"description": []}, {"description": None}, ["missing_description"], 0.95),
    ({"member": []}, {"member_count": 0}, ["no_members"], 0.9),
    ({"member": [""]}, {"member_count": 0}, ["no_members"], 0.9),
    ({"mail": None}, {"email_address": None}, ["no_email_address"], 1.0),
    ({"member": [group("Ex-All"), person("jo")]}, {"member_count": 2, "has_nested_groups": True}, [], 1.0),
    ({"managedBy": [person("jo")]}, {"owner_count": 1}, [], 1.0),
    ({"distinguishedName": [group("Ex-Zoo-Lab")]}, {"is_ad_synced": False}, [], 1.0),
])  # fmt: skip
def test_what_a_group_may_be(
    her: Silver, changed: dict[str, Any], expected: dict[str, Any], flags: list[str], score: float
) -> None:
    """Naive: a group without a member has one, who has no name (P16)."""
    bring(her, AD_GROUPS, GROUP | changed)
    her.transform("groups")
    found = her.rows("groups")[LAB]
    assert {name: found[name] for name in expected} == expected
    assert (found["quality_flags"], found["data_quality_score"]) == (flags, score)


@pytest.mark.parametrize("member", [person("jo"), [person("jo")]])
def test_p16_a_group_of_one_has_one(any_silver: Silver, member: Any) -> None:
    """Naive: one member is no list, and the group has none."""
    bring(any_silver, AD_GROUPS, GROUP | {"member": member})
    any_silver.transform("groups")
    assert any_silver.members == [(LAB, "user", "jo", "active_directory")]


def test_members_are_people_groups_or_nobody(any_silver: Silver) -> None:
    named = [
        person("JO"),
        person("jo"),
        group("Ex-All"),
        person("bo CNF:0f1e"),
        "CN=x",
        "CN=S-1-5,CN=ForeignSecurityPrincipals,DC=x",
    ]
    bring(any_silver, AD_GROUPS, GROUP | {"member": named}, OTHER)
    run = any_silver.transform("groups")
    assert [row[1:3] for row in any_silver.members] == [("group", "ex-all"), ("user", "jo"), ("user", "x")]
    assert run.details["members_added"] == 3
    assert any_silver.rows("groups")[LAB]["member_count"] == 6


def test_p14_one_who_takes_anothers_place_is_a_change(her: Silver) -> None:
    """Naive: the hash counts members, and a swap goes unseen."""
    before = her.rows("groups")[LAB]
    bring(her, AD_GROUPS, GROUP | {"member": [person("bo")]})
    run = her.transform("groups")
    assert (counts(run), run.details["members_added"], run.details["members_removed"]) == ((1, 0, 1, 0, 0), 1, 1)
    assert her.members == [(LAB, "user", "bo", "active_directory")]
    after = her.rows("groups")[LAB]
    assert after == before | {"entity_hash": after["entity_hash"]}


def test_p14_another_order_of_members_is_none(her: Silver) -> None:
    """Naive: the hash is of a list that has no order."""
    named = [person(name) for name in ("al", "bo", "cy")]
    bring(her, AD_GROUPS, GROUP | {"member": named, "description": ["a"]})
    her.transform("groups")
    bring(her, AD_GROUPS, GROUP | {"member": named[::-1], "description": [" a "]})
    her.fetch([GROUP | {"member": named[::-1], "description": ["a "]}], AD_GROUPS, force=True)
    assert counts(her.transform("groups")) == (1, 0, 0, 1, 0)


def test_whoever_comes_or_goes_has_the_groups_of_now(her: Silver) -> None:
    """Naive: a person is looked at only where a source has a new version of just that person."""
    others = [PERSON | {"uid": [name], "uidNumber": [name]} for name in ("bo", "cy")]
    bring(her, MCOMMUNITY_USERS, PERSON, *others)
    bring(her, AD_GROUPS, GROUP | {"member": [person("jqexampl"), person("bo")]}, OTHER)
    transform_all(her)
    assert memberships(her) == {"bo": [LAB], "cy": [], "jqexampl": [LAB]}
    bring(
        her,
        AD_GROUPS,
        GROUP | {"member": [person("bo")]},
        OTHER | {"member": [person("bo"), person("cy"), person("x")]},
    )
    her.transform("groups")
    assert her.pending == [("user", name, None) for name in ("bo", "cy", "jqexampl")]
    assert counts(her.transform("users")) == (3, 0, 3, 0, 0)
    assert memberships(her) == {"bo": ["ex-all", LAB], "cy": ["ex-all"], "jqexampl": []}


def test_a_group_that_is_gone_has_nobody_in_it(her: Silver) -> None:
    bring(her, AD_GROUPS, OTHER)
    her.transform("groups")
    assert {key: row["is_active"] for key, row in her.rows("groups").items()} == {"ex-all": True, LAB: False}
    assert her.members == []
    her.transform("users")
    assert memberships(her) == {"jqexampl": []}
    bring(her, AD_GROUPS, OTHER, GROUP)
    transform_all(her)
    assert memberships(her) == {"jqexampl": [LAB]}


def test_p28_a_member_who_stays_is_not_touched(her: Silver) -> None:
    if "://" not in her.address:
        her.execute("CREATE TRIGGER kept BEFORE DELETE ON group_members BEGIN SELECT RAISE(ABORT, 'touched'); END")
    else:
        her.execute("CREATE RULE kept AS ON DELETE TO silver.group_members DO INSTEAD NOTHING")
    bring(her, AD_GROUPS, GROUP | {"member": [person("bo"), person("jqexampl")]})
    assert counts(her.transform("groups")) == (1, 0, 1, 0, 0)
    assert [row[2] for row in her.members] == ["bo", "jqexampl"]
