"""The campus of ``campus`` as LDIF, for a server that serves it: MCommunity's people and Active Directory's groups."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from tests.fakes import campus_ldap
from tests.fakes.campus import Item, Spec
from tests.fakes.ldap_tree import GROUPS, PEOPLE, ldif, sid, top

# What the server's schema has of a group.
_OF_GROUPS = ("cn", "sAMAccountName", "distinguishedName", "groupType", "whenCreated", "description", "member")


def entries(spec: Spec) -> Iterator[str]:
    """The whole tree."""
    yield from top()
    yield from map(person, campus_ldap.mcommunity_people(spec))
    yield from map(group, campus_ldap.ad_groups(spec))


def person(item: Item) -> str:
    """One person of ``campus_ldap``."""
    values = {name: _texts(value) for name, value in item.items() if name != "dn"}
    return ldif(
        f"uid={item['uid']},{PEOPLE}", {**values, "objectClass": ["inetOrgPerson", "posixAccount", "umichPerson"]}
    )


def group(item: Item) -> str:
    """One group of ``campus_ldap``."""
    number = int(item["objectSid"].rpartition("-")[2])
    return ldif(
        f"cn={item['name']},{GROUPS}",
        {
            **{name: _texts(item[name]) for name in _OF_GROUPS if name in item},
            "objectClass": ["adGroup"],
            "objectGUID": [uuid.UUID(item["objectGUID"]).bytes_le],
            "objectSid": [sid(number)],
        },
    )


def _texts(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else [str(value)]
