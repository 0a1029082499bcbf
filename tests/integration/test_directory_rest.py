"""Nights of the REST sources, from a campus behind real HTTP into bronze on both stores (P3, P4, P5, P11, P13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ctvpipe.core.errors import CtvpipeError, TransientError
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.directory import enrich_plan, enriching
from ctvpipe.pipelines.directory import tdx_api as tdx_source
from ctvpipe.pipelines.directory import um_api as um_source
from ctvpipe.pipelines.directory.records import Stream
from ctvpipe.pipelines.directory.runs import StepRun
from ctvpipe.pipelines.directory.settings import SyncSettings
from ctvpipe.pipelines.directory.streams import (
    TDX_ACCOUNT_DETAILS,
    TDX_ACCOUNTS,
    TDX_USER_DETAILS,
    TDX_USERS,
    UMAPI_DEPARTMENTS,
    UMAPI_EMPLOYEES,
)
from ctvpipe.stores import engine
from tests.fakes import campus, tdx_api, um_api
from tests.fakes.json_api import Fault
from tests.fakes.tdx_api import TdxApi
from tests.fakes.um_api import UmApi
from tests.integration.directory_bronze import Bronze
from tests.integration.rest_apis import PATIENCE, said, tdx, um

SPEC = campus.Spec(people=150, departments=24)
NOW = datetime(2026, 11, 27, 5, tzinfo=UTC)
A_DAY = timedelta(days=1)


@dataclass
class Office:
    """A database and the two APIs; each step is one run."""

    bronze: Bronze
    um: UmApi
    tdx: TdxApi

    def ingest(self, stream: Stream, **options: Any) -> StepRun:
        sources = {
            UMAPI_DEPARTMENTS: lambda: um(self.um).departments(),
            UMAPI_EMPLOYEES: lambda: um(self.um).employees(),
            TDX_ACCOUNTS: lambda: tdx(self.tdx).accounts(),
            TDX_USERS: lambda: tdx(self.tdx).people(self.accounts),
        }
        return self.bronze.ingest(sources[stream](), stream, **options)

    @property
    def accounts(self) -> list[str]:
        with engine.transaction(self.bronze.opened) as connection:
            return enrich_plan.account_ids(connection)

    def enrich(self, stream: Stream, now: datetime = NOW, most: int = 1000) -> StepRun | None:
        with self.bronze.opened.connect() as connection:
            return enriching.enrich(connection, stream, tdx(self.tdx), now=now, most=most)

    def night(self) -> list[int]:
        """How many versions each step of a night has made."""
        lists = (UMAPI_DEPARTMENTS, UMAPI_EMPLOYEES, TDX_ACCOUNTS, TDX_USERS)
        made = [*map(self.ingest, lists), *map(self.enrich, (TDX_ACCOUNT_DETAILS, TDX_USER_DETAILS))]
        return [run.created if run else 0 for run in made]

    @property
    def due(self) -> list[str]:
        """The people whose details are due."""
        with engine.transaction(self.bronze.opened) as connection:
            return list(enrich_plan.plan(connection, TDX_USER_DETAILS, now=NOW, most=1000).due)

    @property
    def details(self) -> set[str]:
        """The people whose details are stored."""
        return {row[2] for row in self.bronze.versions if row[0] == "user_detail"}

    def gone(self, stream: Stream) -> list[str]:
        return [row[2] for row in self.bronze.versions if row[0] == stream.entity_type and row[4] is None]


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    wants_server = request.param == "postgresql"
    bronze = Bronze(request.getfixturevalue("postgres_url") if wants_server else str(tmp_path / "directory.db"))
    with um_api.serving(SPEC) as um_serving, tdx_api.serving(SPEC) as tdx_serving:
        yield Office(bronze, um_serving, tdx_serving)
    bronze.opened.dispose()


def test_a_night_brings_everything_and_the_next_writes_nothing(office: Office) -> None:
    """Naive: an appointment, or a person without an ``ExternalID``, is new every night (P3, P13)."""
    first = [24, len(office.um.lists["DeptEmpData"]), 25, len(office.tdx.people), 25, len(office.tdx.people)]
    assert office.night() == first
    before = office.bronze.versions
    assert office.night() == [0] * 6
    assert office.bronze.versions == before


def test_details_stand_beside_the_list_and_a_newer_version_of_the_list_hides_none(office: Office) -> None:
    """Naive: the detail overwrites what the list returned, or the list's next version hides it (P11)."""
    office.night()
    (first, account), *_ = office.tdx.accounts.items()
    office.tdx.accounts[first] = {**account, "Notes": "moved"}
    assert office.night() == [0, 0, 1, 0, 1, 0]
    of_first = [row for row in office.bronze.versions if row[2] == first]
    assert [(row[0], "Address1" in row[4], row[4]["Notes"]) for row in of_first] == [
        ("department", False, ""), ("department_detail", True, ""),
        ("department", False, "moved"), ("department_detail", True, "moved"),
    ]  # fmt: skip


def test_who_is_no_longer_active_is_gone_and_an_account_that_is_gone_is_not_searched(office: Office) -> None:
    """Naive: the active accounts are those that ever were (P4)."""
    office.night()
    uid = next(iter(office.tdx.people))
    del office.tdx.people[uid]
    del office.tdx.accounts["59012"]
    assert office.night()[3] == 0
    assert (office.gone(TDX_USERS), office.gone(TDX_ACCOUNTS)) == ([uid], ["59012"])
    assert "59012" not in office.accounts
    assert office.tdx.asked[-1].path.endswith("search")
    assert "59012" not in office.tdx.asked[-1].body


@pytest.mark.parametrize("stream", [UMAPI_EMPLOYEES, TDX_USERS], ids=lambda one: one.job)
@pytest.mark.parametrize("fault", ["429", "500", "html", "cut", "half", "401", "404", "204", "null"])
def test_a_failure_in_the_middle_buries_nobody(office: Office, stream: Stream, fault: Fault) -> None:
    """Naive: what a failed fetch has not brought is gone (P5)."""
    office.night()
    before = office.bronze.versions
    office.um.most = 40
    office.um.fail("DeptEmpData", fault, after=2)
    office.tdx.fail("people/search", fault)
    with pytest.raises(CtvpipeError) as caught:
        office.ingest(stream)
    assert office.bronze.versions == before
    ((status, error),) = office.bronze.runs("status, error_message")[-1:]
    assert status == "failed"
    for secret in (um_api.SECRET, um_api.KEY, tdx_api.KEY, tdx_api.BEID, "127.0.0.1"):
        assert secret not in said(caught.value) + str(error)


def counts(run: StepRun | None) -> tuple[int, int, int]:
    assert run is not None
    return run.processed, run.created, run.failed


def test_details_that_fail_are_counted_and_the_run_is_completed_even_if_they_are_all(office: Office) -> None:
    """Naive: one account that TDX never answers for fails every night, as soon as no other is due."""
    office.ingest(TDX_ACCOUNTS)
    bad = list(office.tdx.accounts)[3]
    office.tdx.fail(f"accounts/{bad}", "500")
    assert counts(office.enrich(TDX_ACCOUNT_DETAILS)) == (25, 24, 1)
    assert counts(office.enrich(TDX_ACCOUNT_DETAILS, NOW + A_DAY)) == (1, 0, 1)
    office.tdx.heal()
    assert counts(office.enrich(TDX_ACCOUNT_DETAILS, NOW + 2 * A_DAY)) == (1, 1, 0)
    assert office.enrich(TDX_ACCOUNT_DETAILS, NOW + 3 * A_DAY) is None
    assert office.bronze.runs("kind, entity_type, status") == [
        ("ingest", "department", "completed"), *[("enrich", "department_detail", "completed")] * 3
    ]  # fmt: skip


@pytest.mark.parametrize("answered", [0, 7, 60])
def test_where_tdx_fails_for_good_the_next_night_goes_on(office: Office, answered: int) -> None:
    """Naive: five that always fail, first in line, and nobody behind them has a turn; or what was asked for and not
    stored counts as stored.
    """
    office.ingest(TDX_ACCOUNTS)
    office.ingest(TDX_USERS)
    everybody = office.due
    for uid in everybody[answered : answered + 5]:
        office.tdx.fail(f"people/{uid}", "503")
    with pytest.raises(CtvpipeError, match="5 times in a row"):
        office.enrich(TDX_USER_DETAILS)
    assert office.details <= set(everybody[:answered])
    assert set(office.due) == set(everybody) - office.details
    run = office.enrich(TDX_USER_DETAILS, NOW + A_DAY)
    assert run is not None
    assert run.failed == 5, "what is known to fail is told, and is no reason to stop"
    assert len(office.details) == len(everybody) - 5
    office.tdx.heal()
    office.enrich(TDX_USER_DETAILS, NOW + 2 * A_DAY)
    assert office.details == set(everybody)
    assert office.due == []


def test_what_is_not_stored_is_not_taken_for_asked(office: Office) -> None:
    """Naive: a run that is killed has read ahead, and what it had in hand is not asked for again for a month."""
    office.ingest(TDX_ACCOUNTS)
    office.ingest(TDX_USERS)

    def killed(run: StepRun, _due: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), office.bronze.opened.connect() as connection:
        enriching.enrich(connection, TDX_USER_DETAILS, tdx(office.tdx), now=NOW, most=1000, progress=killed)
    assert len(office.details) == 50
    assert len(office.due) == len(office.tdx.people) - 50
    assert not office.details & set(office.due)


def test_a_night_goes_so_far(office: Office) -> None:
    office.ingest(TDX_ACCOUNTS)
    assert counts(office.enrich(TDX_ACCOUNT_DETAILS, most=10)) == (10, 10, 0)
    assert counts(office.enrich(TDX_ACCOUNT_DETAILS, NOW + A_DAY)) == (15, 15, 0)


def test_whoever_only_looks_waits_no_longer() -> None:
    """Until the instant that is given, and no longer, whatever is still to come."""
    with um_api.serving(SPEC) as um, tdx_api.serving(SPEC) as tdx:
        settings = Environment({**um.settings, **tdx.settings}).load(SyncSettings)
        with (
            um_source.Api(settings, patience=PATIENCE, until=0.0) as departments,
            tdx_source.Api(settings, patience=PATIENCE, until=0.0) as accounts,
        ):
            with pytest.raises(TransientError):
                next(departments.departments())
            with pytest.raises(TransientError):
                next(accounts.accounts())
