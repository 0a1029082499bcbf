"""A campus directory as LDIF: people as MCommunity has them, groups as Active Directory has them. All of it is invented."""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

SUFFIX = "dc=campus,dc=test"
PEOPLE = f"ou=People,{SUFFIX}"
GROUPS = f"ou=Users and Groups,{SUFFIX}"
_DIRECTORY_STRING, _OCTETS, _TIME = "121.1.15", "121.1.40", "121.1.24"
_SYNTAX = "1.3.6.1.4.1.1466.115."
_PERSON = ("umichTitle", "umichPostalAddress", "umichPostalAddressData")
_GROUP = {
    "sAMAccountName": _DIRECTORY_STRING,
    "groupType": _DIRECTORY_STRING,
    "memberOf": _DIRECTORY_STRING,
    "objectGUID": _OCTETS,
    "objectSid": _OCTETS,
    "sIDHistory": _OCTETS,
    "whenCreated": _TIME,
    "thumbnailPhoto": _OCTETS,
}


def _schema() -> str:
    kinds = {**dict.fromkeys(_PERSON, _DIRECTORY_STRING), **_GROUP, "numSubordinates": "121.1.27"}
    numbers = count(1)
    types = [
        f"attributetype ( 1.3.6.1.4.1.32473.1.{next(numbers)} NAME '{name}'"
        f" {'EQUALITY caseIgnoreMatch ' if kind == _DIRECTORY_STRING else ''}SYNTAX {_SYNTAX}{kind} )"
        for name, kind in kinds.items()
    ]
    classes = {
        "umichPerson": (_PERSON, "SUP top AUXILIARY"),
        "adGroup": (("cn", "member", "description", "distinguishedName", *_GROUP), "SUP top STRUCTURAL"),
        "countedFolder": (("ou", "numSubordinates"), "SUP organizationalUnit STRUCTURAL"),
    }
    made = [
        f"objectclass ( 1.3.6.1.4.1.32473.3.{next(numbers)} NAME '{name}' {kind} MAY ( {' $ '.join(attributes)} ) )"
        for name, (attributes, kind) in classes.items()
    ]
    return "\n".join([*types, *made, ""])


SCHEMA = _schema()


def ldif(dn: str, attributes: Mapping[str, Sequence[str | bytes]]) -> str:
    """One entry in LDIF; what is no plain text is written as base64."""
    lines = [_line("dn", dn)]
    lines += [_line(name, value) for name, values in attributes.items() for value in values]
    return "\n".join([*lines, "", ""])


def top(*, people: int | None = None) -> Iterator[str]:
    """The upper levels. ``people``: how many the folder of people says it has, if it says so."""
    yield ldif(SUFFIX, {"objectClass": ["dcObject", "organization"], "dc": ["campus"], "o": ["Campus"]})
    counted = {} if people is None else {"numSubordinates": [str(people)]}
    yield ldif(PEOPLE, {"objectClass": ["countedFolder"], "ou": ["People"], **counted})
    yield ldif(GROUPS, {"objectClass": ["countedFolder"], "ou": ["Users and Groups"]})


def uniqnames(number: int, *, seed: int = 1) -> list[str]:
    """As many different uniqnames, thick where names are: a third of them begins alike."""
    chosen = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < number:
        begin = "jo" if chosen.random() < 0.3 else chosen.choice("abcdefghklmrst")
        made[begin + "".join(chosen.choices("aeinorst", k=chosen.randint(2, 5)))] = None
    return list(made)


def person(number: int, *names: str, title: str = "") -> str:
    """A person with these uniqnames, mostly one; every third has several names, every tenth a title."""
    uid = names[0]
    return ldif(
        f"uidNumber={990000 + number},{PEOPLE}",
        {
            "objectClass": ["inetOrgPerson", "posixAccount", "umichPerson"],
            "uid": names,
            "uidNumber": [str(990000 + number)],
            "gidNumber": ["10"],
            "cn": [f"{uid} Example", *([f"{uid} Q Éxample"] if number % 3 == 0 else [])],
            "displayName": [f"{uid} Example"],
            "givenName": [uid],
            "sn": ["Example"],
            "mail": [f"{uid}@example.edu"],
            "ou": ["Zoo Lab Svcs - Faculty and Staff", "Alumni"][: 1 + number % 2],
            "homeDirectory": [f"/users/{uid}"],
            "loginShell": ["/bin/csh"],
            **({"umichTitle": [title or "Data Analyst"]} if number % 10 == 0 else {}),
        },
    )


def people(number: int) -> Iterator[str]:
    """So many people."""
    for place, name in enumerate(uniqnames(number)):
        yield person(place, name)


def guid(number: int) -> bytes:
    """The object GUID of a group, as Active Directory stores it."""
    return uuid.UUID(int=(0xC0FFEE << 96) + number).bytes_le


def sid(number: int) -> bytes:
    """A security identifier of the test's own domain, in its binary form."""
    parts = [21, 1004336348, 1177238915, 682003330, number]
    return bytes([1, len(parts), 0, 0, 0, 0, 0, 5]) + b"".join(part.to_bytes(4, "little") for part in parts)


def group_attributes(number: int, cn: str, members: Sequence[str]) -> dict[str, list[str | bytes]]:
    """What Active Directory says of a group, but for its class."""
    return {
        "cn": [cn],
        "sAMAccountName": [cn],
        "distinguishedName": [f"CN={cn},OU=MCommADSync,DC=campus"],
        "objectGUID": [guid(number)],
        "objectSid": [sid(number)],
        "groupType": ["-2147483646"],
        "whenCreated": ["20240229093000.0Z"],
        "description": ["Zoölogy"],
        "member": [f"uid={member},{PEOPLE}" for member in members],
    }


def group(number: int, cn: str, members: Sequence[str], **changed: list[str | bytes]) -> str:
    """A group; ``changed``: other attributes, an empty list: without it."""
    attributes: dict[str, list[str | bytes]] = {
        "objectClass": ["adGroup"],
        **group_attributes(number, cn, members),
        **changed,
    }
    return ldif(f"cn={cn},{GROUPS}", {name: values for name, values in attributes.items() if values})


def _line(name: str, value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else value
    plain = raw.isascii() and raw.decode("ascii").isprintable() and not raw.startswith((b" ", b":", b"<"))
    return f"{name}: {raw.decode('ascii')}" if plain else f"{name}:: {base64.b64encode(raw).decode('ascii')}"
