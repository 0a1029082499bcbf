"""The HTTP client against a server that is busy, broken, cut off, or somebody else."""

from __future__ import annotations

import gzip

import pytest

from ctvpipe.core.errors import ConfigurationError, ContractError, TransientError
from ctvpipe.sources.http import Bearer, BusyError, Client, NotJsonError, StatusError
from ctvpipe.sources.pacing import Patience
from tests.fakes.http_receiver import receiving
from tests.fakes.http_script import Reply, answering
from tests.integration.smb_server import free_port

KEY = "Onyx-Quartz-77"
HTML = Reply("<html>Sign in</html>", kind="text/html")


def client(waits: list[float] | None = None, **options: object) -> Client:
    sleep = (lambda _: None) if waits is None else waits.append
    return Client(auth=Bearer(KEY), sleep=sleep, **{"patience": Patience(tries=3), **options})  # type: ignore[arg-type]


def test_a_busy_server_is_asked_again_when_it_says_and_otherwise_later_and_later() -> None:
    waits: list[float] = []
    replies = Reply(status=429, headers={"Retry-After": "7"}), Reply(status=503), Reply('{"a": 1}')
    with answering(*replies) as server:
        asking = client(waits)
        assert asking.get_json(f"{server.url}/x") == {"a": 1}
    assert waits[0] == 7
    assert 1 <= waits[1] <= 2
    assert (asking.sent, asking.limited) == (3, 1)
    assert server.seen[0]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "reply", [Reply(status=429), Reply(status=500), Reply("{}", cut=True), Reply("[1, 2", 200), HTML]
)
def test_what_does_not_get_better_is_an_error_and_no_empty_answer(reply: Reply) -> None:
    with answering(reply) as server, pytest.raises((TransientError, ContractError)) as caught:
        client().get_json(f"{server.url}/devices", {"secret": KEY})
    assert len(server.asked) == 3
    assert str(caught.value).endswith("(3 tries)")
    assert f"{server.url.removeprefix('http://')}/devices" in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_server_that_wants_more_patience_than_there_is_is_not_waited_for() -> None:
    waits: list[float] = []
    with answering(Reply(status=429, headers={"Retry-After": "4000"})) as server, pytest.raises(BusyError):
        client(waits).get_json(server.url)
    assert waits == []


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_status_that_stays_is_not_asked_for_again(status: int) -> None:
    with answering(Reply(status=status)) as server, pytest.raises(StatusError) as caught:
        client().get_json(server.url)
    assert len(server.asked) == 1
    assert caught.value.status == status
    assert ("revoked" in caught.value.advice) is (status in {401, 403})


def test_pages_are_followed_by_their_links_to_the_last_one() -> None:
    first = Reply("[1, 2]", headers={"Link": '</x?after=2>; rel="next", <{url}/x>; rel="first"'})
    second = Reply("[3, 4]", headers={"Link": "<{url}/x?after=4>; rel=next"})
    with answering(first, Reply(status=502), second, Reply("[5]")) as server:
        found = list(client().pages(f"{server.url}/x", {"perPage": 2}))
    assert found == [[1, 2], [3, 4], [5]]
    assert server.asked == ["/x?perPage=2", "/x?after=2", "/x?after=2", "/x?after=4"]


@pytest.mark.parametrize(
    "link", ["<{url}/x>; rel=next", "<http://192.0.2.1/x>; rel=next", "<ftp://127.0.0.1/x>; rel=next"]
)
def test_a_link_that_leads_astray_is_refused(link: str) -> None:
    with answering(Reply(headers={"Link": link})) as server, pytest.raises(ContractError):
        list(client().pages(f"{server.url}/x"))
    assert len(server.asked) == 1


def test_a_page_that_fails_in_the_middle_ends_the_pages_with_its_error() -> None:
    first = Reply("[1, 2]", headers={"Link": "<{url}/x?after=2>; rel=next"})
    with answering(first, HTML) as server, pytest.raises(NotJsonError, match="text/html that is not JSON"):
        list(client().pages(f"{server.url}/x"))


def test_too_large_an_answer_is_refused_at_once() -> None:
    with answering(Reply(b" " * (3 << 20))) as server, pytest.raises(ContractError, match="more than 1 MiB"):
        client(max_bytes=1 << 20).get_json(server.url)
    assert len(server.asked) == 1


def test_what_is_enough_of_an_answer_is_read_and_no_more() -> None:
    with answering(Reply(b"x" * (3 << 20))) as server:
        found = client(max_bytes=1 << 20, enough=1 << 12).request("GET", server.url).body
    assert 1 << 12 <= len(found) < 1 << 18


def test_an_answer_that_drips_is_given_up_however_lively_it_is() -> None:
    """Each byte comes well within the timeout of a read; together they would take a day."""
    with receiving() as server:
        server.behaviours["/"] = "drip"
        with pytest.raises(TransientError, match="did not finish its answer within 1 s"):
            client(patience=Patience(tries=1), seconds=1.0).get_json(f"{server.url}/x")


@pytest.mark.parametrize("cut", [False, True])
def test_a_packed_answer_is_unpacked_and_counts_unpacked(cut: bool) -> None:
    packed = Reply(gzip.compress(b" " * (3 << 20) + b"7"), headers={"Content-Encoding": "gzip"}, cut=cut)
    with answering(packed) as server:
        if cut:
            with pytest.raises(TransientError, match="cut off or damaged"):
                client().get_json(server.url)
            return
        assert client().get_json(server.url) == 7
        with pytest.raises(ContractError, match="more than 1 MiB"):
            client(max_bytes=1 << 20).get_json(server.url)


def test_one_connection_is_enough_for_many_requests() -> None:
    with answering(Reply("[1]")) as server:
        asking = client()
        for _ in range(5):
            asking.get_json(server.url)
        assert len(server.connections) == 1
        asking.close()


def test_redirects_are_followed_and_bounded() -> None:
    there = Reply(status=302, headers={"Location": "{url}/there"})
    with answering(there, there, Reply('"found"')) as server:
        assert client().get_json(server.url) == "found"
    with answering(there) as server, pytest.raises(StatusError, match="redirects again and again"):
        client().get_json(server.url)
    assert len(server.asked) == 6


def test_nobody_there_is_told_and_asked_again() -> None:
    waits: list[float] = []
    with pytest.raises(TransientError, match="the connection failed"):
        client(waits).get_json(f"http://127.0.0.1:{free_port()}/x")
    assert len(waits) == 2


@pytest.mark.parametrize(("url", "key"), [("api.example/x", KEY), ("http://127.0.0.1:1/x", f"{KEY}\nX: y")])
def test_an_address_or_a_key_that_cannot_be_sent_is_a_matter_of_settings(url: str, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(auth=Bearer(key)).get_json(url)
    assert KEY not in str(caught.value)
