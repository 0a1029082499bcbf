"""One person of an invented campus as each source has her, a department and a group: to be changed by a test."""

from __future__ import annotations

from typing import Any

from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.streams import (
    AD_GROUPS,
    MCOMMUNITY_USERS,
    TDX_ACCOUNT_DETAILS,
    TDX_ACCOUNTS,
    TDX_USER_DETAILS,
    TDX_USERS,
    UMAPI_DEPARTMENTS,
    UMAPI_EMPLOYEES,
)
from tests.fakes import campus, campus_ldap
from tests.integration.directory_silver import Silver, counts

Payload = dict[str, Any]

DEPARTMENT: Payload = {
    "DeptId": "990100", "DeptDescription": "Zoo Lab Svcs", "DeptGroupDescription": "College of Examples",
    "DeptGroupVPAreaDescr": "Provost Example", "DeptGroupCampusDescr": "Example Main",
}  # fmt: skip
OTHER_DEPARTMENT = DEPARTMENT | {"DeptId": "990200", "DeptDescription": "Music"}
EMPLOYEE: Payload = {
    "EmplId": "00099001", "EmplRcd": 0, "UniqName": "JQEXAMPL", "Name": "Example,Jo Q", "FirstName": "Jo",
    "LastName": "Example", "DepartmentId": "990100", "Jobcode": "100001", "SupervisorId": "00099002",
    "DepartmentJobTitle": "Analyst", "UniversityJobTitle": "Data Analyst", "Work_Phone": "555/555-0100",
    "Work_Address1": "1 Example Way", "Work_Address2": "Room 7", "Work_City": "Exampleton", "Work_State": "EX",
    "Work_Postal": "00000",
}  # fmt: skip
PERSON: Payload = {
    "uid": ["jqexampl"], "uidNumber": ["990001"], "displayName": ["Jo Example"], "givenName": ["Jo"], "sn": ["Example"],
    "mail": ["jqexampl@example.edu"], "ou": ["Zoo Lab Svcs - Faculty and Staff", "Alumni"],
    "umichTitle": ["Analyst of Data"], "telephoneNumber": ["555-0199", "555-0198"],
}  # fmt: skip
TDX_PERSON: Payload = {
    "UID": "00000000-0000-0000-0000-000000000001", "AlternateID": "jqexampl", "ExternalID": "00099001",
    "FirstName": "Jo", "LastName": "Example", "FullName": "Jo Example", "PrimaryEmail": "JQExampl@example.edu",
    "IsActive": True, "Title": "Service Analyst", "WorkPhone": "5555550111",
}  # fmt: skip
GROUP: Payload = {
    "objectGUID": ["11111111-2222-3333-4444-555555555555"], "cn": ["Ex-Zoo-Lab"], "name": ["Ex-Zoo-Lab"],
    "sAMAccountName": ["ex-zoo-lab"], "groupType": ["-2147483646"], "description": ["The lab"], "objectSid": ["S-1-5-21-1"],
    "distinguishedName": ["CN=Ex-Zoo-Lab,OU=MCommADSync,DC=example,DC=edu"], "mail": ["ex-zoo-lab@example.edu"],
    "member": ["CN=jqexampl,OU=Accounts,DC=example,DC=edu"],
}  # fmt: skip
TABLES = ("departments", "groups", "users")


def bring(silver: Silver, stream: Stream, *payloads: Payload) -> None:
    """One fetch that brings just these."""
    silver.fetch(
        payloads, stream, whole=stream.entity_type not in {"department_detail", "user_detail"}, max_loss_percent=100
    )


def bring_her(silver: Silver) -> None:
    """What all sources have."""
    bring(silver, UMAPI_DEPARTMENTS, DEPARTMENT, OTHER_DEPARTMENT)
    bring(silver, UMAPI_EMPLOYEES, EMPLOYEE)
    bring(silver, MCOMMUNITY_USERS, PERSON)
    bring(silver, TDX_USERS, TDX_PERSON)
    bring(silver, AD_GROUPS, GROUP)


def prepare_her(silver: Silver) -> None:
    """The same, and all transforms."""
    bring_her(silver)
    transform_all(silver)


def bring_campus(silver: Silver, spec: campus.Spec) -> None:
    """A whole campus, with every third detail."""
    accounts, people = list(campus.tdx_accounts(spec)), list(campus.tdx_people(spec))
    bring(silver, UMAPI_DEPARTMENTS, *campus.um_departments(spec))
    bring(silver, UMAPI_EMPLOYEES, *campus.um_employees(spec))
    bring(silver, MCOMMUNITY_USERS, *campus_ldap.mcommunity_people(spec))
    bring(silver, TDX_ACCOUNTS, *accounts)
    bring(silver, TDX_USERS, *people)
    bring(silver, AD_GROUPS, *campus_ldap.ad_groups(spec))
    bring(silver, TDX_ACCOUNT_DETAILS, *map(campus.tdx_account_detail, accounts[::3]))
    bring(silver, TDX_USER_DETAILS, *map(campus.tdx_person_detail, people[::3]))


def transform_all(silver: Silver, **options: Any) -> dict[str, tuple[int, int, int, int, int]]:
    """All transforms, in their order; what each has counted."""
    return {name: counts(silver.transform(name, **options)) for name in TABLES}
