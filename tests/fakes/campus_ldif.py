"""The campus of ``campus`` as its two directories serve it: entries for ``ldap_responder``, LDIF for a real server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence

from tests.fakes import campus_ldap
from tests.fakes.campus import Item, Spec
from tests.fakes.ldap_tree import GROUPS, PEOPLE, ldif, sid, top

Attributes = Mapping[str, Sequence[str | bytes]]
# What the schema of the real server has of a group.
_OF_GROUPS = ("cn", "sAMAccountName", "distinguishedName", "groupType", "whenCreated", "description", "member")


def tree(spec: Spec) -> Iterator[str]:
    """The whole tree in LDIF."""
    yield from top()
    for dn, attributes in (*people(spec), *groups(spec)):
        yield ldif(dn, attributes)


def served(entries: Iterator[tuple[str, Attributes]]) -> dict[str, dict[str, list[bytes]]]:
    """``entries`` as ``ldap_responder`` holds them."""
    return {
        dn: {
            name: [value.encode() if isinstance(value, str) else value for value in values]
            for name, values in attributes.items()
        }
        for dn, attributes in entries
    }


def people(spec: Spec) -> Iterator[tuple[str, Attributes]]:
    """Everybody, below ``PEOPLE``."""
    for item in campus_ldap.mcommunity_people(spec):
        values = {name: _texts(value) for name, value in item.items() if name != "dn"}
        classes = ["inetOrgPerson", "posixAccount", "umichPerson"]
        yield f"uid={item['uid']},{PEOPLE}", {**values, "objectClass": classes}


def groups(spec: Spec) -> Iterator[tuple[str, Attributes]]:
    """All groups, below ``GROUPS``."""
    for item in campus_ldap.ad_groups(spec):
        yield f"cn={item['name']},{GROUPS}", _group(item)


def _group(item: Item) -> Attributes:
    return {
        **{name: _texts(item[name]) for name in _OF_GROUPS if name in item},
        "objectClass": ["adGroup"],
        "objectGUID": [uuid.UUID(item["objectGUID"]).bytes_le],
        "objectSid": [sid(int(item["objectSid"].rpartition("-")[2]))],
    }


def _texts(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else [str(value)]
