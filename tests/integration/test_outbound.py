"""Alerts and heartbeats, as they arrive at a real receiver."""

from __future__ import annotations

from typing import Any

import pytest
from apprise import Apprise

from ctvpipe.core import outbound
from ctvpipe.core.outbound import Message, Target
from ctvpipe.core.settings import SharedSettings
from tests.fakes.http_receiver import Receiver

MESSAGE = Message("alert", "[pi] daily-update failed", "the share did not answer\nLook at “the server” & <ask>.")
ENOUGH = 30.0


def shared(**values: Any) -> SharedSettings:
    return SharedSettings.model_validate(values)


def send(settings: SharedSettings, message: Message = MESSAGE, seconds: float = ENOUGH) -> dict[str, str]:
    sending = outbound.start(message, outbound.targets(settings, message.kind), [], seconds=seconds)
    return {delivery.name: delivery.error for delivery in sending.wait()}


def test_ntfy_slack_and_apprise_targets_get_the_message(receiver: Receiver) -> None:
    settings = shared(
        NTFY_SERVER=receiver.url,
        NTFY_TOPIC="station_alerts-1",
        NTFY_TOKEN="tk_a/b c",
        SLACK_WEBHOOK_URL=f"{receiver.url}/hooks/abc123?thread=7&to=x%26y",
        APPRISE_URLS=f"json://{receiver.address}/one xml://{receiver.address}/two",
    )
    assert send(settings) == {"ntfy": "", "slack": "", "json": "", "xml": ""}
    (ntfy,) = [request for request in receiver.requests if request.path == "/"]
    assert ntfy.headers["Authorization"] == "Bearer tk_a/b c"
    assert ntfy.json["topic"] == "station_alerts-1"
    assert ntfy.json["title"] == MESSAGE.title
    assert ntfy.json["message"] == MESSAGE.body
    assert (ntfy.headers["X-Priority"], ntfy.headers["X-Tags"]) == ("max", "rotating_light")
    (slack,) = receiver.on("/hooks/")
    assert slack.path == "/hooks/abc123?thread=7&to=x%26y"
    assert slack.json == {"text": f"{MESSAGE.title}\n{MESSAGE.body}"}
    (plain,) = receiver.on("/one")
    assert (plain.json["title"], plain.json["message"], plain.json["type"]) == (MESSAGE.title, MESSAGE.body, "failure")
    assert len(receiver.on("/two")) == 1


def test_the_machines_proxy_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", receiver.url)
    assert send(shared(APPRISE_URLS="json://alerts.invalid/one")) == {"json": ""}
    assert receiver.wait_for("http://alerts.invalid/one")


@pytest.mark.parametrize(
    ("kind", "priority", "tag", "type_"),
    [
        ("reminder", "high", "rotating_light", "failure"),
        ("recovery", "default", "white_check_mark", "success"),
        ("test", "default", "information_source", "info"),
    ],
)
def test_each_kind_has_its_look(receiver: Receiver, kind: outbound.Kind, priority: str, tag: str, type_: str) -> None:
    settings = shared(NTFY_SERVER=receiver.url, NTFY_TOPIC="t", APPRISE_URLS=f"json://{receiver.address}/one")
    assert send(settings, Message(kind, "title", "body")) == {"ntfy": "", "json": ""}
    (ntfy,) = (request for request in receiver.requests if not request.path.startswith("/one"))
    assert ntfy.headers.get("X-Priority", "default") == priority
    assert ntfy.headers["X-Tags"] == tag
    assert receiver.on("/one")[0].json["type"] == type_


def test_the_hosted_services_are_addressed_as_they_want_it() -> None:
    settings = shared(
        NTFY_TOPIC="topic",
        SLACK_WEBHOOK_URL="https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    )
    ntfy, slack = outbound.targets(settings, "alert")
    assert ntfy.url.startswith("ntfys://ntfy.sh/topic?")
    assert type(Apprise.instantiate(ntfy.url)).__name__ == "NotifyNtfy"
    assert type(Apprise.instantiate(slack.url)).__name__ == "NotifySlack"
    assert slack.titled


def test_names_of_targets_show_no_address() -> None:
    names = [target.name for target in outbound.targets(shared(APPRISE_URLS="hushhush json://hush/hush"), "alert")]
    assert names == ["apprise", "json"]


def test_what_goes_wrong_is_said_for_each_target_and_the_others_are_delivered(receiver: Receiver) -> None:
    receiver.behaviours = {"/bad": 403, "/closed": "close", "/hang": "hang", "/drip": "drip"}
    to = [Target(name, f"json://{receiver.address}/{name}") for name in ("good", "bad", "closed", "hang", "drip")]
    to += [Target("refusing", "json://127.0.0.1:9/x"), Target("nonsense", "no such thing"), Target("last", to[0].url)]
    pings = [Target(name, f"{receiver.url}/{name}") for name in ("ping", "bad-ping", "hang-ping")]
    deliveries = outbound.start(MESSAGE, to, pings, seconds=4).wait()
    errors = {delivery.name: delivery.error for delivery in deliveries}
    assert list(errors) == [target.name for target in (*to, *pings)]
    assert {name for name, error in errors.items() if not error} == {"good", "last", "ping"}
    assert "403" in errors["bad"]
    assert errors["bad-ping"] == "answered 403"
    assert errors["nonsense"] == "not an alert URL that apprise understands"
    assert errors["closed"]
    assert errors["refusing"]
    assert errors["hang"]
    assert errors["drip"] == errors["hang-ping"] == "no answer within 4 s"


def test_nothing_to_send_starts_nothing() -> None:
    assert outbound.start(None, [], [], seconds=1).wait() == []


def test_a_process_that_cannot_be_started_is_an_error_of_the_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound.bounded.sys, "executable", "/nonexistent/python")
    errors = [item.error for item in outbound.start(MESSAGE, [Target("a", "json://127.0.0.1:9")], [], seconds=5).wait()]
    assert errors == ["cannot start a process: No such file or directory"]


@pytest.mark.parametrize(
    ("url", "ending", "called"),
    [
        ("https://hc.example/ping/abc", "start", "https://hc.example/ping/abc/start"),
        ("https://hc.example/ping/abc", "", "https://hc.example/ping/abc"),
        ("https://hc.example/ping/abc/", "75", "https://hc.example/ping/abc/75"),
        ("https://hc.example/key/{job}", "1", "https://hc.example/key/db-backup/1"),
        ("https://hc.example/key/{job}?create=1", "1", "https://hc.example/key/db-backup/1?create=1"),
    ],
)
def test_heartbeat_addresses(url: str, ending: str, called: str) -> None:
    (target,) = outbound.heartbeat(shared(HEARTBEAT_URL=url), "db-backup", ending)
    assert target.url == called
    assert target.name == "heartbeat"
    assert outbound.heartbeat(shared(), "db-backup", ending) == []


def test_what_nobody_foresaw_is_an_error_of_its_target_only(receiver: Receiver) -> None:
    to = [Target("good", f"json://{receiver.address}/one")]
    pings = [Target("odd", f"http://{'a' * 70}/"), Target("ping", f"{receiver.url}/ping")]
    deliveries = outbound.start(MESSAGE, to, pings, seconds=ENOUGH).wait()
    assert [(item.name, item.error) for item in deliveries] == [
        ("good", ""),
        ("odd", "unexpected LocationParseError"),
        ("ping", ""),
    ]
