"""Whatever the sources bring, in whatever order: both stores have the same silver, night by night or made anew at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from tests.fakes import campus
from tests.integration.directory_campus import TABLES, bring, bring_campus, transform_all
from tests.integration.directory_silver import Silver, counts
from tests.integration.postgres_server import PostgresServer

Payload = dict[str, Any]


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Payload]:
    """Payloads with some of ``fields``; those that are ids are always there."""
    ids = {
        name: fields.pop(name)
        for name in list(fields)
        if name in {"DeptId", "ID", "EmplId", "EmplRcd", "UID", "uidNumber", "objectGUID"}
    }
    return st.fixed_dictionaries(ids, optional=fields)


DEPARTMENT_NAMES = one_of("Zoo Lab", "ZOO LAB  12", "Zoólogy", "Lab", " ", None, "Zoo\tLab", 7)
PEOPLE_NAMES = one_of("Jo Example", "Example,Jo", "JO ÉX", "Bo", "", None, ["Jo", "Bo"])
UNIQNAMES = one_of("jo", "JO", "bo", " bo ", "", None, ["jo"], "jo CNF:1")
EMAILS = one_of("jo@x", "JO@X", "bo@x", "nowhere", None, " ", ["jo@x", "bo@x"])
PHONES = one_of("5555550100", "555/555-0100", "+1 555", ["1", "2"], None)
CODES = one_of("1", "2", " ", "", None)
DATES = one_of(
    "2024-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01T10:20:30.1234567Z", None
)
PLACES = one_of("Exampleton", " ", None, "Éx\u00a0town")
BOOLEANS = one_of(True, False, None, "false")
OUS = st.one_of(
    st.lists(
        one_of("Zoo Lab - Staff", "The Zoo Lab of Lab - All", "Alumni", "Zoólogy", " ", "lab - students"), max_size=3
    ),
    one_of("Zoo Lab", None),
)
MEMBERS = st.one_of(
    st.lists(
        one_of(
            "CN=jo,OU=Accounts,DC=x",
            "CN=BO,OU=People,DC=x",
            "CN=ex,OU=Groups,DC=x",
            "CN=a CNF:1,DC=x",
            "",
            "CN=jo,DC=x",
        ),
        max_size=4,
    ),
    one_of("CN=jo,DC=x", None),
)
ACCOUNT: dict[str, st.SearchStrategy[Any]] = {
    "ID": one_of(1, 2, 3), "Code": CODES, "Name": DEPARTMENT_NAMES, "IsActive": BOOLEANS, "Notes": PLACES,
    "CreatedDate": DATES, "ModifiedDate": DATES, "City": PLACES,
}  # fmt: skip
TDX_PERSON: dict[str, st.SearchStrategy[Any]] = {
    "UID": one_of("u1", "u2", "u3"), "AlternateID": UNIQNAMES, "ExternalID": CODES, "FirstName": PEOPLE_NAMES,
    "FullName": PEOPLE_NAMES, "PrimaryEmail": EMAILS, "IsActive": BOOLEANS, "WorkPhone": PHONES, "WorkCity": PLACES,
}  # fmt: skip
PAYLOADS: dict[Stream, st.SearchStrategy[Payload]] = {
    UMAPI_DEPARTMENTS: some(
        DeptId=one_of("1", "2", "3"), DeptDescription=DEPARTMENT_NAMES, DeptGroupCampusDescr=PLACES,
        DeptGroupDescription=PLACES, DeptGroupVPAreaDescr=PLACES,
    ),
    UMAPI_EMPLOYEES: some(
        EmplId=one_of("7", "8"), EmplRcd=one_of(0, 2, 10, "1"), UniqName=UNIQNAMES, Name=PEOPLE_NAMES, DepartmentId=CODES,
        Jobcode=CODES, SupervisorId=CODES, UniversityJobTitle=PLACES, Work_Phone=PHONES, Work_Address2=PLACES,
    ),
    MCOMMUNITY_USERS: some(
        uidNumber=one_of("1", "2", ["3"]), uid=UNIQNAMES, displayName=PEOPLE_NAMES, sn=PEOPLE_NAMES, mail=EMAILS, ou=OUS,
        telephoneNumber=PHONES,
    ),
    TDX_ACCOUNTS: some(**ACCOUNT), TDX_ACCOUNT_DETAILS: some(**ACCOUNT),
    TDX_USERS: some(**TDX_PERSON), TDX_USER_DETAILS: some(**TDX_PERSON),
    AD_GROUPS: some(
        objectGUID=one_of("g1", "g2", "g3"), cn=one_of("ex", "EX", ["b"], "", None), name=PEOPLE_NAMES, member=MEMBERS,
        description=PLACES, groupType=one_of("-2", "2", None), mail=EMAILS, managedBy=MEMBERS,
        distinguishedName=one_of("CN=ex,OU=MCommADSync,DC=x", "CN=ex,DC=x", None),
    ),
}  # fmt: skip
FETCHES = st.sampled_from(list(PAYLOADS)).flatmap(
    lambda stream: st.tuples(st.just(stream), st.lists(PAYLOADS[stream], min_size=1, max_size=4))
)
TRANSFORMS = st.sampled_from(TABLES)
NIGHTS = st.lists(st.one_of(FETCHES, FETCHES, TRANSFORMS), min_size=4, max_size=14)


@pytest.fixture(scope="module")
def both(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Silver, Silver]]:
    url = postgres.create()
    yield Silver(str(tmp_path_factory.mktemp("both") / "directory.db")), Silver(url)
    postgres.drop(url)


def silver_of(silver: Silver) -> list[Any]:
    return [*(silver.rows(name) for name in TABLES), silver.members, silver.pending]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=NIGHTS)
def test_both_stores_have_the_same_silver_night_by_night_or_at_once(
    both: tuple[Silver, Silver], nights: list[Any]
) -> None:
    made = []
    for silver in both:
        silver.clear()
        silver.empty()
        for night in nights:
            if isinstance(night, str):
                silver.transform(night, max_error_percent=100)
            else:
                bring(silver, night[0], *night[1])
        transform_all(silver, max_error_percent=100)
        made.append(silver_of(silver))
        for name in TABLES:
            run = silver.transform(name, full_sync=True, max_error_percent=100)
            assert (run.created, run.updated) == (0, 0), name
        silver.empty()
        transform_all(silver, max_error_percent=100)
        *anew, members, pending = silver_of(silver)
        refused = {key for _, key, error in pending if error}  # what there was of them is left as it is
        for rows, again, name in zip(made[-1], anew, TABLES, strict=False):
            gone = {key for key in rows if key not in again}
            assert {key: row for key, row in rows.items() if key not in gone} == again, name
            assert not any(rows[key]["is_active"] for key in gone - refused)
        assert [members, pending] == made[-1][3:]
    assert made[0] == made[1]


def test_both_have_the_same_of_a_campus(both: tuple[Silver, Silver]) -> None:
    made = []
    for silver in both:
        silver.clear()
        silver.empty()
        bring_campus(silver, campus.Spec())
        assert counts(silver.transform("users", dry_run=True, max_error_percent=100))[0] == 120
        transform_all(silver)
        made.append(silver_of(silver))
    assert [len(part) for part in made[0]] == [26, 20, 120, 228, 0]
    assert made[0] == made[1]
