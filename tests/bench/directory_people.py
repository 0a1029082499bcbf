"""Invented people as the directory's sources return them, made as they are asked for; and an ingest of so many.

Run as ``python -m tests.bench.directory_people URL PEOPLE``, which ingests the people of MCommunity.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ctvpipe.pipelines.directory import canonical, ingest
from ctvpipe.pipelines.directory.database import MIGRATIONS
from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.streams import (
    AD_GROUPS,
    MCOMMUNITY_USERS,
    TDX_USERS,
    UMAPI_DEPARTMENTS,
    UMAPI_EMPLOYEES,
)
from ctvpipe.stores import engine, migrate

Payloads = Iterator[dict[str, Any]]
_GROUP_OF = 10
_ONE_IN = 100

_EMPLOYEE = {
    "EmplRcd": 0, "FirstName": "Jo", "LastName": "Example", "DepartmentId": "990100", "Dept_Description": "Zoo Lab Svcs",
    "SupervisorId": "00099002", "Jobcode": "100001", "DepartmentJobTitle": "Analyst", "Work_Phone": "555/555-0100",
    "UniversityJobTitle": "Data Analyst", "Work_Address1": "1 Example Way", "Work_City": "Exampleton",
    "Work_State": "EX", "Work_Postal": "00000",
}  # fmt: skip
_PERSON = {
    "givenName": "Jo", "sn": "Example", "cn": ["Jo Q Example", "Jo Example"], "umichTitle": "Data Analyst",
    "ou": ["Zoo Lab Svcs - Faculty and Staff", "Alumni"], "telephoneNumber": "555/555-0100", "loginShell": "/bin/sh",
    "gidNumber": "10",
}  # fmt: skip
_TDX_USER = {
    "FirstName": "Jo", "LastName": "Example", "AlternateEmail": "", "IsActive": True, "SecurityRoleName": "Client",
    "TypeID": 1, "Attributes": [], "Accounts": [],
}  # fmt: skip
_GROUP = {"groupType": "-2147483646", "objectClass": ["top", "group"], "instanceType": "4", "description": "A group"}


def employees(count: int, changed: str = "") -> Payloads:
    """Appointments; ``changed``: what one in a hundred has behind its name. So of all four."""
    for number in range(count):
        name = f"Example,Jo {number}{'' if number % _ONE_IN else changed}"
        yield _EMPLOYEE | {"EmplId": f"{number:08d}", "UniqName": f"JQ{number}", "Name": name}


def people(count: int, changed: str = "") -> Payloads:
    for number in range(count):
        name = f"Jo Example {number}{'' if number % _ONE_IN else changed}"
        yield _PERSON | {
            "uid": f"jq{number}",
            "uidNumber": str(900_000 + number),
            "displayName": name,
            "mail": f"jq{number}@example.edu",
            "homeDirectory": f"/home/jq{number}",
        }


def tdx_users(count: int, changed: str = "") -> Payloads:
    for number in range(count):
        name = f"Jo Example {number}{'' if number % _ONE_IN else changed}"
        yield _TDX_USER | {
            "UID": f"00000000-0000-0000-0000-{number:012d}",
            "AlternateID": f"jq{number}",
            "UserName": f"jq{number}@example.edu",
            "FullName": name,
            "PrimaryEmail": f"jq{number}@example.edu",
        }


def groups(count: int, changed: str = "") -> Payloads:
    """Groups of ten people, each in one."""
    for number in range(count // _GROUP_OF):
        name = f"ex-{number}{'' if number % _ONE_IN else changed}"
        members = [f"CN=jq{number * _GROUP_OF + one},OU=Accounts,DC=example,DC=edu" for one in range(_GROUP_OF)]
        yield _GROUP | {"objectGUID": f"{{{number:032x}}}", "cn": name, "name": name, "member": members}


def departments(_count: int, _changed: str = "") -> Payloads:
    """The one that all of them are in."""
    yield {"DeptId": _EMPLOYEE["DepartmentId"], "DeptDescription": _EMPLOYEE["Dept_Description"]}


SOURCES: dict[Stream, Callable[[int, str], Payloads]] = {
    UMAPI_EMPLOYEES: employees,
    MCOMMUNITY_USERS: people,
    TDX_USERS: tdx_users,
    AD_GROUPS: groups,
}
_MADE = SOURCES | {UMAPI_DEPARTMENTS: departments}


def prepare(url: str) -> None:
    """Make the tables."""
    with engine.transaction(engine.open_engine(url)) as connection:
        migrate.upgrade(connection, MIGRATIONS)


def bring(url: str, stream: Stream, count: int, changed: str = "") -> StepRun:
    """One ingest of ``count`` people's records."""
    with engine.open_engine(url).connect() as connection:
        source = canonical.records(stream, _MADE[stream](count, changed))
        return ingest.ingest(connection, stream, source, ingest.Options())


if __name__ == "__main__":
    prepare(sys.argv[1])
    bring(sys.argv[1], MCOMMUNITY_USERS, int(sys.argv[2]))
