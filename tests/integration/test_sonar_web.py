"""The JSON of Sonar's web application, through its login, with every way not to answer (facts of BDC 1.3, 1.4, 1.6)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest

from ctvpipe.core.errors import CtvpipeError, PermanentError, TransientError
from ctvpipe.sources.http import StatusError, WrongBodyError
from tests.fakes import sonar_server
from tests.fakes.sonar_login import Csrf, Over
from tests.fakes.sonar_people import Spec
from tests.fakes.sonar_server import Fault, Sonar
from tests.integration.sonar_asking import said, web

A_LOGIN = ["GET /", "POST /", "GET /home", "GET /home", "POST /security/jwt"]


@pytest.fixture
def fake() -> Iterator[Sonar]:
    with sonar_server.serving(Spec(customers=60)) as serving:
        yield serving


def ids(fake: Sonar) -> list[int]:
    return list(fake.spec.ids)


@pytest.mark.parametrize("csrf", get_args(Csrf))
def test_a_login_wherever_its_token_stands(fake: Sonar, csrf: Csrf) -> None:
    fake.logins.csrf = csrf
    with web(fake) as asking:
        assert asking.account(ids(fake)[0])["account"]["id"] == ids(fake)[0]
        assert asking.account(ids(fake)[1])["account"]["id"] == ids(fake)[1]
    assert [f"{one.method} {one.path}" for one in fake.asked[:5]] == A_LOGIN
    assert fake.logins.count == 1
    assert len(fake.asked) == 7
    assert asking.traffic.requests == 6, "one was sent on from the form to the home page"


@pytest.mark.parametrize("over", get_args(Over))
def test_a_login_that_is_over_in_the_middle_is_renewed_once_for_all(fake: Sonar, over: Over) -> None:
    fake.logins.over = over
    with web(fake) as asking, ThreadPoolExecutor(6) as pool:
        list(pool.map(asking.account, ids(fake)))
        fake.logins.end_all()
        fake.latency = 0.02  # so that all six find it over before the first has another
        found = list(pool.map(asking.account, ids(fake)))
    assert [one["account"]["id"] for one in found] == ids(fake)
    assert fake.logins.count == asking.logins == 2


def test_a_login_that_is_good_for_few_calls_is_renewed_as_often_as_it_takes(fake: Sonar) -> None:
    fake.logins.calls = 10
    with web(fake) as asking, ThreadPoolExecutor(6) as pool:
        found = list(pool.map(asking.account, ids(fake)))
    assert [one["account"]["id"] for one in found] == ids(fake)
    assert 6 <= fake.logins.count <= 12


def test_a_wrong_password_is_tried_once_however_many_ask(fake: Sonar) -> None:
    fake.latency = 0.01
    with web(fake, password="wrong-Onyx-77") as asking, ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(asking.account, id_) for id_ in ids(fake)]
        errors = [one.exception() for one in asked]
    assert {type(one) for one in errors} == {PermanentError}
    assert all("refuses the user" in said(one) and "Onyx" not in said(one) for one in errors if one)
    assert fake.logins.wrong == 1


def test_a_user_who_is_locked_in_the_middle_is_tried_once_more(fake: Sonar) -> None:
    with web(fake) as asking:
        asking.account(ids(fake)[0])
        fake.logins.locked = True
        fake.logins.end_all()
        for _ in range(3):
            with pytest.raises(PermanentError):
                asking.account(ids(fake)[0])
    assert fake.logins.wrong == 1


@pytest.mark.parametrize("fault", ["html", "labelled", "empty", "429", "500", "503", "cut", "null"])
def test_what_may_get_better_is_asked_for_again(fake: Sonar, fault: Fault) -> None:
    fake.fail("/accounts/", fault, 2)
    with web(fake) as asking:
        assert asking.account(ids(fake)[0])["account"]["id"] == ids(fake)[0]


@pytest.mark.parametrize("fault", ["html", "empty", "429", "503", "cut", "null"])
def test_what_does_not_is_an_error_and_no_empty_account(fake: Sonar, fault: Fault) -> None:
    fake.fail("/accounts/", fault)
    with web(fake) as asking, pytest.raises((TransientError, WrongBodyError)) as caught:
        asking.account(ids(fake)[0])
    assert "tries" in said(caught.value)
    assert fake.logins.count <= 2, "a page may be overload: one more login is enough to know"


def test_there_is_no_such_account(fake: Sonar) -> None:
    fake.vanished.add(ids(fake)[0])
    with web(fake) as asking, pytest.raises(StatusError) as caught:
        asking.account(ids(fake)[0])
    assert caught.value.status == 404
    assert len(fake.paths("/json")) == 1
    said(caught.value)


def test_accounts_that_may_not_be_seen_do_not_cost_a_login_each(fake: Sonar) -> None:
    fake.fail("/accounts/", "403")
    with web(fake) as asking:
        for id_ in ids(fake)[:10]:
            with pytest.raises(StatusError):
                asking.account(id_)
    assert fake.logins.count == 2


def test_the_report_is_looked_at_and_asked_for_again(fake: Sonar) -> None:
    looked: list[int] = []

    def check(body: bytes) -> None:
        looked.append(len(body))
        if len(looked) == 1:
            raise WrongBodyError("not this one")

    fake.fail("contact_information", "html", 1)
    with web(fake) as asking:
        body = asking.report(check)
    assert len(json.loads(body)["data"]) == 60
    assert looked == [len(body)] * 2


@pytest.mark.parametrize("fault", ["419", "html", "500"])
@pytest.mark.parametrize("path", ["/home", "/jwt"])
def test_a_login_that_breaks_off_is_begun_again_or_an_error(fake: Sonar, fault: Fault, path: str) -> None:
    fake.fail(path, fault, 1)
    with web(fake) as asking:
        asking.account(ids(fake)[0])
    fake.logins.end_all()
    fake.fail(path, fault)
    with web(fake) as asking, pytest.raises(CtvpipeError) as caught:
        asking.account(ids(fake)[0])
    assert "login" in said(caught.value) or "page" in said(caught.value)
