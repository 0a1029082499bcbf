"""A login that many threads use: who renews it, and what becomes of those who wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar

import pytest
import requests
from requests.cookies import RequestsCookieJar

from ctvpipe.core.errors import CtvpipeError, PermanentError, TransientError
from ctvpipe.sources.logins import LoginPass, SharedLogin


def jar(number: int) -> CookieJar:
    made = RequestsCookieJar()
    made.set("session", f"invented-{number}", domain="sonar.example", path="/")
    return made


def counted(errors: dict[int, CtvpipeError] | None = None) -> tuple[SharedLogin, list[int]]:
    """A login, and the list that each try adds its number to."""
    tries: list[int] = []

    def log_in() -> CookieJar:
        tries.append(len(tries) + 1)
        if error := (errors or {}).get(tries[-1]):
            raise error
        return jar(tries[-1])

    return SharedLogin(log_in), tries


def together(work: Callable[[], object], threads: int = 6) -> list[object]:
    """What each of several threads gets that begin at the same time: a result, or an error."""
    meeting = threading.Barrier(threads)

    def go(_: int) -> object:
        meeting.wait(30)
        try:
            return work()
        except CtvpipeError as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(go, range(threads)))


def test_all_who_find_it_over_get_the_one_that_the_first_has_made() -> None:
    login, tries = counted()
    passes = [LoginPass(login) for _ in range(6)]
    for one in passes:
        one.make_ready()
    for one in passes:
        one.drop()
        one.make_ready()
    assert (tries, login.count) == ([1, 2], 2)


def test_a_late_complaint_about_an_old_login_does_not_end_the_new_one() -> None:
    login, tries = counted()
    late, early = LoginPass(login), LoginPass(login)
    late.make_ready()
    early.make_ready()
    early.drop()
    early.make_ready()
    late.drop()
    late.make_ready()
    assert tries == [1, 2]


def test_one_login_is_made_for_many_who_begin_at_once() -> None:
    login, tries = counted()
    assert {number for number, _ in together(login.current)} == {1}  # type: ignore[misc]
    assert tries == [1]


def test_a_refused_password_is_never_tried_again() -> None:
    login, tries = counted({1: PermanentError("refused")})
    assert {type(one) for one in together(login.current)} == {PermanentError}
    with pytest.raises(PermanentError, match="refused"):
        login.current()
    assert tries == [1]


def test_a_login_that_failed_for_a_while_is_tried_again_by_who_comes_later() -> None:
    login, tries = counted({1: TransientError("busy")})
    with pytest.raises(TransientError):
        login.current()
    assert login.current()[0] == 1
    assert tries == [1, 2]


def test_a_refusal_that_has_outlived_a_login_is_not_taken_for_its_end_again() -> None:
    login, _ = counted()
    assert LoginPass(login).refusals == {401, 403, 419}
    login.outlived(403)
    assert LoginPass(login).refusals == {401, 419}


@pytest.mark.parametrize(("url", "sent"), [
    ("https://sonar.example/accounts/1/json", "session=invented-1"),
    ("https://elsewhere.example/accounts/1/json", None),
])  # fmt: skip
def test_its_cookies_go_to_its_own_host_and_take_the_place_of_others(url: str, sent: str | None) -> None:
    login, _ = counted()
    signed = LoginPass(login)
    signed.make_ready()
    request = requests.Request("GET", url, cookies={"session": "of the form"}).prepare()
    assert signed(request).headers.get("Cookie") == sent
