"""A campus, invented: its departments and people as the UM API, TDX, MCommunity and Active Directory have them (facts 4, 5).

Everything about a person, a department or a group follows from its number, so that all sources agree about it except
where they are meant not to: see ``Person`` and ``Department``. Lists come one item at a time, however large the campus.
The LDAP side is in ``campus_ldap``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]

_FIRST = (
    "Alex", "Bo", "Casey", "Dana", "Eli", "Fran", "Gail", "Hana", "Ira", "José", "Kim", "Lee", "Max", "Noor", "Ola",
    "Pat", "Quinn", "Renée",
)  # fmt: skip
_LAST = ("Sample", "Testwell", "Placeholder", "Muñoz-Demo", "Fictum", "Mockley", "Draftson", "O'Stub", "Inventor")
_SUBJECTS = ("Zoólogy", "Botany", "Music", "Physics", "History", "Statistics", "Dance", "Geology", "Linguistics")
_UNITS = ("Lab Svcs", "Dept", "Institute", "Library", "Shop")
_COLLEGES = ("Examples", "Samples", "Drafts", "Mock Studies")
_TITLES = ("Data Analyst", "Professor", "Lecturer", "Technician", "Clerk")
NOBODY = "00000000-0000-0000-0000-000000000000"
_NEVER = "0001-01-01T00:00:00Z"
SPACE = uuid.UUID("7d6a1f9e-0000-4000-8000-0123456789ab")


@dataclass(frozen=True)
class Spec:
    """How many of each there are. ``people`` are all of MCommunity; six of ten are in TDX, four are employees."""

    people: int = 120
    departments: int = 24
    groups: int = 20


LARGE = Spec(people=20_000, departments=500, groups=300)


@dataclass(frozen=True)
class Department:
    """The department ``number``. One in 20 has no TDX account; one in 25, the last of them, is unknown to the UM API."""

    number: int

    @property
    def code(self) -> str:
        """UM ``DeptId``, TDX ``Code``."""
        return f"{900_000 + self.number:06d}"

    @property
    def tdx_id(self) -> int:
        """TDX ``ID``."""
        return 9_001 + self.number

    @property
    def name(self) -> str:
        """Its name, not always different from another's."""
        number = self.number
        return f"{_SUBJECTS[number % len(_SUBJECTS)]} {_UNITS[number // len(_SUBJECTS) % len(_UNITS)]}"

    @property
    def is_in_um(self) -> bool:
        """Whether the UM API knows it."""
        return self.number % 25 != 24

    @property
    def is_in_tdx(self) -> bool:
        """Whether it has an active TDX account."""
        return self.number % 20 != 19


@dataclass(frozen=True)
class Person:
    """The person ``number``: of ten, four are employees, two more are in TDX, four are in MCommunity only.

    One employee in ten has two appointments, one in ten three; one in ten no uniqname in the UM API. Of the people
    in TDX some have no ``ExternalID``, or a null one, or no uniqname, or one of a directory conflict.
    """

    number: int

    @property
    def uniqname(self) -> str:
        """Six small letters, of which the first two are initials."""
        letters, rest = "", self.number
        for _ in range(4):
            rest, place = divmod(rest, 26)
            letters = chr(ord("a") + place) + letters
        return f"{self.first[0]}{self.last[0]}".casefold() + letters

    @property
    def first(self) -> str:
        """Given name."""
        return _FIRST[self.number % len(_FIRST)]

    @property
    def last(self) -> str:
        """Family name."""
        return _LAST[self.number // len(_FIRST) % len(_LAST)]

    @property
    def empl_id(self) -> str:
        """UM ``EmplId``, TDX ``ExternalID``."""
        return f"{10_000_000 + self.number:08d}"

    @property
    def tdx_uid(self) -> str:
        """TDX ``UID``."""
        return str(uuid.uuid5(SPACE, f"person {self.number}"))

    @property
    def mail(self) -> str:
        """E-mail address."""
        return f"{self.uniqname}@example.edu"

    @property
    def is_employee(self) -> bool:
        """Whether the UM API has appointments of the person."""
        return self.number % 10 < 4

    @property
    def is_in_tdx(self) -> bool:
        """Whether TDX has the person, as an active one."""
        return self.number % 10 < 6

    @property
    def um_uniqname(self) -> str:
        """As the UM API has it: in capitals, and a blank where there is none."""
        return " " if self.number % 100 in {10, 11, 40, 93} else self.uniqname.upper()

    @property
    def appointments(self) -> tuple[int, ...]:
        """The ``EmplRcd`` of each."""
        return (0, 1, 7) if self.number % 100 in {3, 11, 21, 71} else (0, 1) if self.number % 10 == 1 else (0,)

    def department(self, appointment: int = 0) -> int:
        """The number of the department of an appointment, before it is bounded by how many there are."""
        return self.number * 7 + appointment * 5


def departments(spec: Spec) -> list[Department]:
    """All departments."""
    return [Department(number) for number in range(spec.departments)]


def people(spec: Spec) -> Iterator[Person]:
    """All people."""
    return (Person(number) for number in range(spec.people))


def person_department(person: Person, spec: Spec, appointment: int = 0) -> Department:
    """The department of a person's appointment: one that both the UM API and TDX know."""
    number = person.department(appointment)
    while True:
        found = Department(number % spec.departments)
        if found.is_in_um and found.is_in_tdx:
            return found
        number += 1


def um_departments(spec: Spec) -> Iterator[Item]:
    """``DeptData`` of the UM API."""
    for department in departments(spec):
        if department.is_in_um:
            college = _COLLEGES[department.number % len(_COLLEGES)]
            yield {
                "DeptId": department.code,
                "DeptDescription": department.name,
                "DeptGroup": f"COLLEGE_OF_{college.upper().replace(' ', '_')}",
                "DeptGroupDescription": f"College of {college}",
                "DeptGroupVPArea": "PRVST_EX",
                "DeptGroupVPAreaDescr": " " if department.number % 17 == 5 else "Provost Example",
                "DeptGroupCampus": "EX_MAIN",
                "DeptGroupCampusDescr": "Example Main",
            }


def um_employees(spec: Spec) -> Iterator[Item]:
    """``DeptEmpData`` of the UM API: an item an appointment."""
    for person in people(spec):
        for appointment in person.appointments if person.is_employee else ():
            department = person_department(person, spec, appointment)
            yield {
                "EmplId": person.empl_id,
                "EmplRcd": appointment,
                "UniqName": person.um_uniqname,
                "Name": f"{person.last},{person.first}",
                "FirstName": person.first,
                "LastName": person.last,
                "DepartmentId": department.code,
                "Dept_Description": department.name,
                "SupervisorId": " " if person.number % 15 == 0 else Person(person.number // 10 * 10).empl_id,
                "Jobcode": f"{100_001 + person.number % 90}",
                "DepartmentJobTitle": _TITLES[person.number % len(_TITLES)].split()[-1],
                "UniversityJobTitle": _TITLES[person.number % len(_TITLES)],
                "Work_Phone": f"555/555-{person.number % 10_000:04d}",
                "Work_Address1": f"{100 + person.number} Example Hall",
                "Work_City": "Exampleton",
                "Work_State": "EX",
                "Work_Postal": "00000",
            }


def tdx_accounts(spec: Spec) -> Iterator[Item]:
    """The active accounts as the list gives them: without ``Attributes`` and address; one in twelve has no code."""
    for department in departments(spec):
        if department.is_in_tdx:
            yield _account(department.tdx_id, f"{department.name}  {department.code}", department.code)
        if department.number % 12 == 11:
            yield _account(department.tdx_id + 50_000, f"{department.name} Team", "")


def _account(id_: int, name: str, code: str) -> Item:
    return {
        "ID": id_, "Name": name, "Code": code, "IsActive": True, "ParentID": None, "ManagerUID": NOBODY, "Notes": "",
        "CreatedDate": "2020-01-01T00:00:00Z", "ModifiedDate": _NEVER if id_ % 30 == 7 else "2024-01-01T00:00:00Z",
    }  # fmt: skip


def tdx_account_detail(account: Item) -> Item:
    """The same account as the call for it alone gives it."""
    number = account["ID"]
    return {
        **account, "Address1": f"{number} Example Street", "Address2": "", "City": "Exampleton", "StateAbbr": "EX",
        "PostalCode": "00000", "Country": "US", "Phone": "", "Fax": "", "Url": "",
        "Attributes": [{"ID": 1, "Name": "Region", "Value": str(number % 4)}],
    }  # fmt: skip


def tdx_people(spec: Spec) -> Iterator[Item]:
    """The active people as the search gives them; ``Accounts`` are the names of their departments."""
    for person in people(spec):
        if person.is_in_tdx:
            yield tdx_person(person, spec)


def tdx_person(person: Person, spec: Spec) -> Item:
    """A person as the search gives them: with no ``Attributes``."""
    held = [person_department(person, spec, appointment) for appointment in person.appointments]
    found = {
        "UID": person.tdx_uid, "UserName": person.mail, "FirstName": person.first, "LastName": person.last,
        "FullName": f"{person.first} {person.last}", "PrimaryEmail": person.mail, "AlternateEmail": "",
        "ExternalID": person.empl_id, "AlternateID": _alternate_id(person), "IsActive": True,
        "SecurityRoleName": "Client", "AuthenticationUserName": person.mail, "TypeID": 1, "Attributes": [],
        "Accounts": sorted({department.name for department in held}), "DefaultAccountID": held[0].tdx_id,
        "WorkPhone": f"555555{person.number % 10_000:04d}", "Title": _TITLES[person.number % len(_TITLES)],
        "WorkCity": "Exampleton", "WorkState": "EX",
    }  # fmt: skip
    if person.number % 50 == 14:
        found["ExternalID"] = None
    if person.number % 50 == 25:
        del found["ExternalID"]
    return found


def tdx_account_ids(person: Person, spec: Spec) -> set[int]:
    """The accounts by which a search finds a person in TDX: several for one with several appointments."""
    return {person_department(person, spec, appointment).tdx_id for appointment in person.appointments}


def tdx_person_detail(person: Item) -> Item:
    """The same person as the call for them alone gives them."""
    return {
        **person, "Attributes": [{"ID": 2, "Name": "Building", "Value": "Example Hall"}],
        "OrgApplications": [], "Permissions": ["View"], "GroupIDs": [77, 78], "Applications": ["TDNext"],
    }  # fmt: skip


def _alternate_id(person: Person) -> str | None:
    match person.number % 200:
        case 75:
            return None
        case 115:
            return f"{person.uniqname} CNF:0f1e2d3c"
        case _:
            return person.uniqname.capitalize() if person.number % 30 == 4 else person.uniqname
