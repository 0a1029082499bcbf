"""Waiting for tonight's import, for the jobs that can do their work without it as well."""

from __future__ import annotations

from ctvpipe import jobs
from ctvpipe.core import predecessors
from ctvpipe.core.errors import ContractError, Skipped
from ctvpipe.core.run import Run
from ctvpipe.pipelines.circuits.settings import AwaitingSettings


def await_import(run: Run, settings: AwaitingSettings) -> None:
    """Wait, within bounds, for the jobs whose result ``run`` works on; where they bring none, warn and go on.

    Raises ``NotNowError`` for one that takes longer than that, or will be started again.
    """
    before = [jobs.find(name) for name in run.job.after]
    try:
        predecessors.require_done(run, before, seconds=settings.wait_seconds, variable="CIRCUITS_WAIT_SECONDS")
    except (ContractError, Skipped) as error:
        run.warn(f"{error}: going on with what there is")
