"""HTTP clients of several threads at one gate, against a server that goes by a script."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from ctvpipe.core.errors import TransientError
from ctvpipe.sources.gate import Gate, StoppedError
from ctvpipe.sources.http import BusyError, Client, WrongBodyError
from ctvpipe.sources.pacing import Patience
from ctvpipe.sources.tokens import Renewable
from tests.fakes.http_script import Reply, answering

BUSY = Reply(status=429, headers={"Retry-After": "900"})
OK = Reply('{"a": 1}')
PAGE = Reply("<html>", kind="text/html")


class Count(Renewable):
    """Signs nothing, and counts."""

    refusals = frozenset({401, 403, 419})
    is_refused_by_a_page = True

    def __init__(self) -> None:
        self.ready = self.dropped = 0

    def __call__(self, request: object) -> object:  # type: ignore[override]
        return request

    def make_ready(self) -> None:
        self.ready += 1

    def drop(self) -> None:
        self.dropped += 1


def test_one_who_is_asked_to_wait_holds_the_others_until_it_is_over() -> None:
    gate = Gate(2, longest=0.2)
    with answering(BUSY, OK) as server:
        first, second = (Client(gate=gate, patience=Patience(tries=2)) for _ in range(2))
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(first.get_json, server.url)
            while not gate.pauses:
                pass
            assert second.get_json(server.url) == {"a": 1}
            assert time.monotonic() - began >= 0.2
            assert asked.result(timeout=30) == {"a": 1}
    assert len(server.asked) == 3


def test_one_who_gives_up_has_told_the_others_to_wait() -> None:
    gate = Gate(2, longest=60)
    with answering(BUSY) as server, pytest.raises(BusyError):
        Client(gate=gate, patience=Patience(tries=1)).get_json(server.url)
    assert gate.pauses == 1


def test_a_closed_gate_ends_waits_and_nothing_more_is_asked() -> None:
    gate = Gate(1)
    with answering(Reply(status=503)) as server:
        client = Client(gate=gate, patience=Patience(first=3600, longest=3600, seconds=1e6))
        closing = Thread(target=lambda: _close_when(server.asked, gate))
        closing.start()
        with pytest.raises(StoppedError):
            client.get_json(server.url)
        closing.join()
    assert len(server.asked) == 1


def _close_when(asked: list[str], gate: Gate) -> None:
    while not asked:
        pass
    gate.close()


def test_a_page_instead_of_an_answer_may_mean_that_another_login_is_needed() -> None:
    auth = Count()
    waits: list[float] = []
    with answering(PAGE, OK, PAGE) as server:
        client = Client(auth=auth, sleep=waits.append, patience=Patience(tries=3))
        assert client.get_json(server.url) == {"a": 1}
        assert (auth.dropped, waits) == (1, []), "at once, for it is no fault of the server"
        with pytest.raises(WrongBodyError, match=r"\(3 tries\)"):
            client.get_json(server.url)
    assert auth.dropped == 2, "once a call"


@pytest.mark.parametrize("status", [401, 403, 419])
def test_each_status_that_may_be_a_refusal_is(status: int) -> None:
    auth = Count()
    with answering(Reply(status=status), OK) as server:
        assert Client(auth=auth).get_json(server.url) == {"a": 1}
    assert (auth.dropped, auth.ready) == (1, 2)


def test_bytes_are_counted_and_cookies_are_kept() -> None:
    with answering(Reply('{"a": 1}', headers={"Set-Cookie": "invented=7; Path=/"})) as server:
        client = Client()
        client.get_json(server.url)
        client.get_json(server.url)
    assert client.received == 16
    assert [(one.name, one.value) for one in client.cookies] == [("invented", "7")]


def test_a_connection_has_seconds_of_its_own() -> None:
    """A server whose queue is full does not answer the first packet."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        asking = Client(connect=0.05, timeout=3600, patience=Patience(tries=1))
        with pytest.raises(TransientError, match="no answer in time"):
            asking.get_json(f"http://127.0.0.1:{full.getsockname()[1]}/x")
