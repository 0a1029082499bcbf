"""People: of three sources one typed, scored record a uniqname, the same on both stores (facts 4.9, 8)."""

from __future__ import annotations

from typing import Any

import pytest

from ctvpipe.pipelines.directory.streams import (
    MCOMMUNITY_USERS,
    TDX_USER_DETAILS,
    TDX_USERS,
    UMAPI_DEPARTMENTS,
    UMAPI_EMPLOYEES,
)
from tests.integration.directory_campus import (
    DEPARTMENT,
    EMPLOYEE,
    OTHER_DEPARTMENT,
    PERSON,
    TDX_PERSON,
    bring,
    transform_all,
)
from tests.integration.directory_silver import Silver, counts
from tests.integration.station import query

HER = "jqexampl"
OTHER = PERSON | {"uid": ["bo"], "uidNumber": ["990002"], "mail": ["bo@example.edu"]}


def test_all_sources_are_merged_by_precedence(her: Silver) -> None:
    found = her.rows("users")[HER]
    assert len(found.pop("entity_hash")) == 64
    assert found == {
        "uniqname": HER, "umich_empl_id": "00099001", "ldap_uid_number": "990001", "tdx_user_uid": TDX_PERSON["UID"],
        "ad_object_guid": None, "ad_sam_account_name": None, "ad_last_logon": None, "ad_account_disabled": None,
        "first_name": "Jo", "last_name": "Example", "full_name": "Jo Example", "primary_email": "JQExampl@example.edu",
        "work_phone": "(555) 555-0111", "job_title": "Data Analyst", "tdx_job_title": "Service Analyst",
        "department_id": "990100", "department_job_titles": ["Analyst"], "department_ids": ["990100"],
        "job_codes": ["100001"], "supervisor_ids": ["00099002"], "work_city": "Exampleton", "work_state": "EX",
        "work_postal_code": "00000", "work_country": None, "work_address_line1": "1 Example Way",
        "work_address_line2": "Room 7", "is_active": True, "ou_department_ids": ["990100"],
        "mcommunity_ou_affiliations": ["Alumni", "Zoo Lab Svcs - Faculty and Staff"],
        "ad_group_memberships": ["ex-zoo-lab"], "data_quality_score": 1.0, "quality_flags": [],
        "source_system": "tdx+mcommunity_ldap+umich_api", "source_entity_id": "00099001",
    }  # fmt: skip


@pytest.mark.parametrize(("gone", "expected"), [
    ([TDX_USERS], {
        "full_name": "Example,Jo Q", "primary_email": "jqexampl@example.edu", "work_phone": "(555) 555-0100",
        "tdx_user_uid": None, "source_system": "mcommunity_ldap+umich_api", "umich_empl_id": "00099001",
        "quality_flags": ["missing_tdx_source"], "data_quality_score": 0.9, "is_active": False,
    }),
    ([UMAPI_EMPLOYEES], {
        "full_name": "Jo Example", "job_title": "Analyst of Data", "department_id": None, "department_ids": [],
        "umich_empl_id": "00099001", "source_system": "tdx+mcommunity_ldap",
        "quality_flags": ["missing_umich_api_source", "missing_department_id"], "data_quality_score": 0.85,
    }),
    ([MCOMMUNITY_USERS], {
        "ldap_uid_number": None, "mcommunity_ou_affiliations": [], "ou_department_ids": [], "job_title": "Data Analyst",
        "quality_flags": ["missing_mcommunity_ldap_source"], "data_quality_score": 0.9, "is_active": True,
    }),
    ([TDX_USERS, UMAPI_EMPLOYEES], {
        "work_phone": "555-0199", "source_entity_id": "990001", "data_quality_score": 0.75, "work_city": None,
    }),
    ([TDX_USERS, MCOMMUNITY_USERS], {
        "primary_email": None, "quality_flags": ["missing_tdx_source", "missing_mcommunity_ldap_source", "missing_email"],
        "data_quality_score": 0.75,
    }),
])  # fmt: skip
def test_without_a_source(her: Silver, gone: list[Any], expected: dict[str, Any]) -> None:
    """Each of them has somebody else tonight; TDX, which lists active people only, says by that that she is not one."""
    others = {
        TDX_USERS: TDX_PERSON | {"UID": "2", "AlternateID": "bo"}, MCOMMUNITY_USERS: OTHER,
        UMAPI_EMPLOYEES: EMPLOYEE | {"EmplId": "2", "UniqName": "BO"},
    }  # fmt: skip
    for stream in gone:
        bring(her, stream, others[stream])
    her.transform("users")
    found = her.rows("users")[HER]
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(("tdx", "flag", "score"), [
    ({"PrimaryEmail": "other@example.edu"}, "email_mismatch", 0.95), ({"PrimaryEmail": ""}, None, 1.0),
    ({"FullName": "Bo Example"}, "name_mismatch", 0.95), ({"FullName": "EXAMPLE, Jo"}, None, 1.0),
    ({"IsActive": False}, None, 1.0),
])  # fmt: skip
def test_what_sources_say_differently_lowers_the_score(
    her: Silver, tdx: dict[str, Any], flag: str | None, score: float
) -> None:
    """Naive: ``Example,Jo Q`` of the UM API is another name than ``Jo Example`` (P18)."""
    bring(her, TDX_USERS, TDX_PERSON | tdx)
    her.transform("users")
    found = her.rows("users")[HER]
    assert (found["quality_flags"], found["data_quality_score"]) == ([flag] if flag else [], score)
    assert found["is_active"] is ("IsActive" not in tdx)


def test_p14_a_flag_alone_is_a_change(her: Silver) -> None:
    """Naive: the hash is of the columns that a source fills, and the score stays what it was."""
    bring(her, MCOMMUNITY_USERS, PERSON | {"mail": ["other@example.edu"]})
    before = her.rows("users")[HER]
    assert counts(her.transform("users")) == (1, 0, 1, 0, 0)
    after = her.rows("users")[HER]
    assert (after["primary_email"], after["quality_flags"]) == (before["primary_email"], ["email_mismatch"])


def test_p3_appointments_are_in_the_order_of_their_numbers_and_all_are_kept(any_silver: Silver) -> None:
    """Naive: of each employee one appointment, or the tenth before the second."""
    bring(any_silver, UMAPI_DEPARTMENTS, DEPARTMENT, OTHER_DEPARTMENT)
    held = {10: ("990200", "b", " "), 2: ("990100", "a", "7"), 101: ("990200", "b", "8")}
    rows = [
        EMPLOYEE | {"EmplRcd": number, "DepartmentId": code, "Jobcode": job, "SupervisorId": boss}
        for number, (code, job, boss) in held.items()
    ]
    bring(any_silver, UMAPI_EMPLOYEES, *rows)
    transform_all(any_silver, max_error_percent=100)
    found = any_silver.rows("users")[HER]
    assert (found["department_id"], found["department_ids"]) == ("990100", ["990100", "990200", "990200"])
    assert (found["job_codes"], found["supervisor_ids"]) == (["a", "b", "b"], ["7", "8"])
    bring(any_silver, UMAPI_EMPLOYEES, *rows[::2])
    any_silver.transform("users")
    assert any_silver.rows("users")[HER]["department_ids"] == ["990200", "990200"]


def test_p2_ids_of_sources_are_not_each_others(any_silver: Silver) -> None:
    """Naive: the uidNumber of one person and the EmplId of another are one key."""
    bring(any_silver, UMAPI_DEPARTMENTS, DEPARTMENT)
    bring(any_silver, UMAPI_EMPLOYEES, EMPLOYEE | {"EmplId": "7", "UniqName": "BO"})
    bring(any_silver, MCOMMUNITY_USERS, PERSON | {"uidNumber": ["7"]})
    transform_all(any_silver)
    assert {key: row["source_system"] for key, row in any_silver.rows("users").items()} == {
        "bo": "umich_api", HER: "mcommunity_ldap"
    }  # fmt: skip


def test_who_has_no_uniqname_is_nobody_in_silver(any_silver: Silver) -> None:
    """Naive: all of them are one person, without a name (P22); a conflict of a directory is a person (P21)."""
    nobody = [EMPLOYEE | {"EmplId": str(number), "UniqName": " "} for number in range(3)]
    bring(any_silver, UMAPI_EMPLOYEES, *nobody)
    bring(any_silver, TDX_USERS, TDX_PERSON | {"AlternateID": "jo CNF:0f1e2d3c"})
    assert counts(any_silver.transform("users")) == (0, 0, 0, 0, 0)


def test_a_detail_tells_what_the_list_does_not(her: Silver) -> None:
    bring(her, TDX_USER_DETAILS, TDX_PERSON | {"WorkCity": "Elsewhere", "WorkZip": "11111", "Title": "Other"})
    assert counts(her.transform("users")) == (1, 0, 1, 0, 0)
    found = her.rows("users")[HER]
    assert (found["work_city"], found["work_postal_code"]) == ("Elsewhere", "11111")
    assert found["tdx_job_title"] == "Service Analyst"


@pytest.mark.parametrize(("person", "reason"), [
    ({"mail": ["jqexampl"]}, "its e-mail has no @"), ({"mail": [f"{'a' * 320}@example.edu"]}, "its e-mail is too long"),
])  # fmt: skip
def test_p8_a_record_that_must_not_be_written_is_told_and_the_others_go_on(
    any_silver: Silver, person: dict[str, Any], reason: str
) -> None:
    """Naive: the run fails, and every night begins anew where that one began; or a null e-mail has no ``@``."""
    bring(any_silver, MCOMMUNITY_USERS, PERSON | person, *(many(9)), OTHER | {"mail": None})
    run = any_silver.transform("users")
    assert counts(run) == (11, 10, 0, 0, 1)
    assert run.errors == [f"version 1: {reason}"]
    assert any_silver.pending == [("user", HER, reason)]
    assert any_silver.runs("status, records_failed, error_message")[-1] == ("completed", 1, None)
    assert counts(any_silver.transform("users", dry_run=True)) == (1, 0, 0, 0, 1)
    assert counts(any_silver.transform("users")) == (1, 0, 0, 0, 1), "it is looked at again, and nobody else is"
    bring(any_silver, MCOMMUNITY_USERS, PERSON, *many(9), OTHER | {"mail": None})
    assert counts(any_silver.transform("users")) == (1, 1, 0, 0, 0)
    assert any_silver.pending == []


def many(count: int) -> list[dict[str, Any]]:
    """Further people of MCommunity."""
    return [PERSON | {"uid": [f"jo{number}"], "uidNumber": [str(number)]} for number in range(count)]


def test_whose_department_is_not_known_yet_is_written_as_soon_as_it_is(any_silver: Silver) -> None:
    """Naive: the watermark has passed the record, and nobody looks at it again."""
    bring(any_silver, UMAPI_DEPARTMENTS, OTHER_DEPARTMENT)
    bring(any_silver, UMAPI_EMPLOYEES, EMPLOYEE)
    any_silver.transform()
    run = any_silver.transform("users", max_error_percent=100)
    assert (run.errors, any_silver.rows("users")) == (["version 2: its department is not known"], {})
    bring(any_silver, UMAPI_DEPARTMENTS, DEPARTMENT, OTHER_DEPARTMENT)
    any_silver.transform()
    assert counts(any_silver.transform("users")) == (1, 1, 0, 0, 0)


def test_a_record_that_is_refused_leaves_the_one_that_there_is(her: Silver) -> None:
    before = her.rows("users", whole=True)
    bring(her, TDX_USERS, TDX_PERSON | {"PrimaryEmail": "nowhere"})
    assert counts(her.transform("users", max_error_percent=100)) == (1, 0, 0, 0, 1)
    assert her.rows("users", whole=True) == before


@pytest.mark.parametrize(("name", "spoken_of", "expected"), [
    ("Zoo Lab Svcs", ["990100"], (0, 0, 0, 0, 0)), ("Zoo Lab", ["990100"], (1, 0, 0, 1, 0)),
    ("Zoology", [], (1, 0, 1, 0, 0)), ("Alumni", ["990100"], (1, 0, 0, 1, 0)),
])  # fmt: skip
def test_when_a_department_is_renamed_whoever_spoke_of_it_is_made_anew(
    her: Silver, name: str, spoken_of: list[str], expected: tuple[int, ...]
) -> None:
    """Naive: only people of whom a source has a new version are looked at, and the others speak of departments by names
    that these had once.
    """
    bring(her, MCOMMUNITY_USERS, PERSON, OTHER | {"ou": ["Music - Staff"]})
    her.transform("users")
    bring(her, UMAPI_DEPARTMENTS, DEPARTMENT | {"DeptDescription": name}, OTHER_DEPARTMENT)
    her.transform()
    assert counts(her.transform("users", dry_run=True)) == expected
    assert counts(her.transform("users")) == expected
    assert her.rows("users")[HER]["ou_department_ids"] == spoken_of
    assert her.rows("users")["bo"]["ou_department_ids"] == ["990200"]
    assert counts(her.transform("users")) == (0, 0, 0, 0, 0)


def test_an_affiliation_that_nobody_has_any_more_is_kept_right_too(her: Silver) -> None:
    """Naive: it differs for ever, and everybody is looked through for it every night."""
    bring(her, MCOMMUNITY_USERS, PERSON | {"ou": ["Alumni"]})
    her.transform("users")
    bring(her, UMAPI_DEPARTMENTS, OTHER_DEPARTMENT | {"DeptDescription": "Zoo Lab Svcs"})
    transform_all(her)
    stored = query(
        her.address, f"SELECT affiliation, dept_id, rule FROM {her.table('affiliations')} ORDER BY affiliation"
    )
    assert stored == [("Alumni", None, None), ("Zoo Lab Svcs - Faculty and Staff", "990200", "exact")]


def test_a_department_that_is_not_active_is_not_spoken_of(her: Silver) -> None:
    bring(her, UMAPI_DEPARTMENTS, OTHER_DEPARTMENT)
    her.transform()
    her.transform("users")
    found = her.rows("users")[HER]
    assert (found["ou_department_ids"], found["department_id"]) == ([], "990100")
