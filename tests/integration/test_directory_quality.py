"""How good silver is, and why a record is as it is; read without a write, from the data that the record is made of."""

from __future__ import annotations

from ctvpipe.pipelines.directory import explaining, quality
from ctvpipe.pipelines.directory.explaining import Explanation
from ctvpipe.pipelines.directory.streams import AD_GROUPS, MCOMMUNITY_USERS, TDX_USERS, UMAPI_EMPLOYEES
from ctvpipe.pipelines.directory.transforming import ENTITIES
from ctvpipe.stores import engine
from tests.integration.directory_campus import EMPLOYEE, GROUP, PERSON, TABLES, TDX_PERSON, bring, transform_all
from tests.integration.directory_silver import Silver, everything

PEOPLE = [PERSON | {"uid": [f"jo{number}"], "uidNumber": [str(number)]} for number in range(3)]


def asked(silver: Silver, name: str, most: int = 10) -> quality.Quality:
    with engine.transaction(engine.open_engine(silver.url, read_only=True)) as connection:
        return quality.quality(connection, name, most=most)


def explained(silver: Silver, name: str, key: str) -> Explanation:
    with engine.transaction(engine.open_engine(silver.url, read_only=True)) as connection:
        found = explaining.explain(connection, name, key)
    assert found is not None
    return found


def test_the_quality_of_a_table(her: Silver) -> None:
    nowhere = PERSON | {"uid": ["bo"], "uidNumber": ["7"], "mail": ["nowhere"]}
    bring(her, MCOMMUNITY_USERS, PERSON, PEOPLE[0] | {"telephoneNumber": []}, *PEOPLE[1:], nowhere)
    bring(her, TDX_USERS, TDX_PERSON | {"PrimaryEmail": "jo@example.edu"})
    her.transform("users", max_error_percent=100)
    found = asked(her, "users", most=2)
    assert (found.records, found.bands) == (4, {"Perfect": 0, "Excellent": 1, "Good": 0, "Needs review": 3})
    assert found.flags == {
        "missing_department_id": 3, "missing_tdx_source": 3, "missing_umich_api_source": 3, "email_mismatch": 1,
        "no_phone_number": 1,
    }  # fmt: skip
    assert list(found.flags) == sorted(found.flags, key=lambda flag: (-found.flags[flag], flag))
    missing = ("missing_tdx_source", "missing_umich_api_source", "missing_department_id")
    assert found.worst == (
        quality.Scored("jo0", 0.75, (*missing, "no_phone_number")), quality.Scored("jo1", 0.75, missing)
    )  # fmt: skip
    assert (found.refused, found.refused_count) == ((("bo", "its e-mail has no @"),), 1)


def test_the_bands_begin_where_they_say(her: Silver) -> None:
    table, columns = (
        her.table("departments"),
        "dept_id, department_name, department_code, is_active, location_info, quality_flags, source_system, source_entity_id, entity_hash, created_at, updated_at, ingestion_run_id",
    )
    others = columns.removeprefix("dept_id, ")
    for number, score in enumerate(("1", "0.99", "0.90", "0.89", "0.80", "0.79", "0")):
        her.execute(
            f"INSERT INTO {table} ({columns}, data_quality_score) SELECT 'x{number}', {others}, {score} FROM {table} "
            "WHERE dept_id = '990100'"
        )
    her.execute(f"DELETE FROM {table} WHERE dept_id LIKE '99%'")
    assert asked(her, "departments").bands == {"Perfect": 1, "Excellent": 2, "Good": 2, "Needs review": 2}


def test_nothing_has_no_quality(any_silver: Silver) -> None:
    for name in TABLES:
        found = asked(any_silver, name)
        assert (found.records, found.flags, found.worst, found.refused_count) == (0, {}, (), 0)


def test_why_a_person_is_as_she_is(her: Silver) -> None:
    bring(her, UMAPI_EMPLOYEES, EMPLOYEE, EMPLOYEE | {"EmplRcd": 3})
    bring(her, TDX_USERS, TDX_PERSON | {"UID": "first"}, TDX_PERSON | {"UID": "other", "FullName": ""})
    her.transform("users")
    before = everything(her)
    found = explained(her, "users", " JQExampl ")
    assert everything(her) == before
    assert found.row is not None
    assert found.row["full_name"] == "Example,Jo Q"
    said = {field.column: field for field in found.fields}
    assert [(one.source, one.field, one.value, one.wins) for one in said["full_name"].candidates] == [
        ("tdx", "FullName", None, False), ("umich_api", "Name", "Example,Jo Q", True),
        ("mcommunity_ldap", "displayName", "Jo Example", False),
    ]  # fmt: skip
    phone = said["work_phone"]
    assert (phone.value, phone.candidates[0].value, phone.candidates[1].source) == (
        "(555) 555-0111", "(555) 555-0111", "tdx (detail)"
    )  # fmt: skip
    assert said["ou_department_ids"].notes == ("Zoo Lab Svcs - Faculty and Staff: 990100 (exact)",)
    assert [(one.source_system, one.external_id, one.is_gone, one.counts) for one in found.versions] == [
        ("mcommunity_ldap", "990001", False, True), ("tdx", "first", False, False), ("tdx", "other", False, True),
        ("tdx", TDX_PERSON["UID"], True, False), ("umich_api", "00099001:0", False, True), ("umich_api", "00099001:3", False, True),
    ]  # fmt: skip
    assert (found.deductions, found.refused) == ((("several_tdx_records", 0.0),), None)


def test_each_value_that_wins_is_the_one_that_is_stored(her: Silver) -> None:
    for name, key in (("users", "jqexampl"), ("departments", "990100"), ("groups", "ex-zoo-lab")):
        found = explained(her, name, key)
        assert [field.column for field in found.fields] == [field.column for field in ENTITIES[name].fields]
        for field in found.fields:
            for candidate in field.candidates:
                assert not candidate.wins or candidate.value == field.value, (name, field.column)


def test_why_there_is_no_record(her: Silver) -> None:
    bring(her, MCOMMUNITY_USERS, PERSON, PERSON | {"uid": ["bo"], "uidNumber": ["7"], "mail": ["nowhere"]})
    her.transform("users", max_error_percent=100)
    found = explained(her, "users", "bo")
    assert (found.row, found.refused) == (None, "its e-mail has no @")
    assert [version.external_id for version in found.versions] == ["7"]


def test_what_is_gone_is_told_and_what_never_was_is_nothing(her: Silver) -> None:
    bring(her, AD_GROUPS, GROUP | {"objectGUID": ["2"], "cn": ["other"]})
    transform_all(her)
    found = explained(her, "groups", "EX-ZOO-LAB")
    assert found.row is not None
    assert (found.row["is_active"], found.versions[0].is_gone) == (False, True)
    with engine.transaction(her.opened) as connection:
        assert explaining.explain(connection, "groups", "never") is None
