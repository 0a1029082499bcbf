"""The UM API, whole or not at all: its pages, its tokens, and every way not to answer (facts 4.0 to 4.2, P3, P5)."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvpipe.core.errors import ConfigurationError, ContractError, CtvpipeError, PermanentError, Skipped, TransientError
from ctvpipe.pipelines.directory.records import Failed
from ctvpipe.pipelines.directory.um_api import token_url
from tests.fakes import campus, json_api, um_api
from tests.fakes.json_api import Fault, Item
from tests.fakes.um_api import UmApi
from tests.integration.rest_apis import records, said, um

SPEC = campus.Spec(people=2600, departments=60)


@pytest.fixture
def fake() -> Iterator[UmApi]:
    with um_api.serving(SPEC) as serving:
        yield serving


def ids(fake: UmApi) -> list[str]:
    return [record.external_id for record in records(um(fake).departments())]


def codes(fake: UmApi) -> list[str]:
    return [str(item["DeptId"]) for item in fake.lists["DeptData"]]


def test_departments_as_they_came_with_their_keys(fake: UmApi) -> None:
    found = records(um(fake).departments())
    assert [record.payload for record in found] == fake.lists["DeptData"]
    assert [(record.external_id, record.natural_key) for record in found] == [(code, code) for code in codes(fake)]
    assert len({record.content_hash for record in found}) == len(found)


def test_each_appointment_is_a_record_of_its_own(fake: UmApi) -> None:
    """Naive: by ``EmplId`` the appointments of a person take turns at being the latest (P3)."""
    found = records(um(fake).employees())
    assert [record.payload for record in found] == fake.lists["DeptEmpData"]
    assert len({record.external_id for record in found}) == len(found) == 1430
    several = [record for record in found if record.payload["EmplId"] == "10000003"]
    assert [record.external_id for record in several] == ["10000003:0", "10000003:1", "10000003:7"]
    assert {record.natural_key for record in several} == {campus.Person(3).uniqname}
    nameless = next(record for record in found if record.payload["UniqName"] == " ")
    assert nameless.natural_key is None


def test_pages_overlap_and_end_where_nothing_follows(fake: UmApi) -> None:
    records(um(fake).employees())
    asked = [(one.query["$start_index"], one.query["$count"]) for one in fake.asked if "DeptEmpData" in one.path]
    assert asked == [("0", "1000"), ("999", "1000"), ("1429", "1000")]


def test_a_short_page_is_not_taken_for_the_last(fake: UmApi) -> None:
    """Naive: an API that gives less than was asked for would end the list, and the rest be taken for gone."""
    fake.most = 400
    assert len(records(um(fake).employees())) == 1430


def test_a_single_one_comes_without_a_list_around_it(fake: UmApi) -> None:
    del fake.lists["DeptData"][1:]
    assert ids(fake) == codes(fake)


@pytest.mark.parametrize("empty", [None, "", {}, [], {"DeptData": None}, {"DeptData": []}, {"DeptData": ""}])
def test_an_empty_list_is_never_taken_for_nobody(fake: UmApi, empty: object) -> None:
    fake.lists["DeptData"].clear()
    fake.empty = empty
    with pytest.raises(ContractError, match="is empty"):
        list(um(fake).departments())


@pytest.mark.parametrize("wrong", [["x"], {"DeptData": ["x"]}, {"DeptData": 7}, {"DeptData": [{}]}, "x"])
def test_what_is_no_list_of_items_is_refused(fake: UmApi, wrong: object) -> None:
    fake.lists["DeptData"].clear()
    fake.empty = wrong
    with pytest.raises(ContractError, match="not a list of items"):
        list(um(fake).departments())


def test_an_index_that_is_forgotten_does_not_lead_round_in_circles(fake: UmApi) -> None:
    fake.forgets_index = True
    with pytest.raises(TransientError, match=r"changed while it was read \(3 times\)"):
        list(um(fake).employees())
    assert len(fake.paths("DeptEmpData")) == 6


def change_once(fake: UmApi, *, at: int, place: int, new: Item | None) -> None:
    """When the page from ``at`` on is asked for, once, an item goes from ``place``, or comes there."""
    changes = iter([True])

    def seen(path: str, start: int) -> None:
        if start >= at and next(changes, False):
            if new is None:
                del fake.lists[path][place]
            else:
                fake.lists[path].insert(place, new)

    fake.seen = seen


def test_nobody_is_lost_when_somebody_before_them_goes(fake: UmApi) -> None:
    """Naive: the list moves up by one, the first of the next page is never seen, and taken for gone."""
    change_once(fake, at=999, place=5, new=None)
    before = [item["EmplId"] for item in fake.lists["DeptEmpData"]]
    found = [record.payload["EmplId"] for record in um(fake).employees() if not isinstance(record, Failed)]
    assert found == before, "each once, and the one that went was there when it was read"


def test_one_who_comes_in_the_meantime_is_found(fake: UmApi) -> None:
    new = {**fake.lists["DeptEmpData"][0], "EmplId": "10999999"}
    change_once(fake, at=999, place=5, new=new)
    found = [record.external_id for record in records(um(fake).employees())]
    assert "10999999:0" in found
    assert len(found) == len(set(found)) == 1431


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(2, 25), st.integers(2, 7))
def test_whatever_changes_a_list_that_was_read_has_all_that_stayed(data: st.DataObject, items: int, most: int) -> None:
    """The property that a tombstone rests on: who was there all the time is found, or the reading fails."""
    codes = [{"DeptId": f"{number:03d}"} for number in range(items)]
    changes = data.draw(st.dictionaries(st.integers(0, 12), st.tuples(st.booleans(), st.integers(0, 30)), max_size=3))
    stayed = {item["DeptId"] for item in codes}
    calls = iter(range(1000))

    def seen(path: str, _start: int) -> None:
        call = next(calls)
        if call in changes:
            comes, place = changes[call]
            there = fake.lists[path]
            if comes:
                there.insert(place % (len(there) + 1), {"DeptId": f"new-{call}"})
            elif len(there) > 1:
                stayed.discard(there.pop(place % len(there))["DeptId"])

    with json_api.serving(UmApi(lists={"DeptData": codes}, most=most, seen=seen)) as fake:
        try:
            found = [record.external_id for record in records(um(fake).departments())]
        except TransientError:
            assert len(changes) >= 3
            return
    assert stayed <= set(found)
    assert len(found) == len(set(found))


def test_one_token_serves_a_night(fake: UmApi) -> None:
    with um(fake) as api:
        records(api.employees())
        records(api.departments())
        assert (api.requests, api.rate_limited) == (len(fake.asked), 0)
    assert len(fake.paths("oauth2/token")) == 1


def test_a_token_that_expires_in_the_middle_is_renewed(fake: UmApi) -> None:
    """Naive: headers that are built once a run end it in the middle of a list."""
    fake.calls_a_token = 2
    fake.most = 200
    assert len(records(um(fake).employees())) == 1430
    assert len(fake.tokens) == 5


def test_a_token_is_renewed_before_it_expires(fake: UmApi) -> None:
    fake.life = 0.001
    assert len(records(um(fake).employees())) == 1430
    refused = [one for one in fake.asked if "Department" in one.path and one.token not in fake.tokens]
    assert refused == []
    assert len(fake.paths("oauth2/token")) == 3


def test_a_key_that_is_revoked_in_the_middle_ends_it(fake: UmApi) -> None:
    def seen(_path: str, start: int) -> None:
        fake.revoked = start > 0
        fake.tokens = dict.fromkeys(fake.tokens, 1_000_000)

    fake.seen, fake.most = seen, 200
    found = []
    with pytest.raises(PermanentError, match=r"refuses its key \(401\)") as caught:
        found.extend(um(fake).employees())
    assert caught.value.advice == "Check UM_CLIENT_KEY and UM_CLIENT_SECRET."
    assert len(fake.paths("oauth2/token")) <= 3


FAULTS: list[Fault] = ["429", "mute", "500", "503", "html", "cut", "half", "401", "403", "404", "204", "null", "list"]


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_is_never_an_empty_list_and_tells_no_secret(
    fake: UmApi, fault: Fault, after: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Naive: the client gives None for it, the night has no employees, and reports success (P5)."""
    caplog.set_level(logging.WARNING)
    fake.fail("DeptEmpData", fault, after=after)
    found = []
    with pytest.raises(CtvpipeError) as caught:
        found.extend(um(fake).employees())
    told = said(caught.value) + caplog.text
    assert str(caught.value).startswith("the UM API")
    for secret in (um_api.KEY, um_api.SECRET, fake.url.removeprefix("http://"), "Department/v2", *fake.tokens):
        assert secret not in told


@pytest.mark.parametrize("fault", ["429", "500", "html", "cut", "half"])
def test_what_passes_is_waited_for(fake: UmApi, fault: Fault) -> None:
    waits: list[float] = []
    fake.fail("DeptEmpData", fault, 1, after=1)
    api = um(fake, waits)
    assert len(records(api.employees())) == 1430
    assert len(waits) == 1
    assert (20 < waits[0] <= 25) == (fault == "429"), "as long as the header that asks for more"
    assert api.rate_limited == (fault == "429")


@pytest.mark.parametrize("fault", ["500", "html", "null", "404", "403"])
def test_a_sign_in_that_fails_is_told_as_what_it_is(fake: UmApi, fault: Fault) -> None:
    fake.fail("oauth2", fault)
    with pytest.raises(CtvpipeError, match=r"sign-in of the UM API|refuses its key") as caught:
        list(um(fake).departments())
    assert um_api.SECRET not in said(caught.value)
    assert fake.paths("Department") == []
    assert len(fake.asked) == (3 if fault in {"500", "html", "null"} else 1)


def test_a_wrong_secret_is_told_with_its_variables(fake: UmApi) -> None:
    with pytest.raises(PermanentError, match="refuses its key") as caught:
        list(um(fake, UM_CLIENT_SECRET="wrong-Jade-5").departments())
    assert "UM_CLIENT_SECRET" in caught.value.advice
    assert "Jade" not in said(caught.value)


def test_without_an_address_there_is_nothing_to_do_and_a_half_is_a_mistake(fake: UmApi) -> None:
    with pytest.raises(Skipped, match="UM_BASE_URL"):
        um(fake, UM_BASE_URL="")
    with pytest.raises(ConfigurationError, match="UM_CATEGORY_ID, UM_CLIENT_SECRET"):
        um(fake, UM_CATEGORY_ID="", UM_CLIENT_SECRET="")


def test_one_without_its_id_does_not_stop_the_others(fake: UmApi) -> None:
    fake.lists["DeptData"][3] = {**fake.lists["DeptData"][3], "DeptId": " "}
    found = list(um(fake).departments())
    (failed,) = [one for one in found if isinstance(one, Failed)]
    assert failed == Failed("", "it has no DeptId")
    assert len(found) == len(fake.lists["DeptData"])


@pytest.mark.parametrize("base", ["https://gateway.example/um", "https://gateway.example"])
def test_where_tokens_are_given(base: str) -> None:
    assert token_url(base) == "https://gateway.example/um/oauth2/token"
