"""The steps of a night, as data: in which order they come, and what each works on.

The names are the words of the command: ``ctvpipe directory ingest tdx-users`` is one of them by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ctvpipe.core.errors import ConfigurationError
from ctvpipe.pipelines.directory import runs, streams
from ctvpipe.pipelines.directory.records import Stream


class Status(StrEnum):
    """What became of a stage. ``WAITED``: what it works on has failed; ``SKIPPED``: rightly nothing to do."""

    DONE = "done"
    FAILED = "failed"
    WAITED = "waited"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Stage:
    """One step. ``kind``: ingest, enrich or transform; ``what``: its second word; ``needs``: names of the stages without
    which it cannot be right; ``stream``: what it brings, where that is from outside.
    """

    kind: str
    what: str
    needs: tuple[str, ...] = ()
    stream: Stream | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.kind} {self.what}"


def _ingest(stream: Stream, *needs: str) -> Stage:
    return Stage(runs.INGEST, stream.job, needs, stream)


def _enrich(stream: Stream, *needs: str) -> Stage:
    return Stage(runs.ENRICH, stream.job, needs, stream)


def _transform(entity: str, *needs: str) -> Stage:
    return Stage(runs.TRANSFORM, entity, needs)


# In the order in which they run. People of TDX are found by its accounts (facts 4.6), details are asked for by the lists.
# A transform comes after the details and does not wait for them: what is not known yet comes another night. So it is
# with the groups that people are in: who comes or goes later is made anew then.
STAGES = (
    _ingest(streams.UMAPI_DEPARTMENTS),
    _ingest(streams.UMAPI_EMPLOYEES),
    _ingest(streams.MCOMMUNITY_USERS),
    _ingest(streams.AD_GROUPS),
    _ingest(streams.TDX_ACCOUNTS),
    _ingest(streams.TDX_USERS, "ingest tdx-accounts"),
    _enrich(streams.TDX_ACCOUNT_DETAILS, "ingest tdx-accounts"),
    _enrich(streams.TDX_USER_DETAILS, "ingest tdx-users"),
    _transform("departments", "ingest umapi-departments", "ingest tdx-accounts"),
    _transform("groups", "ingest ad-groups"),
    _transform(
        "users", "ingest umapi-employees", "ingest mcommunity-users", "ingest tdx-users", "transform departments"
    ),
)


def chosen(kind: str, names: Collection[str]) -> list[Stage]:
    """The stages of ``kind`` with these second words, in their order; raises ``ConfigurationError`` for one there is not."""
    of_kind = [stage for stage in STAGES if stage.kind == kind]
    known = [stage.what for stage in of_kind]
    for name in names:
        if name not in known:
            raise ConfigurationError(f"there is no {kind} called {name!r}", f"There are: {', '.join(known)}.")
    return [stage for stage in of_kind if stage.what in names]


def waits_for(stage: Stage, ended: Mapping[str, Status]) -> list[str]:
    """The stages that ``stage`` has to wait for until another night: they have failed, or wait themselves.

    ``ended``: what became of the stages before it; one that is not among them was not wanted tonight.
    """
    return [name for name in stage.needs if ended.get(name) in {Status.FAILED, Status.WAITED}]


def has_nothing(stage: Stage, ended: Mapping[str, Status]) -> bool:
    """Whether all that ``stage`` works on was skipped tonight."""
    return bool(stage.needs) and all(ended.get(name) is Status.SKIPPED for name in stage.needs)
