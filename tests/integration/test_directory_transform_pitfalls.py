"""The pitfalls of facts 6 that a transform may fall into, on both stores; each test fails on the naive version."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from ctvpipe.core.errors import ContractError
from ctvpipe.pipelines.directory import runs, transforming
from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.runs import Step
from ctvpipe.pipelines.directory.streams import (
    AD_GROUPS,
    MCOMMUNITY_USERS,
    TDX_ACCOUNTS,
    TDX_USER_DETAILS,
    TDX_USERS,
    UMAPI_EMPLOYEES,
)
from ctvpipe.pipelines.directory.transforming import Options
from tests.fakes import campus
from tests.integration.directory_campus import (
    EMPLOYEE,
    GROUP,
    PERSON,
    TABLES,
    TDX_PERSON,
    bring,
    bring_campus,
    transform_all,
)
from tests.integration.directory_silver import Silver, counts, everything
from tests.integration.station import query

HER = "jqexampl"
SPEC = campus.Spec(people=60, departments=12, groups=8)
PEOPLE = [PERSON | {"uid": [f"jo{number}"], "uidNumber": [str(number)]} for number in range(7)]
OF_USERS = transforming.step("users")


def test_p1_what_comes_while_a_run_reads_is_read_by_the_next(
    any_silver: Silver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Naive: the next run begins where this one ended, by the clock."""
    small_pages(monkeypatch, 2)
    bring(any_silver, MCOMMUNITY_USERS, *PEOPLE)

    def meanwhile(run: runs.StepRun) -> None:
        if run.processed == 4:
            bring(any_silver, MCOMMUNITY_USERS, PEOPLE[0] | {"sn": ["Other"]}, *PEOPLE[1:], PERSON)

    with any_silver.opened.connect() as connection:
        transforming.transform(connection, "users", Options(), progress=meanwhile)
    assert any_silver.rows("users")["jo0"]["last_name"] == "Example"
    any_silver.transform("users")
    assert any_silver.rows("users")["jo0"]["last_name"] == "Other"
    assert HER in any_silver.rows("users")


def test_p6_a_dry_run_changes_nothing_and_says_what_would_be_done(her: Silver) -> None:
    bring(her, UMAPI_EMPLOYEES, EMPLOYEE | {"DepartmentId": "1"})
    bring(her, MCOMMUNITY_USERS, PERSON, *PEOPLE, PERSON | {"uid": ["bo"], "uidNumber": ["9"], "mail": ["bo"]})
    before = everything(her)
    dry = her.transform("users", dry_run=True, max_error_percent=100)
    assert everything(her) == before
    real = her.transform("users", max_error_percent=100)
    assert counts(dry) == counts(real) == (9, 7, 0, 0, 2)
    assert (dry.errors, dry.quality_issues) == (real.errors, real.quality_issues)
    assert dry.statistics().keys() == real.statistics().keys()


def test_p6_a_dry_run_without_a_database_does_nothing() -> None:
    assert counts(transforming.transform(None, "users", Options(dry_run=True))) == (0, 0, 0, 0, 0)


def test_p7_a_run_that_fails_is_closed_and_what_it_has_read_is_read_again(
    any_silver: Silver, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch, 3)
    bring(any_silver, MCOMMUNITY_USERS, *PEOPLE)

    def stopped(_: runs.StepRun) -> None:
        raise KeyboardInterrupt

    with any_silver.opened.connect() as connection, pytest.raises(KeyboardInterrupt):
        transforming.transform(connection, "users", Options(), progress=stopped)
    assert any_silver.runs("status, records_created, error_message")[-1] == ("failed", 3, "it was stopped")
    assert any_silver.watermark(OF_USERS) == 0
    assert counts(any_silver.transform("users")) == (7, 4, 0, 3, 0)


@pytest.mark.parametrize("stream", [UMAPI_EMPLOYEES, MCOMMUNITY_USERS, TDX_USERS, TDX_USER_DETAILS, AD_GROUPS])
def test_p9_p10_a_change_in_any_source_is_seen_and_takes_nothing_from_the_others(her: Silver, stream: Stream) -> None:
    """Naive: only one source is looked at; or what has not changed is taken for missing, and its fields are blanked."""
    before = her.rows("users")[HER]
    changes = {
        UMAPI_EMPLOYEES: (EMPLOYEE | {"Jobcode": "7"}, {"job_codes": ["7"]}),
        MCOMMUNITY_USERS: (PERSON | {"uidNumber": ["990001"], "ou": ["Alumni"]},
                           {"mcommunity_ou_affiliations": ["Alumni"], "ou_department_ids": []}),
        TDX_USERS: (TDX_PERSON | {"Title": "Clerk"}, {"tdx_job_title": "Clerk"}),
        TDX_USER_DETAILS: (TDX_PERSON | {"WorkCountry": "US"}, {"work_country": "US"}),
        AD_GROUPS: (GROUP | {"cn": ["Ex-Other"]}, {"ad_group_memberships": ["ex-other"]}),
    }  # fmt: skip
    payload, expected = changes[stream]
    bring(her, stream, payload)
    transform_all(her)
    after = her.rows("users")[HER]
    assert after == before | expected | {"entity_hash": after["entity_hash"]}


def test_p17_a_full_run_compares_and_a_forced_one_writes(her: Silver) -> None:
    """Naive: one of them does what the other does."""
    bring(her, MCOMMUNITY_USERS, PERSON, *PEOPLE)
    her.transform("users")
    assert counts(her.transform("users")) == (0, 0, 0, 0, 0)
    assert counts(her.transform("users", force=True)) == (0, 0, 0, 0, 0)
    assert counts(her.transform("users", full_sync=True)) == (8, 0, 0, 8, 0)
    before = her.rows("users")
    her.execute(f"UPDATE {her.table('users')} SET last_name = 'touched by hand'")
    assert counts(her.transform("users", full_sync=True)) == (8, 0, 0, 8, 0)
    assert counts(her.transform("users", full_sync=True, force=True)) == (8, 0, 8, 0, 0)
    assert her.rows("users") == before


def test_p21_what_the_database_refuses_is_found_and_the_others_go_on(any_silver: Silver) -> None:
    """Naive: one row fails its whole batch, every night."""
    bring(any_silver, MCOMMUNITY_USERS, *PEOPLE, PERSON)
    forbid_name(any_silver, "Example 3")
    bring(any_silver, MCOMMUNITY_USERS, *PEOPLE[:3], PEOPLE[3] | {"sn": ["Example 3"]}, *PEOPLE[4:], PERSON)
    run = any_silver.transform("users", max_error_percent=20)
    assert (counts(run), run.errors) == ((8, 7, 0, 0, 1), ["a record: the database refuses it"])
    assert any_silver.pending == [("user", "jo3", "the database refuses it")]
    assert counts(any_silver.transform("users", max_error_percent=20)) == (1, 0, 0, 0, 1)
    bring(any_silver, MCOMMUNITY_USERS, *PEOPLE, PERSON)
    assert counts(any_silver.transform("users")) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(("bad", "allowed", "fails"), [(1, 10, True), (1, 13, False), (8, 99, True), (8, 100, False)])
def test_too_many_records_that_are_refused_fail_the_run(
    any_silver: Silver, bad: int, allowed: float, fails: bool
) -> None:
    people = [*PEOPLE, PERSON]
    bring(any_silver, MCOMMUNITY_USERS, *(one | {"mail": ["nowhere"]} for one in people[:bad]), *people[bad:])
    if not fails:
        assert counts(any_silver.transform("users", max_error_percent=allowed)) == (8, 8 - bad, 0, 0, bad)
        return
    for dry_run in (True, False):
        with pytest.raises(ContractError, match=rf"users: {bad} of 8 records are refused, more than {allowed} %.*no @"):
            any_silver.transform("users", max_error_percent=allowed, dry_run=dry_run)
    assert any_silver.runs("status, records_created, records_failed")[-1] == ("failed", 8 - bad, bad)
    assert len(any_silver.rows("users")) == 8 - bad
    assert any_silver.watermark(OF_USERS) == 0
    bring(any_silver, MCOMMUNITY_USERS, *people)
    assert counts(any_silver.transform("users")) == (8, bad, 0, 8 - bad, 0)


def test_the_share_that_is_refused_is_of_all_records_and_not_of_those_of_a_night(any_silver: Silver) -> None:
    """Naive: a night on which but one record changes fails by it, and so does every night after it (P8)."""
    people = [*PEOPLE, PERSON, *(PERSON | {"uid": [f"bo{n}"], "uidNumber": [f"9{n}"]} for n in range(12))]
    bring(any_silver, MCOMMUNITY_USERS, *people)
    any_silver.transform("users")
    bring(any_silver, MCOMMUNITY_USERS, people[0] | {"mail": ["nowhere"]}, *people[1:])
    for _ in range(2):
        assert counts(any_silver.transform("users")) == (1, 0, 0, 0, 1)


def test_p23_long_texts_are_kept(any_silver: Silver) -> None:
    """Naive: fifty letters of a phone number, and the rest of the batch fails with it."""
    bring(any_silver, MCOMMUNITY_USERS, PERSON | {"umichTitle": ["Professor " * 600], "telephoneNumber": ["5" * 500]})
    any_silver.transform("users")
    found = any_silver.rows("users")[HER]
    assert (len(found["job_title"]), len(found["work_phone"])) == (5999, 500)


def test_p25_an_empty_list_is_a_list(any_silver: Silver) -> None:
    """Naive: the JSON of null, of which a list's functions make an error."""
    bring(any_silver, MCOMMUNITY_USERS, PERSON | {"ou": None})
    bring(any_silver, AD_GROUPS, GROUP | {"member": None})
    transform_all(any_silver)
    lists = ("department_ids", "job_codes", "mcommunity_ou_affiliations", "ou_department_ids", "ad_group_memberships")
    for name in lists:
        texts = query(any_silver.address, f"SELECT CAST({name} AS text) FROM {any_silver.table('users')}")
        assert texts == [("[]",)], name


def test_p28_the_work_is_by_the_page_and_not_by_the_record(any_silver: Silver) -> None:
    """Naive: some queries a person."""

    seen: list[str] = []
    sa.event.listen(any_silver.opened, "before_cursor_execute", lambda *given: seen.append(given[2]))

    def statements(people: int) -> int:
        bring_campus(any_silver, campus.Spec(people=people, departments=12, groups=8))
        transform_all(any_silver, max_error_percent=100)
        seen.clear()
        transform_all(any_silver, full_sync=True, force=True, max_error_percent=100)
        return len(seen)

    assert statements(40) == statements(200)


def test_p28_an_unchanged_record_is_not_touched(postgres_url: str) -> None:
    silver = Silver(postgres_url)
    bring_campus(silver, SPEC)
    transform_all(silver)
    look = "SELECT ctid::text, xmin::text, xmax::text FROM silver.{} ORDER BY 1"
    before = [query(postgres_url, look.format(table)) for table in TABLES]
    transform_all(silver, full_sync=True)
    assert [query(postgres_url, look.format(table)) for table in TABLES] == before


def test_p33_an_ingest_is_no_run_of_the_transform(her: Silver) -> None:
    """Naive: the steps of one entity share a watermark, and what the one has read the other has not."""
    for step in (Step("silver_transformation", "user", runs.INGEST), Step("tdx", "user", runs.TRANSFORM)):
        with her.opened.connect() as connection, runs.recorded(connection, step) as run:
            run.details[runs.WATERMARK] = 10_000
    bring(her, TDX_ACCOUNTS, {"ID": 1, "Code": "990100"})
    bring(her, TDX_USERS, TDX_PERSON | {"Title": "Clerk"})
    assert counts(her.transform("users")) == (1, 0, 1, 0, 0)
    assert counts(her.transform("departments")) == (1, 0, 1, 0, 0)


def test_a_limit_takes_the_first_and_the_rest_is_still_to_do(
    any_silver: Silver, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch, 2)
    bring(any_silver, MCOMMUNITY_USERS, *PEOPLE)
    assert counts(any_silver.transform("users", limit=3, dry_run=True)) == (3, 3, 0, 0, 0)
    assert counts(any_silver.transform("users", limit=3)) == (3, 3, 0, 0, 0)
    assert any_silver.watermark(OF_USERS) == 0
    assert counts(any_silver.transform("users")) == (7, 4, 0, 3, 0)


@pytest.mark.parametrize("name", TABLES)
def test_pages_of_any_size_make_the_same_silver(any_silver: Silver, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    bring_campus(any_silver, SPEC)
    transform_all(any_silver)
    expected, members = any_silver.rows(name), any_silver.members
    small_pages(monkeypatch, 7)
    any_silver.empty()
    transform_all(any_silver)
    assert (any_silver.rows(name), any_silver.members) == (expected, members)


def test_no_persons_name_is_in_what_is_recorded(any_silver: Silver) -> None:
    bring(any_silver, MCOMMUNITY_USERS, PERSON | {"mail": [HER]}, *PEOPLE)
    run = any_silver.transform("users", max_error_percent=100)
    recorded = str(any_silver.runs("error_message, metadata")) + str(run.errors)
    assert HER not in recorded
    assert "Example" not in recorded


def small_pages(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for name in ("_PAGE", "_PAGE_SQLITE"):
        monkeypatch.setattr(transforming, name, size)


def forbid_name(silver: Silver, name: str) -> None:
    """A rule that somebody has added to the table of people."""
    if "://" in silver.address:
        silver.execute(f"ALTER TABLE silver.users ADD CHECK (last_name <> '{name}')")
    else:
        silver.execute(
            f"CREATE TRIGGER forbids BEFORE INSERT ON users WHEN new.last_name = '{name}' "
            "BEGIN SELECT RAISE(ABORT, 'forbidden'); END"
        )
