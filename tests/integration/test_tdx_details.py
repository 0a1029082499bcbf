"""What TDX tells only of one at a time: who is due, how far a night goes, and where the next goes on (facts 4.7, P11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ctvpipe.core.errors import CtvpipeError, PermanentError, TransientError
from ctvpipe.pipelines.directory import enrich_plan
from ctvpipe.pipelines.directory.database import MIGRATIONS
from ctvpipe.pipelines.directory.records import Failed, Record, Stream
from ctvpipe.pipelines.directory.schema.tables import ENRICHMENTS, LATEST
from ctvpipe.pipelines.directory.settings import EnrichSettings
from ctvpipe.pipelines.directory.streams import LISTED, TDX_ACCOUNT_DETAILS, TDX_USER_DETAILS
from ctvpipe.stores import engine, migrate
from tests.fakes import campus, tdx_api
from tests.fakes.json_api import Fault
from tests.fakes.tdx_api import TdxApi
from tests.integration.rest_apis import records, said, tdx

NOW = datetime(2026, 11, 27, 5, tzinfo=UTC)
A_DAY = timedelta(days=1)
DETAILS = pytest.mark.parametrize("stream", [TDX_ACCOUNT_DETAILS, TDX_USER_DETAILS], ids=lambda one: one.entity_type)


@pytest.fixture
def fake() -> Iterator[TdxApi]:
    with tdx_api.serving(campus.Spec(people=60, departments=24)) as serving:
        yield serving


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    url = f"sqlite:///{tmp_path}/d.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = engine.open_engine(url)
    with engine.transaction(opened) as connection:
        migrate.upgrade(connection, MIGRATIONS)
    yield opened
    opened.dispose()


def there(fake: TdxApi, stream: Stream) -> list[str]:
    return list(fake.accounts if stream is TDX_ACCOUNT_DETAILS else fake.people)


def put(database: sa.Engine, stream: Stream, *external_ids: str, raw_id: int, content_hash: str | None = "x") -> None:
    """The list's latest versions, with their numbers from ``raw_id`` on."""
    listed = LISTED[stream.entity_type]
    key = {"entity_type": listed.entity_type, "source_system": listed.source_system}
    with engine.transaction(database) as connection:
        for number, external_id in enumerate(external_ids, raw_id):
            same = [LATEST.c[name] == value for name, value in {**key, "external_id": external_id}.items()]
            connection.execute(sa.delete(LATEST).where(*same))
            connection.execute(
                sa.insert(LATEST).values(**key, external_id=external_id, raw_id=number, content_hash=content_hash)
            )


def night(
    database: sa.Engine, fake: TdxApi, stream: Stream, now: datetime = NOW, most: int = 1000
) -> list[Record | Failed]:
    """What a night brings, remembered also where it ends early."""
    with engine.transaction(database) as connection:
        planned = enrich_plan.plan(connection, stream, now=now, most=most)
    found: list[Record | Failed] = []
    try:
        found.extend(planned.records(tdx(fake)))
    finally:
        with engine.transaction(database) as connection:
            planned.remember(connection, now, stored=len(planned.asked))
    return found


def asked(found: list[Record | Failed]) -> list[str]:
    return [one.external_id for one in found]


@DETAILS
def test_details_as_they_came_under_the_same_keys(fake: TdxApi, stream: Stream) -> None:
    api = tdx(fake)
    listed = records(api.accounts() if stream is TDX_ACCOUNT_DETAILS else api.people(fake.accounts))
    found = records(api.details(stream, [record.external_id for record in listed]))
    assert [record[:2] for record in found] == [record[:2] for record in listed]
    assert all({**detail.payload, **one.payload, "Attributes": detail.payload["Attributes"]} == detail.payload
               for detail, one in zip(found, listed, strict=True))  # fmt: skip
    assert all(record.payload["Attributes"] for record in found)
    assert not {record.content_hash for record in found} & {record.content_hash for record in listed}


@DETAILS
def test_a_night_asks_once_for_each_and_the_next_for_none(database: sa.Engine, fake: TdxApi, stream: Stream) -> None:
    """Naive: by the version of the detail alone, one that has not changed is due every night."""
    put(database, stream, *there(fake, stream), raw_id=1)
    assert asked(night(database, fake, stream)) == there(fake, stream)
    assert night(database, fake, stream, NOW + A_DAY) == []


@DETAILS
def test_accounts_and_people_are_told_apart(database: sa.Engine, fake: TdxApi, stream: Stream) -> None:
    put(database, TDX_ACCOUNT_DETAILS, *fake.accounts, raw_id=1)
    put(database, TDX_USER_DETAILS, *fake.people, raw_id=1000)
    with engine.transaction(database) as connection:
        assert enrich_plan.account_ids(connection) == list(fake.accounts)
    assert asked(night(database, fake, stream)) == there(fake, stream)
    other = TDX_USER_DETAILS if stream is TDX_ACCOUNT_DETAILS else TDX_ACCOUNT_DETAILS
    assert len(night(database, fake, other)) == len(there(fake, other))


def test_an_account_and_a_person_of_one_id_are_two(database: sa.Engine, fake: TdxApi) -> None:
    (first, *_), now = fake.accounts, NOW + A_DAY
    put(database, TDX_ACCOUNT_DETAILS, first, raw_id=1)
    night(database, fake, TDX_ACCOUNT_DETAILS)
    put(database, TDX_USER_DETAILS, first, raw_id=1)
    with engine.transaction(database) as connection:
        assert list(enrich_plan.plan(connection, TDX_USER_DETAILS, now=now, most=9).due) == [first]


def test_a_night_goes_so_far_and_the_next_goes_on(database: sa.Engine, fake: TdxApi) -> None:
    put(database, TDX_ACCOUNT_DETAILS, *fake.accounts, raw_id=1)
    nights = [asked(night(database, fake, TDX_ACCOUNT_DETAILS, NOW + A_DAY * day, most=10)) for day in range(4)]
    assert [len(found) for found in nights] == [10, 10, 5, 0]
    assert sum(nights[1:], nights[0]) == list(fake.accounts)


def test_what_the_list_has_a_newer_version_of_is_due(database: sa.Engine, fake: TdxApi) -> None:
    put(database, TDX_ACCOUNT_DETAILS, *fake.accounts, raw_id=1)
    night(database, fake, TDX_ACCOUNT_DETAILS)
    third = list(fake.accounts)[2]
    put(database, TDX_ACCOUNT_DETAILS, third, raw_id=500)
    assert asked(night(database, fake, TDX_ACCOUNT_DETAILS, NOW + A_DAY)) == [third]
    assert night(database, fake, TDX_ACCOUNT_DETAILS, NOW + 2 * A_DAY) == []


def test_what_is_gone_is_not_asked_for(database: sa.Engine, fake: TdxApi) -> None:
    first, second, *_ = fake.accounts
    put(database, TDX_ACCOUNT_DETAILS, first, second, raw_id=1)
    put(database, TDX_ACCOUNT_DETAILS, first, raw_id=9, content_hash=None)
    assert asked(night(database, fake, TDX_ACCOUNT_DETAILS)) == [second]
    with engine.transaction(database) as connection:
        assert enrich_plan.account_ids(connection) == [second]


@pytest.mark.parametrize(("age", "due"), [(timedelta(days=30), 0), (timedelta(days=30, seconds=1), 25)])
def test_what_is_older_than_thirty_days_is_due(database: sa.Engine, fake: TdxApi, age: timedelta, due: int) -> None:
    put(database, TDX_ACCOUNT_DETAILS, *fake.accounts, raw_id=1)
    night(database, fake, TDX_ACCOUNT_DETAILS)
    assert len(night(database, fake, TDX_ACCOUNT_DETAILS, NOW + age)) == due


@DETAILS
def test_one_that_fails_is_counted_and_asked_again_after_the_others(
    database: sa.Engine, fake: TdxApi, stream: Stream
) -> None:
    """Naive: first in line every night, it would keep the others from their turn."""
    everybody = there(fake, stream)
    first = everybody[0]
    put(database, stream, *everybody, raw_id=1)
    fake.fail(f"/{first}", "500")
    found = night(database, fake, stream, most=3)
    assert asked(found) == everybody[:3]
    assert [isinstance(one, Failed) for one in found] == [True, False, False]
    assert found[0][1] == "TDX answered 500 Internal Server Error (3 tries)"
    assert asked(night(database, fake, stream, NOW + A_DAY, most=3)) == everybody[3:6]
    fake.heal()
    later = night(database, fake, stream, NOW + 2 * A_DAY)
    assert asked(later) == [*everybody[6:], first]
    assert not any(isinstance(one, Failed) for one in later)


@pytest.mark.parametrize("fault", ["429", "500", "html", "cut", "half", "403", "404", "204", "null", "list"])
def test_too_many_failures_in_a_row_are_the_end_and_tell_no_secret(
    database: sa.Engine, fake: TdxApi, fault: Fault
) -> None:
    put(database, TDX_USER_DETAILS, *fake.people, raw_id=1)
    fake.fail("/people/", fault, after=4)
    with pytest.raises(TransientError, match="TDX failed 5 times in a row: TDX") as caught:
        night(database, fake, TDX_USER_DETAILS)
    for secret in (tdx_api.BEID, tdx_api.KEY, fake.url.removeprefix("http://"), *fake.people, *fake.tokens):
        assert secret not in said(caught.value)
    with engine.transaction(database) as connection:
        rows = connection.execute(
            sa.select(ENRICHMENTS.c.listed_raw_id).order_by(ENRICHMENTS.c.listed_raw_id)
        ).scalars()
        assert sorted(rows, key=str) == [1, 2, 3, 4, *[None] * 5], "what was asked before the end is remembered"


def test_failures_that_are_not_in_a_row_are_not_the_end(fake: TdxApi) -> None:
    ids = list(fake.accounts)
    for id_ in ids[::2]:
        fake.fail(f"/{id_}", "500")
    found = list(tdx(fake).details(TDX_ACCOUNT_DETAILS, ids))
    assert [isinstance(one, Failed) for one in found] == [True, False] * 12 + [True]


def test_a_refused_token_is_no_failure_of_one_of_them(fake: TdxApi) -> None:
    fake.fail("/accounts/", "401", after=2)
    found: list[Record | Failed] = []
    with pytest.raises(PermanentError, match="TDX answered 401"):
        found.extend(tdx(fake).details(TDX_ACCOUNT_DETAILS, fake.accounts))
    assert len(fake.paths("/accounts/")) == 4, "once more with another token, and no further"


def test_a_key_that_is_revoked_in_the_middle_ends_it(fake: TdxApi) -> None:
    fake.calls_a_token = 3
    fake.fail("/auth", "403", after=1)
    with pytest.raises(CtvpipeError, match=r"TDX refuses the sign-in \(403\)"):
        list(tdx(fake).details(TDX_ACCOUNT_DETAILS, fake.accounts))
    assert len(fake.paths("/accounts/")) == 4


def test_a_token_that_expires_in_the_middle_is_renewed(fake: TdxApi) -> None:
    fake.calls_a_token = 10
    assert len(records(tdx(fake).details(TDX_ACCOUNT_DETAILS, fake.accounts))) == 25
    assert len(fake.tokens) == 3


def test_one_that_is_another_is_a_failure(fake: TdxApi) -> None:
    first, second, *_ = fake.accounts
    fake.accounts[first] = fake.accounts[second]
    found = list(tdx(fake).details(TDX_ACCOUNT_DETAILS, [first, second]))
    assert found[0] == Failed(first, "TDX answered with another one than was asked for")
    assert isinstance(found[1], Record)


def test_how_far_a_night_goes_is_a_setting() -> None:
    settings = EnrichSettings()
    assert (settings.max_enrichment_departments, settings.rate_limit_delay) == (5000, 1)
    assert {"MAX_ENRICHMENT_DEPARTMENTS", "MAX_ENRICHMENT_USERS", "API_RATE_LIMIT_DELAY"} <= set(settings.variables())
