"""What leaves the machine about a run: alerts through apprise, heartbeats by HTTP GET.

All of it happens in one bounded child (``ctvpipe.core.bounded``), so that a target that hangs costs a known time
and changes nothing else. A failure is reported, never raised.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from ctvpipe.core import bounded
from ctvpipe.core.settings import SharedSettings

_WAY_OUT = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
)
Kind = Literal["alert", "reminder", "recovery", "test"]
_NTFY_LOOK = {
    "alert": ("max", "rotating_light"),
    "reminder": ("high", "rotating_light"),
    "recovery": ("default", "white_check_mark"),
    "test": ("default", "information_source"),
}
_SLACK_HOST = "hooks.slack.com"
# Other services accept Slack's payload, {"text": …}: apprise's JSON target with its keys renamed, or left out.
_SLACK_SHAPE = {":message": "text", ":title": "", ":version": "", ":type": "", ":attachments": ""}


@dataclass(frozen=True)
class Message:
    """An alert: a title and a few lines, free of secrets and people's data."""

    kind: Kind
    title: str
    body: str


@dataclass(frozen=True)
class Target:
    """Where a message goes; ``name`` is fit to be shown, ``url`` is a secret; ``titled``: it has a place for a title."""

    name: str
    url: str
    titled: bool = True


@dataclass(frozen=True)
class Delivery:
    """What became of one target; ``error`` is empty when it was reached."""

    name: str
    error: str


def targets(settings: SharedSettings, kind: Kind) -> list[Target]:
    """The configured alert targets, as apprise URLs."""
    found = []
    if topic := settings.ntfy_topic.get_secret_value():
        priority, tag = _NTFY_LOOK[kind]
        server = urlsplit(settings.ntfy_server)
        scheme = "ntfy" if server.scheme == "http" else "ntfys"
        token = settings.ntfy_token.get_secret_value()
        user = f"{quote(token, safe='')}@" if token else ""
        auth = "&auth=token" if token else ""
        url = f"{scheme}://{user}{server.netloc}/{quote(topic, safe='')}?priority={priority}&tags={tag}{auth}"
        found.append(Target("ntfy", url))
    if webhook := settings.slack_webhook_url.get_secret_value():
        found.append(_slack(webhook))
    for url in settings.apprise_urls.get_secret_value().split():
        scheme, separator, _ = url.partition("://")
        found.append(Target(scheme if separator else "apprise", url))
    return found


def _slack(webhook: str) -> Target:
    parts = urlsplit(webhook)
    if parts.hostname == _SLACK_HOST:
        return Target("slack", webhook)
    scheme = {"http": "json", "https": "jsons"}.get(parts.scheme, "?")
    sent_on = {f"-{name}": value for name, value in parse_qsl(parts.query)}
    url = f"{scheme}://{parts.netloc}{parts.path}?{urlencode(_SLACK_SHAPE | sent_on, safe=':')}"
    return Target("slack", url, titled=False)


def heartbeat(settings: SharedSettings, job: str, ending: str) -> list[Target]:
    """The heartbeat address of ``job`` for ``ending``: ``start``, empty for success, an exit code; if configured."""
    url = settings.heartbeat_url.get_secret_value().replace("{job}", job)
    if not url:
        return []
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{ending}" if ending else parts.path
    return [Target("heartbeat", parts._replace(path=path).geturl())]


def start(message: Message | None, to: Iterable[Target], pings: Iterable[Target], *, seconds: float) -> Sending:
    """Start sending ``message`` and calling the heartbeat URLs ``pings``; ends within ``seconds``."""
    return Sending(message, list(to), list(pings), seconds)


class Sending:
    """Sending under way in a child; ``wait()`` says what became of each target."""

    def __init__(self, message: Message | None, to: list[Target], pings: list[Target], seconds: float) -> None:
        self._done: dict[int, Delivery] = {}
        self._names = [target.name for target in (*to, *pings)]
        self._task: bounded.Task[None] | None = None
        self._reason = "no answer in time"
        if self._names:
            limits = bounded.Limits(seconds)
            try:
                self._task = bounded.start(_send, message, to, pings, _way_out(), limits=limits, on_progress=self._note)
            except OSError as error:
                self._reason = f"cannot start a process: {error.strerror}"

    def _note(self, item: tuple[int, str]) -> None:
        number, error = item
        self._done[number] = Delivery(self._names[number], error)

    def wait(self) -> list[Delivery]:
        """One delivery a target, in their order."""
        task, self._task = self._task, None
        if task is not None:
            try:
                task.result()
            except Exception as error:
                self._reason = str(error)
        return [self._done.get(number, Delivery(name, self._reason)) for number, name in enumerate(self._names)]


def _way_out() -> dict[str, str]:
    """The variables that say how this machine reaches others; a bounded child has no environment of its own."""
    return {name: os.environ[name] for name in _WAY_OUT if name in os.environ}


def _send(message: Message | None, to: list[Target], pings: list[Target], way_out: dict[str, str]) -> None:
    """The child's side: everything at once, each result told as it comes."""
    os.environ.update(way_out)
    with ThreadPoolExecutor(max_workers=max(1, len(to) + len(pings))) as pool:
        futures: dict[Future[str], int] = {}
        for number, target in enumerate(to):
            futures[pool.submit(_notify, target, message)] = number
        for number, ping in enumerate(pings, start=len(to)):
            futures[pool.submit(_ping, ping)] = number
        for future in as_completed(futures):
            error = future.exception()
            bounded.progress((futures[future], f"unexpected {type(error).__name__}" if error else future.result()))


_current: ContextVar[_TargetLog] = ContextVar("_current")


class _TargetLog(logging.Handler):
    """Keeps what is logged about one target: several are called at once, each in threads with its own context."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        _current.set(self)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if _current.get(None) is self:
            self.lines += record.getMessage().splitlines()


def _notify(target: Target, message: Message | None) -> str:
    from apprise import Apprise, NotifyType

    if message is None:
        return ""
    log = _TargetLog()
    logging.getLogger("apprise").addHandler(log)
    sender = Apprise()
    if not sender.add(target.url):
        return "not an alert URL that apprise understands"
    kinds = {"recovery": NotifyType.SUCCESS, "test": NotifyType.INFO}
    title, body = message.title, message.body
    if not target.titled:
        title, body = "", f"{title}\n{body}"
    if sender.notify(title=title, body=body, notify_type=kinds.get(message.kind, NotifyType.FAILURE)):
        return ""
    return log.lines[-1] if log.lines else "the target refused the message"


def _ping(target: Target) -> str:
    import requests

    try:
        requests.get(target.url, timeout=5).raise_for_status()
    except requests.RequestException as error:
        response = error.response
        return f"answered {response.status_code}" if response is not None else type(error).__name__
    return ""
