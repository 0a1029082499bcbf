"""TDX: its lists, whole or not at all, and every way not to answer (facts 4.0, 4.5, 4.6, P5, P12, P13)."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator

import pytest

from ctvpipe.core.errors import ContractError, CtvpipeError, PermanentError, Skipped
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.settings import TdxSettings
from ctvpipe.pipelines.directory.streams import TDX_ACCOUNT_DETAILS
from ctvpipe.pipelines.directory.tdx_api import Api
from ctvpipe.sources.pacing import TokenBucket
from tests.fakes import campus, tdx_api
from tests.fakes.json_api import Fault
from tests.fakes.tdx_api import TdxApi
from tests.integration.rest_apis import PATIENCE, records, said, tdx

SPEC = campus.Spec(people=500, departments=250)
PEOPLE = "people/search"


@pytest.fixture
def fake() -> Iterator[TdxApi]:
    with tdx_api.serving(SPEC) as serving:
        yield serving


def test_accounts_as_they_came_with_their_keys(fake: TdxApi) -> None:
    found = records(tdx(fake).accounts())
    assert [record.payload for record in found] == list(fake.accounts.values())
    assert [record.external_id for record in found] == list(fake.accounts)
    coded = [record for record in found if record.payload["Code"]]
    assert all(record.natural_key == record.payload["Code"] for record in coded)


def test_accounts_without_a_code_are_not_all_one(fake: TdxApi) -> None:
    """Naive: an empty code is a code, and every account without one the same department (P12)."""
    found = [record for record in records(tdx(fake).accounts()) if not record.payload["Code"]]
    assert len({record.natural_key for record in found}) == len(found) == 20
    assert all(record.natural_key == f"TDX_{record.payload['ID']}" for record in found)


def test_people_are_asked_for_by_two_hundred_accounts_at_a_time(fake: TdxApi) -> None:
    found = records(tdx(fake).people([*fake.accounts, *list(fake.accounts)[:50]]))
    assert {record.external_id for record in found} == set(fake.people)
    asked = [json.loads(one.body) for one in fake.asked if PEOPLE in one.path]
    assert [len(one["AccountIDs"]) for one in asked] == [200, len(fake.accounts) - 200]
    assert [id_ for one in asked for id_ in one["AccountIDs"]] == [int(id_) for id_ in fake.accounts]
    assert all(one["IsActive"] is True for one in asked)


def test_somebody_in_several_accounts_comes_once(fake: TdxApi) -> None:
    """Naive: they come once a search that finds them."""
    several = [uid for uid, held in fake.members.items() if len(held) > 1]
    for uid in several:
        fake.members[uid] = {9001, 9001 + 249}
    found = records(tdx(fake).people(fake.accounts))
    assert len(several) > 20
    assert len(found) == len({record.external_id for record in found}) == len(fake.people)


def test_a_person_is_known_by_the_guid_and_never_by_an_invented_id(fake: TdxApi) -> None:
    """Naive: by ``ExternalID``, which may be null or absent: a new random id every night (P13)."""
    first, again = ({r.external_id for r in records(tdx(fake).people(fake.accounts))} for _ in range(2))
    assert first == again == set(fake.people)
    assert {person.get("ExternalID", "absent") for person in fake.people.values()} >= {None, "absent"}


def test_a_uniqname_is_in_small_letters_or_none(fake: TdxApi) -> None:
    found = {record.external_id: record for record in records(tdx(fake).people(fake.accounts))}
    odd = [record for record in found.values() if record.natural_key is None]
    assert {str(record.payload["AlternateID"]).partition(" ")[2] for record in odd} == {"", "CNF:0f1e2d3c"}
    person = campus.Person(4)
    assert found[person.tdx_uid].payload["AlternateID"] == person.uniqname.capitalize()
    assert found[person.tdx_uid].natural_key == person.uniqname


def test_one_without_a_guid_does_not_stop_the_others(fake: TdxApi) -> None:
    first, second, *_ = fake.people.values()
    del first["UID"]
    second["UID"] = None
    found = list(tdx(fake).people(fake.accounts))
    assert [one for one in found if isinstance(one, Failed)] == [Failed("", "it has no UID")] * 2
    assert len(found) == len(fake.people)


@pytest.mark.parametrize("lists", ["accounts", "people"])
def test_an_empty_list_is_never_taken_for_nobody(fake: TdxApi, lists: str) -> None:
    """Who may not see anything is shown an empty list."""
    known = list(fake.accounts)
    getattr(fake, lists).clear()
    with pytest.raises(ContractError, match="TDX shows no"):
        list(tdx(fake).accounts() if lists == "accounts" else tdx(fake).people(known))


def test_without_accounts_nobody_is_looked_for(fake: TdxApi) -> None:
    with pytest.raises(PermanentError, match="no account") as caught:
        list(tdx(fake).people([]))
    assert "tdx-accounts" in caught.value.advice
    assert fake.asked == []


CALLS: dict[str, Callable[[Api, TdxApi], Iterable[Record | Failed]]] = {
    "api/accounts": lambda api, _: api.accounts(),
    PEOPLE: lambda api, fake: api.people(fake.accounts),
}
FAULTS: list[Fault] = ["429", "mute", "500", "503", "html", "cut", "half", "401", "403", "404", "204", "null"]


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_is_never_an_empty_list_and_tells_no_secret(
    fake: TdxApi, fault: Fault, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Naive: the client gives None for it, and the night has no people, with success (P5)."""
    caplog.set_level(logging.WARNING)
    fake.fail(path, fault, after=1 if path == PEOPLE else 0)
    with pytest.raises(CtvpipeError) as caught:
        list(CALLS[path](tdx(fake), fake))
    told = said(caught.value) + caplog.text
    assert str(caught.value).startswith("TDX")
    for secret in (tdx_api.BEID, tdx_api.KEY, fake.url.removeprefix("http://"), "TDWebApi", *fake.tokens):
        assert secret not in told


@pytest.mark.parametrize("fault", ["429", "reset", "500", "html", "cut", "half"])
def test_what_passes_is_waited_for_with_a_search_as_well(fake: TdxApi, fault: Fault) -> None:
    """Naive: a POST is not tried again."""
    waits: list[float] = []
    fake.fail(PEOPLE, fault, 1)
    api = tdx(fake, waits)
    assert len(records(api.people(fake.accounts))) == len(fake.people)
    assert sum(20 < wait <= 25 for wait in waits) == api.rate_limited == (fault in {"429", "reset"})
    assert (api.requests, len(fake.paths(PEOPLE))) == (len(fake.asked), 3)


def test_no_more_than_so_many_calls_a_minute(fake: TdxApi) -> None:
    """The sign-in counts. By a clock of the test's own: 60 calls take 59 seconds, and none is answered 429."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    settings = Environment(fake.settings).load(TdxSettings)
    api = Api(settings, patience=PATIENCE, pace=TokenBucket(1, clock=lambda: now[0], sleep=sleep))
    records(api.details(TDX_ACCOUNT_DETAILS, list(fake.accounts)[:59]))
    assert len(fake.asked) == 60
    assert now[0] == pytest.approx(59)


def test_the_pace_is_that_of_the_settings(fake: TdxApi) -> None:
    settings = Environment({**fake.settings, "API_RATE_LIMIT_DELAY": "0.05"}).load(TdxSettings)
    began = time.monotonic()
    records(Api(settings).details(TDX_ACCOUNT_DETAILS, list(fake.accounts)[:5]))
    assert len(fake.asked) == 6
    assert fake.asked[-1].at - began >= 5 * 0.05


def test_one_over_the_limit_is_told_when_the_minute_is_over(fake: TdxApi) -> None:
    waits: list[float] = []
    fake.calls_a_minute = 1
    api = tdx(fake, waits)
    with pytest.raises(CtvpipeError, match="TDX answered 429 Too Many Requests") as caught:
        list(api.accounts())
    longest = max(waits)
    assert 60 < longest <= 65
    assert api.rate_limited == len([wait for wait in waits if wait > 60]) + 1
    assert "next run" in caught.value.advice


def test_without_an_address_there_is_nothing_to_do(fake: TdxApi) -> None:
    with pytest.raises(Skipped, match="TDX_BASE_URL"):
        tdx(fake, TDX_BASE_URL="")
