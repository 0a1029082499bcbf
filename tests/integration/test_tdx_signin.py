"""How one signs in to TDX: in which order, how long it lasts, and what is told where it fails (facts 1.8, 4.0)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from ctvpipe.core.errors import ConfigurationError, ContractError, CtvpipeError, PermanentError
from ctvpipe.sources.http import StatusError
from tests.fakes import campus, tdx_api
from tests.fakes.tdx_api import PREFIX, TdxApi
from tests.integration.rest_apis import records, said, tdx

NO_KEY = {"TDX_BEID": "", "TDX_WEB_SERVICES_KEY": ""}
AS_USER = {"TDX_USERNAME": tdx_api.USER, "TDX_PASSWORD": tdx_api.PASSWORD}
WRONG = "wrong-Jade-5"


@pytest.fixture
def fake() -> Iterator[TdxApi]:
    with tdx_api.serving(campus.Spec(people=40, departments=8)) as serving:
        yield serving


def ways(fake: TdxApi) -> list[str]:
    return [path.removeprefix(PREFIX) for path in fake.paths("/auth")]


@pytest.mark.parametrize(
    ("changes", "way"),
    [(AS_USER, "/auth/loginadmin"), (AS_USER | NO_KEY, "/auth"), (AS_USER | {"TDX_BEID": ""}, "/auth")],
)
def test_the_first_that_is_set_signs_in(fake: TdxApi, changes: dict[str, str], way: str) -> None:
    token = {"TDX_API_TOKEN": fake.issue()}
    assert len(records(tdx(fake, **changes, **token).accounts())) == len(fake.accounts)
    assert ways(fake) == [way]


def test_a_token_is_used_as_it_is(fake: TdxApi) -> None:
    token = fake.issue()
    assert records(tdx(fake, **NO_KEY, TDX_API_TOKEN=token).accounts())
    assert ways(fake) == []
    fake.calls_a_token = 1
    with pytest.raises(StatusError, match="TDX answered 401") as caught:
        list(tdx(fake, **NO_KEY, TDX_API_TOKEN=token).accounts())
    assert "revoked" in caught.value.advice
    assert token not in said(caught.value)


def test_a_token_that_has_expired_is_a_matter_of_settings(fake: TdxApi) -> None:
    fake.life = -1
    token = fake.issue()
    with pytest.raises(ConfigurationError, match="TDX_API_TOKEN has expired") as caught:
        tdx(fake, **NO_KEY, TDX_API_TOKEN=token)
    assert token not in said(caught.value)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        (NO_KEY, "TDX_BEID and TDX_WEB_SERVICES_KEY, or TDX_USERNAME and TDX_PASSWORD"),
        ({"TDX_BEID": ""}, "TDX_BEID and TDX_WEB_SERVICES_KEY must"),
        (NO_KEY | {"TDX_USERNAME": "u"}, "TDX_USERNAME and TDX_PASSWORD must"),
    ],
)
def test_nothing_or_a_half_is_told_before_anything_is_asked(fake: TdxApi, changes: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigurationError, match=names):
        tdx(fake, **changes)
    assert fake.asked == []


@pytest.mark.parametrize(("changes", "names"), [
    ({"TDX_WEB_SERVICES_KEY": WRONG}, "Check TDX_BEID and TDX_WEB_SERVICES_KEY."),
    (AS_USER | NO_KEY | {"TDX_PASSWORD": WRONG}, "Check TDX_USERNAME and TDX_PASSWORD."),
])  # fmt: skip
def test_a_wrong_key_is_told_with_its_variables_and_tried_once(
    fake: TdxApi, changes: dict[str, str], names: str
) -> None:
    with pytest.raises(PermanentError, match=r"TDX refuses the sign-in \(401\)") as caught:
        list(tdx(fake, **changes).accounts())
    assert caught.value.advice == names
    assert WRONG not in said(caught.value)
    assert len(fake.asked) == 1


@pytest.mark.parametrize("quoted", [False, True])
def test_a_token_comes_bare_or_in_quotes(fake: TdxApi, quoted: bool) -> None:
    fake.quoted = quoted
    assert records(tdx(fake).accounts())


def test_one_token_serves_a_night(fake: TdxApi) -> None:
    api = tdx(fake)
    records(api.accounts())
    records(api.people(fake.accounts))
    assert len(fake.tokens) == 1


def test_a_token_that_is_refused_in_the_middle_is_renewed_once(fake: TdxApi) -> None:
    fake.calls_a_token = 1
    api = tdx(fake)
    records(api.accounts())
    records(api.people(fake.accounts))
    assert [path.removeprefix(PREFIX) for path in fake.paths()] == [
        "/auth/loginadmin", "/accounts", "/people/search", "/auth/loginadmin", "/people/search",
    ]  # fmt: skip


def test_a_token_is_renewed_before_it_expires_by_its_own_claim(fake: TdxApi) -> None:
    """It says two seconds, so that it is not used for more than half of them; no call is ever refused."""
    fake.life = 2
    api = tdx(fake)
    until = time.monotonic() + 10
    while len(fake.tokens) < 2 and time.monotonic() < until:
        records(api.accounts())
    assert len(fake.tokens) == len(ways(fake)) == 2
    assert sum(fake.tokens.values()) == len(fake.paths("accounts"))


def test_by_a_clock_that_goes_wrong_a_token_is_used_until_it_is_refused(fake: TdxApi) -> None:
    """Naive: one that is over at birth is asked for at every call."""
    fake.life = -3600
    api = tdx(fake)
    for _ in range(3):
        records(api.accounts())
    assert len(fake.tokens) == 1


def test_a_key_that_is_revoked_in_the_middle_ends_it(fake: TdxApi) -> None:
    api = tdx(fake)
    records(api.accounts())
    fake.revoked = True
    with pytest.raises(PermanentError, match="refuses the sign-in"):
        list(api.people(fake.accounts))
    assert len(fake.paths("/auth")) == 2


@pytest.mark.parametrize("fault", ["html", "null", "500", "404", "204"])
def test_a_sign_in_that_fails_is_told_as_what_it_is(fake: TdxApi, fault: str) -> None:
    fake.fail("/auth", fault)  # type: ignore[arg-type]
    with pytest.raises(CtvpipeError, match="the sign-in of TDX") as caught:
        list(tdx(fake).accounts())
    assert isinstance(caught.value, ContractError) == (fault in {"html", "null", "204"})
    assert tdx_api.KEY not in said(caught.value)
    assert fake.paths("accounts") == []


def test_the_key_goes_out_in_the_body_of_the_sign_in_and_nowhere_else(fake: TdxApi) -> None:
    records(tdx(fake).accounts())
    assert json.loads(fake.asked[0].body) == {"BEID": tdx_api.BEID, "WebServicesKey": tdx_api.KEY}
    assert [one.body for one in fake.asked[1:]] == [""]
    assert all(not one.query for one in fake.asked)
