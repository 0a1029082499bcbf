"""The campus of ``campus`` as its directories have it: the people of MCommunity, the groups of Active Directory.

Entries are plain dictionaries; a single value stands for itself, as a client library gives it, several are a list.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from tests.fakes.campus import SPACE, Item, Person, Spec, people, person_department

PEOPLE_BASE = "ou=People,dc=example,dc=edu"
AD_BASE = "OU=Users and Groups,OU=Examples,OU=Organizations,DC=ad,DC=example,DC=edu"
_AD_ACCOUNTS = "OU=Accounts,DC=ad,DC=example,DC=edu"
_SUFFIXES = ("Faculty and Staff", "Staff", "Student", "Students", "All")
_MANY = 1600
_SECURITY, _DISTRIBUTION = "-2147483646", "2"


def mcommunity_people(spec: Spec) -> Iterator[Item]:
    """Everybody; three in ten are alumni only, one in eleven has a title."""
    return (mcommunity_person(person, spec) for person in people(spec))


def mcommunity_person(person: Person, spec: Spec) -> Item:
    """A person's entry, with its ``dn``."""
    full = f"{person.first} {person.last}"
    found: Item = {
        "dn": f"uid={person.uniqname},{PEOPLE_BASE}",
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson", "posixAccount"],
        "uid": person.uniqname,
        "uidNumber": 990_000 + person.number,
        "gidNumber": 10,
        "cn": [f"{person.first} Q {person.last}", full] if person.number % 3 == 0 else full,
        "displayName": full,
        "givenName": person.first,
        "sn": person.last,
        "mail": person.mail,
        "ou": _affiliations(person, spec),
        "homeDirectory": f"/users/{person.uniqname}",
        "loginShell": "/bin/bash",
    }
    if person.number % 11 == 2:
        found["umichTitle"] = "Data Analyst" if person.number % 110 != 13 else "Professor of " + "Examples and " * 46
    if person.is_employee:
        found["telephoneNumber"] = f"+1 555 555 {person.number % 10_000:04d}"
        found["umichPostalAddress"] = f"{100 + person.number} Example Hall $ Exampleton EX"
        found["umichPostalAddressData"] = "{addr1=Example Hall}:{city=Exampleton}:{state=EX}:{postal=00000}"
    return found


def _affiliations(person: Person, spec: Spec) -> str | list[str]:
    if person.number % 10 > 6:
        return "Alumni"
    department = person_department(person, spec)
    suffix = _SUFFIXES[person.number % len(_SUFFIXES)]
    own = f"{department.name} - {suffix}"
    return [own, "Alumni"] if person.number % 4 == 0 else own


def ad_groups(spec: Spec) -> Iterator[Item]:
    """All groups: the first has no member, the second one, the third 1,600 where there are as many people, the others a
    few; one in six has another group as a member; one in four is a distribution list.
    """
    for number in range(spec.groups):
        name = f"ex-group-{number:04d}"
        found: Item = {
            "dn": f"CN={name},{AD_BASE}",
            "objectClass": ["top", "group"],
            "objectGUID": str(uuid.uuid5(SPACE, f"group {number}")),
            "objectSid": f"S-1-5-21-1111111111-2222222222-3333333333-{5000 + number}",
            "cn": name if number % 5 else name.upper(),
            "name": name,
            "sAMAccountName": name,
            "distinguishedName": f"CN={name},{AD_BASE}",
            "groupType": _DISTRIBUTION if number % 4 == 3 else _SECURITY,
            "instanceType": "4",
            "sAMAccountType": "268435456",
            "objectCategory": "CN=Group,CN=Schema,CN=Configuration,DC=ad,DC=example,DC=edu",
            "whenCreated": "20200101000000.0Z",
            "whenChanged": "20240101000000.0Z",
            "uSNChanged": str(1000 + number),
            "description": f"Invented group {number}",
        }
        if members := _members(number, spec):
            found["member"] = members
        yield found


def _members(number: int, spec: Spec) -> list[str]:
    count = min({0: 0, 1: 1, 2: _MANY}.get(number, 2 + number % 9), spec.people)
    held = [Person((number * 13 + place) % spec.people) for place in range(count)]
    found = [f"CN={person.uniqname},{_AD_ACCOUNTS}" for person in held]
    if number % 6 == 5:
        found.append(f"CN=ex-group-{number - 1:04d},{AD_BASE}")
    return found
