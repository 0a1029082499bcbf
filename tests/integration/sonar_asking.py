"""How tests ask the invented Sonar: in no hurry to wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ctvpipe.pipelines.bdc.access import Access
from ctvpipe.pipelines.bdc.sonar_v1 import V1
from ctvpipe.pipelines.bdc.sonar_web import Web
from ctvpipe.sources.gate import Gate
from tests.fakes.sonar_login import PASSWORD, USER
from tests.fakes.sonar_people import SECRETS
from tests.fakes.sonar_server import Sonar

WORKERS = 6


def access(fake: Sonar, **changes: Any) -> Access:
    """The fake, by its user, with retries that do not wait long."""
    given = {"username": USER, "password": PASSWORD, "workers": WORKERS, "retries": 2, "backoff": 0.001, **changes}
    return Access(fake.url, **given)


@contextmanager
def web(fake: Sonar, gate: Gate | None = None, **changes: Any) -> Iterator[Web]:
    """Its web application."""
    asking = Web(access(fake, **changes), gate or Gate(WORKERS))
    try:
        yield asking
    finally:
        asking.close()


@contextmanager
def v1(fake: Sonar, gate: Gate | None = None, **changes: Any) -> Iterator[V1]:
    """Its REST API."""
    asking = V1(access(fake, **changes), gate or Gate(WORKERS))
    try:
        yield asking
    finally:
        asking.close()


def said(error: BaseException) -> str:
    """All that anybody would be told of an error, in which no secret may be."""
    told = f"{error} {error.args} {getattr(error, 'advice', '')} {getattr(error, 'said', '')}"
    assert not [secret for secret in (USER, PASSWORD, "invented-csrf", "invented-session", *SECRETS) if secret in told]
    return told
