"""What ``ctvpipe config check`` tries for FMS: its directories and its connections."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ctvpipe.core.errors import Skipped
from ctvpipe.core.settings import Environment
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
    """The connections by name; calling one tries it, and says what was found.

    A call raises ``CtvpipeError`` when the connection does not work, ``Skipped`` when it is not configured.
    """
    return {
        "FMS exports": lambda: _exports(environment_of(_JOB).load(SyncSettings)),
        "FMS database": lambda: _database(environment_of(_JOB).load(SyncSettings)),
    }


def _exports(settings: SyncSettings) -> str:
    from ctvpipe.pipelines.fms import fetching
    from ctvpipe.pipelines.fms.feeds import FEEDS

    configured = [feed for feed in FEEDS if settings.url(feed.table)]
    if not configured:
        raise Skipped("no export is configured (FMS_VEHICLES_CSV_URL and so on)")
    for feed in configured:
        fetching.look(feed, settings)
    return f"exports that answer with a CSV: {len(configured)} of {len(FEEDS)}"


def _database(settings: SyncSettings) -> str:
    from ctvpipe.pipelines.fms.database import MIGRATIONS
    from ctvpipe.stores.probe import probe

    return probe(settings, MIGRATIONS, made_by="the first sync")
