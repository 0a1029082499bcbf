"""What ``ctvpipe config check`` tries for FMS: its directories and its connections."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ctvpipe.core.errors import Skipped
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.fms.feeds import FEEDS, Feed
from ctvpipe.pipelines.fms.settings import SyncSettings

EnvironmentOf = Callable[[str], Environment]
_JOB = "fms-sync"


def directories(environment_of: EnvironmentOf) -> dict[str, Path]:
    """The directories that the job writes, by what they are for. Raises ``ConfigurationError`` for wrong settings.

    ``environment_of`` gives the environment of a job by its name.
    """
    settings = environment_of(_JOB).load(SyncSettings)
    found = {} if settings.database_path is None else {"FMS data": settings.database_path.parent}
    return {**found, "FMS exports": settings.bodies_dir.parent}


def connections(environment_of: EnvironmentOf) -> dict[str, Callable[[], str]]:
    """The connections by name, each export by its table; calling one tries it, and says what was found.

    A call raises ``CtvpipeError`` when the connection does not work, ``Skipped`` when it is not configured.
    """
    exports = {f"FMS {feed.table}": partial(_export, environment_of, feed) for feed in FEEDS}
    return {**exports, "FMS database": lambda: _database(environment_of(_JOB).load(SyncSettings))}


def _export(environment_of: EnvironmentOf, feed: Feed) -> str:
    from ctvpipe.pipelines.fms import fetching

    settings = environment_of(_JOB).load(SyncSettings)
    if not settings.url(feed.table):
        raise Skipped("no address of its export is set")
    fetching.look(feed, settings)
    return "its export begins like a CSV"


def _database(settings: SyncSettings) -> str:
    from ctvpipe.pipelines.fms.database import MIGRATIONS
    from ctvpipe.stores.probe import probe

    return probe(settings, MIGRATIONS, made_by="the first sync")
