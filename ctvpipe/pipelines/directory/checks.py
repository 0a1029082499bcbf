"""What ``ctvpipe config check`` tries for the directory: its directory and its connections."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ctvpipe.core.errors import ContractError
from ctvpipe.core.settings import Environment
from ctvpipe.pipelines.directory import active_directory, fetching, mcommunity, streams, tdx_api, um_api
from ctvpipe.pipelines.directory.settings import SyncSettings
from ctvpipe.sources.ldap_session import Session
from ctvpipe.sources.ldap_types import Query, Server
from ctvpipe.sources.pacing import Patience

EnvironmentOf = Callable[[str], Environment]
_JOB = "directory-sync"
_SECONDS = 30.0  # whoever only looks whether a source is there waits no longer
_ONCE = Patience(tries=1)


def directories(environment_of: EnvironmentOf) -> dict[str, Path]:
    """The directory that the job writes. Raises ``ConfigurationError`` for wrong settings.

    ``environment_of`` gives the environment of a job by its name.
    """
    path = environment_of(_JOB).load(SyncSettings).database_path
    return {} if path is None else {"directory data": path.parent}


def connections(environment_of: EnvironmentOf) -> dict[str, Callable[[], str]]:
    """The connections by name; calling one tries it, and says what was found.

    A call raises ``CtvpipeError`` when the connection does not work, ``Skipped`` when it is not configured.
    """
    tried = {
        "UM API": _um_api,
        "MCommunity": _mcommunity,
        "Active Directory": _active_directory,
        "TDX": _tdx,
        "directory database": _database,
    }
    return {name: partial(_try, attempt, environment_of) for name, attempt in tried.items()}


def _try(attempt: Callable[[SyncSettings], str], environment_of: EnvironmentOf) -> str:
    return attempt(environment_of(_JOB).load(SyncSettings))


def _um_api(settings: SyncSettings) -> str:
    fetching.require(settings, streams.UMAPI_DEPARTMENTS)
    with um_api.Api(settings, patience=_ONCE, until=time.monotonic() + _SECONDS) as api:
        next(api.departments())
    return "the key is accepted, departments can be read"


def _tdx(settings: SyncSettings) -> str:
    fetching.require(settings, streams.TDX_ACCOUNTS)
    with tdx_api.Api(settings, patience=_ONCE, until=time.monotonic() + _SECONDS) as api:
        next(api.accounts())
    return "the sign-in is accepted, accounts can be read"


def _mcommunity(settings: SyncSettings) -> str:
    _look(mcommunity.server(settings), mcommunity.query(settings))
    return "the account is accepted, people can be read"


def _active_directory(settings: SyncSettings) -> str:
    _look(active_directory.server(settings), active_directory.query(settings))
    return "the account is accepted, groups can be read"


def _look(server: Server, query: Query) -> None:
    """Ask for the first that ``query`` finds; raises ``ContractError`` where there is none."""
    quick = replace(server, connect_seconds=_SECONDS, answer_seconds=_SECONDS)
    with Session(quick, _ONCE) as session:
        found = session.page(replace(query, page_size=1), query.filter)
    if not found.entries:
        raise ContractError(
            f"{server.called} shows nothing below the search base", "Check it, and what the account may see."
        )


def _database(settings: SyncSettings) -> str:
    from ctvpipe.pipelines.directory.database import MIGRATIONS
    from ctvpipe.stores.probe import probe

    return probe(settings, MIGRATIONS, made_by="the first sync")
