"""The HTTP client with a token that expires, and its posts, against a server that goes by a script."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import count

import pytest

from ctvpipe.core.errors import ContractError, PermanentError, TransientError
from ctvpipe.sources.http import BusyError, Client, StatusError
from ctvpipe.sources.oauth import client_credentials
from ctvpipe.sources.pacing import Patience
from ctvpipe.sources.tokens import RenewedToken, Token
from tests.fakes.http_script import Reply, Script, answering

SECRET = "Onyx-Quartz-77"
OK = Reply('{"a": 1}')


def client(token: RenewedToken | None = None, waits: list[float] | None = None, **options: object) -> Client:
    sleep = (lambda _: None) if waits is None else waits.append
    return Client(auth=token, sleep=sleep, **{"patience": Patience(tries=3), **options})  # type: ignore[arg-type]


def tokens() -> RenewedToken:
    numbers = count(1)
    return RenewedToken(lambda: Token(f"token-{next(numbers)}", math.inf))


def sent(server: Script) -> list[str]:
    return [headers["Authorization"] for headers in server.seen]


def test_a_refused_token_is_renewed_and_the_call_made_again() -> None:
    token = tokens()
    with answering(OK, Reply(status=401), OK) as server:
        asking = client(token)
        assert [asking.get_json(server.url) for _ in range(3)] == [{"a": 1}] * 3
    assert sent(server) == ["Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_a_renewed_token_that_is_refused_as_well_is_the_end() -> None:
    token = tokens()
    with answering(Reply(status=401)) as server, pytest.raises(StatusError) as caught:
        client(token).get_json(server.url)
    assert (caught.value.status, len(server.asked), token.signed_in) == (401, 2, 2)


def test_each_call_may_renew_its_token_once() -> None:
    token = tokens()
    with answering(Reply(status=401), OK, Reply(status=401), OK) as server:
        asking = client(token)
        assert [asking.get_json(server.url) for _ in range(2)] == [{"a": 1}] * 2
    assert token.signed_in == 3


def test_a_token_is_not_renewed_for_what_it_may_not_do() -> None:
    token = tokens()
    with answering(Reply(status=403)) as server, pytest.raises(StatusError):
        client(token).get_json(server.url)
    assert (len(server.asked), token.signed_in) == (1, 1)


def test_a_sign_in_that_fails_is_no_failure_of_the_call_to_be_tried_again() -> None:
    calls = count()

    def sign_in() -> Token:
        next(calls)
        raise TransientError("the sign-in is out of order")

    with answering(OK) as server, pytest.raises(TransientError, match=r"sign-in is out of order$"):
        client(RenewedToken(sign_in)).get_json(server.url)
    assert (server.asked, next(calls)) == ([], 1)


def test_a_post_is_sent_again_as_a_get_is() -> None:
    with answering(Reply(status=503), Reply("<html>", kind="text/html"), OK) as server:
        assert client().post_json(server.url, {"IDs": [1, 2]}) == {"a": 1}
    assert [json.loads(body) for body in server.bodies] == [{"IDs": [1, 2]}] * 3
    assert server.seen[0]["Content-Type"] == "application/json"


def test_a_server_is_busy_until_its_limit_is_reset() -> None:
    waits: list[float] = []
    with answering(Reply(status=429, headers={"X-RateLimit-Reset": "20", "Retry-After": "1"}), OK) as server:
        asking = client(waits=waits)
        asking.get_json(server.url)
    assert (waits, asking.limited) == ([25], 1)
    with answering(Reply(status=429, headers={"X-RateLimit-Reset": "900"})) as server, pytest.raises(BusyError):
        client(waits=waits).get_json(server.url)
    assert waits == [25], "nobody waits longer than there is patience"


def test_what_is_to_be_called_otherwise_is_never_called_by_its_address() -> None:
    with answering(Reply("<html>", kind="text/html")) as server, pytest.raises(ContractError) as caught:
        client(called="the service").get_json(f"{server.url}/people/jqexampl")
    assert str(caught.value) == "the service answered text/html that is not JSON (6 bytes) (3 tries)"


def credentials(server: Script) -> Token:
    return client_credentials(client(), f"{server.url}/token", key="key & co", secret=SECRET, scope="department")


def test_a_token_for_a_client() -> None:
    with answering(Reply('{"access_token": "abc", "expires_in": 3600}')) as server:
        assert credentials(server) == Token("abc", 3600)
    form = "grant_type=client_credentials&client_id=key+%26+co&client_secret=Onyx-Quartz-77&scope=department"
    assert server.bodies == [form.encode()]
    assert server.asked == ["/token"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401), PermanentError),
        (Reply(status=503), TransientError),
        (Reply("<html>", kind="text/html"), ContractError),
        (Reply("null"), ContractError),
        (Reply('{"expires_in": 3600}'), ContractError),
        (Reply('{"access_token": "abc"}'), ContractError),
        (Reply('{"access_token": "abc", "expires_in": 0}'), ContractError),
        (Reply('{"access_token": "a\\nb", "expires_in": 3600}'), ContractError),
        (Reply('{"access_token": "", "expires_in": 3600}'), ContractError),
    ],
)
def test_no_token_is_an_error_that_tells_no_secret(reply: Reply, error: Callable[..., Exception]) -> None:
    with answering(reply) as server, pytest.raises(error) as caught:  # type: ignore[call-overload]
        credentials(server)
    assert SECRET not in str(caught.value.args)
    assert "key & co" not in str(caught.value.args)
