"""The two REST APIs with fakes of them behind, for tests: no wait is really waited for, and it is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.directory import tdx_api, um_api
from ctvpipe.pipelines.directory.records import Failed, Record
from ctvpipe.pipelines.directory.settings import EnrichSettings, UmApiSettings
from ctvpipe.sources.pacing import Patience
from tests.fakes import tdx_api as fake_tdx
from tests.fakes import um_api as fake_um

PATIENCE = Patience(tries=3)


def um(fake: fake_um.UmApi, waits: list[float] | None = None, **changes: str) -> um_api.Api:
    settings = Environment({**fake.settings, **changes}).load(UmApiSettings)
    return um_api.Api(settings, patience=PATIENCE, sleep=_sleep(waits))


def tdx(fake: fake_tdx.TdxApi, waits: list[float] | None = None, **changes: str) -> tdx_api.Api:
    settings = Environment({**fake.settings, **changes}).load(EnrichSettings)
    return tdx_api.Api(settings, patience=PATIENCE, sleep=_sleep(waits))


def _sleep(waits: list[float] | None) -> Any:
    return (lambda _: None) if waits is None else waits.append


def records(found: Iterable[Record | Failed]) -> list[Record]:
    """All of them; none failed."""
    made = list(found)
    assert [one for one in made if isinstance(one, Failed)] == []
    return made  # type: ignore[return-value]


def said(error: BaseException) -> str:
    """All that anybody would be told of an error."""
    return f"{error} {error.args} {getattr(error, 'advice', '')}"
